"""How an answer is judged: vocabulary, cases, oracles, laws, diagnosis, trial. Holds no check."""

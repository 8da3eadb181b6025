"""The catalogue of objective_questions."""

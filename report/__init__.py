"""How results are shown: the score, the page, the PDF. Reads only what the tests recorded."""

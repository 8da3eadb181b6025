"""The reference answers: one module for each part of the homework, to be read as much as run."""

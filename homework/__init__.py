"""What is asked: exercises, parts, points and the contract. Knows no answer, check or report."""

from homework.exercises import EXERCISES, MODULES, Exercise, points

__all__ = ["EXERCISES", "MODULES", "Exercise", "points"]

"""Runs answers and notebooks. Holds no oracle, no expected value, no reference and no mistake."""

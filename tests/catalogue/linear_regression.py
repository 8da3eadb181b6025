"""The catalogue of linear_regression."""

"""The catalogue of gradient_comparison."""

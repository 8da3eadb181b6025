"""The catalogue of tensor_operations."""

"""What is claimed about speed, measured: ratios of things timed side by side in one run."""

"""The verification: checks, the oracles they ask, and the catalogue that puts them on trial."""

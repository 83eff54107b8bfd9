"""A comparison: every combination of some settings trained with the same seeds, in one table."""

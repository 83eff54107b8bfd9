"""A model on disk: its format, where it is found, its card."""

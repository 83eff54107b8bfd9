"""A search for better settings: a space of them, a stored study, and the trials."""

"""Gradients inside a network while it learns."""

"""Whole texts and sentences told apart by a label: reading, training, a bundle, predicting."""

COMMANDS = {"classify": "ner.extensions.classification.cli:classify"}

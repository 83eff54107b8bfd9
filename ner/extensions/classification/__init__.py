"""Classification of whole texts and sentences: reading, training, a bundle, predicting."""

COMMANDS = {"classify": "ner.extensions.classification.cli:classify"}

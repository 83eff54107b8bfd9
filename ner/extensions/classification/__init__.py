"""Classification of whole texts and sentences: reading, training, a bundle, predicting."""

TRAIN = "ner classify train --train FILE --out DIR"
"""The command that makes a classifier."""

COMMANDS = {"classify": "ner.extensions.classification.cli:classify"}

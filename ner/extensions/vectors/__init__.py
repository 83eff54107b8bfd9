"""Word vectors of one's own: trained from text, and held against a corpus."""

COMMANDS = {"vectors": "ner.extensions.vectors.cli:vectors"}

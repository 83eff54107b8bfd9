"""A page on which a person reads, corrects and labels, without losing a decision."""

COMMANDS = {"review": "ner.extensions.review.cli:review"}

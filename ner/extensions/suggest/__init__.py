"""Suggestions: which sentences of a text to label next."""

COMMANDS = {"suggest": "ner.extensions.suggest.cli:suggest"}

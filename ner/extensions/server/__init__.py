"""A tagger over HTTP: programs send text and get entities, and people see them on a page."""

COMMANDS = {"serve": "ner.extensions.server.cli:serve"}

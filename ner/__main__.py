"""``python -m ner`` is the ``ner`` command."""

from ner.cli import program

program()

"""A report on a model, or on two beside each other: one page, and the same as JSON."""

COMMANDS = {"report": "ner.extensions.report.cli:report"}

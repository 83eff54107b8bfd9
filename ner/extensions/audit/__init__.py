"""An audit of labels: models that have not learnt from a sentence say where it may be wrong."""

COMMANDS = {"audit": "ner.extensions.audit.cli:audit"}
RUN_SIGNS = {"audit.json": "audit"}

"""Character language models: trained on plain text, measured, sampled, and read for their states.

A folder has a forward model, a backward one or both, over one alphabet. A forward model predicts
each character from those before it; a backward one does the same for text read from its end.
"""

COMMANDS = {"charlm": "ner.extensions.charlm.cli:charlm"}
TOKEN_EMBEDDERS = {"charlm": "ner.extensions.charlm.embeddings:StringEmbeddings"}
TORCHRUN = {"charlm": "train"}

"""Transformers: hidden states of frozen encoders as contextual features of tokens."""

TOKEN_EMBEDDERS = {"hf": "ner.extensions.transformers.embeddings:TransformerEmbeddings"}

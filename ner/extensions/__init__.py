"""Extensions: each may import the core, and deleting its folder leaves the main path green.

What an extension adds to the core it declares in its own ``__init__``; see `ner.plugins`.
"""

"""A tagger's corpus as texts for a classifier: does a sentence hold an entity?"""

from collections.abc import Sequence
from dataclasses import replace

from ner.corpus import Corpus
from ner.extensions.classification.reading import labelled
from ner.text import Sentence

ENTITY, NONE = "entity", "none"

SMALL = ("model.hidden=32", "model.word_dim=50", "model.char_dim=30", "model.char_hidden=50")
"""Settings of a small, fast classifier: two labels need no more."""


def with_or_without(corpus: Corpus) -> Corpus:
    """A tagger's corpus as texts for a classifier: each sentence with or without an entity.

    Sentences with unknown tags and no known entity are left out.
    """
    return replace(
        corpus,
        train=_with_labels(corpus.train),
        valid=_with_labels(corpus.valid),
        test=_with_labels(corpus.test),
        schemes={},
    )


def _with_labels(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    return tuple(
        labelled(sentence, ENTITY if sentence.labels else NONE)
        for sentence in sentences
        if sentence.labels or not sentence.partial
    )

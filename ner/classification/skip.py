"""Sentences that a tagger need not read, since a classifier says that they hold no entity.

The contract: the classifier tells two labels apart, `ENTITY` and `NONE`. A
sentence is skipped where the probability of `ENTITY` is below a bound, so that
it is read wherever there is doubt. It must be much faster than the tagger.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ner.classification.classifier import Classifier
from ner.classification.reading import labelled
from ner.corpus import Corpus
from ner.errors import UsageError
from ner.text import Sentence

ENTITY, NONE = "entity", "none"
BELOW = 0.05

# Settings of a small, fast classifier: it must cost a fraction of what it spares.
SMALL = ("model.hidden=32", "model.word_dim=50", "model.char_dim=30", "model.char_hidden=50")


class Skip:
    """Says which sentences need not be read."""

    def __init__(self, classifier: Classifier, below: float = BELOW) -> None:
        """Raises `UsageError` for a classifier of other labels."""
        if sorted(classifier.labels) != [ENTITY, NONE]:
            shown = ", ".join(classifier.labels[:5])
            raise UsageError(
                f"a classifier for --skip-with tells {ENTITY!r} from {NONE!r}, and this one "
                f"{shown:.200}; make one with: ner classify train --from-corpus NAME --out DIR"
            )
        self._classifier = classifier
        self._below = below
        self._entity = classifier.labels.index(ENTITY)

    @classmethod
    def load(cls, path: str | Path, below: float = BELOW, device: str = "auto") -> "Skip":
        """Load the classifier. Raises `UsageError`, and `BundleError` for one that is damaged."""
        return cls(Classifier.load(path, device), below)

    def tokenizer_note(self, style: str) -> str | None:
        """What to say where the tagger's text is cut into other tokens than the classifier's."""
        own = self._classifier.config.data.tokenizer
        if own == style:
            return None
        return (
            f"the classifier has learnt from tokens of the style {own}, and the text is cut as "
            f"{style}; make one from the corpus of the tagger"
        )

    def __call__(self, sentences: Sequence[Sequence[str]]) -> list[bool]:
        """Whether each sentence of tokens may be skipped."""
        found = self._classifier.probabilities(sentences)[:, self._entity]
        skipped: list[bool] = (found < self._below).tolist()
        return skipped


def with_or_without(corpus: Corpus) -> Corpus:
    """A tagger's corpus as texts for a classifier: each sentence with or without an entity.

    Sentences of which nobody knows whether they hold one are left out.
    """
    return replace(
        corpus,
        train=_told(corpus.train),
        valid=_told(corpus.valid),
        test=_told(corpus.test),
        schemes={},
    )


def _told(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    return tuple(
        labelled(sentence, ENTITY if sentence.labels else NONE)
        for sentence in sentences
        if sentence.labels or not sentence.partial
    )

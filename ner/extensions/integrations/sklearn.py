"""A tagger as an estimator of scikit-learn; `ner.sklearn` is its public home.

::

    estimator = TaggerEstimator({"train.epochs": 8})
    cross_val_score(estimator, tokens, tags, cv=5)

The only module that imports scikit-learn (seqeval does, too).
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ner.api import train
from ner.config import Config
from ner.corpus import Corpus, with_valid
from ner.errors import MissingExtra, UsageError
from ner.evaluation import score_sentences
from ner.tagger import Tagger
from ner.tags import spans_of, tags_of
from ner.text import Sentence

try:
    import sklearn.base
    import sklearn.utils.validation
except ImportError:
    raise MissingExtra("ner.sklearn needs a package: pip install scikit-learn") from None

Tokens = Sequence[Sequence[str]]
"""Sentences as their tokens."""
Tags = Sequence[Sequence[str]]
"""The tags of as many sentences, of any scheme, as ``B-PER`` and ``O``."""


class TaggerEstimator(sklearn.base.BaseEstimator):  # type: ignore[misc]
    """A tagger that learns from lists of tokens and tags, and predicts IOB2 tags.

    `settings` are those of training by dotted key, as ``{"train.epochs": 8}``; `random_state` is
    the seed. A share of the sentences, setting ``data.valid_fraction``, is set apart to choose the
    best epoch by. With `start_from`, a run folder, bundle or packed file, training goes on from
    that model. Once fitted, `tagger_` is the `Tagger`, which can do more, and `classes_` its types.
    """

    def __init__(
        self,
        settings: Mapping[str, Any] | None = None,
        *,
        random_state: int = 1,
        start_from: str | Path | None = None,
        device: str = "auto",
    ) -> None:
        self.settings = settings
        self.random_state = random_state
        self.start_from = start_from
        self.device = device

    def fit(self, X: Tokens, y: Tags | None) -> "TaggerEstimator":
        """Train on sentences with their tags; nothing of the run is left but the model.

        Raises `NerError` for settings, tokens or tags that will not do.
        """
        chosen = {"train.seed": self.random_state, **(self.settings or {})}
        config = Config().replace(chosen)
        corpus = with_valid(
            Corpus("sentences of scikit-learn", tuple(_labelled(X, y))), config.data.valid_fraction
        )
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "run")
            how: dict[str, Any] = {"device": self.device, "start_from": self.start_from}
            self.tagger_ = train(corpus, out, config, **how)
        self.classes_ = self.tagger_.labels
        return self

    def predict(self, X: Tokens) -> list[list[str]]:
        """The IOB2 tags of each sentence. Raises `NotFittedError` before `fit`."""
        found = self._tagger().predict(_sentences(X))
        return [tags_of(sentence.spans, len(sentence)) for sentence in found]

    def score(self, X: Tokens, y: Tags | None) -> float:
        """Entity F1, as the CoNLL scorer counts it."""
        tagger, gold = self._tagger(), _labelled(X, y)
        return score_sentences(gold, tagger.predict(gold)).f1

    def _tagger(self) -> Tagger:
        sklearn.utils.validation.check_is_fitted(self)
        return self.tagger_

    def __sklearn_tags__(self) -> Any:
        """Sequences of text, with labels: no table of numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.target_tags.required = True
        tags.non_deterministic = False
        return tags


def _labelled(X: Tokens, y: Tags | None) -> list[Sentence]:
    """Tokens and the entities of their tags. Raises `UsageError` and `CorpusError`."""
    if y is None:  # the words are scikit-learn's
        raise UsageError("requires y to be passed, but the target y is None; give lists of tags")
    rows, tags = [*X], [*y]
    if len(tags) != len(rows):
        raise UsageError(f"{len(rows)} sentences have {len(tags)} lists of tags; give one for each")
    return [
        _with_tags(number, sentence, tags[number])
        for number, sentence in enumerate(_sentences(rows))
    ]


def _sentences(X: Tokens) -> list[Sentence]:
    return [_sentence(number, tokens) for number, tokens in enumerate(X)]


def _sentence(number: int, tokens: Sequence[str]) -> Sentence:
    words = () if isinstance(tokens, str) else tuple(tokens)
    if not words or not all(isinstance(word, str) and word for word in words):
        raise UsageError(
            f"X[{number}] is no list of tokens; a sentence is one or more texts that are not empty"
        )
    return Sentence(words, source="X", line=number)


def _with_tags(number: int, sentence: Sentence, tags: Sequence[str]) -> Sentence:
    if isinstance(tags, str) or len(tags) != len(sentence):
        raise UsageError(f"y[{number}] is no list of {len(sentence)} tags, one for each token")
    return sentence.with_spans(tuple(spans_of(map(str, tags))))

"""The library's verbs: `train` and `evaluate`, as functions over whole corpora."""

import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ner.config import Config
from ner.corpus import Corpus
from ner.evaluation import (
    CORRECT,
    O_BIASES,
    Calibration,
    Mistakes,
    Point,
    Report,
    TradeOff,
    analyse_mistakes,
    check_labelled,
    check_layers,
    evaluate_spans,
    layer_names,
    match_entities,
    measure_calibration,
    min_score_points,
    unknown_labels,
)
from ner.predict import Prediction, window_note, with_spans
from ner.render import ComparedSentence, Mistake
from ner.tagger import Tagger
from ner.text import Sentence

if TYPE_CHECKING:  # evaluation needs no torch
    from ner.training import Event, SeedsFinished

_log = logging.getLogger("ner")


def train(
    corpus: Corpus,
    out: str | Path,
    config: Config | None = None,
    *,
    seeds: Sequence[int] = (),
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    start_from: str | Path | None = None,
    keep_types: bool = False,
    on: str = "",
) -> Tagger:
    """Train a tagger into a run folder and return the best model.

    With `seeds`, one model each is trained, and the one that is best on valid returned. With
    `start_from`, a run folder, bundle or packed file, training goes on from that model: its network
    and all that it knows stay, and types are those of the corpus; with `keep_types` also its own,
    which it labels itself where the labels of the corpus say O. With `on`, models of several seeds
    are trained at once: ``processes`` of this machine (``processes:4`` are four), or on a cluster,
    ``ray``. Raises `NerError` for a corpus, setting, model or folder that will not do.
    """
    how: dict[str, Any] = {"device": device, "resume": resume, "overwrite": overwrite}
    how |= {"start_from": start_from, "keep_types": keep_types, "on": on}
    for _ in train_events(corpus, out, config, seeds=seeds, **how):
        pass
    return Tagger.load(out, device)


def train_events(
    corpus: Corpus,
    out: str | Path,
    config: Config | None = None,
    *,
    seeds: Sequence[int] = (),
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[int], None] = lambda _: None,
    start_from: str | Path | None = None,
    keep_types: bool = False,
    on: str = "",
) -> "Iterator[Event | SeedsFinished]":
    """`train` as a generator that yields what happens; to be run to its end.

    `progress` is called with the number of bytes of vectors files that have been read.
    """
    from ner.training import TaggerTraining

    how: dict[str, Any] = {"device": device, "resume": resume, "overwrite": overwrite}
    how |= {"start_from": start_from, "keep_types": keep_types, "on": on}
    training = TaggerTraining(corpus, out, config, seeds=seeds, progress=progress, **how)
    yield from training.events()


def evaluate(tagger: Tagger, sentences: Sequence[Sentence]) -> Report:
    """Score a tagger on labelled sentences: entity precision, recall and F1, as seqeval has them.

    Types unknown to the model count as missed; the log names them, and counts training sentences.
    Raises `CorpusError` for sentences with unknown labels.
    """
    return Evaluation(tagger, sentences, scores=False).report()


def _annotated(sentence: Sentence, found: Prediction) -> Prediction:
    """The predictions but those of types that the corpus of the sentence does not label."""
    labelled = [span.label not in sentence.unannotated for span in found.spans]
    spans = tuple(itertools.compress(found.spans, labelled))
    return Prediction(spans, tuple(itertools.compress(found.scores, labelled)))


class Evaluation:
    """The predictions of a tagger for labelled sentences, compared with the labels in several ways.

    It is found once, for all of them but the trade-off.
    """

    def __init__(
        self, tagger: Tagger, sentences: Sequence[Sentence], *, scores: bool = True
    ) -> None:
        """Without `scores`, which take a while, there is nothing but a report to be had.

        Raises `CorpusError` for sentences with unknown labels.
        """
        check_labelled(sentences)
        check_layers(layer_names(sentences), tagger.layers or ("",))
        sentences = tagger.as_raw_text(sentences)
        self._tagger = tagger
        self.sentences = sentences
        self._gold = [sentence.spans for sentence in sentences]
        self._found = self._predictions(with_scores=scores)

    def report(self) -> Report:
        """Precision, recall and F1.

        Types that the model does not know, sentences that it has learnt from,
        and such as are read in windows, are said in the log.
        """
        if note := window_note(self.sentences):
            _log.info("%s", note)
        if known := self._tagger.contamination(self.sentences):
            _log.warning(
                "%d of %d sentences are among those that the model has learnt from; "
                "scores on them say little of new text",
                known, len(self.sentences),
            )  # fmt: skip
        if unknown := unknown_labels(self._gold, self._tagger.labels):
            _log.warning(
                "types that the model does not know count as missed: %s", ", ".join(unknown)
            )
        return evaluate_spans(self.sentences, self.predicted())

    def predicted(self) -> list[Sentence]:
        """The sentences with the spans that are found in them."""
        return with_spans(self.sentences, self._found)

    def calibration(self) -> Calibration:
        """Compare the scores of entities with the shares in which these are right."""
        return measure_calibration(self._gold, self._found)

    def mistakes(self, train: Sequence[Sentence] = (), examples: int = 10) -> Mistakes:
        """The mistakes, sorted; `train` are the sentences that the model learnt from, if known."""
        train = self._tagger.as_raw_text(train)
        return analyse_mistakes(self.sentences, self._found, train, examples)

    def compared(self) -> list[ComparedSentence]:
        """The sentences with what is found in them and the mistakes, for `mistakes_page`."""
        rows = []
        for sentence, (spans, scores) in zip(self.sentences, self._found, strict=True):
            matches = match_entities(sentence.spans, spans)
            mistakes = [Mistake(m.kind, m.gold, m.predicted) for m in matches if m.kind != CORRECT]
            rows.append(ComparedSentence(sentence, spans, scores, mistakes))
        return rows

    def trade_off(self) -> TradeOff:
        """Scores over a range of lowest scores, and over a range of biases of O.

        Either setting varies while the tagger's own value of the other one holds.
        """
        every = self._with("min_score", 0.0)
        by_bias = [
            Point.of(bias, self._gold, [spans for spans, _ in self._with("o_bias", bias)])
            for bias in O_BIASES
        ]
        return {"min_score": min_score_points(self._gold, every), "o_bias": by_bias}

    def _with(self, name: str, value: float) -> Sequence[Prediction]:
        """Predict with a value of a setting, unless that is its own value."""
        if getattr(self._tagger.settings, name) == value:
            return self._found
        return self._predictions(
            with_scores=name == "min_score", changes={f"predict.{name}": value}
        )

    def _predictions(self, **how: Any) -> Sequence[Prediction]:
        """Predict; spans of types that the corpus of a sentence does not label are left out."""
        found = self._tagger.predictions(self.sentences, **how)
        return [_annotated(*pair) for pair in zip(self.sentences, found, strict=True)]

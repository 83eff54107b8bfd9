"""The library's verbs: `train` and `evaluate`, as functions over whole corpora."""

import dataclasses
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import UsageError
from ner.evaluation import (
    O_BIASES,
    Calibration,
    Point,
    Report,
    TradeOff,
    check_labelled,
    evaluate_spans,
    measure_calibration,
    min_score_points,
    unknown_labels,
)
from ner.model.device import choose_device
from ner.predict import Prediction, predict
from ner.tagger import Tagger
from ner.text import Sentence
from ner.training.run import Event, Finished, Run, check_folder, clear_folder, has_model
from ner.training.seeds import SeedsFinished, finish_seeds, seed_folder, seed_folders

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
) -> Tagger:
    """Train a tagger into a run folder and return the best model.

    With `seeds`, one model each is trained, and the one that is best on valid
    returned. Raises `NerError` for a corpus, setting or folder that will not do.
    """
    events = train_events(
        corpus, out, config, seeds=seeds, device=device, resume=resume, overwrite=overwrite
    )
    for _ in events:
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
) -> Iterator[Event | SeedsFinished]:
    """`train` as a generator that yields what happens; to be run to its end.

    `progress` hears how many bytes of a vectors file have been read.
    """
    if resume and overwrite:
        raise UsageError("--resume goes on with a run and --overwrite replaces it; choose one")
    if len(set(seeds)) < len(seeds):
        raise UsageError(f"--seeds {','.join(map(str, seeds))} names a seed twice; leave one out")
    config = config or Config()
    chosen = choose_device(device)
    out = Path(out)
    old = [out, *seed_folders(out)]
    if not resume:
        for place in old:
            check_folder(place, overwrite=overwrite)
    elif seeds and (out / "config.toml").exists():
        raise UsageError(f"{out}: holds a run without --seeds; resume it without, too")
    configs = [config.replace({"train.seed": seed}) for seed in seeds] or [config]
    folders = [seed_folder(out, seed) for seed in seeds] or [out]
    finished: list[Finished] = []
    for part, folder in zip(configs, folders, strict=True):
        run = Run(corpus, part, folder, chosen, progress)
        if resume and (has_model(folder) or not seeds):
            run.resume()
        elif not resume and not finished:
            for place in old:  # only now: whatever is wrong with the new run has been said
                clear_folder(place)
        for event in run.events():
            yield event
            if isinstance(event, Finished):
                finished.append(event)
    if seeds:
        yield finish_seeds(out, seeds, finished)


def evaluate(tagger: Tagger, sentences: Sequence[Sentence]) -> Report:
    """Score a tagger on labelled sentences by seqeval (entity precision, recall, F1).

    Types that the model does not know count as missed, and are said once in the log.
    """
    if unknown := unknown_labels([s.spans for s in sentences], tagger.labels):
        _log.warning("types that the model does not know count as missed: %s", ", ".join(unknown))
    return evaluate_spans(sentences, tagger.predict(sentences))


def evaluate_calibration(tagger: Tagger, sentences: Sequence[Sentence]) -> Calibration:
    """How far the scores of a tagger's entities are the shares in which these are right.

    Raises `CorpusError` for sentences with unknown labels.
    """
    check_labelled(sentences)
    return measure_calibration([s.spans for s in sentences], _predict(tagger, sentences))


def evaluate_trade_off(tagger: Tagger, sentences: Sequence[Sentence]) -> TradeOff:
    """A tagger's scores over a range of lowest scores, and over a range of biases of O.

    Either setting varies while the tagger's own value of the other one holds.
    Raises `CorpusError` for sentences with unknown labels.
    """
    check_labelled(sentences)
    gold = [sentence.spans for sentence in sentences]
    every = _predict(tagger, sentences, min_score=0.0)
    by_bias = []
    for bias in O_BIASES:
        found = _predict(tagger, sentences, with_scores=False, o_bias=bias)
        by_bias.append(Point.of(bias, gold, [spans for spans, _ in found]))
    return {"min_score": min_score_points(gold, every), "o_bias": by_bias}


def _predict(
    tagger: Tagger, sentences: Sequence[Sentence], *, with_scores: bool = True, **settings: Any
) -> list[Prediction]:
    """What a tagger finds with some of its settings changed."""
    changed = dataclasses.replace(tagger._settings, **settings)
    tokens = [sentence.tokens for sentence in sentences]
    return predict(tagger._bundle.model, tokens, with_scores=with_scores, settings=changed)

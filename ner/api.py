"""The library's verbs: `train` and `evaluate`, as functions over whole corpora."""

import dataclasses
import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import UsageError
from ner.evaluation import (
    O_BIASES,
    Calibration,
    Mistakes,
    Point,
    Report,
    TradeOff,
    analyse_mistakes,
    check_labelled,
    evaluate_spans,
    measure_calibration,
    min_score_points,
    unknown_labels,
)
from ner.extensions.distillation.ensemble import Ensemble, draw_sentences
from ner.files import exclusive_lock
from ner.model.device import choose_device
from ner.predict.spans import Prediction
from ner.predict.windows import window_note
from ner.tagger import Tagger
from ner.text import Sentence
from ner.training.run import Event, Finished, Run, check_folder, clear_folder, has_begun, resolve
from ner.training.seeds import (
    Distilled,
    SeedsFinished,
    finish_seeds,
    seed_folder,
    seed_folders,
    student_folder,
)

_log = logging.getLogger("ner")


def train(
    corpus: Corpus,
    out: str | Path,
    config: Config | None = None,
    *,
    seeds: Sequence[int] = (),
    distill: bool = False,
    unlabelled: str | Path | None = None,
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
) -> Tagger:
    """Train a tagger into a run folder and return the best model.

    With `seeds`, one model each is trained, and the one that is best on valid
    returned. With `distill` these teach a further one of the same size, which
    is returned; sentences of the text in the file `unlabelled`, a paragraph on
    each line, of which they are sure join in. Raises `NerError` for a corpus,
    text, setting or folder that will not do.
    """
    events = train_events(
        corpus,
        out,
        config,
        seeds=seeds,
        distill=distill,
        unlabelled=unlabelled,
        device=device,
        resume=resume,
        overwrite=overwrite,
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
    distill: bool = False,
    unlabelled: str | Path | None = None,
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
    if distill and len(seeds) < 2:
        raise UsageError("--distill needs the models of several seeds; add --seeds 1,2,3,4,5")
    if unlabelled is not None and not distill:
        raise UsageError("--unlabelled is text for --distill; add that, with --seeds 1,2,3,4,5")
    config = config or Config()
    out, chosen = Path(out), choose_device(device)
    # Those that teach read single sentences, whatever the one that they teach hears of documents.
    single = config.replace({"model.context": "sentence"}) if distill else config
    configs = [single.replace({"train.seed": seed}) for seed in seeds] or [config]
    folders = [seed_folder(out, seed) for seed in seeds] or [out]
    with exclusive_lock(out):
        old = _runs_in(out, seeds, distill, resume, overwrite)
        text = (
            ()
            if unlabelled is None
            else draw_sentences(unlabelled, corpus, resolve(config, corpus))
        )
        finished: list[Finished] = []
        for part, folder in zip(configs, folders, strict=True):
            run = Run(corpus, part, folder, chosen, progress)
            if resume and (has_begun(folder) or not seeds):
                run.resume()
            elif not resume and not finished:
                for place in old:  # only now: whatever is wrong with the new run has been said
                    clear_folder(place)
            finished.append((yield from _passed_on(run)))
        distilled = None
        if distill:
            ensemble = Ensemble(folders, chosen)
            taught = ensemble.teach(corpus, text, resolve(config, corpus))
            run = Run(corpus, config, student_folder(out), chosen, progress, taught)
            if resume and has_begun(run.out):
                run.resume()
            distilled = Distilled(ensemble.evaluate(corpus), (yield from _passed_on(run)))
        if seeds:
            yield finish_seeds(out, seeds, finished, distilled)


def _runs_in(
    out: Path, seeds: Sequence[int], distill: bool, resume: bool, overwrite: bool
) -> list[Path]:
    """The folders of runs that stand in a folder. Raises `UsageError` if they are in the way."""
    student = student_folder(out)
    old = [out, *seed_folders(out), student]
    if not resume:
        for place in old:
            check_folder(place, overwrite=overwrite)
    elif seeds and (out / "config.toml").exists():
        raise UsageError(f"{out}: holds a run without --seeds; resume it without, too")
    elif not distill and (student / "config.toml").exists():
        raise UsageError(f"{out}: holds a run with --distill; resume it with that, too")
    return old


def _passed_on(run: Run) -> Generator[Event, None, Finished]:
    """Let a run happen; returns what came of it."""
    for event in run.events():
        yield event
    assert isinstance(event, Finished), "a run ends with that"
    return event


def evaluate(tagger: Tagger, sentences: Sequence[Sentence]) -> Report:
    """Score a tagger on labelled sentences by seqeval (entity precision, recall, F1).

    Types that the model does not know count as missed, and are said once in the
    log, as are sentences that it has learnt from. Raises `CorpusError` for
    sentences with unknown labels.
    """
    return Evaluation(tagger, sentences, scores=False).report()


class Evaluation:
    """The predictions of a tagger for labelled sentences, compared with their labels.

    It is found once, for all of them but the trade-off.
    """

    def __init__(
        self, tagger: Tagger, sentences: Sequence[Sentence], *, scores: bool = True
    ) -> None:
        """Without `scores`, which take a while, there is nothing but a report to be had.

        Raises `CorpusError` for sentences with unknown labels.
        """
        check_labelled(sentences)
        self._tagger = tagger
        self._sentences = sentences
        self._gold = [sentence.spans for sentence in sentences]
        self._found = tagger.predictions(sentences, with_scores=scores)

    def report(self) -> Report:
        """Precision, recall and F1.

        Types that the model does not know, sentences that it has learnt from,
        and such as are read in windows, are said in the log.
        """
        if note := window_note(self._sentences):
            _log.info("%s", note)
        if known := self._tagger.contamination(self._sentences):
            _log.warning(
                "%d of %d sentences are among those that the model has learnt from; "
                "scores on them say little of new text",
                known, len(self._sentences),
            )  # fmt: skip
        if unknown := unknown_labels(self._gold, self._tagger.labels):
            _log.warning(
                "types that the model does not know count as missed: %s", ", ".join(unknown)
            )
        pairs = zip(self._sentences, self._found, strict=True)
        return evaluate_spans(
            self._sentences, [dataclasses.replace(one, spans=found.spans) for one, found in pairs]
        )

    def calibration(self) -> Calibration:
        """The calibration of entity scores: how far they are the shares of right entities."""
        return measure_calibration(self._gold, self._found)

    def mistakes(self, train: Sequence[Sentence] = (), examples: int = 10) -> Mistakes:
        """The mistakes, sorted; `train` are the sentences that the model learnt from, if known."""
        return analyse_mistakes(self._sentences, self._found, train, examples)

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
        """The predictions with another value of a setting; those so far for the same value."""
        if getattr(self._tagger.settings, name) == value:
            return self._found
        return self._tagger.predictions(
            self._sentences,
            with_scores=name == "min_score",
            changes={f"predict.{name}": value},
        )

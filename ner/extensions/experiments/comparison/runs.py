"""A comparison: the runs of all variants and seeds in one folder, and their results.

::

    model.cell=gru/seed-1/   the run folder of one variant and seed, as `ner train` makes it
    comparison.json          the results of all of them
    comparison.md            the same as a table

The settings of a folder are in its name, so that the same comparison, or one
of more values and seeds, can go on where it was stopped.
"""

import contextlib
import json
import statistics
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ner.bundle import FINISHED, load_bundle
from ner.config import Config
from ner.corpus import Corpus
from ner.errors import NerError, TrainingError, UsageError
from ner.evaluation import Spans, randomisation_test
from ner.extensions.experiments.comparison.table import (
    Comparison,
    RunResult,
    VariantResult,
    format_markdown,
)
from ner.extensions.experiments.space import Variant
from ner.files import clear_leftovers, exclusive_lock, open_binary, write_text
from ner.model import choose_device, threads
from ner.tagger import Tagger
from ner.training import (
    Event,
    PreparedCorpus,
    Run,
    different_settings,
    prepare,
    resolve,
    run_events,
    seed_folder,
)

JSON, MARKDOWN = "comparison.json", "comparison.md"
TIMINGS = 3  # of tagging, of which the median counts; one more before them warms up


@dataclass(frozen=True)
class RunMeasured:
    """One run of a comparison is finished, just now or before."""

    number: int  # from 1
    runs: int
    variant: Variant
    result: RunResult


@dataclass(frozen=True)
class _PlannedRun:
    variant: Variant
    seed: int
    config: Config
    out: Path

    @property
    def finished(self) -> bool:
        return (self.out / FINISHED).exists()


def compare_events(
    corpus: Corpus,
    out: str | Path,
    config: Config,
    variants: Sequence[Variant],
    seeds: Sequence[int],
    *,
    device: str = "auto",
    resume: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Generator[Event | RunMeasured | Comparison, None, None]:
    """Train each variant of a configuration with each seed; a generator, to be run to its end.

    Yields the events of each training, `RunMeasured` at its end, and at last the `Comparison`. With
    `resume`, runs that are finished are not trained again, and others go on from their checkpoint.
    Raises `NerError` for a folder, corpus or run that is not suitable.
    """
    prepared, out = prepare(corpus), Path(out)
    plans = [
        _PlannedRun(
            variant, seed, _settings(config, variant, seed), _run_folder(out, variant, seed)
        )
        for variant in variants
        for seed in seeds
    ]
    _check_folder(out, resume=resume)
    with exclusive_lock(out):
        clear_leftovers(out, (JSON, MARKDOWN))
        for plan in plans:
            if plan.finished:
                _check_same(plan, prepared)
        results: dict[str, list[RunResult]] = {variant.folder: [] for variant in variants}
        found: dict[str, list[Spans]] = {variant.folder: [] for variant in variants}
        for number, plan in enumerate(plans, 1):
            if not plan.finished:
                yield from _train(plan, prepared, device, progress)
            result, spans = _measure(plan, corpus, device)
            results[plan.variant.folder].append(result)
            found[plan.variant.folder].append(spans)
            yield RunMeasured(number, len(plans), plan.variant, result)
        comparison = _compare(corpus, config, seeds, variants, results, found)
        _write(out, comparison)
        yield comparison


def begun(out: Path) -> bool:
    """True for a folder in which a run of a comparison has begun."""
    return any(out.glob("*/seed-*/metrics.jsonl"))


def _settings(config: Config, variant: Variant, seed: int) -> Config:
    return config.replace({**variant.settings, "train.seed": seed})


def _run_folder(out: Path, variant: Variant, seed: int) -> Path:
    return seed_folder(out / variant.folder, seed)


def _check_folder(out: Path, *, resume: bool) -> None:
    """Refuse an unsuitable folder. Raises `UsageError`."""
    there = begun(out)
    if resume and not there:
        raise UsageError(f"{out}: holds no comparison to go on with; leave --resume out")
    if there and not resume:
        raise UsageError(
            f"{out}: holds a comparison already; go on with --resume, or choose another --out"
        )
    if not there and any(path.is_file() for path in out.rglob("*")):
        raise UsageError(f"{out}: is not empty, and holds no comparison; choose another --out")


def _check_same(plan: _PlannedRun, corpus: PreparedCorpus) -> None:
    """Refuse a finished run of other settings or another corpus. Raises `UsageError`."""
    before, now = Config.load(plan.out / "config.toml"), resolve(plan.config, corpus.corpus)
    other = different_settings(before, now)
    if load_bundle(plan.out).about.get("checksums") != corpus.checksums:
        other.append("the corpus")
    if other:
        raise UsageError(
            f"{plan.out}: was trained otherwise ({', '.join(other)}); resume with the same "
            "options, or choose another --out"
        )


def _train(
    plan: _PlannedRun, corpus: PreparedCorpus, device: str, progress: Callable[[int], None]
) -> Iterator[Event]:
    """Begin a run, or go on with it. Raises `TrainingError` that says which run it was."""
    begun = (plan.out / "metrics.jsonl").exists()
    try:
        yield from run_events(
            plan.out,
            Run,
            lambda: Run(corpus, plan.config, plan.out, choose_device(device), progress),
            resume=begun,
        )
    except TrainingError as error:
        raise TrainingError(f"{plan.variant.name}, seed {plan.seed}: {error}") from None


def _measure(plan: _PlannedRun, corpus: Corpus, device: str) -> tuple[RunResult, Spans]:
    """The result of a finished run, and the spans that its model finds in test."""
    chosen = choose_device(device)
    bundle = load_bundle(plan.out, chosen)
    tagger = Tagger(bundle)
    clock = time.process_time if chosen.type == "cpu" else time.perf_counter
    with _reported(plan.out):
        finished = json.loads(_read_text(plan.out / FINISHED))
        records = [json.loads(line) for line in _read_text(plan.out / "metrics.jsonl").splitlines()]
        result = RunResult(
            seed=plan.seed,
            folder=str(plan.out),
            parameters=sum(weight.numel() for weight in bundle.model.network.parameters()),
            training_speed=statistics.median(record["tokens_per_second"] for record in records),
            tagging_speed=_tagging_speed(tagger, corpus, clock),
            epochs=finished["epochs"],
            best_epoch=finished["best_epoch"],
            f1={split: scores["f1"] for split, scores in finished["scores"].items()},
        )
    return result, [p.spans for p in tagger.predictions(corpus.test, with_scores=False)]


def _read_text(path: Path) -> str:
    with open_binary(path) as file:
        return file.read().decode()


@contextlib.contextmanager
def _reported(out: Path) -> Iterator[None]:
    """Name the run with unreadable records in a `NerError` of one line."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NerError(
            f"{out}: its {FINISHED} or metrics.jsonl is damaged; remove the folder and --resume"
        ) from None


def _tagging_speed(tagger: Tagger, corpus: Corpus, clock: Callable[[], float]) -> float:
    """Tokens of valid a second, once the words are known: the median of some runs."""
    seconds = []
    with threads(1):  # as `ner tag` has it; the time of several would be added up
        for _ in range(1 + TIMINGS):
            started = clock()
            tagger.predict(corpus.valid)
            seconds.append(clock() - started)
    tokens = sum(len(sentence) for sentence in corpus.valid)
    return tokens / max(statistics.median(seconds[1:]), 1e-9)


def _compare(
    corpus: Corpus,
    config: Config,
    seeds: Sequence[int],
    variants: Sequence[Variant],
    results: dict[str, list[RunResult]],
    found: dict[str, list[Spans]],
) -> Comparison:
    """Compare each variant with the one of the best mean F1 on valid, the first of equals."""
    gold = [sentence.spans for sentence in corpus.test]
    means = [statistics.fmean(r.f1["valid"] for r in results[v.folder]) for v in variants]
    best = means.index(max(means))
    rows = []
    for number, variant in enumerate(variants):
        p = None
        if gold and number != best:
            p = randomisation_test(gold, found[variants[best].folder], found[variant.folder])
        rows.append(VariantResult(variant, tuple(results[variant.folder]), p))
    return Comparison(corpus.name, config, tuple(seeds), tuple(rows), best, len(gold))


def _write(out: Path, comparison: Comparison) -> None:
    texts: dict[str, Any] = {
        MARKDOWN: format_markdown(comparison),
        JSON: json.dumps(comparison.to_dict(), indent=2, ensure_ascii=False) + "\n",
    }
    for name, text in texts.items():
        with write_text(out / name) as file:
            file.write(text)

"""A comparison: the runs of all variants and seeds in one folder, and their results in a table.

::

    model.cell=gru/seed-1/   the run folder of one variant and seed, as `ner train` makes it
    comparison.json          the results of all of them
    comparison.md            the same as a table

The settings of a folder are in its name, so that the same comparison, or one
of more values and seeds, can go on where it was stopped.
"""

import json
import shlex
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, median
from typing import Any, Self

from ner.bundle import load_bundle
from ner.config import Config
from ner.corpus import Corpus
from ner.errors import NerError, TrainingError, UsageError, escaped
from ner.evaluation import (
    ROUNDS,
    Spans,
    format_columns,
    format_summary,
    measure_speed,
    randomisation_test,
    summarise,
)
from ner.extensions.experiments.space import Variant, shown
from ner.features import VectorsOnce
from ner.files import clear_leftovers, exclusive_lock, inner_locks, write_text
from ner.model import choose_device, threads
from ner.run_folder import FINISHED, check_kind, run_path
from ner.tagger import Tagger
from ner.training import (
    Event,
    PreparedCorpus,
    Run,
    different_settings,
    open_resources,
    prepare,
    resolve,
    run_events,
    seed_folder,
)

KIND = "comparison"
JSON, MARKDOWN = "comparison.json", "comparison.md"


# --- results --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunResult:
    """One run: a variant with a seed."""

    seed: int
    folder: str
    parameters: int
    training_tokens_per_second: float  # the median of the epochs
    tagging_tokens_per_second: float  # of processor time, on valid, words known
    epochs: int
    best_epoch: int
    f1: dict[str, float]  # by split, of the best epoch's model

    def to_dict(self) -> dict[str, Any]:
        """The object in ``comparison.json``."""
        training, tagging = self.training_tokens_per_second, self.tagging_tokens_per_second
        return asdict(self) | {
            "training_tokens_per_second": round(training, 1),
            "tagging_tokens_per_second": round(tagging, 1),
        }


@dataclass(frozen=True)
class VariantResult:
    """All runs of a variant; `p` is that of the difference to the best one on test."""

    variant: Variant
    runs: tuple[RunResult, ...]
    p: float | None

    def f1(self, split: str) -> list[float]:
        """Micro F1 on a split, run by run; empty where the corpus lacks the split."""
        return [run.f1[split] for run in self.runs if split in run.f1]

    def to_dict(self) -> dict[str, Any]:
        """The object in ``comparison.json``."""
        splits = [split for split in ("valid", "test") if self.f1(split)]
        means = {split: summarise(self.f1(split)) for split in splits}
        return {
            "settings": dict(self.variant.settings),
            "f1": {split: {"mean": mean, "sd": sd} for split, (mean, sd) in means.items()},
            "p": self.p,
            "runs": [run.to_dict() for run in self.runs],
        }


@dataclass(frozen=True)
class Comparison:
    """Every variant with every seed; `best` is the place of the one that is best on valid."""

    corpus: str
    config: Config  # before anything is varied
    seeds: tuple[int, ...]
    variants: tuple[VariantResult, ...]
    best: int
    test_sentences: int

    @property
    def varied(self) -> list[str]:
        """The keys of the settings that vary."""
        return [*self.variants[0].variant.settings]

    def to_dict(self) -> dict[str, Any]:
        """The content of ``comparison.json``."""
        return {
            "corpus": self.corpus,
            "seeds": list(self.seeds),
            "best": self.best,
            "test_sentences": self.test_sentences,
            "rounds": ROUNDS,
            "variants": [variant.to_dict() for variant in self.variants],
            "config": self.config.to_dict(),
        }


_Measured = tuple[RunResult, Spans]


@dataclass(frozen=True)
class RunMeasured:
    """One run of a comparison is finished, just now or before."""

    number: int  # from 1
    runs: int
    variant: Variant
    result: RunResult


# --- runs -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _PlannedRun:
    variant: Variant
    seed: int
    config: Config
    out: Path

    @classmethod
    def of(cls, out: Path, config: Config, variant: Variant, seed: int) -> Self:
        config = config.replace({**variant.settings, "train.seed": seed})
        return cls(variant, seed, config, seed_folder(out / variant.folder, seed))

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
    prepared = replace(prepare(corpus, config.data), read_vectors=VectorsOnce())
    out = run_path(out)
    plans = [_PlannedRun.of(out, config, variant, seed) for variant in variants for seed in seeds]
    _check_folder(out, resume=resume)
    with exclusive_lock(out):
        clear_leftovers(out, (JSON, MARKDOWN))
        waiting = [plan for plan in plans if not plan.finished]
        with inner_locks(out, [plan.out for plan in waiting]):
            pass  # all of them are free now, not only when their turn comes
        for plan in [plan for plan in plans if plan.finished]:
            _check_same(plan, prepared)
        open_resources((resolve(plan.config, prepared) for plan in waiting), prepared)
        measured: defaultdict[str, list[_Measured]] = defaultdict(list)
        for number, plan in enumerate(plans, 1):
            if not plan.finished:
                yield from _train(plan, prepared, device, progress)
            result, spans = _measure(plan, prepared.corpus, device)
            measured[plan.variant.folder].append((result, spans))
            yield RunMeasured(number, len(plans), plan.variant, result)
        comparison = _compare(prepared.corpus, config, seeds, variants, measured)
        with write_text(out / MARKDOWN) as file:
            file.write(format_markdown(comparison))
        with write_text(out / JSON) as file:
            file.write(json.dumps(comparison.to_dict(), indent=2, ensure_ascii=False) + "\n")
        yield comparison


def begun(out: Path) -> bool:
    """True for a folder in which a run of a comparison has begun."""
    return any(out.glob("*=*/seed-*/metrics.jsonl"))


def _check_folder(out: Path, *, resume: bool) -> None:
    check_kind(out, KIND)
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
    before, now = Config.load(plan.out / "config.toml"), resolve(plan.config, corpus)
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


def _measure(plan: _PlannedRun, corpus: Corpus, device: str) -> _Measured:
    """The result of a finished run, and the spans that its model finds in test."""
    chosen = choose_device(device)
    bundle = load_bundle(plan.out, chosen)
    tagger = Tagger(bundle)
    clock = time.process_time if chosen.type == "cpu" else time.perf_counter
    speed = _tagging_speed(tagger, corpus, clock)
    try:
        finished = json.loads((plan.out / FINISHED).read_text(encoding="utf-8"))
        metrics = (plan.out / "metrics.jsonl").read_text(encoding="utf-8")
        records = [json.loads(line) for line in metrics.splitlines()]
        result = RunResult(
            seed=plan.seed,
            folder=str(plan.out),
            parameters=sum(weight.size for weight in bundle.model.weights.values()),
            training_tokens_per_second=median(record["tokens_per_second"] for record in records),
            tagging_tokens_per_second=speed,
            epochs=finished["epochs"],
            best_epoch=finished["best_epoch"],
            f1={split: scores["f1"] for split, scores in finished["scores"].items()},
        )
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        raise NerError(
            f"{plan.out}: its {FINISHED} or metrics.jsonl is damaged; remove the folder and "
            "--resume"
        ) from None
    return result, [p.spans for p in tagger.predictions(corpus.test, with_scores=False)]


def _tagging_speed(tagger: Tagger, corpus: Corpus, clock: Callable[[], float]) -> float:
    """Tokens of valid a second, once the words are known."""
    tokens = sum(len(sentence) for sentence in corpus.valid)
    with threads(1):  # as `ner tag` has it; the time of several would be added up
        return measure_speed(lambda: tagger.predict(corpus.valid), tokens, clock)


def _compare(
    corpus: Corpus,
    config: Config,
    seeds: Sequence[int],
    variants: Sequence[Variant],
    measured: Mapping[str, Sequence[_Measured]],
) -> Comparison:
    """Compare each variant with the one of the best mean F1 on valid, the first of equals."""
    gold = [sentence.spans for sentence in corpus.test]
    runs = [tuple(result for result, _ in measured[v.folder]) for v in variants]
    found = [[spans for _, spans in measured[v.folder]] for v in variants]
    means = [fmean(result.f1["valid"] for result in results) for results in runs]
    best = means.index(max(means))
    rows = []
    for number, variant in enumerate(variants):
        test = gold and number != best
        p = randomisation_test(gold, found[best], found[number]) if test else None
        rows.append(VariantResult(variant, runs[number], p))
    return Comparison(corpus.name, config, tuple(seeds), tuple(rows), best, len(gold))


# --- the table ------------------------------------------------------------------------------------


def format_comparison(comparison: Comparison) -> str:
    """The table as aligned text, and what its columns mean."""
    table = format_columns(_rows(comparison), range(len(comparison.varied)))
    return "\n".join([table, *_notes(comparison)]) + "\n"


def format_markdown(comparison: Comparison) -> str:
    """The table in Markdown, with what its columns mean and the command that it comes from."""
    head, *rows = [[escaped(cell).replace("|", "\\|") for cell in row] for row in _rows(comparison)]
    varied = len(comparison.varied)
    rule = ["---"] * varied + ["---:"] * (len(head) - varied)
    table = [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
    blocks = [
        f"# {comparison.corpus}: {len(rows)} variants compared",
        "\n".join(table),
        "\n".join(f"- {note}" for note in _notes(comparison)),
        f"```\n{_command(comparison)}\n```",
    ]
    return "\n\n".join(blocks) + "\n"


def _rows(comparison: Comparison) -> list[list[str]]:
    head = [
        *comparison.varied,
        "parameters", "training tokens/s", "tagging tokens/s", "best epoch", "valid F1",
        "test F1", "p",
    ]  # fmt: skip
    return [head, *(_row(variant) for variant in comparison.variants)]


def _row(result: VariantResult) -> list[str]:
    runs = result.runs
    test = result.f1("test")
    return [
        *map(shown, result.variant.settings.values()),
        f"{fmean(run.parameters for run in runs):,.0f}",
        f"{fmean(run.training_tokens_per_second for run in runs):,.0f}",
        f"{fmean(run.tagging_tokens_per_second for run in runs):,.0f}",
        f"{fmean(run.best_epoch for run in runs):.1f}",
        format_summary(result.f1("valid")),
        format_summary(test) if test else "–",
        "–" if result.p is None else f"{result.p:.4f}",
    ]


def _notes(comparison: Comparison) -> list[str]:
    seeds = ", ".join(map(str, comparison.seeds))
    best = comparison.variants[comparison.best].variant.name
    notes = [
        f"means over seeds {seeds}; F1 in percent, ± sample standard deviation over seeds",
        "tokens/s: in training by the clock, in tagging of processor time, on valid, words known",
    ]
    if comparison.test_sentences:
        notes.append(
            f"p: approximate randomisation on {comparison.test_sentences:,} test sentences, "
            f"{ROUNDS:,} rounds, two-sided, against {best} (best on valid); what all seeds find "
            "in a sentence changes hands together; not corrected for several comparisons"
        )
    return notes


def _command(comparison: Comparison) -> str:
    """The command that the comparison comes from, as far as the name of the corpus allows."""
    words = ["ner", "compare", "--data", comparison.corpus]
    for key in comparison.varied:
        values = [shown(result.variant.settings[key]) for result in comparison.variants]
        words += ["--vary", f"{key}={','.join(dict.fromkeys(values))}"]
    words += ["--seeds", ",".join(map(str, comparison.seeds))]
    default = Config()
    for key in Config.fields():
        if comparison.config[key] != default[key] and key not in comparison.varied:
            words += ["--set", f"{key}={shown(comparison.config[key])}"]
    return shlex.join(words)

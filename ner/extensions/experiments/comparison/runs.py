"""A comparison: the runs of all variants and seeds in one folder, and their results in a table.

::

    model.cell=gru/seed-1/   the run folder of one variant and seed, as `ner train` makes it
    comparison.json          the results of all of them
    comparison.md            the same as a table

The settings of a folder are in its name, so that the same comparison, or one
of more values and seeds, can go on where it was stopped.
"""

import json
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, median
from typing import Self

from ner.bundle import load_bundle
from ner.config import Config
from ner.corpus import Corpus
from ner.errors import NerError, TrainingError, UsageError
from ner.evaluation import (
    Spans,
    measure_speed,
    randomisation_test,
)
from ner.extensions.experiments.comparison.table import (
    Comparison,
    RunResult,
    VariantResult,
    format_markdown,
)
from ner.extensions.experiments.space import Variant
from ner.features import VectorsOnce
from ner.files import clear_leftovers, exclusive_lock, inner_locks, write_text
from ner.model import choose_device, threads
from ner.run_folder import FINISHED, check_kind, run_path
from ner.tagger import Tagger
from ner.training import (
    Begun,
    Done,
    Event,
    Failed,
    Job,
    PreparedCorpus,
    Run,
    Runner,
    RunWork,
    different_settings,
    open_resources,
    open_runner,
    prepare,
    resolve,
    seed_folder,
)

KIND = "comparison"
JSON, MARKDOWN = "comparison.json", "comparison.md"


_Measured = tuple[RunResult, Spans]


@dataclass(frozen=True)
class RunMeasured:
    """One run of a comparison is finished, just now or before."""

    number: int  # from 1
    runs: int
    variant: Variant
    result: RunResult


# --- runs -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
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

    @property
    def begun(self) -> bool:
        return (self.out / "metrics.jsonl").exists()

    @property
    def job(self) -> Job[Config]:
        name = f"{self.variant.name}, seed {self.seed}"
        return Job(name, self.config, self.out, self.begun)


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
    on: str = "",
) -> Generator[Event | RunMeasured | Comparison, None, None]:
    """Train each variant of a configuration with each seed; a generator, to be run to its end.

    Yields the events of each training, `RunMeasured` at its end, and at last the `Comparison`. With
    `resume`, runs that are finished are not trained again, and others go on from their checkpoint.
    Runs are trained `on` the runner at that address, or here. Raises `NerError` for a folder,
    corpus or run that is not suitable.
    """
    prepared = replace(prepare(corpus, config.data), read_vectors=VectorsOnce())
    out = run_path(out)
    plans = [_PlannedRun.of(out, config, variant, seed) for variant in variants for seed in seeds]
    _check_folder(out, resume=resume)
    with exclusive_lock(out):
        clear_leftovers(out, (JSON, MARKDOWN))
        waiting = [plan for plan in plans if not plan.finished]
        with inner_locks(out, [plan.out for plan in waiting]):
            for plan in plans:
                _check_plan(plan, prepared)
            open_resources((resolve(plan.config, prepared) for plan in waiting), prepared)
            with open_runner(on, device, progress, config) as runner:
                measured = yield from _run(plans, prepared, runner, "auto" if on else device)
        runs = {v.folder: [measured[p] for p in plans if p.variant is v] for v in variants}
        comparison = _compare(prepared.corpus, config, seeds, variants, runs)
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


def _check_plan(plan: _PlannedRun, corpus: PreparedCorpus) -> None:
    """Refuse what stands in the folder of a run, if that is not the run. Raises `UsageError`."""
    if not plan.begun:
        Run.folder.check(plan.out)
    elif not plan.finished:
        Run.folder.check_begun(plan.out)
    else:
        _check_same(plan, corpus)


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


def _run(
    plans: Sequence[_PlannedRun], corpus: PreparedCorpus, runner: Runner, device: str
) -> Generator[Event | RunMeasured, None, dict[_PlannedRun, _Measured]]:
    """Train what is not finished; measure all runs, on this machine.

    Raises `TrainingError` that says which run it was.
    """
    measured: dict[_PlannedRun, _Measured] = {}

    def measure(plan: _PlannedRun) -> RunMeasured:
        measured[plan] = _measure(plan, corpus.corpus, device)
        return RunMeasured(len(measured), len(plans), plan.variant, measured[plan][0])

    jobs = {plan.job: plan for plan in plans if not plan.finished}
    for plan in plans:
        if plan not in jobs.values():
            yield measure(plan)
    with closing(runner.run(RunWork(corpus), [*jobs])) as events:
        for job, event in events:
            match event:
                case Begun():
                    pass
                case Failed(TrainingError() as error):
                    raise TrainingError(f"{job.name}: {error}")
                case Failed(error):
                    raise error
                case Done():
                    yield measure(jobs[job])
                case _:
                    yield event
    return measured


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

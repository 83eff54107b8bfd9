"""Attack whatever reads input from outside with made-up inputs, guided by coverage.

    python scripts/fuzz.py [--minutes N] [--target NAME]… [--seed S] [--out DIR]
    python scripts/fuzz.py --replay FILE

Needs atheris (pip install "atheris>=3.0"); --replay does not. The minutes are shared
by the targets, each in processes of its own. A tenth of them goes to growth:
an input four times as long must take about four times the time and memory.
Each finding is a file in --out, named after its target, that --replay runs
again, and beside it, ending in .txt, what came of it. The exit status is 1 if
there is one. What has to hold for a target stands in scripts/fuzzing/targets.py.
"""

import argparse
import hashlib
import importlib.util
import logging
import multiprocessing
import os
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, NamedTuple

NAMES = ("columns", "jsonl", "tokenize", "tags", "tagger", "bundle", "packed", "config", "vectors")
FOR_GROWTH = 0.1  # share of the time
LONGEST = 400  # bytes of an input; long inputs are for growth
PATIENCE = 20  # seconds for one input; more is a finding
MEMORY = 3000  # MB for a process; more is a finding
GRACE = 120  # seconds that a process may take beside its share: to load torch, to end
GROWTH = "growth"
OURS = str(Path(__file__).resolve().parents[1] / "ner")


class Outcome(NamedTuple):
    """What came of one target."""

    name: str
    inputs: int
    shapes: int
    seconds: float
    findings: list[Path]


class Job(NamedTuple):
    """What a process needs to know; `tried` is shared, and counts what it has done."""

    name: str
    seconds: float
    seed: int
    out: Path
    kept: Path
    tried: Any


def fuzz(name: str, seconds: float, seed: int, out: Path) -> Outcome:
    """Attack a target. Whatever happens to the processes that do it, it ends here."""
    start = time.monotonic()
    before = {*_findings(name, out)}
    spawn = multiprocessing.get_context("spawn")
    share = FOR_GROWTH * seconds
    with tempfile.TemporaryDirectory(prefix="ner-fuzz-") as place:
        kept = Path(place) / "kept"
        kept.mkdir()
        jobs = [
            Job(name, part, seed, out, kept, spawn.Value("q", 0))
            for part in (seconds - share, share)
        ]
        for work, job in zip((attack, grow), jobs, strict=True):
            process = spawn.Process(target=work, args=(job,))
            process.start()
            process.join(job.seconds + GRACE)
            process.kill()
            process.join()
            if process.exitcode and not {*_findings(name, out)} - before:
                (out / f"{name}-ended").write_bytes(b"")  # the log says why
    found = sorted({*_findings(name, out)} - before)
    inputs, shapes = (job.tried.value for job in jobs)
    return Outcome(name, inputs, shapes, time.monotonic() - start, found)


def _findings(name: str, out: Path) -> list[Path]:
    return [path for path in out.glob(f"{name}-*") if path.suffix != ".txt"]


def keep(job: Job, kind: str, data: bytes, error: BaseException, seen: set[str]) -> None:
    """Write a finding down, unless something broke at the same place before."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [frame for frame in frames if frame.filename.startswith(OURS)] or frames[:-1]
    key = f"{type(error).__name__} {places[-1].filename}:{places[-1].lineno}"
    if key in seen:
        return
    seen.add(key)
    file = job.out / f"{job.name}-{kind}-{hashlib.sha256(data).hexdigest()[:12]}"
    file.write_bytes(data)
    told = "".join(traceback.format_exception(error))
    file.with_suffix(".txt").write_text(told, "utf-8", "backslashreplace")


def attack(job: Job) -> None:
    """Feed a target with inputs that reach new code, until the time is over."""
    import atheris

    _settle(job)
    seen: set[str] = set()

    def one(data: bytes) -> None:
        job.tried.value += 1
        try:
            judge(target, data)
        except Exception as error:
            keep(job, "input", data, error, seen)

    with atheris.instrument_imports(include=["ner"]):
        from fuzzing.targets import TARGETS, judge

        target = TARGETS[job.name]
        one(b"")  # what is imported late is guided by, too; models are made and caches filled
    for number, data in enumerate(target.seeds()):
        (job.kept / f"seed-{number}").write_bytes(data)
    words = job.kept.with_suffix(".dict")
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
    options = {
        "max_total_time": max(1, round(job.seconds)),
        "max_len": LONGEST,
        "timeout": PATIENCE,
        "rss_limit_mb": MEMORY,
        "seed": job.seed,
        "dict": words,
        "artifact_prefix": f"{job.out}/{job.name}-",
        "verbosity": 0,
    }
    given = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([sys.argv[0], *given, str(job.kept)], one)
    atheris.Fuzz()  # ends the process


def _settle(job: Job) -> None:
    """Send what a fuzzer says of itself to a log, what `ner` says of inputs nowhere.

    Files that the inputs are put into go where they are removed when the target is done.
    """
    tempfile.tempdir = str(job.kept.parent)
    logging.disable()
    log = os.open(job.out / f"{job.name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def grow(job: Job) -> None:
    """Try inputs of one shape and of two lengths: the target's own, then some of those found."""
    _settle(job)
    from fuzzing.growth import check_growth, packed, shapes_found
    from fuzzing.targets import TARGETS

    target = TARGETS[job.name]
    found = list(shapes_found(job.kept))
    random.Random(job.seed).shuffle(found)
    seen: set[str] = set()
    end = time.monotonic() + job.seconds
    for number, shape in enumerate([*target.shapes, *found]):
        if number >= len(target.shapes) and time.monotonic() > end:
            break
        try:
            check_growth(target, shape)
        except Exception as error:
            keep(job, GROWTH, packed(shape), error, seen)
        job.tried.value += 1


def replay(file: Path) -> None:
    """Run one finding again; raises what it raises."""
    from fuzzing.growth import check_growth, unpacked
    from fuzzing.targets import TARGETS, judge

    name, kind, *_ = f"{file.name}-".split("-")
    if name not in TARGETS:
        sys.exit(f"error: {file}: its name begins with no target; these are {', '.join(NAMES)}")
    data = file.read_bytes()
    if kind == GROWTH:
        check_growth(TARGETS[name], unpacked(data))
    else:
        judge(TARGETS[name], data)


def table(outcomes: list[Outcome]) -> str:
    """The outcomes as Markdown."""
    rows = [
        f"| {name} | {inputs:,} | {shapes} | {seconds:.0f} | {len(findings)} |"
        for name, inputs, shapes, seconds, findings in outcomes
    ]
    total = sum(outcome.inputs for outcome in outcomes)
    head = "| target | inputs | shapes of growth | seconds | findings |\n|---|---|---|---|---|"
    return "\n".join([head, *rows, f"| all | {total:,} | | | |"])


def main() -> None:
    """Read the command line, and attack or replay."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=8, help="for all targets [8]")
    parser.add_argument("--target", action="append", choices=NAMES, help="only this one")
    parser.add_argument("--seed", type=int, default=1, help="of what is made up [1]")
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"), help="[fuzz-findings]")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run a finding again")
    given = parser.parse_args()
    if given.replay:
        replay(given.replay)
        print(f"{given.replay}: passes")
        return
    if importlib.util.find_spec("atheris") is None:
        sys.exit('error: atheris is not installed; install it with: pip install "atheris>=3.0"')
    given.out.mkdir(parents=True, exist_ok=True)
    names = given.target or NAMES
    seconds = 60 * given.minutes / len(names)
    outcomes = [fuzz(name, seconds, given.seed, given.out.resolve()) for name in names]
    print(table(outcomes))
    findings = [path for outcome in outcomes for path in outcome.findings]
    for path in findings:
        print(f"finding: {path}")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()

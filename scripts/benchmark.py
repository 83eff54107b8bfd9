"""Measure this machine and everybody on it; write docs/results/BENCHMARKS.md.

    NER_DATA=/folder/of/corpora python scripts/benchmark.py [PART…] --model runs/conll2003

Without a PART all of them, in about 25 minutes; those of other taggers make an environment
for each and train it, once, which takes about an hour more. Each part replaces its own
section of the page. Keep the machine quiet meanwhile.
"""

import os
import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

# Before anything loads torch: what runs in this process runs on one thread where not said.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from benchmarks import crf, kernels, machine, processes, profiling, raw, tagging, training
from benchmarks.page import Book, Record, Section
from benchmarks.setting import Setting

PARTS: dict[str, Callable[[Setting], Section]] = {
    "crf": crf.run,
    "kernels": kernels.run,
    "train": training.run_train,
    "epoch": training.run_epoch,
    "profile": profiling.run,
    "tag": tagging.run_tag,
    "raw": raw.run_raw,
    "latency": tagging.run_latency,
    "workers": processes.run_workers,
    "scale": processes.run_scale,
    "cold": processes.run_cold,
    "footprint": raw.run_footprint,
    "machine": machine.run,
}
MODELS = {
    "tag",
    "raw",
    "latency",
    "workers",
    "scale",
    "cold",
    "footprint",
    "machine",
}  # parts that need one
DOCS = Path(__file__).parents[1] / "docs" / "results"


@click.command(help=__doc__)
@click.argument("parts", nargs=-1, metavar="[PART]...", type=click.Choice(list(PARTS)))
@click.option("--model", type=click.Path(path_type=Path), help="The run or bundle that tags.")
@click.option(
    "--peers",
    type=click.Path(path_type=Path),
    default=Path.home() / ".cache" / "ner" / "benchmark",
    show_default="~/.cache/ner/benchmark",
    help="Where environments, models and texts are kept for the next time.",
)
@click.option("--before", default="ad44926", show_default=True, help="An epoch's older commit.")
@click.option("--data", default="conll2003", show_default=True, help="For trials: another corpus.")
@click.option("--out", type=click.Path(path_type=Path), default=DOCS, show_default="docs/results")
@click.option("--quick", is_flag=True, help="Only see that it works.")
def main(
    parts: Sequence[str],
    model: Path | None,
    peers: Path,
    before: str,
    data: str,
    out: Path,
    quick: bool,
) -> None:
    """Measure the parts one after the other; write the page after each."""
    setting = Setting(model, peers, quick, before, data)
    for name in parts or PARTS:
        click.echo(f"{name} …", err=True)
        started = time.perf_counter()
        section = PARTS[name](setting)
        book = Book.read(out, list(PARTS))
        book.records[name] = Record(
            section,
            date=time.strftime("%Y-%m-%d"),
            command=_command(name, setting),
            machine=machine.describe(),
            versions=machine.versions("torch", "numpy", "pytorch-crf"),
            threads="one thread where nothing else is said",
            quick=quick,
        )
        book.write(out)
        click.echo(f"{name}: {time.perf_counter() - started:.0f} s", err=True)


def _command(part: str, setting: Setting) -> str:
    """How the part is measured again; folders of this machine are left out."""
    words = ["scripts/benchmark.py", part]
    if part in MODELS:
        words += ["--model", f"runs/{setting.trained.name}"]
    return f"NER_DATA=… .venv/bin/python {shlex.join(words)}"


if __name__ == "__main__":
    main()

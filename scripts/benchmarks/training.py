"""Parts `train` and `epoch`: tokens a second against flair; an epoch against what was before."""

import json
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
import torch

from benchmarks.environments import peer_version, start
from benchmarks.machine import count_operations, hidden_units, rates
from benchmarks.page import Cell, Section, Table, Target
from benchmarks.setting import SCRIPTS, Setting, Worker
from benchmarks.timing import Work, alternate, medians, spread
from ner.config import Config
from ner.training.build import build_model

# The model of ours whose parts are those of flair's: characters through an LSTM, no casing.
LIKE_FLAIR = {
    "model.chars": "lstm",
    "model.char_dim": 25,
    "model.char_hidden": 25,
    "model.casing_dim": 0,
}
TWIN, DEFAULT = "ours with flair's parts", "ours, default"
NOW = "ours, now"
OURS: dict[str, dict[str, Any]] = {TWIN: LIKE_FLAIR, DEFAULT: {}}


def speed(slice_: dict[str, Any]) -> float:
    """Tokens per second of a slice of training."""
    return float(slice_["tokens"] / slice_["seconds"])


def run_train(setting: Setting) -> Section:
    """Training against flair, both on one thread, a slice of steps in turn."""
    ours, theirs = setting.many(60, 3), setting.many(12, 2)
    peer = peer_version(setting, "flair")
    with ExitStack() as stack:
        flair = stack.enter_context(start(setting, "flair", "train"))
        works: dict[str, Work] = {peer: lambda: speed(flair.ask(steps=theirs))}
        for name, settings in OURS.items():
            worker = stack.enter_context(
                setting.work("ours", "train", setting.data, json.dumps(settings))
            )
            works[name] = partial(_slice, worker, ours)
        found = alternate(works, setting.many(6, 1))
    speeds = medians(found)
    rows: list[list[Cell]] = [
        [name, rate, f"{rate / speeds[peer]:.1f}×", spread(found[name])]
        for name, rate in speeds.items()
    ]
    bound = Products(setting).train_bound(speeds[peer])
    return Section(
        "Training",
        "LSTM of 200 both ways, word embeddings of 100 from scratch, character features, CRF, "
        "batches of 32 sentences: each trainer as it comes, everything in its step included, "
        f"{ours} steps of ours and {theirs} of flair's in turn. flair's parts: a character LSTM "
        "of 25 both ways and no casing; our default has a character CNN and casing.",
        [Table(["", "tokens a second", "ratio", "spread"], rows)],
        [
            Target(f"Training, {name}, against flair", 15, speeds[name] / speeds[peer], bound)
            for name in (TWIN, DEFAULT)
        ],
    )


def _slice(worker: Worker, count: int) -> float:
    return speed(worker.ask(do="slice", count=count))


class Products:
    """What the products of our model cost in training on this machine."""

    def __init__(self, setting: Setting) -> None:
        some = setting.corpus.train[:100]
        network = build_model(some, Config(), torch.device("cpu")).model.network
        self._counted = count_operations(network)
        self._rates = rates(hidden_units(network)).products
        self._tokens = sum(len(sentence) for sentence in setting.corpus.train)

    def _operations(self) -> int:
        """For each token: those of going forward, and twice as many for both gradients."""
        counted = self._counted
        return 3 * (counted.recurrence + counted.inputs + counted.projection)

    def train_bound(self, peer: float) -> str:
        """How many tokens a second there can be, in words."""
        most = [f"{rate / self._operations():,.0f} in {p}" for p, rate in self._rates.items()]
        ratio = self._rates["float32"] / self._operations() / peer
        return (
            f"the products of the LSTM and the projection, {self._operations() / 1e6:.1f} million "
            f"operations a token forward and backward, allow {' and '.join(most)} tokens a second "
            f"on this core: {ratio:.1f}× flair in float32"
        )

    def epoch_bound(self, before: float) -> str:
        """How long an epoch takes at least, in words."""
        least = self._tokens * self._operations() / self._rates["float32"]
        return (
            f"the float32 products of the LSTM and the projection alone take {least:.1f} seconds "
            f"of an epoch on this core, {before / least:.1f} times less than all of it took"
        )


@contextmanager
def commit(name: str) -> Iterator[Path]:
    """The package as it was in a commit, in a folder of its own.

    Raises `ClickException` where git does not have the commit.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = ["git", "archive", name, "ner"]
        archive = subprocess.run(command, cwd=SCRIPTS.parent, capture_output=True, check=False)
        if archive.returncode:
            said = archive.stderr.decode().strip()
            raise click.ClickException(f"{said}; name a commit of this repository with --before")
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        yield Path(folder)


def run_epoch(setting: Setting) -> Section:
    """A whole epoch with its judging: now, before, and by the stack that is common."""
    with ExitStack() as stack:
        now = setting.work("ours", "epoch", setting.data, "{}")
        workers: dict[str, Worker] = {NOW: stack.enter_context(now)}
        if setting.before:
            tree = stack.enter_context(commit(setting.before))
            before = setting.work("ours", "epoch", setting.data, "{}", before=str(tree))
            workers[f"ours, at {setting.before}"] = stack.enter_context(before)
        workers["the common stack"] = stack.enter_context(setting.work("old_stack", setting.data))
        answers: dict[str, list[dict[str, float]]] = {name: [] for name in workers}
        for _ in range(setting.many(2, 1)):
            for name, worker in workers.items():
                answers[name].append(worker.ask(do="epoch"))
    return _epochs(answers, Products(setting))


def _epochs(answers: dict[str, list[dict[str, float]]], products: Products) -> Section:
    def middle(name: str, what: str) -> float:
        return statistics.median(answer[what] for answer in answers[name])

    now = middle(NOW, "seconds")
    rows: list[list[Cell]] = []
    targets = []
    for name in answers:
        whole, learning = middle(name, "seconds"), middle(name, "learning")
        f1 = f"{100 * answers[name][-1]['f1']:.1f}"
        rows.append([name, learning, whole - learning, whole, f"{whole / now:.2f}×", f1])
        if name != NOW:
            bound = products.epoch_bound(whole)
            targets.append(Target(f"An epoch, against {name}", 2.5, whole / now, bound))
    return Section(
        "An epoch",
        "One pass over the training split and the judging on valid, one thread, seconds; default "
        "settings. The common stack: the same network and sizes, batches of random sentences "
        "packed, the character CNN for each token, loss and decoding by pytorch-crf.",
        [Table(["", "learning", "judging", "epoch", "times ours", "valid F1 by then"], rows)],
        targets,
    )

"""A run: language models of one or both directions trained into a folder.

::

    config.toml      all settings
    metrics.jsonl    one object a judgement
    model/           the language model: the best of each direction so far
    checkpoint/      what ``--resume`` needs
    log.txt          everything that was said
    result.json      bits per character; written last: a run that has it is finished
"""

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from ner.checkpoint import damaged, read_checkpoint, write_checkpoint
from ner.errors import TrainingError, UsageError
from ner.extensions.charlm.alphabet import Alphabet
from ner.extensions.charlm.config import CharLMConfig
from ner.extensions.charlm.folder import DIRECTIONS, LanguageModel, load_model, save_model
from ner.extensions.charlm.loop import Judgement, Step, Trainer
from ner.extensions.charlm.network import CharacterNetwork
from ner.extensions.charlm.text import EncodedText, in_order, read_text, split_text
from ner.files import clear_leftovers, exclusive_lock
from ner.model.device import choose_device, threads
from ner.run_folder import RunFolder, log_file, write_file, write_records

_log = logging.getLogger("ner")

RESULT = "result.json"
CONTENTS = ("config.toml", "metrics.jsonl", "model", "checkpoint", "log.txt", RESULT)
_FOLDER = RunFolder(CONTENTS, ("metrics.jsonl",))

# Settings that do not matter to what comes of a run.
_FREE = {"train.checkpoint_minutes", "train.threads"}


class Progress(NamedTuple):
    """A step of one direction."""

    direction: str
    step: Step


class Judged(NamedTuple):
    """A judgement of one direction; everything is on disk."""

    direction: str
    judgement: Judgement


@dataclass(frozen=True)
class Finished:
    """A run has come to its end."""

    out: Path
    directions: Mapping[str, dict[str, Any]]  # of each the record of its best judgement


Event = Progress | Judged | Finished


class Run:
    """One training run in one folder; `events` does the work."""

    def __init__(
        self,
        text: EncodedText,
        config: CharLMConfig,
        directions: Sequence[str],
        out: Path,
        device: torch.device,
    ) -> None:
        """Raises `TrainingError` for a text that is too short."""
        self.config = config
        self.out = out
        self._directions = list(directions)
        self._checksum = text.checksum
        self._device = device
        self._split = split_text(text.codes, config.data.valid_fraction, config.train.segment)
        self._alphabet = Alphabet.of_counts(text.counts, config.data.min_count)
        self._networks: dict[str, CharacterNetwork] = {}  # the best of each direction
        self._history: list[dict[str, Any]] = []
        self._number = 0  # of the direction in work
        self._trainer = self._begin()

    def _begin(self) -> Trainer:
        """A trainer of the direction in work."""
        direction = self._directions[self._number]
        torch.manual_seed(self.config.train.seed)
        network = CharacterNetwork(len(self._alphabet), self.config.model)
        network.initialise()
        return Trainer(
            network.to(self._device),
            in_order(self._split.train, direction),
            in_order(self._split.valid, direction),
            self._alphabet,
            self.config.train,
        )

    def resume(self) -> None:
        """Go back to the last checkpoint.

        A run that was stopped before its first one begins anew. Raises
        `TrainingError` if it is of another run, damaged or not there.
        """
        place = self.out / "checkpoint"
        if (self.out / "metrics.jsonl").exists() and not place.exists():
            return
        tensors, state = read_checkpoint(place)
        if other := self._differences(state):
            raise TrainingError(
                f"{self.out}: was started with other settings ({', '.join(other)}); resume "
                f"with the same (--config {self.out / 'config.toml'}), or start anew elsewhere"
            )
        try:
            self._history, self._number = state["history"], state["number"]
            self._trainer = self._begin()
            self._trainer.restore(tensors, state["trainer"])
        except (KeyError, IndexError, RuntimeError, TypeError, ValueError) as error:
            raise damaged(place, error) from None
        if self._history:
            self._networks = dict(load_model(self.out / "model", self._device).networks)

    def _differences(self, state: Mapping[str, Any]) -> list[str]:
        """What is not as it was when the checkpoint was written."""
        before, now = CharLMConfig.load(self.out / "config.toml"), self.config
        other = [key for key in now.fields() if now[key] != before[key] and key not in _FREE]
        if state.get("checksum") != self._checksum:
            other.append("the text")
        if state.get("directions") != self._directions:
            other.append("--direction")
        return other

    def events(self) -> Iterator[Event]:
        """Train; yields each step, each judgement, and at last what came of it."""
        self._write_metrics()  # first: it marks the folder as one of a run
        write_file(self.out / "config.toml", self.config.to_toml())
        with log_file(self.out / "log.txt"), threads(self.config.train.threads):
            _log.info(
                "text: %s characters to learn from, %s held out at its end; %d in the alphabet",
                f"{len(self._split.train):,}", f"{len(self._split.valid):,}",
                len(self._alphabet.characters),
            )  # fmt: skip
            while True:
                yield from self._learn(self._directions[self._number])
                if self._number + 1 == len(self._directions):
                    break
                self._number += 1
                self._networks = dict(load_model(self.out / "model", self._device).networks)
                self._trainer = self._begin()
            yield self._finish()

    def _learn(self, direction: str) -> Iterator[Event]:
        saved = time.monotonic()
        for event in self._trainer.run():
            if isinstance(event, Judgement):
                self._keep(direction, event)
                saved = time.monotonic()
                yield Judged(direction, event)
                continue
            if time.monotonic() >= saved + 60 * self.config.train.checkpoint_minutes:
                self._checkpoint()
                saved = time.monotonic()
            yield Progress(direction, event)

    def _keep(self, direction: str, judgement: Judgement) -> None:
        """Put a judgement on disk: the network if it is the best, its record, a checkpoint."""
        self._history.append({"direction": direction, **judgement.to_dict()})
        if judgement.best:
            about = {"checksum": self._checksum, "directions": self._best()}
            networks = {**self._networks, direction: self._trainer.network}
            model = LanguageModel(self._alphabet, networks, self.config, about)
            save_model(model, self.out / "model")
        self._checkpoint()
        self._write_metrics()
        _log.info(
            "%s: step %d of %d, %.1f M characters: %.3f bits per character in training, "
            "%.4f held out%s; %s characters a second",
            direction, judgement.step, self._trainer.steps, judgement.characters / 1e6,
            judgement.train_bits, judgement.valid_bits, " (best)" if judgement.best else "",
            f"{judgement.characters_per_second:,.0f}",
        )  # fmt: skip

    def _best(self) -> dict[str, dict[str, Any]]:
        """The record of the best judgement of each direction; of equals it is the first."""
        best: dict[str, dict[str, Any]] = {}
        for record in self._history:
            if record["best"]:
                best[record["direction"]] = record
        return {direction: best[direction] for direction in DIRECTIONS if direction in best}

    def _checkpoint(self) -> None:
        tensors, plain = self._trainer.save()
        state = {
            "trainer": plain,
            "number": self._number,
            "history": self._history,
            "checksum": self._checksum,
            "directions": self._directions,
        }
        write_checkpoint(self.out / "checkpoint", tensors, state)

    def _finish(self) -> Finished:
        finished = Finished(self.out, self._best())
        write_file(self.out / RESULT, json.dumps(finished.directions, indent=2) + "\n")
        return finished

    def _write_metrics(self) -> None:
        write_records(self.out / "metrics.jsonl", self._history)


def train_events(
    paths: Sequence[Path],
    out: Path,
    config: CharLMConfig | None = None,
    direction: str = "forward",
    *,
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
) -> Iterator[Event]:
    """Train language models on text files into a run folder; to be run to its end.

    `direction` is one of `DIRECTIONS`, or ``both``: one after the other. Raises
    `NerError` for a text, setting or folder that will not do.
    """
    if resume and overwrite:
        raise UsageError("--resume goes on with a run and --overwrite replaces it; choose one")
    config = config or CharLMConfig()
    chosen = choose_device(device)
    if not resume:
        _FOLDER.check(out, overwrite=overwrite)
    with exclusive_lock(out):
        text = read_text(paths, config.data.encoding, config.data.tokenizer)
        directions = DIRECTIONS if direction == "both" else (direction,)
        run = Run(text, config, directions, out, chosen)
        clear_leftovers(out, CONTENTS)
        if resume:
            run.resume()
        else:
            _FOLDER.clear(out)  # only now: whatever is wrong with the new run has been said
        yield from run.events()

"""A run: language models of one or both directions trained into a folder.

Its files are those of a tagger's run (`ner.training.run`): ``metrics.jsonl`` has one object an
evaluation, ``result.json`` the best of each direction, and ``model/`` the networks of these.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from ner.extensions.charlm.config import CharLMConfig
from ner.extensions.charlm.folder import DIRECTIONS, KIND, LanguageModel, load_model, save_model
from ner.extensions.charlm.loop import (
    LanguageModelEvaluation,
    LanguageModelStep,
    LanguageModelTrainer,
)
from ner.extensions.charlm.network import CharacterNetwork
from ner.extensions.charlm.text import EncodedText, in_order, read_text, split_text
from ner.model import choose_device
from ner.run_folder import FINISHED, RunFolder
from ner.stored import Arrays
from ner.tensors import to_arrays
from ner.training import BaseRun, run_events

_log = logging.getLogger("ner")

CONTENTS = ("config.toml", "metrics.jsonl", "model", "checkpoint", "log.txt", FINISHED)

# Settings that do not matter to what comes of a run.
_FREE = {"train.checkpoint_minutes", "train.threads"}


@dataclass(frozen=True)
class LanguageModelFinished:
    """A run has come to its end."""

    out: Path
    directions: Mapping[str, dict[str, Any]]  # of each the record of its best evaluation

    def to_dict(self) -> Mapping[str, Any]:
        """Give the content of ``result.json``."""
        return self.directions

    def lines(self) -> Iterator[str]:
        """Report the best of each direction."""
        for direction, record in self.directions.items():
            yield f"{direction}: {record['valid_bits']:.4f} bits per character, held out"


Event = LanguageModelStep | LanguageModelEvaluation | LanguageModelFinished


class LanguageModelRun(BaseRun):
    """The training of language models of one or both directions, one after the other."""

    folder = RunFolder(KIND, CONTENTS, ("metrics.jsonl",))
    record_keys: ClassVar = ("direction", "best")
    config: CharLMConfig
    trainer: LanguageModelTrainer

    def __init__(
        self,
        text: EncodedText,
        config: CharLMConfig,
        directions: Sequence[str],
        out: Path,
        device: torch.device,
    ) -> None:
        """Hold out the end of a text. Raises `TrainingError` for one that is too short."""
        super().__init__(config, out)
        self._directions = list(directions)
        self._checksum = text.checksum
        self._device = device
        self._parts = split_text(text.codes, config.data.valid_fraction, config.train.segment)
        self._alphabet = text.alphabet(config.data.min_count)
        self._weights: dict[str, Arrays] = {}  # the best of each direction
        self._number = 0  # of the direction in work
        self.trainer = self._begin()

    def _begin(self) -> LanguageModelTrainer:
        direction = self._directions[self._number]
        torch.manual_seed(self.config.train.seed)
        network = CharacterNetwork(len(self._alphabet), self.config.model)
        network.initialise()
        train, valid = (in_order(part, direction) for part in self._parts)
        return LanguageModelTrainer(
            network.to(self._device), train, valid, self._alphabet, self.config.train, direction
        )

    def _restore(self, tensors: dict[str, Tensor], state: Mapping[str, Any]) -> None:
        self._number = state["number"]
        self.trainer = self._begin()
        super()._restore(tensors, state)

    def _begin_at(self, settings: str, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        self._number = state["number"]
        super()._begin_at(settings, tensors, state)

    def _check_best(self) -> None:
        self._weights = dict(load_model(self.out / "model").weights)

    def _identity(self) -> dict[str, Any]:
        return {"number": self._number, "checksum": self._checksum, "directions": self._directions}

    def _differences(self, state: Mapping[str, Any]) -> list[str]:
        before, now = CharLMConfig.load(self.out / "config.toml"), self.config
        other = [key for key in now.fields() if now[key] != before[key] and key not in _FREE]
        if state.get("checksum") != self._checksum:
            other.append("the text")
        if state.get("directions") != self._directions:
            other.append("--direction")
        return other

    def _prepare(self) -> None:
        _log.info(
            "text: %s characters to learn from, %s held out at its end; %d in the alphabet",
            *(f"{len(part):,}" for part in self._parts), len(self._alphabet.characters),
        )  # fmt: skip

    def _train(self) -> Iterator[LanguageModelStep | LanguageModelEvaluation]:
        while True:
            yield from self.trainer.run()
            if self._number + 1 == len(self._directions):
                break
            self._number += 1
            if self._processes.leads:
                self._check_best()
            self.trainer = self._begin()

    def _save(self, milestone: LanguageModelEvaluation) -> None:
        about = {"checksum": self._checksum, "directions": self._best()}
        own = to_arrays(self.trainer.network.state_dict())
        weights = {**self._weights, milestone.direction: own}
        model = LanguageModel(self._alphabet, weights, self.config, about)
        save_model(model, self.out / "model")

    def _line(self, milestone: LanguageModelEvaluation) -> str:
        best = " (best)" if milestone.best else ""
        return (
            f"{milestone.direction}: step {milestone.step} of {self.trainer.steps}, "
            f"{milestone.characters / 1e6:.1f} M characters: {milestone.train_bits:.3f} bits per "
            f"character in training, {milestone.valid_bits:.4f} held out{best}; "
            f"{milestone.characters_per_second:,.0f} characters a second"
        )

    def _best(self) -> dict[str, dict[str, Any]]:
        """Find the best record of each direction, the first of equals."""
        best = {record["direction"]: record for record in self._history if record["best"]}
        return {direction: best[direction] for direction in DIRECTIONS if direction in best}

    def _finish(self) -> LanguageModelFinished:
        return LanguageModelFinished(self.out, self._best())


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

    `direction` is one of `DIRECTIONS`, or ``both``. Raises `NerError` for what will not do.
    """
    settings, chosen = config or CharLMConfig(), choose_device(device)
    directions = DIRECTIONS if direction == "both" else (direction,)

    def start() -> LanguageModelRun:
        text = read_text(paths, settings.data.encoding, settings.data.tokenizer)
        return LanguageModelRun(text, settings, directions, out, chosen)

    yield from run_events(out, LanguageModelRun, start, resume=resume, overwrite=overwrite)

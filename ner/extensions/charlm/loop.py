"""Truncated backpropagation through time: a generator that yields after each step and evaluation.

A segment of the text begins with the state at the end of the one before, but gradients stop there
(Williams and Peng 1990). Saving, printing and plotting belong to the caller.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ner.checkpoint import check_form, named, numbered, optimizer_tensors, parted, restore_optimizer
from ner.errors import UsageError
from ner.extensions.charlm.config import TrainConfig
from ner.extensions.charlm.network import CharacterNetwork, State, detached
from ner.extensions.charlm.prediction import measure
from ner.extensions.charlm.text import Alphabet, Codes
from ner.training import Milestone, check_finite, decayed_rate, processes


class LanguageModelStep(NamedTuple):
    """One segment of all streams has been learnt."""

    direction: str
    step: int  # from 1
    done: float  # share of the training, by steps or by time
    bits: float  # per character
    characters_per_second: float  # since this process began to learn


@dataclass(frozen=True)
class LanguageModelEvaluation(Milestone):
    """The network has been evaluated on the held-out text."""

    direction: str
    step: int
    characters: int  # learnt from so far, repeated ones too
    train_bits: float  # per character, over the steps since the last evaluation
    valid_bits: float  # per character
    learning_rate: float
    characters_per_second: float
    seconds: float
    best: bool  # better than all before

    def to_dict(self) -> dict[str, Any]:
        """Give its record in ``metrics.jsonl``."""
        speed, seconds = round(self.characters_per_second, 1), round(self.seconds, 3)
        return asdict(self) | {"characters_per_second": speed, "seconds": seconds}


def rate_at(config: TrainConfig, done: float) -> float:
    """The learning rate when a share `done` of the training is behind."""
    if done < config.warmup:
        return config.learning_rate * done / config.warmup
    left = (1.0 - done) / (1.0 - config.warmup)
    return decayed_rate(config.schedule, config.learning_rate, left)


class Streams:
    """A text read at several positions at once, segment by segment, from its start to its end.

    Each stream ends where the next one begins; fewer than one character a stream is left over.
    Segments have at most `segment` characters, and nearly the same number.
    """

    def __init__(self, codes: Codes, alphabet: Alphabet, streams: int, segment: int) -> None:
        """Divide a text into `streams`, or fewer if it is too short for a segment in each."""
        targets = len(codes) - 1  # the first character has none before it
        self.count = max(1, min(streams, targets // segment))
        self.length = targets // self.count
        self.segments = -(-self.length // segment)
        self.characters = self.count * self.length  # in all segments together
        self._codes = codes
        self._alphabet = alphabet

    def segment(self, number: int) -> tuple[Tensor, Tensor]:
        """Characters and those that follow, ``[B, S]`` each."""
        start = number * self.length // self.segments
        end = (number + 1) * self.length // self.segments
        first = range(0, self.characters, self.length)
        rows = np.stack([self._codes[position + start : position + end + 1] for position in first])
        numbers = torch.from_numpy(self._alphabet.numbers(rows))
        return numbers[:, :-1], numbers[:, 1:]


_PLAIN_STATE = ("step", "best_bits", "seconds", "_nats", "_since")


class LanguageModelTrainer:
    """All that changes while a network learns one direction, and the loop that changes it."""

    def __init__(
        self,
        network: CharacterNetwork,
        train: Codes,
        valid: Codes,
        alphabet: Alphabet,
        config: TrainConfig,
        direction: str = "forward",
    ) -> None:
        """`train` and `valid` are in the order in which they are to be read."""
        self.network = network
        self.direction = direction
        self.step = 0
        self.best_bits = math.inf
        self.seconds = 0.0  # of training and evaluation
        self.carried: State | None = None  # at the end of the last segment
        self._processes = processes()
        self._config = config
        self._streams = Streams(train, alphabet, config.batch, config.segment)
        self.steps = config.epochs * self._streams.segments  # unless time is up before
        if self._streams.count < self._processes.count:
            raise UsageError(
                f"{self._streams.count} places of the text are read at the same time, too few for "
                f"{self._processes.count} processes; start fewer, add text or raise train.batch"
            )
        self._valid = valid
        self._alphabet = alphabet
        self._nats = 0.0  # lost since the last evaluation
        self._since = 0  # steps since then
        self._clock = 0.0  # when it would have begun to learn, had it never been stopped
        self._started = (0, 0.0)  # step and seconds at which this process began
        self._optimizer = torch.optim.AdamW(
            network.parameters(), lr=config.learning_rate, weight_decay=0.0, fused=True
        )

    @property
    def done(self) -> float:
        """The share of the training that is behind, by steps or by time, whichever is more."""
        return min(1.0, max(self.step / self.steps, self._done_by_time))

    @property
    def _done_by_time(self) -> float:
        return self.seconds / (60 * self._config.minutes) if self._config.minutes else 0.0

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Take all that changes while learning; no random state, since each step seeds its own."""
        tensors = named("weights", self.network.state_dict())
        tensors |= named("optimizer", optimizer_tensors(self._optimizer))
        for index, layer in enumerate(self.carried or ()):
            tensors |= {f"state.{index}.{part}": value for part, value in enumerate(layer)}
        return tensors, {name: getattr(self, name) for name in _PLAIN_STATE}

    def restore(self, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
        """Go back to where `state` was taken; configuration and text must be the same.

        Raises `KeyError`, `RuntimeError`, `TypeError` or `ValueError` for anything else.
        """
        parts = parted(tensors, ("weights", "optimizer", "state"))
        self._check_carried(parts["state"])
        self.network.load_state_dict(parts["weights"])
        restore_optimizer(self._optimizer, parts["optimizer"])
        device = self.network.out.bias.device
        layers = sorted(numbered(parts["state"]).items())  # by number: 10 is not before 2
        kept = (sorted(layer.items()) for _, layer in layers)
        self.carried = tuple(tuple(t.to(device) for _, t in layer) for layer in kept) or None
        for name in _PLAIN_STATE:
            if type(plain[name]) is not type(getattr(self, name)):
                raise TypeError(f"{name} of another type")
            setattr(self, name, plain[name])
        if self.step:
            self._set_rate(self.step - 1)

    def _check_carried(self, states: dict[str, Tensor]) -> None:
        """Refuse all but states of each layer: torch trusts their shape. Raises `ValueError`."""
        if not states:  # nothing has been read yet
            return
        layers = self.network.layers
        kept = 2 if isinstance(layers[0], nn.LSTM) else 1  # h, and of an LSTM c
        wanted = torch.empty(1, self._streams.count, self.network.out.in_features)
        names = {f"{i}.{part}" for i in range(len(layers)) for part in range(kept)}
        for name in states.keys() | names:
            check_form(f"state.{name}", states.get(name), wanted if name in names else None)

    def run(self) -> Iterator[LanguageModelStep | LanguageModelEvaluation]:
        """Learn until steps or time are up. Raises `TrainingError` where a loss is not finite."""
        self._clock = time.perf_counter() - self.seconds
        self._started = (self.step, self.seconds)
        while True:
            # Whether an evaluation is due depends on nothing but the state: a resumed run makes up
            # for one that was missed.
            if self._since and (self.step % self._config.valid_steps == 0 or self.done == 1.0):
                yield self._evaluate()
            if self.done == 1.0:
                return
            bits = self._learn()
            self.seconds = self._processes.agree(time.perf_counter() - self._clock)
            yield LanguageModelStep(self.direction, self.step, self.done, bits, self._speed())

    def _speed(self) -> float:
        """Characters a second since this process began to learn, or else in all."""
        step, seconds = self._started if self.step > self._started[0] else (0, 0.0)
        return self._characters(self.step - step) / max(1e-9, self.seconds - seconds)

    def _characters(self, steps: int) -> int:
        return round(self._streams.characters * steps / self._streams.segments)

    def _learn(self) -> float:
        """One step of the optimizer on the next segment; returns its bits per character."""
        torch.manual_seed(self._config.seed * 1_000_003 + self.step)  # a resumed run draws the same
        self.network.train()
        place = self.step % self._streams.segments
        numbers, targets = self._streams.segment(place)
        device = self.network.out.bias.device
        before = None if place == 0 else self.carried
        self._optimizer.zero_grad(set_to_none=True)
        if self._processes.count == 1:
            nats, after = self._backward(numbers.to(device), targets.to(device), before)
        else:
            nats, after = self._backward_share(numbers.to(device), targets.to(device), before)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self._config.clip)
        self._check_finite("gradient", norm.item(), self.step + 1)
        self._set_rate(self.step)
        self._optimizer.step()
        self.carried = after
        self.step += 1
        self._nats += nats
        self._since += 1
        return nats / math.log(2)

    def _backward(
        self, numbers: Tensor, targets: Tensor, before: State | None
    ) -> tuple[float, State]:
        """Add the gradient of the loss of streams ``[B, S]``; returns it, and their states."""
        scores, after = self.network(numbers, before)
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten())
        nats = loss.item()
        self._check_finite("loss", nats, self.step + 1)
        loss.backward()  # type: ignore[no-untyped-call]
        return nats, detached(after)  # gradients of the next segment end here

    def _backward_share(
        self, numbers: Tensor, targets: Tensor, before: State | None
    ) -> tuple[float, State]:
        """Do the same with this process's share of the streams; all processes get all states."""
        shared, streams = self._processes, len(numbers)
        start, end = (part * streams // shared.count for part in (shared.rank, shared.rank + 1))
        here = before and tuple(tuple(x[:, start:end] for x in layer) for layer in before)
        share = (end - start) / streams

        def learn() -> list[Tensor]:
            nats, after = self._backward(numbers[start:end], targets[start:end], here)
            states = [part for layer in after for part in layer]
            padded = [nn.functional.pad(part, (0, 0, start, streams - end)) for part in states]
            return [states[0].new_tensor(share * nats), *padded]

        lost, *states = shared.add(learn, [*self.network.parameters()], share, {})
        kept = len(states) // len(self.network.layers)  # h, and of an LSTM c
        return lost.item(), tuple(
            tuple(states[layer : layer + kept]) for layer in range(0, len(states), kept)
        )

    def _set_rate(self, step: int) -> None:
        # As far as the middle of the step (from 0): the first one's rate must not be 0.
        done = min(1.0, max(self._done_by_time, (step + 0.5) / self.steps))
        for group in self._optimizer.param_groups:
            group["lr"] = rate_at(self._config, done)

    def _check_finite(self, name: str, value: float, step: int) -> None:
        check_finite(name, value, f"step {step}", "text", self._config.learning_rate)

    def _evaluate(self) -> LanguageModelEvaluation:
        speed = self._speed()
        bits = self._processes.first(
            lambda: measure(self.network, self._valid, self._alphabet).per_character
        )
        self._check_finite("loss on held-out text", bits, self.step)
        self.seconds = self._processes.agree(time.perf_counter() - self._clock)
        best = bits < self.best_bits
        self.best_bits = min(bits, self.best_bits)
        trained = self._nats / math.log(2) / self._since
        self._nats, self._since = 0.0, 0
        return LanguageModelEvaluation(
            direction=self.direction,
            step=self.step,
            characters=self._characters(self.step),
            train_bits=trained,
            valid_bits=bits,
            learning_rate=self._optimizer.param_groups[0]["lr"],
            characters_per_second=speed,
            seconds=self.seconds,
            best=best,
        )

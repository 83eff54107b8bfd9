"""Gradient flow: how much of the gradient at the last token comes back to the states before.

A recurrent layer reads T tokens; the loss is that of the last tag alone. The norm of its gradient
by the state after token t shows how much the network can learn from what it read there: the
gradient goes back through every step from T to t, and what each step does to it is multiplied
(Hochreiter 1991; Bengio et al. 1994; Pascanu et al. 2013).

The layer is unrolled with the readable cells (`ner.model.cells`) in float64, so that what vanishes
is seen to vanish and is not rounded to 0.
"""

import dataclasses
import itertools
import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import UsageError
from ner.features import Batch, Example, FeatureTable, TagBatch, Tags, collate
from ner.model import CELLS, WEIGHTS, Cell, Model, Network, State, choose_device, threads
from ner.tags import tags_of
from ner.text import Sentence
from ner.training import (
    Epoch,
    Gradient,
    Gradients,
    PreparedCorpus,
    Step,
    Trainer,
    build_model,
    mean_gradients,
    prepare,
    resolve,
    type_costs,
)

_log = logging.getLogger("ner")

LENGTHS = (10, 50, 200)
EPOCHS = 3
SAMPLES = 32
WINDOWS = 60  # of steps, at most: what is drawn of a training is means over them

VANISHED = 1e-3  # of the norm at the last token itself
EXPLODED = 10.0  # times the norm at the last token itself

FIXED: Mapping[str, Any] = {
    "model.head": "softmax",
    "model.bidirectional": False,
    "model.layers": 1,
    "model.context": "sentence",
    "train.log_gradients": True,
}
"""Settings of every network that is inspected: one layer that reads forward, each tag by itself."""

STATES = ("h", "c")  # the parts of a state, in the order of `ner.model.cells.State`
GATES = {
    "rnn": ("state",),
    "lstm": ("input", "forget", "cell", "output"),
    "gru": ("reset", "update", "new"),
}
"""The gates behind the blocks of a recurrent matrix, from top to bottom."""


@dataclass(frozen=True)
class Curve:
    """Norms of the gradient by a part of the state, means over samples; at least two."""

    state: str  # h or c
    norms: tuple[float, ...]  # norms[k]: k tokens before the last

    @property
    def ratio(self) -> float:
        """The norm at the longest distance, as a share of that at the last token."""
        return self.norms[-1] / self.norms[0] if self.norms[0] else 0.0

    def distance(self, share: float) -> int | None:
        """The first distance at which such a share is left, or less."""
        bound = share * self.norms[0]
        return next((k for k, norm in enumerate(self.norms) if norm <= bound), None)

    @property
    def reading(self) -> str:
        """``explodes``, ``vanishes`` or ``reaches back``."""
        if max(self.norms) > EXPLODED * self.norms[0]:
            return "explodes"
        return "vanishes" if self.ratio <= VANISHED else "reaches back"

    def to_dict(self) -> dict[str, Any]:
        """The norms, and what follows from them."""
        return {
            **dataclasses.asdict(self),
            "ratio": self.ratio,
            "half_distance": self.distance(0.5),
            "vanishing_distance": self.distance(VANISHED),
            "reading": self.reading,
        }


@dataclass(frozen=True)
class Snapshot:
    """A network at one moment: its curves for each length, and its recurrent matrix."""

    curves: Mapping[int, tuple[Curve, ...]]  # by length
    radii: Mapping[str, float]  # by gate: the largest modulus of an eigenvalue

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "lengths": {str(n): [c.to_dict() for c in curves] for n, curves in self.curves.items()},
            "spectral_radius": dict(self.radii),
        }


@dataclass(frozen=True)
class StepWindow:
    """Some steps of training one after the other; `gradients` are means over them."""

    first: int  # from 1
    last: int
    gradients: Gradients


@dataclass(frozen=True)
class CellFlow:
    """One cell before and after its training, and the gradients of the weights on the way."""

    cell: str
    before: Snapshot
    after: Snapshot
    training: tuple[StepWindow, ...]
    clipped: float  # share of all steps
    valid_f1: float  # after the last epoch

    def snapshots(self) -> dict[str, Snapshot]:
        """Both moments by their name."""
        return {"before": self.before, "after": self.after}

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "cell": self.cell,
            **{name: snapshot.to_dict() for name, snapshot in self.snapshots().items()},
            "training": [
                {"first": w.first, "last": w.last, **w.gradients.to_dict()} for w in self.training
            ],
            "clipped": self.clipped,
            "valid_f1": self.valid_f1,
        }


@dataclass(frozen=True)
class GradientFlow:
    """All cells on one corpus."""

    corpus: str
    config: Config  # as resolved; `model.cell` is that of the last one
    lengths: tuple[int, ...]
    samples: Mapping[int, int]  # by length: how many sequences there were
    cells: tuple[CellFlow, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "corpus": self.corpus,
            "lengths": list(self.lengths),
            "samples": {str(length): count for length, count in self.samples.items()},
            "vanished_below": VANISHED,
            "exploded_above": EXPLODED,
            "cells": [cell.to_dict() for cell in self.cells],
            "config": self.config.to_dict(),
        }


def inspect_gradients(
    corpus: Corpus,
    config: Config,
    *,
    cells: Sequence[str] = tuple(GATES),
    lengths: Sequence[int] = LENGTHS,
    epochs: int = EPOCHS,
    device: str = "auto",
    progress: Callable[[int], None] = lambda _: None,
) -> Generator[Step | Epoch | GradientFlow, None, None]:
    """Measure the gradient flow of cells, train them, and measure again.

    A generator, to be run to its end: yields the events of each training, and at last the
    `GradientFlow`. The settings in `FIXED` hold whatever `config` says. Raises `NerError` for an
    unsuitable corpus, and `UsageError` for lengths that the training split does not have.
    """
    corpus = dataclasses.replace(corpus, test=())  # which nothing here depends on
    prepared = prepare(corpus, config.data)
    if prepared.corpus.layers:
        raise UsageError("gradients are looked at in one tag layer; choose a --tag-column")
    changes = {"train.epochs": epochs, "train.patience": epochs}
    config = resolve(config.replace({**FIXED, **changes}), prepared)
    train, seed = prepared.corpus.train, config.train.seed
    samples = {length: draw_samples(train, length, seed) for length in lengths}
    flows = []
    with threads(config.train.threads):
        for cell in cells:
            config = config.replace({"model.cell": cell})
            flow = yield from _flow(prepared, config, samples, choose_device(device), progress)
            flows.append(flow)
    counts = {length: len(drawn) for length, drawn in samples.items()}
    yield GradientFlow(corpus.name, config, tuple(lengths), counts, tuple(flows))


def draw_samples(
    sentences: Sequence[Sentence], length: int, seed: int, count: int = SAMPLES
) -> list[tuple[Sentence, ...]]:
    """Runs of consecutive sentences with `length` tokens or more, the same for the same seed.

    At most `count`, only fully labelled ones. Raises `UsageError` where there is none.
    """
    known = [sentence for sentence in sentences if not sentence.partial]
    ends = np.cumsum([0, *map(len, known)])
    starts = np.flatnonzero(ends[:-1] + length <= ends[-1])
    if not len(starts):
        raise UsageError(
            f"the training split has {ends[-1]:,} fully labelled tokens, too few for --lengths "
            f"{length}; choose shorter ones"
        )
    rng = np.random.default_rng([seed, length])
    chosen = np.sort(rng.permutation(starts)[:count])
    behind = np.searchsorted(ends, ends[chosen] + length)
    return [tuple(known[first:last]) for first, last in zip(chosen, behind, strict=True)]


def join_samples(
    model: Model[Network], scheme: str, samples: Sequence[Sequence[Sentence]], length: int
) -> Batch:
    """The first `length` tokens of each sample as if they were one sentence."""
    table = FeatureTable(model.indexer)
    number = {tag: i for i, tag in enumerate(model.outputs)}
    examples = []
    for sample in samples:
        tokens = [token for sentence in sample for token in sentence.tokens]
        tags = [tag for s in sample for tag in tags_of(s.spans, len(s), scheme)]
        known = np.array([number[tag] for tag in tags[:length]])
        states = model.contextual.embed([tokens[:length]])[0] if model.contextual else None
        examples.append(Example(table.rows(tokens[:length]), Tags(known), states))
    return collate(table, examples, range(len(examples)))


def state_gradients(model: Model[Network], cell: str, batch: Batch) -> tuple[Curve, ...]:
    """The curve of each part of the state, over a batch of sentences of one length.

    The loss is the cross-entropy of the last tag, for each sentence by itself.
    """
    network = model.network.eval()
    with torch.no_grad():
        features = _exact(network.embedder(batch.to(model.device)))  # [B, T, D]
    unit = recurrent_cell(model, cell)
    start = features.new_zeros(len(features), unit.weight_hh.shape[1], requires_grad=True)
    state: State = (start,) * unit.parts
    states: list[State] = []
    for x in features.unbind(1):
        state = unit.step(x, state)
        states.append(state)
    scores = nn.functional.linear(
        state[0], _exact(network.projection.weight), _exact(network.projection.bias)
    )
    assert isinstance(batch.target, TagBatch), "samples are labelled"
    loss = nn.functional.cross_entropy(scores, batch.target.ids[:, -1].cpu(), reduction="sum")
    return tuple(
        Curve(name, _norms(loss, [state[part] for state in states]))
        for part, name in enumerate(STATES[: unit.parts])
    )


def recurrent_cell(model: Model[Network], cell: str) -> Cell:
    """The one recurrent layer of a model as a cell that makes single steps."""
    layer = model.network.encoder.layers[0]
    return CELLS[cell](*(_exact(getattr(layer, f"{name}_l0")) for name in WEIGHTS))


def _exact(tensor: Tensor) -> Tensor:
    """In float64, where every device's numbers can be had."""
    return tensor.detach().cpu().double()


def _norms(loss: Tensor, states: Sequence[Tensor]) -> tuple[float, ...]:
    """Norms of the gradient by states ``[B, H]``, means over B, from the last state to the first.

    Sentences do not meet: a row of the gradient of their summed loss is that of its own loss.
    """
    gradients = torch.autograd.grad(loss, list(reversed(states)), retain_graph=True)
    return tuple(gradient.norm(dim=1).mean().item() for gradient in gradients)


def spectral_radii(weight: Tensor, cell: str) -> dict[str, float]:
    """The largest modulus of an eigenvalue of each block of a recurrent matrix ``[G · H, H]``."""
    gates = GATES[cell]
    blocks = weight.chunk(len(gates))
    return {
        gate: torch.linalg.eigvals(block).abs().max().item()
        for gate, block in zip(gates, blocks, strict=True)
    }


def windows_of(gradients: Sequence[Gradient], most: int = WINDOWS) -> tuple[StepWindow, ...]:
    """The steps of a training in at most `most` windows, as even as can be."""
    bounds = np.linspace(0, len(gradients), min(most, len(gradients)) + 1).astype(int).tolist()
    windows = []
    for first, last in itertools.pairwise(bounds):
        means = mean_gradients(gradients[first:last])
        assert means is not None, "no window is empty"
        windows.append(StepWindow(first + 1, last, means))
    return tuple(windows)


def _flow(
    corpus: PreparedCorpus,
    config: Config,
    samples: Mapping[int, Sequence[tuple[Sentence, ...]]],
    device: torch.device,
    progress: Callable[[int], None],
) -> Generator[Step | Epoch, None, CellFlow]:
    """Train the cell of a configuration; its flow before and after."""
    cell, scheme = config.model.cell, config.model.scheme
    start = build_model(corpus.corpus.train, config, device, progress)

    def snapshot(model: Model[Network]) -> Snapshot:
        curves = {
            length: state_gradients(model, cell, join_samples(model, scheme, drawn, length))
            for length, drawn in samples.items()
        }
        return Snapshot(curves, spectral_radii(recurrent_cell(model, cell).weight_hh, cell))

    training_set = start.training_set(corpus.segments, config)
    costs = type_costs(config.train.type_weights, start.model.outputs)
    trainer = Trainer(start.model, training_set, corpus.corpus.valid, config.train, costs)
    before = snapshot(start.model)
    gradients: list[Gradient] = []
    for event in trainer.run():
        yield event
        if isinstance(event, Step) and event.gradient:
            gradients.append(event.gradient)
    assert isinstance(event, Epoch), "a training ends with that"
    _log.info("%s: trained, valid F1 %.2f", cell, 100 * event.valid.f1)
    clipped = sum(gradient.clipped for gradient in gradients) / max(1, len(gradients))
    after = snapshot(trainer.evaluated_model)
    return CellFlow(cell, before, after, windows_of(gradients), clipped, event.valid.f1)

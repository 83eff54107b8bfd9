"""Part `crf`: loss with gradients, and decoding, against pytorch-crf."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torchcrf
from torch import Tensor

from benchmarks.machine import rate, threads
from benchmarks.page import Cell, Section, Table, Target
from benchmarks.serving import seconds
from benchmarks.setting import Setting
from benchmarks.timing import alternate, medians
from ner.model.crf.head import CRFHead
from ner.tags import tag_set

TAGS = tag_set(["LOC", "MISC", "ORG", "PER"], "iobes")  # K = 17
SENTENCES = 32
WANTED = {"loss": 3.0, "decode": 4.0}
NAMES = {"loss": "loss and gradients", "decode": "decoding"}


@dataclass(frozen=True)
class Case:
    """A batch of scores and tags."""

    emissions: Tensor  # [B, T, K]
    tags: Tensor  # [B, T]
    lengths: Tensor  # [B]
    mask: Tensor  # [B, T]


def case(lengths: list[int]) -> Case:
    """A batch of random scores, with tags that may follow one another."""
    size = torch.tensor(lengths)
    emissions = torch.randn(len(lengths), max(lengths), len(TAGS), requires_grad=True)
    found = ours().decoder().decode(emissions.detach().numpy(), size.numpy())
    tags = torch.from_numpy(found)
    mask = torch.arange(max(lengths)) < size[:, None]
    return Case(emissions, tags, size, mask)


def ours() -> CRFHead:
    """Our CRF."""
    return CRFHead(TAGS, "iobes")


def learn(loss: Tensor) -> None:
    """Compute the gradients."""
    loss.backward()  # type: ignore[no-untyped-call]


def works(batches: list[Case], times: int) -> dict[str, Callable[[], None]]:
    """The four pieces of work, each over all batches so many times."""
    head, peer = ours(), torchcrf.CRF(len(TAGS), batch_first=True)
    head.load_state_dict(peer.state_dict(), strict=False)

    def over(do: Callable[[Case], object]) -> Callable[[], None]:
        def work() -> None:
            for _ in range(times):
                for batch in batches:
                    do(batch)

        return work

    def decode(batch: Case) -> object:
        scores = batch.emissions.detach().numpy()
        return head.decoder().decode(scores, batch.lengths.numpy()).tolist()

    def peer_decode(batch: Case) -> object:
        with torch.inference_mode():
            return peer.decode(batch.emissions, batch.mask)

    return {
        "loss ours": over(lambda b: learn(head.loss(b.emissions, b.tags, b.lengths).mean())),
        "loss peer": over(lambda b: learn(-peer(b.emissions, b.tags, b.mask, reduction="mean"))),
        "decode ours": over(decode),
        "decode peer": over(peer_decode),
    }


def measure(setting: Setting, batches: list[Case], count: int) -> dict[str, float]:
    """Milliseconds for a batch, of each of the four pieces of work, with `count` threads."""
    times = max(1, setting.many(48, 2) // len(batches))
    with threads(count):
        found = alternate(
            {name: partial(seconds, work) for name, work in works(batches, times).items()},
            setting.many(9, 1),
        )
    return {name: 1000 * value / times / len(batches) for name, value in medians(found).items()}


def bound(batch: Case, what: str) -> str:
    """What our own time is made of at least: steps that wait for one another."""
    sentences, size, tags = batch.emissions.shape
    with threads(1):
        if what == "decode":
            step, ways = "sums and maxima of all ways", np.zeros((tags, tags, sentences))
            least = 2 / rate(lambda: np.add(ways, ways, out=ways), 1)
        else:
            step, sums = "one product forward and one back", np.zeros((sentences, tags))
            moves = np.zeros((tags, tags))
            least = 2 / rate(lambda: sums.dot(moves), 1)
    return (
        f"every sentence is carried to the end of the longest, {size} steps after one another, "
        f"each {step} from {tags} tags to {tags} in {sentences} sentences: {1e6 * least:.1f} µs a "
        f"step, {1000 * size * least:.2f} ms in all; pytorch-crf looks back along "
        f"{int(batch.mask.sum())} of these {size * sentences} places alone"
    )


def cases(setting: Setting) -> dict[str, list[Case]]:
    """Batches of one length, and batches of CoNLL-2003's sentences as they come."""
    torch.manual_seed(1)
    found = {f"all of {length} tokens": [case([length] * SENTENCES)] for length in (14, 40)}
    if not setting.quick:
        sentences = torch.tensor([len(sentence) for sentence in setting.corpus.train])
        chosen = sentences[torch.randperm(len(sentences))[: 24 * SENTENCES]]
        batches = [case(part.tolist()) for part in torch.split(chosen, SENTENCES)]
        found["lengths of CoNLL-2003, at random"] = batches
    return found


def run(setting: Setting) -> Section:
    """Loss and decoding, for each kind of batch, on one thread and on two."""
    rows: list[list[Cell]] = []
    targets = []
    for count in (1,) if setting.quick else (1, 2):
        for name, batches in cases(setting).items():
            found = measure(setting, batches, count)
            for what in ("loss", "decode"):
                mine, peer = found[f"{what} ours"], found[f"{what} peer"]
                label = f"{NAMES[what]}, {name}, {count} thread{'s' * (count > 1)}"
                rows.append([label, peer, mine, f"{peer / mine:.1f}×"])
                if count == 1:
                    aim = f"CRF, {NAMES[what]}, {name}, against pytorch-crf"
                    why = bound(batches[0], what)
                    targets.append(Target(aim, WANTED[what], peer / mine, why))
    return Section(
        "CRF",
        f"Against pytorch-crf 0.7.2: {SENTENCES} sentences, {len(TAGS)} tags, ms a batch. "
        "Gradients are those of scores and parameters; ours forbids impossible transitions too.",
        [Table(["", "pytorch-crf, ms", "ours, ms", "ratio"], rows)],
        targets,
    )

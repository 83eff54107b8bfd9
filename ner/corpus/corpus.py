"""A corpus: three splits of sentences, and notes about them."""

import hashlib
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ner.lazy import cached_property
from ner.text import Case, Sentence, by_corpus

CUT_SEED = 2003
"""Seed of the choice of validation sentences, the same for everybody."""
ENOUGH_DOCUMENTS = 10
"""From this many documents on, a validation split is cut by document."""

# Schemes that a small split cannot be told from: their rarer letters may not occur in it.
_ALIKE = {"io": "iob1", "bmes": "iobes"}


@dataclass(frozen=True)
class Corpus:
    """Sentences for training, for choosing the best model, and for evaluating it.

    Any split may be empty. `notes` are facts about the reading, one line each, for the log and the
    card of a model. `schemes` names the tag scheme of each split that shows one. `layers` names
    the tag layers of its entities, if they have any, in order.
    """

    name: str
    train: tuple[Sentence, ...] = ()
    valid: tuple[Sentence, ...] = ()
    test: tuple[Sentence, ...] = ()
    notes: tuple[str, ...] = ()
    schemes: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[str, ...] = ()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The entity types of the training split, sorted."""
        return tuple(sorted({label for sentence in self.train for label in sentence.labels}))

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The entity types of all splits, sorted."""
        sentences = (sentence for split in self.splits().values() for sentence in split)
        return tuple(sorted({label for sentence in sentences for label in sentence.labels}))

    def splits(self) -> dict[str, tuple[Sentence, ...]]:
        """The splits by name, in the order train, valid, test."""
        return {"train": self.train, "valid": self.valid, "test": self.test}

    def map(self, change: Callable[[Sentence], Sentence]) -> "Corpus":
        """The corpus with each sentence changed."""
        train, valid, test = (tuple(map(change, split)) for split in self.splits().values())
        return replace(self, train=train, valid=valid, test=test)

    def recased(self, case: Case) -> "Corpus":
        """The corpus with the sentences of all splits in another case."""
        return self.map(lambda sentence: sentence.recased(case))

    def mixed_schemes(self) -> str:
        """The tag scheme of each split where they differ, "" where they agree."""
        if len({_ALIKE.get(scheme, scheme) for scheme in self.schemes.values()}) < 2:
            return ""
        return ", ".join(f"{split} {scheme}" for split, scheme in self.schemes.items())

    def checksums(self) -> dict[str, str]:
        """A checksum of each split that is not empty; of several corpora, of the part of each."""
        return {
            f"{split} of {name}" if name else split: checksum(part)
            for split, sentences in self.splits().items()
            for name, part in by_corpus(sentences).items()
        }


def checksum(sentences: Sequence[Sentence]) -> str:
    """SHA-256 over the tokens and labels of sentences, whatever file they came from."""
    digest = hashlib.sha256()
    for sentence in sentences:
        spans = [
            [span.start, span.end, span.label, *([span.layer] if span.layer else [])]
            for span in sentence.spans
        ]
        partial = [sentence.partial] if sentence.partial else []
        missing = [{"unannotated": sorted(sentence.unannotated)}] if sentence.unannotated else []
        digest.update(json.dumps([sentence.tokens, spans, *partial, *missing]).encode() + b"\n")
    return digest.hexdigest()


def cut_valid(
    sentences: Sequence[Sentence], fraction: float
) -> tuple[tuple[Sentence, ...], tuple[Sentence, ...], str]:
    """Set a validation split apart from training sentences.

    Whole documents are chosen if there are at least `ENOUGH_DOCUMENTS`, single sentences otherwise,
    always the same ones for the same sentences, and only fully labelled ones, as others cannot be
    scored: too few of them, and nothing is set apart. Returns training, validation and a line that
    says what was done; a single sentence stays in training.
    """
    numbers = [sentence.document for sentence in sentences]
    by_document = len(set(numbers)) >= ENOUGH_DOCUMENTS
    of = numbers if by_document else range(len(sentences))
    units = sorted(set(of))
    kind = "documents" if by_document else "sentences"
    partly = {unit for sentence, unit in zip(sentences, of, strict=True) if sentence.partial}
    whole = [unit for unit in units if unit not in partly]
    wanted = min(max(1, round(fraction * len(units))), len(units) - 1)
    if len(whole) < wanted:
        note = f"{len(whole)} of {len(units)} training {kind} are fully labelled, {wanted} needed"
        return tuple(sentences), (), f"no validation split, and none set apart: {note}"
    chosen = set(random.Random(CUT_SEED).sample(whole, max(wanted, 0)))
    train = tuple(s for s, unit in zip(sentences, of, strict=True) if unit not in chosen)
    valid = tuple(s for s, unit in zip(sentences, of, strict=True) if unit in chosen)
    note = (
        f"no validation split: {len(valid)} of {len(sentences)} training sentences set apart "
        f"({len(chosen)} of {len(units)} {kind}{', fully labelled ones' if partly else ''}, "
        f"seed {CUT_SEED})"
    )
    return train, valid, note

"""Labels that a teacher has given, kept on the disk: text is labelled once, part by part."""

import hashlib
import json
import logging
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ner.corpus import cache_folder
from ner.errors import NerError, TrainingError, reason_of
from ner.extensions.distillation.labels import PackedLabels
from ner.extensions.distillation.teacher import Teacher
from ner.files import clear_abandoned, write_binary
from ner.text import SegmentedText, Sentence

_log = logging.getLogger("ner")

PART_TOKENS = 50_000  # of a file
TELL_AFTER = 20  # seconds


class LabelledPart(NamedTuple):
    """Some sentences, in order, and their labels."""

    sentences: list[Sentence]
    labels: PackedLabels


class LabelCache:
    """A teacher, and a folder of what it has said; found again by the text and all that it is.

    The folder is in the user's cache. Each part of a text is a file of it, written whole or not at
    all; where none can be written, nothing is kept.
    """

    def __init__(self, teacher: Teacher, scheme: str) -> None:
        self._teacher, self._scheme = teacher, scheme
        key = hashlib.sha256(json.dumps([teacher.identity, [*teacher.tags], scheme]).encode())
        self.folder = cache_folder() / "teachers" / key.hexdigest()[:32]
        self._keeps = True

    def label(self, documents: Iterable[SegmentedText]) -> Iterator[LabelledPart]:
        """Label texts, part by part, in memory for one; what is known already is read.

        Raises `TrainingError` if the teacher fails; what it has labelled before is kept.
        """
        clear_abandoned(self.folder)
        done, told = 0, time.monotonic()
        for part in _parts(documents):
            sentences = [sentence for _, cut in part for sentence in cut]
            path = self.folder / f"{_key(part)}.npz"
            labels = self._read(path, sentences) or self._write(path, part, sentences)
            done += sum(map(len, sentences))
            if time.monotonic() >= told + TELL_AFTER:
                told = time.monotonic()
                _log.info("%s has labelled %s tokens", self._teacher.name, f"{done:,}")
            yield LabelledPart(sentences, labels)

    def _read(self, path: Path, sentences: Sequence[Sentence]) -> PackedLabels | None:
        """The labels in a file; None where there is none, or it is damaged or of other text."""
        if not path.is_file() or path.is_symlink():
            return None
        try:
            with np.load(path, allow_pickle=False) as arrays:
                labels = PackedLabels(**{name: arrays[name] for name in PackedLabels._fields})
        except (OSError, EOFError, LookupError, ValueError, zipfile.BadZipFile):
            return None
        return labels if labels.fit([*map(len, sentences)], len(self._teacher.tags)) else None

    def _write(
        self, path: Path, part: Sequence[SegmentedText], sentences: Sequence[Sentence]
    ) -> PackedLabels:
        labels = self._ask(part, sentences)
        try:
            if self._keeps:
                path.unlink(missing_ok=True)  # a link is not to be written through
                with write_binary(path) as file:
                    np.savez_compressed(file, **labels._asdict())
        except (NerError, OSError) as error:
            self._keeps = False
            _log.warning("%s; labels of the teacher are not kept", error)
        return labels

    def _ask(self, part: Sequence[SegmentedText], sentences: Sequence[Sentence]) -> PackedLabels:
        try:
            given = list(self._teacher.label(part))
        except NerError:
            raise
        except Exception as error:  # teachers are other people's programs
            reason = reason_of(error, 300)
            raise TrainingError(
                f"{sentences[0].place}: the teacher {self._teacher.name} fails on text from here "
                f"on ({reason}); what it has labelled before is kept: put it right and start again"
            ) from error
        return PackedLabels.of(given, map(len, sentences), self._teacher.tags, self._scheme)


def _parts(documents: Iterable[SegmentedText]) -> Iterator[list[SegmentedText]]:
    """Gather documents until there are enough tokens."""
    part: list[SegmentedText] = []
    tokens = 0
    for text, sentences in documents:
        part.append((text, sentences))
        tokens += sum(map(len, sentences))
        if tokens >= PART_TOKENS:
            yield part
            part, tokens = [], 0
    if part:
        yield part


def _key(part: Sequence[SegmentedText]) -> str:
    digest = hashlib.sha256()
    for text, sentences in part:
        tokens = [[sentence.tokens, list(sentence.offsets or ())] for sentence in sentences]
        digest.update(json.dumps([text, tokens]).encode() + b"\n")
    return digest.hexdigest()[:32]

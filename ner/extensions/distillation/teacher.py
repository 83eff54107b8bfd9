"""Teachers: whatever labels text. One module each, found by the beginning of its name.

::

    runs/big                   a model of ours; several make an ensemble
    spacy:en_core_web_trf      a pipeline of spaCy, by the name of its package or its folder
    hf:user/name               a token classifier of transformers, from the Hub or a folder
    file:answers.jsonl         predictions that somebody else has made, in any format of a corpus
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import torch

from ner.config import Config
from ner.errors import UsageError
from ner.extensions.distillation.labels import Labels
from ner.plugins import load
from ner.tags import parse_tag
from ner.text import SegmentedText

_HOME = "ner.extensions.distillation"
_KINDS = {
    "spacy": f"{_HOME}.spacy_teacher:SpacyTeacher",
    "hf": f"{_HOME}.transformers_teacher:TransformersTeacher",
    "file": f"{_HOME}.file_teacher:FileTeacher",
}


class Circumstances(NamedTuple):
    """The device of a teacher, and the settings of its student, with the tokenizer resolved."""

    device: torch.device
    config: Config

    @property
    def scheme(self) -> str:
        """The scheme of the student's tags, in which a teacher answers."""
        return self.config.model.scheme


class Teacher(Protocol):
    """Whatever labels text."""

    @property
    def name(self) -> str:
        """Its name for people, as they gave it."""

    @property
    def identity(self) -> str:
        """All that its labels depend on, beside the text."""

    @property
    def tags(self) -> Sequence[str]:
        """The tags of its types in the student's scheme."""

    @property
    def tokenizer(self) -> str:
        """The style of the tokens that it knows; "" if it cuts text itself."""

    @property
    def size(self) -> int | None:
        """Its bytes; None if it does not run."""

    def label(self, documents: Sequence[SegmentedText]) -> Iterator[Labels]:
        """The labels of each sentence of some texts, in order."""


def load_teacher(specs: Sequence[str], where: Circumstances) -> Teacher:
    """The teacher of that name, or the ensemble of several models of ours.

    Raises `NerError` for one that is not there, or several that cannot teach together.
    """
    places = [_KINDS.get(spec.partition(":")[0], "") for spec in specs]
    if not any(places):
        place = f"{_HOME}.model_teacher:ModelTeacher"
        teacher: Teacher = load(place)([Path(spec) for spec in specs], where)
        return teacher
    if len(specs) > 1:
        other = next(spec for spec, place in zip(specs, places, strict=True) if place)
        raise UsageError(
            f"--teacher {other}: only models of ner can teach together; name this one alone"
        )
    found: Teacher = load(places[0])(specs[0], where)
    return found


def types_of(teacher: Teacher) -> list[str]:
    """The entity types that a teacher knows, sorted."""
    return sorted({parse_tag(tag).label for tag in teacher.tags} - {""})


def parse_types(text: str, teacher: Teacher) -> Mapping[str, str]:
    """Other names for types of a teacher, as ``PERSON=PER,DATE=``: one without a name is dropped.

    ``*`` stands for all types that are not named. Raises `UsageError` for a type that the teacher
    lacks.
    """
    known, found = types_of(teacher), dict[str, str]()
    for item in filter(None, (part.strip() for part in text.split(","))):
        old, equals, new = (part.strip() for part in item.partition("="))
        if not equals or old not in ("*", *known) or old in found:
            raise UsageError(
                f"--teacher-types {item}: write OLD=NEW, or OLD= to drop a type, once for each of "
                f"{', '.join(known)}; *= drops all others"
            )
        found[old] = new
    others = dict.fromkeys(known, found.pop("*")) if "*" in found else {}
    return others | found

"""Teachers by name, and other names for their types."""

from pathlib import Path

import pytest
import torch

from ner.config import Config
from ner.errors import UsageError
from ner.extensions.distillation.file_teacher import FileTeacher
from ner.extensions.distillation.model_teacher import ModelTeacher
from ner.extensions.distillation.teacher import (
    Circumstances,
    load_teacher,
    parse_types,
    types_of,
)
from tests.extensions.distillation.conftest import NameTeacher

WHERE = Circumstances(torch.device("cpu"), Config())


def test_a_teacher_is_known_by_the_beginning_of_its_name(
    tmp_path: Path, members: list[Path]
) -> None:
    answers = tmp_path / "answers.conll"
    answers.write_text("Anna B-PER\n")
    assert isinstance(load_teacher([f"file:{answers}"], WHERE), FileTeacher)
    assert isinstance(load_teacher([str(members[0])], WHERE), ModelTeacher)
    ensemble = load_teacher([str(member) for member in members], WHERE)
    assert ensemble.name == f"{members[0]}, {members[1]}"
    assert types_of(ensemble) == ["LOC", "PER"]


def test_only_models_of_ours_teach_together(members: list[Path]) -> None:
    for specs in (["file:x", str(members[0])], [str(members[0]), "spacy:x"], ["hf:a", "hf:b"]):
        with pytest.raises(UsageError, match=r"^--teacher \w+:\w: only models of ner can teach"):
            load_teacher(specs, WHERE)


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("", {}),
        ("PER=PERSON", {"PER": "PERSON"}),
        (" PER = PERSON , LOC= ", {"PER": "PERSON", "LOC": ""}),
        ("*=", {"PER": "", "LOC": ""}),
        ("PER=PER,*=", {"PER": "PER", "LOC": ""}),
        ("*=X,LOC=Y", {"PER": "X", "LOC": "Y"}),
    ],
)
def test_types_are_renamed_and_dropped(text: str, types: dict[str, str]) -> None:
    assert parse_types(text, NameTeacher()) == types


@pytest.mark.parametrize("text", ["ORG=X", "PER", "PER=A,PER=B", "=X", "*=,*="])
def test_types_that_cannot_be(text: str) -> None:
    with pytest.raises(UsageError, match=r"write OLD=NEW, or OLD= to drop .* of LOC, PER; \*= "):
        parse_types(text, NameTeacher())

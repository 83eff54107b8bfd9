"""Pipelines of spaCy as teachers: real ones where it is installed."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ner.config import Config
from ner.errors import MissingExtra, UsageError
from ner.extensions.distillation.spacy_teacher import SpacyTeacher
from ner.extensions.distillation.teacher import Circumstances
from ner.text import Span
from ner.tokenize import sentences_of
from tests.extensions.distillation.conftest import CPU

WHERE = Circumstances(CPU, Config())
TEXT = "Anna Smith-Jones left New York. She saw Paris. It rained."

Pipeline = Callable[..., Path]


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """Save a pipeline of rules, in which further components stand first."""
    spacy = pytest.importorskip("spacy")

    def save(*components: str, rules: bool = True, name: str = "nlp") -> Path:
        nlp = spacy.blank("en")
        for component in components:
            nlp.add_pipe(component)
        if rules:
            patterns = {"Anna Smith": "PERSON", "New York": "GPE", "Paris": "GPE"}
            ruler = nlp.add_pipe("entity_ruler")
            ruler.add_patterns([{"label": x, "pattern": words} for words, x in patterns.items()])
        nlp.to_disk(tmp_path / name)
        return tmp_path / name

    return save


def test_it_reads_raw_text(pipeline: Pipeline) -> None:
    """spaCy cuts Smith-Jones into three, and we do not: nothing is learnt of that sentence."""
    teacher = SpacyTeacher(f"spacy:{pipeline()}", WHERE)
    assert teacher.tags[1:] == [f"{p}-{t}" for t in ("GPE", "PERSON") for p in "BIES"]
    documents = [(text, list(sentences_of(text, "words"))) for text in (TEXT, "In New  York now.")]
    labels = list(teacher.label(documents))
    assert [(each.spans, each.misfits) for each in labels] == [
        (None, 1),
        ((Span(2, 3, "GPE"),), 0),
        ((), 0),
        ((), 0),
    ]
    assert not any(each.expected for each in labels)
    one = [(TEXT, documents[0][1][1:2])]
    assert [each.spans for each in teacher.label(one)] == [(Span(2, 3, "GPE"),)]


def test_entities_are_widened_if_asked(pipeline: Pipeline) -> None:
    where = Circumstances(CPU, Config().replace({"data.align": "expand"}))
    folder = pipeline()
    teacher = SpacyTeacher(f"spacy:{folder}", where)
    first = next(teacher.label([(TEXT, sentences_of(TEXT, "words"))]))
    assert first.spans == (Span(0, 2, "PERSON"), Span(3, 5, "GPE"))
    assert teacher.identity != SpacyTeacher(f"spacy:{folder}", WHERE).identity


def test_components_without_entities_do_not_run(pipeline: Pipeline) -> None:
    plain = SpacyTeacher(f"spacy:{pipeline(name='plain')}", WHERE)
    more = SpacyTeacher(f"spacy:{pipeline('sentencizer', name='more')}", WHERE)
    assert more.size == pytest.approx(plain.size, rel=0.1)
    documents = [(TEXT, sentences_of(TEXT, "words"))]
    assert [*more.label(documents)] == [*plain.label(documents)]


def test_what_cannot_teach_is_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.cfg").write_text("[nlp]\nlang = en")
    (broken / "meta.json").write_text("{}")
    for name, said in (
        (pipeline("sentencizer", rules=False), "has no component that finds entities"),
        (tmp_path / "none", "no such package or folder of spaCy (OSError: "),
        ("no_such_package_md", "install it with: python -m spacy download no_such_package_md"),
        (broken, "cannot be loaded by spaCy"),
    ):
        with pytest.raises(UsageError) as caught:
            SpacyTeacher(f"spacy:{name}", WHERE)
        assert str(caught.value).startswith(f"--teacher spacy:{name}: ")
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)


def test_spacy_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(MissingExtra, match=r"^--teacher spacy:x needs a package: pip install 'sp"):
        SpacyTeacher("spacy:x", WHERE)


class StubPipeline:
    """The part of a pipeline that a teacher asks for, where spaCy is not installed."""

    pipe_names: tuple[str, ...] = ("tagger", "ner")

    def __init__(self) -> None:
        self.max_length = 0

    def get_pipe_meta(self, name: str) -> Any:
        return SimpleNamespace(factory=name, assigns=["doc.ents"] if name == "ner" else [])

    def remove_pipe(self, name: str) -> None:
        self.pipe_names = tuple(pipe for pipe in self.pipe_names if pipe != name)

    def get_pipe(self, name: str) -> Any:
        return SimpleNamespace(labels=("PERSON",))

    def to_bytes(self) -> bytes:
        return b"weights"

    def pipe(self, texts: Any) -> Any:
        for text in texts:
            start = text.index("Anna")
            entity = SimpleNamespace(start_char=start, end_char=start + 4, label_="PERSON")
            yield SimpleNamespace(ents=[entity])


def test_a_teacher_asks_little_of_spacy(monkeypatch: pytest.MonkeyPatch) -> None:
    nlp = StubPipeline()
    spacy = SimpleNamespace(load=lambda name: nlp, __version__="3.8")
    monkeypatch.setattr("ner.extensions.distillation.spacy_teacher.load_spacy", lambda who: spacy)
    teacher = SpacyTeacher("spacy:x", WHERE)
    assert nlp.pipe_names == ("ner",)
    assert teacher.size == len(b"weights")
    labels = teacher.label([("So Anna left.", sentences_of("So Anna left.", "words"))])
    assert [each.spans for each in labels] == [(Span(1, 2, "PERSON"),)]

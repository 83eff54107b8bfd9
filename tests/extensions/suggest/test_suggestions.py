"""Suggestions, and why."""

from pathlib import Path

import pytest

from ner.bundle import Bundle, load_bundle
from ner.config import DataConfig
from ner.extensions.suggest.suggestions import suggest
from ner.extensions.suggest.texts import Candidate, read_texts

TEXT = """Anna visited Rome.
Zork blibbed Quux of Frobnitz.
Zork blibbed Quux at Frobnitz.
Dora left Paris.
"""


@pytest.fixture
def candidates(tmp_path: Path) -> list[Candidate]:
    (tmp_path / "t.txt").write_text(TEXT)
    return read_texts([str(tmp_path / "t.txt")], DataConfig(tokenizer="words-en"))


@pytest.fixture(scope="module")
def bundle(tiny_run: Path) -> Bundle:
    return load_bundle(tiny_run)


def test_unknown_text_comes_before_known(bundle: Bundle, candidates: list[Candidate]) -> None:
    first, *_ = suggest([bundle], candidates, 4)
    assert "Zork" in first.candidate.text


def test_the_reason_names_figures_and_words(bundle: Bundle, candidates: list[Candidate]) -> None:
    first, *_ = suggest([bundle], candidates, 1)
    assert f"entropy {first.doubt.entropy:.2f} nats" in first.reason
    assert f"leads by {first.margin:.2f}" in first.reason
    assert "models apart" not in first.reason
    assert 0 <= first.margin <= 1


def test_a_committee_says_how_far_it_is_apart(
    bundle: Bundle, members: list[Path], candidates: list[Candidate]
) -> None:
    found = suggest([bundle, *map(load_bundle, members)], candidates, 2)
    assert all("models apart by" in each.reason for each in found)


def test_a_queue_item_finds_its_sentence(bundle: Bundle, candidates: list[Candidate]) -> None:
    for each in suggest([bundle], candidates, 3):
        item, own = each.item(), each.candidate.sentence
        assert (item.source, item.line, item.tokens) == (own.source, own.line, own.tokens)
        assert item.score == each.gain
        assert item.reason == each.reason


def test_a_document_has_what_the_model_finds(bundle: Bundle, candidates: list[Candidate]) -> None:
    known = next(c for c in candidates if c.text == "Dora left Paris.")
    (found,) = suggest([bundle], [known], 1)
    document = found.document()
    assert document.text == "Dora left Paris."
    assert [(e.text, e.label) for e in document.entities] == [("Dora", "PER"), ("Paris", "LOC")]
    assert all(document.text[e.start : e.end] == e.text for e in document.entities)


def test_there_are_no_more_than_there_are(bundle: Bundle, candidates: list[Candidate]) -> None:
    assert len(suggest([bundle], candidates, 100)) == 4
    assert suggest([bundle], [], 5) == []

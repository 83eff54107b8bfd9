import pytest
from hypothesis import given

from ner.errors import UsageError
from ner.render import FORMATS, renderer
from ner.text import Document, Entity
from tests.render.documents import GOLDEN, LABELS, documents, golden_documents


@pytest.mark.parametrize("format", FORMATS)
def test_golden(format: str) -> None:
    chosen = renderer(format, ["PER", "ORG", "LOC"], "Say <what> & why")
    documents = chosen.separator.join(map(chosen.document, golden_documents()))
    expected = (GOLDEN / f"documents.{format}.expected").read_bytes().decode()
    assert chosen.begin() + documents + chosen.end() == expected


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
@given(documents())
def test_everything_can_be_encoded(format: str, document: Document) -> None:
    chosen = renderer(format, LABELS, "\ud800")
    written = chosen.begin() + chosen.document(document) + chosen.end()
    assert written.encode("utf-8").decode("utf-8") == written


def test_unknown_format_is_a_wrong_use() -> None:
    with pytest.raises(UsageError, match=r"'xml'; choose one of text, jsonl, conll, html"):
        renderer("xml")


@pytest.mark.parametrize("format", ["text", "html"])
def test_overlapping_entities_are_a_bug(format: str) -> None:
    entities = (Entity(0, 2, "PER", "ab"), Entity(1, 3, "LOC", "bc"))
    with pytest.raises(AssertionError, match="overlaps"):
        renderer(format).document(Document("abc", entities))

"""What is written in a format is read back: emoji, marks, right-to-left, Han and all."""

import io
import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.corpus import read_columns, write_file
from ner.corpus.formats import read_file, write_stream
from ner.errors import CorpusError, MissingExtra, UsageError
from ner.text import Sentence, Span

TAGGED = ("hf", "stanza", "conllu", "csv", "columns", "parquet")
BY_OFFSETS = ("jsonl", "prodigy", "doccano", "label-studio", "spacy", "brat")
KEEPS_DOCUMENTS = ("jsonl", "conllu", "csv", "columns", "brat", "docbin")

_WORDS = (
    *("Zoë", "e\u0301te\u0301", "😀", "👩\u200d🚀", "王", "小", "שלום", "مرحبا", "ไทย", "\u00a0x"),
    *("#", '"', "'", ",", "-", "_", "=", "[", "{", "a|b", "B-X", "NER=O", "\\", "1", "4-5"),
)


@st.composite
def _sentences(draw: st.DrawFn) -> list[Sentence]:
    found, document = list[Sentence](), 0
    for _ in range(draw(st.integers(1, 4))):
        document += draw(st.integers(0, 1)) if found else 0
        tokens = draw(st.lists(st.sampled_from(_WORDS), min_size=1, max_size=6))
        cuts = sorted(draw(st.sets(st.integers(0, len(tokens)), max_size=4)))
        labels = st.sampled_from(["PER", "creative-work", "地"])
        pairs = zip(cuts[::2], cuts[1::2], strict=False)
        spans = tuple(Span(start, end, draw(labels)) for start, end in pairs)
        found.append(Sentence(tuple(tokens), spans, document=document))
    return found


def _entities(sentence: Sentence) -> list[tuple[str, str]]:
    """The entities of a sentence by their text without blanks, whatever the tokens are."""
    return [(_joined(sentence.tokens[s.start : s.end]), s.label) for s in sentence.spans]


def _joined(tokens: tuple[str, ...]) -> str:
    return "".join(tokens).replace("\u00a0", "")


@pytest.mark.parametrize("format", TAGGED)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=_sentences())
def test_tokens_and_tags_come_back(format: str, written: list[Sentence], tmp_path: Path) -> None:
    write_file(tmp_path / "x", written, format)
    back = read_file(tmp_path / "x", DataConfig(format=format))
    assert [(s.tokens, s.spans) for s in back] == [(s.tokens, s.spans) for s in written]
    if format in KEEPS_DOCUMENTS:
        assert [s.document for s in back] == [s.document for s in written]


@pytest.mark.parametrize("format", BY_OFFSETS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=_sentences())
def test_texts_and_entities_come_back(format: str, written: list[Sentence], tmp_path: Path) -> None:
    """Tokens are kept by those that hold them; the others are cut anew, here by character."""
    write_file(tmp_path / f"x.{format}", written, format)
    config = DataConfig(format=format, tokenizer="characters")
    back = read_file(tmp_path / f"x.{format}", config)
    texts = [[_joined(s.tokens) for s in sentences] for sentences in (back, written)]
    assert "".join(texts[0]) == "".join(texts[1])
    entities = [[pair for s in sentences for pair in _entities(s)] for sentences in (back, written)]
    assert entities[0] == entities[1]
    if format in ("jsonl", "prodigy"):
        assert [(s.tokens, s.spans) for s in back] == [(s.tokens, s.spans) for s in written]


def test_docbin_comes_back(tmp_path: Path) -> None:
    pytest.importorskip("spacy")
    tokens = ("Zoë", "e\u0301te\u0301", "👩\u200d🚀", "王", "שלום", ".")
    written = [
        Sentence(tokens, (Span(0, 2, "PER"), Span(3, 4, "地")), document=n) for n in (0, 0, 1)
    ]
    write_file(tmp_path / "x.spacy", written, "docbin")
    back = read_file(tmp_path / "x.spacy")
    assert [(s.tokens, s.spans, s.document) for s in back] == [
        (s.tokens, s.spans, s.document) for s in written
    ]


def test_docbin_without_spacy_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "spacy", None)
    with pytest.raises(MissingExtra, match="pip install 'spacy>=3'"):
        write_file(tmp_path / "x.spacy", [Sentence(("a",))], "docbin")
    assert not list(tmp_path.iterdir())


def test_gaps_of_the_text_are_kept_by_conllu() -> None:
    stream = io.StringIO()
    sentence = Sentence(("Rome", ".", "Oh"), offsets=((5, 9), (9, 10), (12, 14)))
    write_stream(stream, [sentence], "conllu")
    (back,) = read_file(io.BytesIO(stream.getvalue().encode()))
    assert back.offsets == ((0, 4), (4, 5), (6, 8))


def test_losses_are_said(caplog: pytest.LogCaptureFixture) -> None:
    sentences = [Sentence(("a",)), Sentence(("b",), document=1)]
    for format, message in [
        ("doccano", "doccano has no place for tokens and documents"),
        ("hf", "hf has no place for documents"),
    ]:
        write_stream(io.StringIO(), sentences, format)
        assert caplog.messages.pop() == message
        caplog.clear()
    with caplog.at_level(logging.INFO, "ner"):
        write_stream(io.StringIO(), sentences, "csv")
        write_stream(io.StringIO(), sentences[:1], "hf")
    assert not caplog.messages


@pytest.mark.parametrize("format", ["doccano", "label-studio", "prodigy", "spacy", "brat"])
def test_unknown_tags_are_refused_where_there_are_no_tags(format: str, tmp_path: Path) -> None:
    partly = read_columns(io.BytesIO(b"a B-X\nb ?\n"))
    with pytest.raises(CorpusError, match=f"<stream>:1: .* unknown tag, which {format} cannot"):
        write_file(tmp_path / "x", partly, format)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", TAGGED)
def test_unknown_tags_are_kept_where_there_are_tags(format: str, tmp_path: Path) -> None:
    partly = read_columns(io.BytesIO(b"a B-X\nb ?\nc O\n"))
    write_file(tmp_path / "x", partly, format)
    (back,) = read_file(tmp_path / "x", DataConfig(format=format))
    if format != "stanza":  # IOBES says less where an end is unknown
        assert back.partial == partly[0].partial
    assert back.partial[1].label is None


@pytest.mark.parametrize(
    ("format", "sentence", "message"),
    [
        ("conllu", Sentence(("a\tb",)), "cannot stand in CoNLL-U"),
        ("conllu", Sentence(("a",), (Span(0, 1, "X|Y"),)), "cannot stand in CoNLL-U"),
        ("csv", Sentence(("a\nb",)), "cannot stand in CSV"),
        ("brat", Sentence(("a",), (Span(0, 1, "X Y"),)), "brat cannot hold the type"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(
    format: str, sentence: Sentence, message: str, tmp_path: Path
) -> None:
    with pytest.raises(CorpusError, match=message):
        write_file(tmp_path / "x", [sentence], format)
    assert not list(tmp_path.iterdir())


def test_binary_formats_are_not_written_as_text() -> None:
    for format in ("parquet", "docbin", "brat"):
        with pytest.raises(UsageError, match="is no stream of text; name an output"):
            write_stream(io.StringIO(), [Sentence(("a",))], format)

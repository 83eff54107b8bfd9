import gzip
import io
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.corpus.columns import DOCSTART, write_columns
from ner.corpus.formats import read_columns, read_file
from ner.errors import CorpusError, UsageError
from ner.tags import SCHEMES
from ner.text import Sentence, Span

_WRITABLE = st.characters(blacklist_categories=["Cs"], blacklist_characters=" \t\r\n\0")
_TOKENS = st.text(_WRITABLE, min_size=1, max_size=5).filter(lambda token: token != DOCSTART)
_NASTY = st.sampled_from(["\u00a0", "\u3000", "\x85", "\u2028", "\x0b", "\x1c", "\ufeff", "#", "O"])


@st.composite
def sentences(draw: st.DrawFn, document: int = 0) -> Sentence:
    tokens = draw(st.lists(_TOKENS | _NASTY, min_size=1, max_size=8))
    spans, start = [], 0
    while start < len(tokens):
        length = draw(st.integers(0, 3))
        if length:
            label = draw(st.sampled_from(["PER", "B-X", "creative-work", "地", "\u00a0"]))
            spans.append(Span(start, min(start + length, len(tokens)), label))
        start += max(length, 1)
    return Sentence(tuple(tokens), tuple(spans), document=document)


@st.composite
def corpora(draw: st.DrawFn) -> list[Sentence]:
    result = []
    for document in range(draw(st.integers(1, 3))):
        result += draw(st.lists(sentences(document), min_size=1, max_size=3))
    return result


@given(corpora(), st.sampled_from(sorted(SCHEMES)), st.booleans())
def test_what_is_written_is_read_back(written: list[Sentence], scheme: str, comments: bool) -> None:
    if scheme == "io":
        pairs = [pair for s in written for pair in zip(s.spans, s.spans[1:], strict=False)]
        assume(all(one.end < two.start or one.label != two.label for one, two in pairs))
    stream = io.StringIO()
    write_columns(written, stream, scheme)
    config = DataConfig(scheme=scheme, comments=comments, strict=True)
    back = read_columns(io.BytesIO(stream.getvalue().encode()), config)
    assert [(s.tokens, s.spans, s.document) for s in back] == [
        (s.tokens, s.spans, s.document) for s in written
    ]


def test_one_document_needs_no_document_line() -> None:
    stream = io.StringIO()
    write_columns([Sentence(("a",), document=3), Sentence(("b",), document=3)], stream)
    assert stream.getvalue() == "a\tO\n\nb\tO\n\n"


def test_writing_nothing_writes_nothing() -> None:
    stream = io.StringIO()
    write_columns([], stream)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("token", ["New York", "a\tb", "a\nb", "a\rb", "a\0", "", DOCSTART])
def test_tokens_that_would_read_otherwise_are_refused(token: str) -> None:
    with pytest.raises(CorpusError, match=r"x:7: .* cannot stand in a column file"):
        write_columns([Sentence(("ok", token), source="x", line=7)], io.StringIO())


def test_types_with_a_separator_are_refused() -> None:
    with pytest.raises(CorpusError, match="'first name' cannot stand in a column file"):
        write_columns([Sentence(("a",), (Span(0, 1, "first name"),))], io.StringIO())


def test_scheme_given_by_hand_decides_what_is_illegal() -> None:
    stream = b"a I-X\nb I-X\n"
    assert read_columns(io.BytesIO(stream), DataConfig(strict=True))[0].spans == (Span(0, 2, "X"),)
    with pytest.raises(CorpusError, match=r"<stream>:1: 'I-X' .* is illegal in iob2"):
        read_columns(io.BytesIO(stream), DataConfig(scheme="bio", strict=True))


def test_columns_can_be_counted_from_the_end() -> None:
    config = DataConfig(token_column=-3, tag_column=-1)
    (sentence,) = read_columns(io.BytesIO(b"1 Bonn NNP B-LOC\n2 . . O\n"), config)
    assert sentence.tokens == ("Bonn", ".")


def test_equal_tokens_are_one_object() -> None:
    one, two = read_columns(io.BytesIO(b"Bonn O\n\nBonn O\n"))
    assert one.tokens[0] is two.tokens[0]


def test_single_sentence_without_entities_is_a_corpus() -> None:
    assert read_columns(io.BytesIO(b"a O")) == [Sentence(("a",), source="<stream>", line=1)]


def test_a_truncated_gz_in_utf16_and_an_encoding_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.conll.gz"
    path.write_bytes(gzip.compress("a B-X\n".encode("utf-16") * 1000)[:40])
    with pytest.raises(CorpusError, match="truncated or damaged"):
        read_file(path, DataConfig(encoding="utf-16"))
    with pytest.raises(UsageError, match="unknown encoding 'undefined'"):
        read_file(path, DataConfig(encoding="undefined"))

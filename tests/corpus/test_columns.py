import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ner.config import SEPARATORS, DataConfig
from ner.corpus.diagnostics import Diagnostics
from ner.corpus.formats import read, read_columns, read_file, write_stream
from ner.corpus.layout import DOCSTART
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


@pytest.mark.slow
@given(corpora(), st.sampled_from(sorted(SCHEMES)), st.booleans())
def test_what_is_written_is_read_back(written: list[Sentence], scheme: str, comments: bool) -> None:
    if scheme == "io":
        pairs = [pair for s in written for pair in zip(s.spans, s.spans[1:], strict=False)]
        assume(all(one.end < two.start or one.label != two.label for one, two in pairs))
    stream = io.StringIO()
    write_stream(stream, written, scheme)
    config = DataConfig(scheme=scheme, comments=comments, strict=True)
    back = read_columns(io.BytesIO(stream.getvalue().encode()), config)
    assert [(s.tokens, s.spans, s.document) for s in back] == [
        (s.tokens, s.spans, s.document) for s in written
    ]


@pytest.mark.parametrize(
    ("encoding", "half", "said"),
    [
        ("utf-8", b"\xed\xa0\x80", "byte 0xED at offset 4 is not utf-8"),
        ("utf-7", b"+2AA-", "holds half a surrogate pair in utf-7"),
    ],
)
def test_half_a_surrogate_pair_is_refused(encoding: str, half: bytes, said: str) -> None:
    with pytest.raises(CorpusError, match=f"^<stream>:2: {said}"):
        read_columns(io.BytesIO(b"a O\n" + half + b" B-X\n"), DataConfig(encoding=encoding))


def test_one_document_needs_no_document_line() -> None:
    stream = io.StringIO()
    write_stream(stream, [Sentence(("a",), document=3), Sentence(("b",), document=3)])
    assert stream.getvalue() == "a\tO\n\nb\tO\n\n"


def test_writing_nothing_writes_nothing() -> None:
    stream = io.StringIO()
    write_stream(stream, [])
    assert stream.getvalue() == ""


@pytest.mark.parametrize("token", ["New York", "a\tb", "a\nb", "a\rb", "a\0", "", DOCSTART])
def test_tokens_that_would_read_otherwise_are_refused(token: str) -> None:
    with pytest.raises(CorpusError, match=r"x:7: .* cannot stand in a column file"):
        write_stream(io.StringIO(), [Sentence(("ok", token), source="x", line=7)])


def test_types_with_a_separator_are_refused() -> None:
    with pytest.raises(CorpusError, match="'first name' cannot stand in a column file"):
        write_stream(io.StringIO(), [Sentence(("a",), (Span(0, 1, "first name"),))])


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


# --- unknown tags ------------------------------------------------------------------


def _read(text: str, **config: Any) -> list[Sentence]:
    return read_columns(io.BytesIO(text.replace("|", "\n").encode()), DataConfig(**config))


def test_the_unknown_tag_can_be_chosen() -> None:
    (one,) = _read("a ?|b B-X|")
    (other,) = _read("a _|b B-X|", unknown_tag="_")
    assert one == other
    assert [token.label for token in one.partial] == [None, "X"]
    assert _read("a O|b I-X|", unknown_tag="O")[0].partial[0].label is None
    for tag in ("?", "_"):
        with pytest.raises(CorpusError, match=f"<stream>:2: '[{tag}]' is not a tag"):
            _read(f"b B-X|a {tag}|c O|", unknown_tag="")


def test_without_an_unknown_tag_nothing_is_partial() -> None:
    assert _read("a B-?|b I-?|", unknown_tag="?")[0].spans == (Span(0, 2, "?"),)
    assert _read("a ?|b O|", scheme="io", unknown_tag="")[0].spans == (Span(0, 1, "?"),)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("a ?|b I-X|c I-X|d O||e B-X|", [(0, 3), (0, 1)]),  # IOB2: I goes on with the unknown one
        ("a ?|b I-X|c I-X|d O||e I-X|f B-X|", [(0, 1), (1, 2)]),  # IOB1: it may begin
        ("a ?|b I-X|c I-X|d O||e I-X|", [(0, 1)]),  # IO
        ("a ?|b E-X|c O||d S-X|", [(0, 2), (0, 1)]),  # IOBES: at the start, it is B
        ("a ?|b ?|", []),
    ],
)
def test_the_whole_file_decides_the_scheme_with_unknown_tags(
    text: str, spans: list[tuple[int, int]]
) -> None:
    found = [(s.start, s.end) for sentence in _read(text) for s in sentence.spans]
    assert found == spans


def test_unknown_tags_excuse_their_neighbours_and_no_others() -> None:
    diagnostics = Diagnostics()
    text = b"a ?\nb I-X\n\nc O\nd I-X\ne ?\n\nf B-X\ng ?\n"
    (_, repaired, _) = read(io.BytesIO(text), DataConfig(scheme="iob2"), diagnostics).sentences
    assert [problem.place for problem in diagnostics.repairs.first] == ["<stream>:5"]
    assert [token.continues for token in repaired.partial] == ["no", "no", "open"]
    with pytest.raises(
        CorpusError, match="<stream>:5: 'I-X' between 'O' and '\\?' is illegal in io"
    ):
        read_columns(io.BytesIO(text), DataConfig(scheme="iob2", strict=True))


def test_unknown_tags_that_clash_are_repaired() -> None:
    text = b"a B-X\nb ?\nc E-Y\n"
    diagnostics = Diagnostics()
    (sentence,) = read(io.BytesIO(text), DataConfig(), diagnostics).sentences
    assert diagnostics.repairs.total == 1
    assert (sentence.spans, sentence.partial) == ((Span(0, 2, "X"), Span(2, 3, "Y")), ())


@pytest.mark.slow
@given(corpora(), st.sampled_from(sorted(SCHEMES)), st.data())
def test_what_is_hidden_in_a_file_survives_writing(
    written: list[Sentence], scheme: str, data: st.DataObject
) -> None:
    stream = io.StringIO()
    write_stream(stream, written, scheme)
    lines = [
        line.rpartition("\t")[0] + "\t?" if "\t" in line and data.draw(st.booleans()) else line
        for line in stream.getvalue().split("\n")
    ]
    config = DataConfig(scheme=scheme, strict=True)
    read_once = read_columns(io.BytesIO("\n".join(lines).encode()), config)
    again = io.StringIO()
    write_stream(again, read_once, scheme)
    read_twice = read_columns(io.BytesIO(again.getvalue().encode()), config)
    assert [(s.tokens, s.spans, s.partial) for s in read_twice] == [
        (s.tokens, s.spans, s.partial) for s in read_once
    ]


# --- as people write them -----------------------------------------------------------

CASES = Path(__file__).parents[1] / "data" / "columns"
_SHOWN = [
    pytest.param(file.with_suffix(""), expected, id=f"{file.stem}-{number}")
    for file in sorted(CASES.glob("*.json"))
    for number, expected in enumerate(json.loads(file.read_text(encoding="utf-8")))
]


@pytest.mark.parametrize(("file", "expected"), _SHOWN)
def test_odd_files_read_as_written_beside_them(file: Path, expected: dict[str, Any]) -> None:
    config = DataConfig(**expected.get("config", {}))
    if "error" in expected:
        with pytest.raises(CorpusError) as caught:
            read(file, config, Diagnostics())
        assert str(caught.value).removeprefix(str(file)) == expected["error"]
        return
    result = read(file, config, Diagnostics())
    assert result.scheme == expected["scheme"]
    assert [note.removeprefix(f"{file}: ") for note in result.notes] == expected["notes"]
    assert [
        {
            "line": s.line,
            "tokens": list(s.tokens),
            "spans": [[span.start, span.end, span.label] for span in s.spans],
        }
        for s in result.sentences
    ] == expected["sentences"]


def test_the_whole_file_decides_the_spelling() -> None:
    plain = "a O||" * 3000
    assert {s.labels.pop() for s in _read(plain + "a PER-B|b PER-I|") if s.labels} == {"PER"}
    assert _read(plain + "a b-PER|b i-PER|")[-1].spans == (Span(0, 2, "PER"),)
    with pytest.raises(CorpusError, match=r"^<stream>:6001: 'PER-B' is not a tag; the prefix"):
        _read(plain + "a PER-B|b B-PER|")
    with pytest.raises(CorpusError, match=r"^<stream>:6002: 'I' is not a tag; the type is missing"):
        _read(plain + "a B-PER|b I|")


@pytest.mark.parametrize("late", ["many columns here", "#", "# sent_id = 3000"])
def test_late_comments_are_told_by_their_width(late: str) -> None:
    text = "a O||" * 3000 + f"{late}|b B-X|"
    if late.startswith("#"):
        assert _read(text)[-1].tokens == ("b",)
    else:
        with pytest.raises(CorpusError, match=r"^<stream>:6001: 3 columns where line 1 has 2"):
            _read(text)


def test_lines_of_wrong_tags_are_left_out_where_errors_are_collected() -> None:
    diagnostics = Diagnostics(collect=True)
    text = b"a O\nb _\nc B-X\n\nd _\n\ne I-X\n"
    found = read(io.BytesIO(text), DataConfig(), diagnostics).sentences
    assert [(s.tokens, s.line) for s in found] == [(("a", "c"), 1), (("e",), 7)]
    assert (diagnostics.errors.total, diagnostics.repairs.total) == (2, 1)


@pytest.mark.parametrize("tag", ["B-PER", "b-PER", "S-PER", "NER=I-PER"])
def test_io_refuses_tags_of_other_schemes(tag: str) -> None:
    with pytest.raises(CorpusError, match=f"^<stream>:2: '{tag}' looks like a tag of another"):
        _read(f"a O|b {tag}|", scheme="io")
    with pytest.raises(CorpusError, match=f"if it is a type, write 'I-{tag}'"):
        _read(f"a LOC|b {tag}|", scheme="io")


def test_io_keeps_types_that_only_end_like_tags() -> None:
    assert _read("a O|b VITAMIN-B|c PROTEIN|", scheme="io")[0].labels == {"VITAMIN-B", "PROTEIN"}


@given(st.lists(st.sampled_from(["O", "B", "I"]), min_size=1))
def test_bare_tags_read_as_typed_ones(tags: list[str]) -> None:
    bare = "".join(f"a {tag}|" for tag in tags)
    typed = bare.replace("B|", "B-ENTITY|").replace("I|", "I-ENTITY|")
    assert _read(bare) == _read(typed)


def test_tokens_with_blanks_survive_any_separator() -> None:
    for name, separator in SEPARATORS.items():
        if separator not in ("", " "):
            text = "New York|x|B-LOC\n||\nend|x|O\n".replace("|", separator)
            found = read_columns(io.BytesIO(text.encode()), DataConfig(separator=name))
            assert [s.tokens for s in found] == [("New York",), ("end",)]
            assert found == read_columns(io.BytesIO(text.encode()), DataConfig(separator=separator))


def test_a_sentence_is_never_split_within_an_entity() -> None:
    (one, two) = _read("He O|met O|St B-PER|. I-PER|John I-PER|. O|Then O|", split_sentences=True)
    assert one.spans == (Span(2, 5, "PER"),)
    assert (two.tokens, two.line) == (("Then",), 7)

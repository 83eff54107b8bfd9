"""Unlabelled input as a stream: raw text, tokenised lines, columns."""

import io
import itertools
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import Config, DataConfig
from ner.corpus.diagnostics import Diagnostics
from ner.corpus.lines import text_lines
from ner.corpus.plain import (
    LAYOUTS,
    Line,
    Reader,
    cut_lines,
    layout_named,
    layout_of,
    number_note,
    read_conllu,
    read_text,
    read_tokenized,
    read_tokens,
)
from ner.errors import CorpusError, UsageError
from ner.text import SegmentedText

READERS = [read_text, read_tokenized, read_tokens]

CONFIG = Config().replace({"data.tokenizer": "words-en"}).data


def lines_of(content: bytes, config: DataConfig = CONFIG) -> Iterator[Line]:
    """The numbered lines of the file ``in.txt``."""
    return text_lines(io.BytesIO(content), "in.txt", config.encoding, Diagnostics())


def read(reader: Reader, text: str | bytes, config: DataConfig = CONFIG) -> list[SegmentedText]:
    """Read a text as the file ``in.txt``; what comes out must fit together."""
    content = text if isinstance(text, bytes) else text.encode()
    passages = list(reader(lines_of(content, config), "in.txt", config))
    documents: list[SegmentedText] = [(whole, sentences) for whole, sentences, _ in passages]
    for whole, sentences in documents:
        position = 0
        for sentence in sentences:
            assert sentence.tokens
            assert sentence.offsets is not None
            assert sentence.source == "in.txt"
            for token, (start, end) in zip(sentence.tokens, sentence.offsets, strict=True):
                assert position <= start < end
                assert whole[start:end] == token
                position = end
    return documents


def tokens(documents: list[SegmentedText]) -> list[list[tuple[str, ...]]]:
    return [[sentence.tokens for sentence in sentences] for _, sentences in documents]


# Everything but what ends a line or cannot be in a file of text.
line = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0\ufeff"))


# --- raw text ----------------------------------------------------------------------


def test_every_line_is_a_document() -> None:
    documents = read(read_text, "Anna slept. She woke.\n\n  \nIn Rome.\n")
    assert [text for text, _ in documents] == ["Anna slept. She woke.", "", "  ", "In Rome."]
    assert tokens(documents) == [
        [("Anna", "slept", "."), ("She", "woke", ".")],
        [],
        [],
        [("In", "Rome", ".")],
    ]
    assert [[s.line for s in sentences] for _, sentences in documents] == [[1, 1], [], [], [4]]


@given(lines=st.lists(line, max_size=5))
def test_raw_text_is_kept_to_the_character(lines: list[str]) -> None:
    documents = read(read_text, "".join(f"{one}\n" for one in lines))
    assert [text for text, _ in documents] == lines


def test_the_style_is_that_of_the_settings() -> None:
    config = Config().replace({"data.tokenizer": "characters"}).data
    assert tokens(read(read_text, "北京 A\n", config)) == [[("北", "京", "A")]]


def test_unicode_line_ends_end_no_line() -> None:
    text = "one\x85two\u2028three\u2029four\x0bfive\x0csix"
    assert [whole for whole, _ in read(read_text, f"{text}\n")] == [text]


def test_windows_files_and_a_missing_last_newline() -> None:
    assert [text for text, _ in read(read_text, b"\xef\xbb\xbfone\r\ntwo")] == ["one", "two"]


# --- tokenised lines ---------------------------------------------------------------


def test_every_line_is_a_sentence() -> None:
    documents = read(read_tokenized, " Anna\t slept .\n\n \t\nIn  Rome\n")
    assert [text for text, _ in documents] == [" Anna\t slept .", "", " \t", "In  Rome"]
    assert tokens(documents) == [[("Anna", "slept", ".")], [], [], [("In", "Rome")]]
    assert documents[0][1][0].offsets == ((1, 5), (7, 12), (13, 14))
    assert documents[3][1][0].place == "in.txt:4"


@given(one=line)
def test_only_spaces_and_tabs_separate_tokens(one: str) -> None:
    [(whole, sentences)] = read(read_tokenized, f"{one}\n")
    assert whole == one
    found = [token for sentence in sentences for token in sentence.tokens]
    assert found == [part for part in one.replace("\t", " ").split(" ") if part]


# --- columns -----------------------------------------------------------------------


def test_columns_without_tags() -> None:
    documents = read(read_tokens, "Anna\nslept\n.\n\n\nIn\nRome\n")
    assert [text for text, _ in documents] == ["Anna slept .", "In Rome"]
    assert tokens(documents) == [[("Anna", "slept", ".")], [("In", "Rome")]]
    assert [sentences[0].line for _, sentences in documents] == [1, 6]


def test_columns_with_tags_that_do_not_matter() -> None:
    documents = read(read_tokens, "Anna NNP x\tB-PER\nslept\nin IN\n\nRome ? ? B_LOC")
    assert tokens(documents) == [[("Anna", "slept", "in")], [("Rome",)]]


def test_document_marks_are_no_tokens() -> None:
    text = "-DOCSTART- -X- O O\n\nAnna\n-DOCSTART-\nRome\n-DOCSTART-\n"
    assert tokens(read(read_tokens, text)) == [[("Anna",)], [("Rome",)]]


def test_another_column() -> None:
    config = Config().replace({"data.token_column": 1}).data
    assert tokens(read(read_tokens, "1 Anna O\n2 slept O\n", config)) == [[("Anna", "slept")]]
    last = Config().replace({"data.token_column": -1}).data
    assert tokens(read(read_tokens, "1 Anna\n2 slept\n", last)) == [[("Anna", "slept")]]


@pytest.mark.parametrize("column", [1, 5, -2])
def test_a_line_without_the_column(column: int) -> None:
    config = Config().replace({"data.token_column": column}).data
    with pytest.raises(CorpusError) as caught:
        read(read_tokens, "a b c d e f\nonly\n", config)
    assert str(caught.value) == (
        f"in.txt:2: no column {column} among 1; choose one with --token-column"
    )


def test_comments_are_skipped_if_asked() -> None:
    text = "# text = Anna slept\nAnna\n#\nslept\n#1\n"
    asked = Config().replace({"data.comments": True}).data
    assert tokens(read(read_tokens, text, asked)) == [[("Anna", "slept", "#1")]]
    assert tokens(read(read_tokens, text)) == [[("#", "Anna", "#", "slept", "#1")]]


words = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0 \t\ufeff"), min_size=1
)


@given(sentences=st.lists(st.lists(words, min_size=1, max_size=4), max_size=4))
def test_columns_keep_every_token(sentences: list[list[str]]) -> None:
    text = "".join("".join(f"{word}\tO\n" for word in sentence) + "\n" for sentence in sentences)
    documents = read(read_tokens, text)
    assert tokens(documents) == [[tuple(sentence)] for sentence in sentences]
    assert [whole for whole, _ in documents] == [" ".join(sentence) for sentence in sentences]


# --- all of them -------------------------------------------------------------------


@pytest.mark.parametrize("reader", READERS)
def test_an_empty_file_has_no_document(reader: Reader) -> None:
    assert read(reader, "") == []


@pytest.mark.parametrize("reader", READERS)
def test_bytes_that_are_no_text_are_named(reader: Reader) -> None:
    with pytest.raises(
        CorpusError, match=r"^in\.txt:2: byte 0xFC at offset 4 is not utf-8; .*--enc"
    ):
        read(reader, b"one\n\xfc\n")
    with pytest.raises(CorpusError, match=r"^in\.txt:1: holds a NUL byte"):
        read(reader, b"PK\0\0")


@pytest.mark.parametrize("reader", READERS)
def test_other_encodings(reader: Reader) -> None:
    latin = Config().replace({"data.encoding": "latin-1", "data.tokenizer": "words"}).data
    assert tokens(read(reader, b"M\xfcller\n", latin)) == [[("Müller",)]]
    unknown = Config().replace({"data.encoding": "klingon"}).data
    with pytest.raises(UsageError, match="klingon"):
        read(reader, b"x\n", unknown)


@pytest.mark.parametrize("reader", READERS)
def test_input_is_read_as_it_is_needed(reader: Reader) -> None:
    """An error far behind does not keep what stands before it."""
    documents = reader(lines_of(b"one\n\ntwo\n\n\xff\n"), "in.txt", CONFIG)
    first = list(itertools.islice((text for text, _, _ in documents if text), 2))
    assert first == ["one", "two"]
    with pytest.raises(CorpusError, match=r"in\.txt:5"):
        list(documents)


# --- chunks ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS)
@given(
    lines=st.lists(st.sampled_from(["Anna", "in Rome .", "", " \t", "-DOCSTART- O"]), max_size=20),
    sizes=st.tuples(st.integers(1, 9), st.integers(1, 40)),
)
def test_chunks_read_one_by_one_give_what_the_file_gives(
    name: str, lines: list[str], sizes: tuple[int, int]
) -> None:
    layout = LAYOUTS[name]
    if layout.records:
        lines = [json.dumps({"text": line, "more": number}) for number, line in enumerate(lines)]
    if name == "conllu":
        lines = [f"{n}\t{line}" if line.strip() else line for n, line in enumerate(lines)]
    numbered = list(enumerate(lines, 1))
    chunks = list(cut_lines(numbered, layout, *sizes))
    assert [line for chunk in chunks for line in chunk.numbered()] == numbered
    assert all(chunk.lines for chunk in chunks)
    one_by_one = [text for chunk in chunks for text in layout.read(chunk.numbered(), "x", CONFIG)]
    assert one_by_one == list(layout.read(numbered, "x", CONFIG))


def test_each_chunk_is_twice_as_big_as_the_last_up_to_a_bound() -> None:
    lines = ((number, "x" * 9) for number in itertools.count(1))  # endless: taken as needed
    chunks = itertools.islice(cut_lines(lines, LAYOUTS["text"], 20, 100), 6)
    assert [len(chunk.lines) for chunk in chunks] == [2, 4, 8, 10, 10, 10]


def test_a_sentence_in_columns_is_never_cut() -> None:
    lines = list(enumerate(["Anna"] * 50 + [""] + ["Rome"] * 3, 1))
    chunks = list(cut_lines(lines, LAYOUTS["tokens"], 1, 10))
    assert [(chunk.first, len(chunk.lines)) for chunk in chunks] == [(1, 51), (52, 3)]


CONLLU = """# text = Zum Bahnhof
1-2\tZum\t_\t_\t_\t_\t_\t_\t_\t_
1\tZu\tzu\tADP\t_\t_\t_\t_\t_\t_
2\tdem\tder\tDET\t_\t_\t_\t_\t_\t_
2.1\tleer\t_\t_\t_\t_\t_\t_\t_\t_
3\tBahn hof\t_\t_\t_\t_\t_\t_\t_\t_

1\tAda\t_\t_\t_\t_\t_\t_\t_\t_
"""


def test_words_of_conllu_are_tokens() -> None:
    assert tokens(read(read_conllu, CONLLU)) == [[("Zu", "dem", "Bahn hof")], [("Ada",)]]


def test_a_line_of_conllu_without_tabs_is_an_error() -> None:
    with pytest.raises(CorpusError, match=r"^in\.txt:2: no tab between columns; CoNLL-U has ten"):
        read(read_conllu, "1\tAda\n2 ran _\n")


@pytest.mark.parametrize(
    ("text", "noticed"),
    [("1 Ada B\n2 ran O\n\n1 No O\n", True), ("1\n2\n3\n", False), ("Ada B\n2 O\n", False)],
)
def test_numbers_in_place_of_tokens_are_noticed(text: str, noticed: bool) -> None:
    passages = list(read_tokens(lines_of(text.encode()), "in.txt", CONFIG))
    note = number_note(passages)
    assert bool(note) == noticed
    assert not noticed or note == (
        "in.txt:1: the tokens are the numbers 1, 2, 3 …; choose theirs with --token-column 1"
    )


@pytest.mark.parametrize(
    "value",
    [
        [{"data": {"text": "Ada ran", "id": 7}, "annotations": []}, {"data": {"text": "No"}}],
        [["Ada ran", {"entities": []}], ["No", {}]],
        {"texts": [{"text": "Ada ran"}, {"text": "No"}]},
    ],
)
def test_texts_in_json_of_any_shape(value: object) -> None:
    layout = LAYOUTS["json"]
    stream = io.BytesIO(json.dumps(value, indent=1).encode())
    lines = layout.lines(stream, "in.json", "utf-8")
    assert [passage.text for passage in layout.read(lines, "in.json", CONFIG)] == ["Ada ran", "No"]


def test_layouts_by_the_name_of_a_format() -> None:
    assert layout_named("doccano") == "jsonl"
    assert layout_named("label-studio") == layout_of("export.json") == "json"
    assert layout_of("data-00000-of-00001.arrow") == "parquet"
    with pytest.raises(UsageError, match=r"'docbin' is nothing that can be tagged, .* --to jsonl"):
        layout_named("docbin")

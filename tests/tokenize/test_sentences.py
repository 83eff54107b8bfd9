"""Sentences of raw text: golden cases, and promises on any Unicode text."""

import copy
import gzip
import lzma
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ner.errors import UsageError
from ner.text import Sentence, Span
from ner.tokenize import STYLES, StreamedSentences, sentences_of, split_sentences, tokenize
from ner.tokenize import sentences as module
from tests.tokenize import oracle
from tests.tokenize.texts import LONG, MANY, ONCE, TEXTS, WRITING, golden, is_whole, unescape


@pytest.mark.parametrize(("text", "lines"), list(golden("sentences")))
@pytest.mark.parametrize("style", STYLES)
def test_golden_sentences(text: str, lines: list[str], style: str) -> None:
    tokens = tokenize(text, style)
    ranges = split_sentences(text, tokens)
    found = [text[tokens[first][0] : tokens[last - 1][1]] for first, last in ranges]
    assert found == [unescape(line) for line in lines]


@pytest.mark.parametrize("style", STYLES)
@given(TEXTS.filter(is_whole))
def test_sentences_leave_no_token_out_and_carry_its_offsets(style: str, text: str) -> None:
    ranges = tokenize(text, style)
    sentences = sentences_of(text, style, source="a.txt", line=1, document=3)
    assert [o for s in sentences for o in s.offsets or ()] == ranges
    for sentence in sentences:
        assert len(sentence) > 0
        assert sentence.offsets is not None
        assert sentence.tokens == tuple(text[start:end] for start, end in sentence.offsets)
        assert sentence.line == 1 + text[: sentence.offsets[0][0]].count("\n")
        assert (sentence.source, sentence.document, sentence.spans) == ("a.txt", 3, ())


@given(TEXTS, st.integers(0xD800, 0xDFFF), TEXTS)
def test_half_a_surrogate_pair_is_refused(before: str, half: int, after: str) -> None:
    assume(is_whole(before))
    text = before + chr(half) + after
    with pytest.raises(UsageError) as caught:
        sentences_of(text, "words")
    told = f"the text has half a surrogate pair ('\\u{half:x}') at offset {len(before)}, which is"
    assert str(caught.value).startswith(told)


@given(TEXTS, st.integers(1, 3))
def test_sentence_ranges_partition_any_tokens(text: str, step: int) -> None:
    tokens = tokenize(text, "characters")[::step]
    ranges = split_sentences(text, tokens)
    assert [i for first, last in ranges for i in range(first, last)] == list(range(len(tokens)))
    assert all(first < last for first, last in ranges)


@pytest.mark.parametrize("text", ["", " ", "\n\n \t", "\u3000\xa0\x1c"])
@pytest.mark.parametrize("style", STYLES)
def test_blank_text_has_no_sentences(text: str, style: str) -> None:
    assert tokenize(text, style) == []
    assert split_sentences(text, []) == []
    assert sentences_of(text, style) == []


def test_sentences_know_their_place() -> None:
    text = "\nOne is\nhere. Two.\n\nThree."
    sentences = sentences_of(text, "words", source="news.txt", line=10)
    assert [(s.tokens[0], s.place) for s in sentences] == [
        ("One", "news.txt:11"),
        ("Two", "news.txt:12"),
        ("Three", "news.txt:14"),
    ]
    assert sentences_of("a.\n\nb", "words")[1] == Sentence(("b",), offsets=((4, 5),))


def check_whole(text: str) -> None:
    for style in ("words", "words-en"):
        tokens = tokenize(text, style)
        assert sum(end - start for start, end in tokens) == len("".join(text.split()))
        assert sum(last - first for first, last in split_sentences(text, tokens)) == len(tokens)


@pytest.mark.slow
@pytest.mark.parametrize("piece", LONG)
def test_long_runs(piece: str) -> None:
    check_whole(piece * (MANY // len(piece)))


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ONCE)
def test_long_run_after_a_start(pattern: str) -> None:
    head, tail = pattern.split("{}")
    check_whole(head + tail[0] * MANY + tail[1:])


@pytest.mark.slow
@pytest.mark.parametrize("char", "a.中")
def test_a_million_characters_without_a_space(char: str) -> None:
    text = char * 1_000_000
    assert len(tokenize(text)) == (1_000_000 if char == "中" else 1)
    assert [len(s) for s in sentences_of(text, "words")] == [len(tokenize(text))]


# --- the slow reference ---------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
@given(WRITING | TEXTS.filter(is_whole), st.sampled_from([1, 7, 1 << 14]))
def test_tokens_and_sentences_are_those_of_the_reference(style: str, text: str, block: int) -> None:
    with patch.object(module, "BLOCK", block):
        assert sentences_of(text, style, line=1) == oracle.sentences_of(text, style, line=1)
    ranges = oracle.tokenize(text, style)
    assert tokenize(text, style) == ranges
    assert split_sentences(text, ranges[::2]) == oracle.split_sentences(text, ranges[::2])


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "text/open-english.txt.xz",
        "text/reuters21578.txt.gz",
        *["conll2002-es", "conll2002-nl", "open/uner-de-pud", "open/uner-zh-gsdsimp", "resume-zh"],
    ],
)
def test_real_text_is_cut_as_by_the_reference(name: str, real_data: Callable[[str], Path]) -> None:
    text = real_text(real_data(name), 200_000)
    for style in ("words", "words-en"):
        assert sentences_of(text, style, line=1) == oracle.sentences_of(text, style, line=1)
        for line in text.split("\n")[:200]:
            assert sentences_of(line, style) == oracle.sentences_of(line, style)


def real_text(path: Path, size: int) -> str:
    """The beginning of a text, or of the tokens of a corpus with spaces between."""
    if path.is_dir():
        lines = next(path.glob("test.*")).read_text("utf-8").split("\n")
        return " ".join(line.split()[0] if line.strip() else "\n" for line in lines)[:size]
    opened = gzip.open if path.suffix == ".gz" else lzma.open
    with opened(path, "rt", encoding="utf-8") as file:
        return file.read(size)


# --- long texts -----------------------------------------------------------------------------------


@pytest.fixture
def no_short_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONG", 0)


@pytest.mark.usefixtures("no_short_texts")
def test_sentences_of_a_long_text_are_streamed() -> None:
    text = "Anna left. Dora stayed.\n\nBerta"
    sentences = sentences_of(text, "words", source="a.txt", line=3)
    assert isinstance(sentences, StreamedSentences)
    expected = oracle.sentences_of(text, "words", line=3)
    assert [(s.tokens, s.offsets, s.line) for s in sentences] == [
        (s.tokens, s.offsets, s.line) for s in expected
    ]
    assert [s.source for s in sentences] == ["a.txt"] * 3
    assert len(sentences) == 3
    assert sentences[-1] == list(sentences)[-1]
    assert sentences[1:] == tuple(sentences)[1:]


@pytest.mark.usefixtures("no_short_texts")
def test_streamed_sentences_compare_hash_pickle_and_copy_like_others() -> None:
    sentences: Any
    again: Any
    sentences, again = (sentences_of("Anna left. Dora stayed.", "words") for _ in range(2))
    assert sentences == again
    assert sentences == tuple(sentences)
    assert sentences == list(sentences)
    assert hash(sentences) == hash(again)
    assert pickle.loads(pickle.dumps(sentences)) == copy.deepcopy(sentences) == sentences
    assert sentences != sentences_of("Anna left.", "words")
    assert sentences != "Anna"


@pytest.mark.usefixtures("no_short_texts")
def test_streamed_sentences_carry_spans() -> None:
    sentences = sentences_of("Anna left. Dora stayed.", "words")
    assert isinstance(sentences, StreamedSentences)
    found = sentences.with_spans({1: (Span(0, 1, "PER"),)})
    assert [s.spans for s in found] == [(), (Span(0, 1, "PER"),)]
    assert found != sentences


MEMORY = """
import resource, sys
from ner.tokenize import sentences_of
sentences_of("Anna.", "words")
text = sys.argv[1] * (int(sys.argv[2]) // len(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(1 for _ in sentences_of(text, "words"))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the module resource is missing")
@pytest.mark.parametrize("piece", ["Anna left Rome in 1990. ", "安娜离开罗马。"])
def test_memory_does_not_grow_with_the_text(piece: str) -> None:
    """The most memory above the text itself, but for a copy of it that is encoded or outlined."""
    sizes = 300_000, 3_000_000
    small, large = (_memory(piece, size) for size in sizes)
    assert large - small < 4 * len(piece.encode()) / len(piece) * (sizes[1] - sizes[0])


def _memory(piece: str, size: int) -> int:
    """The bytes that reading the sentences of a text of `size` characters takes."""
    command = [sys.executable, "-c", MEMORY, piece, str(size)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert int(told[0]) == size // len(piece)
    return int(told[1]) * (1 if sys.platform == "darwin" else 1024)

"""Tokens and sentences of raw text: golden cases, and promises on any Unicode text."""

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ner.errors import UsageError
from ner.text import Sentence
from ner.tokenize import STYLES, detect_style, sentences_of, split_sentences, tokenize

GOLDEN = Path(__file__).parents[1] / "golden" / "tokenize"

# Plain text of every kind, and text made of what the rules look at.
CHARACTERS = "aA1 .,:;'’\"-–—_&@#/+$%()!?…。”“中タก\n\t\u0301\u200b\u200d\xad😀०é\ud800\x00\x85"
WORDS = ["n't", "'s", "U.S.", "Mr.", " The ", "\n\n", "http://", "www.", "a@b.com", "&amp;"]
PIECES = st.sampled_from([*CHARACTERS, *WORDS])
TEXTS = st.text(st.characters(), max_size=60) | st.lists(PIECES, max_size=30).map("".join)


def is_whole(text: str) -> bool:
    """Whether UTF-8 can carry a text: there is no half surrogate pair in it."""
    return text.encode("utf-8", "ignore") == text.encode("utf-8", "surrogatepass")


def unescape(line: str) -> str:
    return re.sub(
        r"\\(?:u([0-9a-f]{4})|([nrt]))",
        lambda m: chr(int(m[1], 16)) if m[1] else {"n": "\n", "r": "\r", "t": "\t"}[m[2]],
        line,
    )


def golden(name: str) -> Iterator[tuple[str, list[str]]]:
    """The cases of a golden file: each text with the lines that belong to it."""
    text, lines = "", list[str]()
    for line in [*(GOLDEN / f"{name}.txt").read_text("utf-8").splitlines(), "> "]:
        if line.startswith("> "):
            if text:
                yield text, lines
            text, lines = unescape(line[2:]), []
        elif line.startswith("= "):
            lines.append(line[2:])


@pytest.mark.parametrize(
    ("style", "text", "tokens"),
    [
        (style, text, [unescape(token) for token in lines[0].split(" ")])
        for style in STYLES
        for text, lines in golden(style)
    ],
)
def test_golden_tokens(style: str, text: str, tokens: list[str]) -> None:
    assert [text[start:end] for start, end in tokenize(text, style)] == tokens


@pytest.mark.parametrize(("text", "lines"), list(golden("sentences")))
@pytest.mark.parametrize("style", STYLES)
def test_golden_sentences(text: str, lines: list[str], style: str) -> None:
    tokens = tokenize(text, style)
    ranges = split_sentences(text, tokens)
    found = [text[tokens[first][0] : tokens[last - 1][1]] for first, last in ranges]
    assert found == [unescape(line) for line in lines]


@pytest.mark.parametrize("style", STYLES)
@given(TEXTS)
@example("")
@example(" \n\u3000")
@example("don't I'll '' 's n't")
def test_every_character_but_whitespace_is_in_exactly_one_token(style: str, text: str) -> None:
    ranges = tokenize(text, style)
    covered = [position for start, end in ranges for position in range(start, end)]
    assert covered == [i for i, char in enumerate(text) if not char.isspace()]
    assert all(start < end for start, end in ranges)


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


@given(TEXTS)
def test_whitespace_around_a_text_moves_its_tokens_only(text: str) -> None:
    for style in STYLES:
        moved = tokenize(f"  {text} ", style)
        assert [(start - 2, end - 2) for start, end in moved] == tokenize(text, style)


def test_every_character_alone_is_a_token_unless_it_is_whitespace() -> None:
    for code in [*range(0x10000), *range(0x10000, sys.maxunicode, 97)]:
        char = chr(code)
        assert tokenize(char, "words") == ([] if char.isspace() else [(0, 1)]), hex(code)


def test_marks_stay_with_the_character_before_them() -> None:
    for base in ["中", "タ", "ก", "ក", "a", "1", "!", "-", "😀", "。"]:
        assert tokenize(f"x {base}\u0301\ufe0f", "words")[1:] == [(2, 5)]


@pytest.mark.parametrize("char", "ກកကཀ㐀豈ﾜ𠀀ゔヶㄅꀀ々〇")
def test_scripts_without_spaces_give_a_token_per_character(char: str) -> None:
    assert unicodedata.category(char)[0] in "LN"
    assert tokenize(char * 3, "words-en") == [(0, 1), (1, 2), (2, 3)]


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


def test_unknown_style_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="unknown tokenizer 'auto'; choose one of words, words-en"):
        tokenize("text", "auto")


# Inputs on which a pattern that rescans or backtracks takes minutes to hours. That
# these tests come to their end is what they show.
MANY = 200_000
LONG = [
    *"!'\"-_@\n1",
    *["a.", "a-", "a'", "a+", "a@", "a_", "1,", '."', "。”", "?.", "n't", "A. ", "1. ", ".\n"],
    *["http://", "a.bc/", "&amp;", "US$", "Mr. ", "x- en ", "😀\u200d", "\u0301", "#a", "a\xad"],
]
ONCE = ["www.{},", "http://a{})", "a{}_", "a{}\xad", " :{})x", " -{}_x", " <{}3x", ".{}'x", ".{} x"]


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


@pytest.mark.parametrize(
    ("tokens", "style"),
    [
        ([], "words"),
        (["John", "'s", "dog"], "words-en"),
        (["ca", "n’t"], "words-en"),
        (["De", "foto's"] * 1000 + ["'s", "avonds"], "words"),
        (["a", "b", "c", "."], "words"),
        (["高", "勇", "，", "1", "9", "6", "6"], "characters"),
        (["高勇", "，", "1966", "年"], "words"),
        (["高", "勇", "，"] * 40 + ["1966"], "characters"),
        (["the", "character", "中", "and", "A"], "words"),
        (["heparin", "-", "induced"] * 50, "pieces"),
        (["heparin", "-", "induced"] * 50 + ["drug-induced"], "words"),
        (["Merkel", "-", "Germany", "'s", "chancellor", "-", "left"], "words-en"),
        (["Ankara'da", "3.5", "U.S.", "-", "ev"] * 1000, "words"),
    ],
)
def test_style_is_read_off_the_tokens(tokens: list[str], style: str) -> None:
    assert detect_style(iter(tokens)) == style


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("conll2003", "words-en"),
        ("conll2002-es", "words"),
        ("conll2002-nl", "words"),
        ("wnut17", "words-en"),
        ("bc5cdr", "pieces"),
        ("resume-zh", "characters"),
    ],
)
def test_style_of_real_corpora(name: str, style: str, real_data: Callable[[str], Path]) -> None:
    lines = (real_data(name) / "train.txt").read_text("utf-8").split("\n")
    assert detect_style(re.split("[ \t]", line)[0] for line in lines if line.strip()) == style


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("conll2003", "words-en"),
        ("conll2002-es", "words-en"),
        ("conll2002-nl", "words-en"),
        ("wnut17", "words-en"),
        ("bc5cdr", "pieces"),
    ],
)
def test_tokens_of_real_corpora_survive(
    name: str, style: str, real_data: Callable[[str], Path]
) -> None:
    """Tokens joined by spaces are found again: all but a few odd ones."""
    lines = (real_data(name) / "valid.txt").read_text("utf-8").split("\n")
    given_tokens = [re.split("[ \t]", line)[0] for line in lines]
    text = " ".join(given_tokens)
    found = set(tokenize(text, style))
    position = kept = total = 0
    for token in given_tokens:
        total += bool(token)
        kept += (position, position + len(token)) in found
        position += len(token) + 1
    assert kept > 0.98 * total

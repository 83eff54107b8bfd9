"""Sentences of raw text: golden cases, and promises on any Unicode text."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ner.errors import UsageError
from ner.text import Sentence
from ner.tokenize import STYLES, sentences_of, split_sentences, tokenize
from tests.tokenize.texts import LONG, MANY, ONCE, TEXTS, golden, is_whole, unescape


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

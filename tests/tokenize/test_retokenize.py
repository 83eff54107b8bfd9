"""Tokens of a corpus cut again as raw text is cut, and how well the tokenizer reproduces them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus import read_file
from ner.text import PartialLabel, Sentence, Span
from ner.tokenize import (
    STYLES,
    has_unspaced_words,
    joined,
    measure_agreement,
    restore_spans,
    retokenize,
)
from ner.tokenize.retokenize import written

SEGMENTED = Sentence(
    ("王小明", "在", "北京大学", "工作", "。"), (Span(0, 1, "PER"), Span(2, 3, "ORG"))
)
ENGLISH = ("Mr.", "Berg", "(", "54", ")", "does", "n't", "like", "Ulm", "'s", "zoo", ".")

letters = st.characters(categories=["L", "M", "N", "P", "S"])
tokens = st.lists(st.text(letters, min_size=1, max_size=6), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (ENGLISH, "Mr. Berg (54) doesn't like Ulm's zoo."),
        (SEGMENTED.tokens, "王小明在北京大学工作。"),
        (("買", "iPhone", "15", "了", "Ulm", ",", "ok"), "買iPhone 15了Ulm, ok"),
        (("ฉัน", "รัก", "Ulm"), "ฉันรักUlm"),
    ],
)
def test_tokens_are_joined_as_their_script_writes_them(tokens: tuple[str, ...], text: str) -> None:
    joined, ranges = written(tokens)
    assert joined == text
    assert tuple(text[start:end] for start, end in ranges) == tokens


def test_entities_are_split_with_their_tokens() -> None:
    sentence, starts = retokenize(SEGMENTED, "words")
    assert sentence.tokens == tuple("王小明在北京大学工作。")
    assert sentence.spans == (Span(0, 3, "PER"), Span(4, 8, "ORG"))
    assert starts == [0, 3, 4, 8, 10, 11]
    assert restore_spans(sentence.spans, starts) == dict(
        zip(sentence.spans, SEGMENTED.spans, strict=True)
    )


def test_a_span_within_a_token_becomes_the_token_and_the_first_of_two_stays() -> None:
    _, starts = retokenize(SEGMENTED, "words")
    inside = [Span(4, 6, "LOC"), Span(6, 8, "ORG"), Span(9, 11, "PER")]
    assert [*restore_spans(inside, starts).items()] == [
        (inside[0], Span(2, 3, "LOC")),
        (inside[2], Span(3, 5, "PER")),
    ]


def test_layers_keep_their_spans_and_share_no_tokens() -> None:
    spans = (Span(0, 2, "ORG", "outer"), Span(1, 2, "LOC", "inner"))
    sentence, starts = retokenize(Sentence(("beta-blocker", "x-y"), spans), "pieces")
    assert sentence.spans == (Span(0, 6, "ORG", "outer"), Span(3, 6, "LOC", "inner"))
    assert [*restore_spans(sentence.spans, starts).values()] == [*spans]


def test_offsets_are_split_with_their_tokens() -> None:
    cut, _ = retokenize(Sentence(("I", "don't"), offsets=((0, 1), (2, 7))), "words-en")
    assert cut.offsets == ((0, 1), (2, 4), (4, 7))


def test_parts_of_a_token_know_as_much_as_the_token() -> None:
    partial = (PartialLabel("PER", "no"), PartialLabel(None, "open"), PartialLabel("", "no"))
    sentence, _ = retokenize(Sentence(("小明", "在吗", "工作"), partial=partial), "words")
    assert sentence.partial == (
        *(PartialLabel("PER", "no"), PartialLabel("PER", "yes")),
        *(PartialLabel(None, "open"), PartialLabel(None, "open")),
        *(PartialLabel("", "no"), PartialLabel("", "no")),
    )


@given(tokens, st.sampled_from(STYLES), st.data())
def test_retokenized_sentences_say_the_same(
    tokens: list[str], style: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(tokens) - 1))
    end = data.draw(st.integers(start + 1, len(tokens)))
    given = Sentence(tuple(tokens), (Span(start, end, "X"),))
    sentence, starts = retokenize(given, style)
    assert "".join(sentence.tokens) == "".join(tokens)
    assert "".join(sentence.tokens[sentence.spans[0].start : sentence.spans[0].end]) == "".join(
        tokens[start:end]
    )
    assert (*restore_spans(sentence.spans, starts).values(),) == given.spans


@pytest.mark.parametrize(
    ("sentence", "style", "tokens", "borders"),
    [
        (Sentence(ENGLISH, (Span(8, 9, "LOC"),)), "words-en", 1, 1),
        (Sentence(ENGLISH, (Span(8, 9, "LOC"),)), "words", 8 / 12, 0.5),
        (SEGMENTED, "words", 2 / 5, 1),
        (Sentence(("Ulm-Süd", "x"), (Span(0, 1, "LOC"),)), "pieces", 1 / 2, 1),
        (Sentence(("pro-", "Ulm"), (Span(1, 2, "LOC"),)), "words", 1 / 2, 1),
        (Sentence(("a",)), "words", 1, 1),
    ],
)
def test_agreement_counts_tokens_and_borders(
    sentence: Sentence, style: str, tokens: float, borders: float
) -> None:
    found = measure_agreement([sentence], style)
    assert (found.tokens, found.borders) == pytest.approx((tokens, borders))


@pytest.mark.parametrize(
    ("tokens", "found"),
    [
        (SEGMENTED.tokens, True),
        (tuple("王小明在北京大学工作。"), False),
        (ENGLISH, False),
        (("จังหวัด", "ลำปาง"), True),
        ((), False),
    ],
)
def test_words_of_scripts_without_spaces_are_seen(tokens: tuple[str, ...], found: bool) -> None:
    assert has_unspaced_words(tokens) is found


def test_tokens_that_touch_are_told() -> None:
    offsets = ((0, 3), (5, 9), (9, 10), (10, 15))
    assert joined(Sentence(("New", "York", "-", "based"), offsets=offsets)) == [1, 2]
    assert joined(Sentence(("Anna", "'s", "Rome", "."))) == [0, 2]
    assert joined(Sentence(tuple("我在北京"))) == [0, 1, 2]
    assert joined(Sentence(("one",))) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("open/uner-zh-gsdsimp", True),
        ("resume-zh", False),
        ("wnut17", False),
        ("open/gum-open", False),
        ("open/btc", False),
    ],
)
def test_real_corpora_are_told_apart(
    name: str, words: bool, real_data: Callable[[str], Path]
) -> None:
    path = next(
        p for p in real_data(name).iterdir() if p.stem == ("train" if "open" in name else "test")
    )
    tokens = (token for sentence in read_file(path) for token in sentence.tokens)
    assert has_unspaced_words(tokens) is words

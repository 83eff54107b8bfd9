"""A corpus prepared for training, and the settings that it decides."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import Config, DataConfig
from ner.corpus import Corpus, TrainingFingerprints, merge_corpora
from ner.errors import TrainingError
from ner.text import BoundaryConstraint, PartialLabel, Sentence, Span, in_reading_order
from ner.training.preparation import (
    CASE_AUGMENTATION,
    LONGEST,
    PreparedCorpus,
    check_corpus,
    prepare,
    rate_note,
    resolve,
    split_long,
)


def test_a_prepared_corpus_is_known_by_whole_sentences(tiny_corpus: Corpus) -> None:
    """It is the same corpus, and the same sentences are seen, whatever a segment is."""
    long = Sentence(("Anna", "came") * LONGEST, (Span(0, 1, "PER"),))
    corpus = replace(tiny_corpus, train=(*tiny_corpus.train, long))
    prepared = prepare(corpus)
    assert prepared.corpus.splits() == corpus.splits()
    assert [*map(len, prepared.segments[-2:])] == [LONGEST, LONGEST]
    assert len(prepared.segments) == len(corpus.train) + 1
    assert prepared.checksums == corpus.checksums()
    assert prepared.fingerprints == TrainingFingerprints.of(corpus.train)


SEGMENTED = Sentence(("王小明", "在", "北京大学"), (Span(0, 1, "PER"), Span(2, 3, "ORG")))


def test_words_that_raw_text_does_not_show_are_cut(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="ner")
    split = (SEGMENTED,)
    prepared = prepare(Corpus("zh", split, split, split))
    assert (prepared.data.tokenizer, prepared.data.retokenize) == ("words", "yes")
    assert prepared.has_single_characters
    for sentence in (*prepared.segments, *prepared.corpus.valid, *prepared.corpus.test):
        assert sentence.tokens == tuple("王小明在北京大学")
        assert sentence.spans == (Span(0, 3, "PER"), Span(4, 8, "ORG"))
    note = "tokens are cut as the tokenizer `words` cuts raw text, entities with them"
    assert prepared.corpus.notes == (note,)
    assert f"zh: its {note} (data.retokenize)" in caplog.messages


def test_a_corpus_cut_otherwise_is_noted_and_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    cut = (Sentence(("(@", "Ulm", "'s", "zoo"), (Span(1, 2, "LOC"),)),)
    (note,) = prepare(Corpus("cut", cut, cut), DataConfig(tokenizer="words")).corpus.notes
    assert note.endswith("tokenizer `words` finds 50.0% of tokens, 50.0% of entity borders again")
    assert f"cut: {note}, so that" in caplog.messages[-1]
    remedy = DataConfig(tokenizer="pieces", retokenize="yes")
    assert f"--tokenizer {remedy.tokenizer} --set data.retokenize=yes" in caplog.messages[-1]
    again = prepare(Corpus("cut", cut, cut), remedy).corpus.train[0]
    assert again.tokens == ("(", "@", "Ulm", "'", "s", "zoo")
    assert again.spans == (Span(2, 3, "LOC"),)
    kept = prepare(Corpus("zh", (SEGMENTED,), (SEGMENTED,)), DataConfig(retokenize="no"))
    assert kept.corpus.train == (SEGMENTED,)


def test_a_corpus_from_which_nothing_can_be_learnt_is_not_prepared() -> None:
    with pytest.raises(TrainingError, match="no training split"):
        prepare(Corpus("empty"))


@st.composite
def labelled(draw: st.DrawFn) -> Sentence:
    """A sentence whose tokens are numbers, with entities of up to 12 tokens."""
    spans, position = [], 0
    for gap, length, label in draw(
        st.lists(st.tuples(st.integers(0, 9), st.integers(1, 12), st.sampled_from("AB")))
    ):
        spans.append(Span(position + gap, position + gap + length, label))
        position += gap + length
    total = position + draw(st.integers(0, 30))
    return Sentence(tuple(map(str, range(total))), tuple(spans), source="file", line=4)


def test_what_is_cut_is_said_once(tiny_corpus: Corpus, caplog: pytest.LogCaptureFixture) -> None:
    long = [Sentence(("a",) * size, source="train.conll", line=size) for size in (512, 513, 1300)]
    prepare(replace(tiny_corpus, train=(*tiny_corpus.train, *long, *long)))
    assert caplog.messages == [
        "train.conll:513: a sentence of 513 tokens is learnt in pieces of at most 512, "
        "cut between entities (such sentences: 4)"
    ]


def test_a_very_long_sentence_is_cut_in_one_pass() -> None:
    class Counting(tuple[Span, ...]):
        """Spans that count how often one is looked at."""

        seen = 0

        def __getitem__(self, place: Any) -> Any:
            Counting.seen += 1
            return super().__getitem__(place)

        def __iter__(self) -> Iterator[Span]:
            raise AssertionError("all spans are looked at for a segment")

    size = 100 * LONGEST
    spans = Counting(Span(start, start + 3, "A") for start in range(0, size - 3, 4))
    segments = list(split_long([Sentence(("a",) * size, spans)]))
    assert sum(map(len, segments)) == size
    assert sum(len(segment.spans) for segment in segments) == len(spans)
    assert Counting.seen < 100 * len(segments)


@given(sentence=labelled(), size=st.integers(12, 20))
def test_cutting_loses_no_token_and_cuts_no_entity(sentence: Sentence, size: int) -> None:
    segments = list(split_long([sentence], size))
    assert all(0 < len(segment) <= size for segment in segments)
    assert tuple(token for segment in segments for token in segment.tokens) == sentence.tokens
    starts = [int(segment.tokens[0]) for segment in segments]
    moved = [
        Span(start + span.start, start + span.end, span.label)
        for start, segment in zip(starts, segments, strict=True)
        for span in segment.spans
    ]
    assert tuple(moved) == sentence.spans
    assert all(segment.place == sentence.place for segment in segments)


@given(outer=labelled(), inner=labelled(), size=st.integers(1, 40))
def test_cutting_loses_no_entity_of_any_layer(outer: Sentence, inner: Sentence, size: int) -> None:
    layers = {"outer": outer, "inner": inner}
    spans = [replace(s, layer=name) for name, part in layers.items() for s in part.spans]
    tokens = max(outer.tokens, inner.tokens, key=len)
    sentence = Sentence(tokens, tuple(in_reading_order(spans)))
    segments = list(split_long([sentence], size))
    assert tuple(token for segment in segments for token in segment.tokens) == tokens
    end = 0
    for segment in segments[:-1]:
        end += len(segment)
        whole = not any(span.start < end < span.end for span in spans)
        assert whole or len(segment) == size, "only where there is no better place"

    def inside(part: Sentence) -> list[str]:
        return [f"{t} {s.label}" for s in part.spans for t in part.tokens[s.start : s.end]]

    for name, part in layers.items():
        found = [place for segment in segments for place in inside(segment.of_layer(name))]
        assert found == inside(part)


def test_a_layer_goes_on_where_an_entity_of_another_is_cut() -> None:
    spans = (Span(0, 9, "A", "outer"), Span(1, 2, "B", "inner"), Span(5, 7, "B", "inner"))
    one, two, three = split_long([Sentence(("a",) * 9, spans)], 4)
    assert one.spans == (Span(0, 4, "A", "outer"), Span(1, 2, "B", "inner"))
    assert two.spans == (Span(0, 4, "A", "outer"), Span(1, 3, "B", "inner"))
    assert three.spans == (Span(0, 1, "A", "outer"),)


@given(sentence=labelled(), size=st.integers(1, 11))
def test_an_entity_longer_than_a_segment_is_cut_but_not_lost(sentence: Sentence, size: int) -> None:
    segments = list(split_long([sentence], size))
    assert all(0 < len(segment) <= size for segment in segments)
    assert tuple(token for segment in segments for token in segment.tokens) == sentence.tokens

    def inside(part: Sentence) -> list[str]:
        return [f"{t} {s.label}" for s in part.spans for t in part.tokens[s.start : s.end]]

    assert [place for segment in segments for place in inside(segment)] == inside(sentence)


@given(sentence=labelled(), size=st.integers(12, 20))
def test_segments_are_as_long_as_entities_let_them_be(sentence: Sentence, size: int) -> None:
    for one, other in pairwise(split_long([sentence], size)):
        assert len(one) == size or (other.spans and other.spans[0].start == 0)


def test_what_fits_is_left_as_it_is(tiny_corpus: Corpus) -> None:
    segments = list(split_long(tiny_corpus.train))
    assert all(a is b for a, b in zip(segments, tiny_corpus.train, strict=True))


def test_a_sentence_without_tokens_is_nothing_to_learn_from() -> None:
    assert list(split_long([Sentence(())])) == []


def partly_labelled(*joins: BoundaryConstraint) -> Sentence:
    clues = tuple(PartialLabel("A", joined) for joined in joins)
    return Sentence(tuple(map(str, range(len(joins)))), partial=clues)


def test_partly_labelled_sentences_are_cut_where_no_entity_can_go_through() -> None:
    sentence = partly_labelled("no", "yes", "open", "no", "yes", "open", "open", "open")
    segments = list(split_long([sentence], 5))
    assert ["".join(segment.tokens) for segment in segments] == ["012", "34567"]
    assert [[token.continues for token in segment.partial] for segment in segments] == [
        ["no", "yes", "open"],
        ["no", "yes", "open", "open", "open"],
    ]
    segments = list(split_long([sentence], 2))
    assert ["".join(segment.tokens) for segment in segments] == ["01", "2", "34", "56", "7"]


def test_a_segment_that_is_known_in_full_is_like_any_other() -> None:
    sentence = partly_labelled("no", "yes", "no", "open", "open")
    one, other = split_long([sentence], 3)
    assert (one.spans, one.partial) == ((Span(0, 2, "A"),), ())
    assert (other.spans, len(other.partial)) == ((), 3)


def test_types_that_cannot_be_printed(tiny_corpus: Corpus) -> None:
    harmed = replace(tiny_corpus.train[0], spans=(Span(0, 1, "P\x1b[31m"),))
    with pytest.raises(TrainingError, match=r"the type 'P\\x1b\[31m' has characters that cannot"):
        check_corpus(replace(tiny_corpus, train=(harmed, *tiny_corpus.train)))
    layered = replace(tiny_corpus, layers=("a\x1b[31m", "b"))
    with pytest.raises(
        TrainingError, match=r"the tag layer 'a\\x1b\[31m' has characters that cannot"
    ):
        check_corpus(layered)


def test_a_corpus_without_training_sentences() -> None:
    with pytest.raises(TrainingError, match="empty: has no training split; add a file train"):
        check_corpus(Corpus("empty"))


def test_a_corpus_of_a_single_sentence(tiny_corpus: Corpus) -> None:
    with pytest.raises(TrainingError, match=r"has 1 training sentence.* no validation split; add"):
        check_corpus(Corpus("single", tiny_corpus.train[:1]))


def test_a_training_split_without_entities() -> None:
    plain = (Sentence(("no", "entity"), source="train.txt", line=1),)
    with pytest.raises(TrainingError) as caught:
        check_corpus(Corpus("plain", plain, plain))
    assert str(caught.value).startswith("train.txt: no token of the training split is in an entity")
    assert "--tag-column" in str(caught.value)


def test_unseen_types_are_said_and_no_obstacle(
    tiny_corpus: Corpus, caplog: pytest.LogCaptureFixture
) -> None:
    odd = (Sentence(("Zeus",), (Span(0, 1, "GOD"),)), Sentence(("Ra",), (Span(0, 1, "DEITY"),)))
    check_corpus(replace(tiny_corpus, test=odd))
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        "tiny: types that the training split lacks count as missed in test: DEITY, GOD"
    )


def test_what_is_evaluated_in_windows_is_said_once(
    tiny_corpus: Corpus, caplog: pytest.LogCaptureFixture
) -> None:
    long = Sentence(("Anna",) * 600, (Span(0, 1, "PER"),), source="a.conll", line=7)
    with caplog.at_level(logging.INFO, "ner"):
        check_corpus(replace(tiny_corpus, valid=(long, *tiny_corpus.valid), test=(long,)))
    assert [text[:45] for text in caplog.messages if "windows" in text] == [
        "a.conll:7: a sentence of 600 tokens is read i"
    ]


def test_a_validation_split_without_entities_is_said(
    tiny_corpus: Corpus, caplog: pytest.LogCaptureFixture
) -> None:
    plain = tuple(replace(sentence, spans=()) for sentence in tiny_corpus.valid)
    check_corpus(replace(tiny_corpus, valid=plain))
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "the validation split has no entity" in caplog.text


# --- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tokenizer", "chars", "pairs", "adversarial"),
    [("characters", "none", "yes", 0.03), ("words", "cnn", "no", 0.0)],
)
def test_tokens_that_are_characters_have_pairs_and_no_characters(
    tokenizer: str, chars: str, pairs: str, adversarial: float, tiny_corpus: Corpus
) -> None:
    prepared = prepare(tiny_corpus, DataConfig(tokenizer=tokenizer))
    config = resolve(Config(), prepared)
    assert (config.data.tokenizer, config.data.retokenize) == (tokenizer, "no")
    assert (config.model.chars, config.model.bigrams) == (chars, pairs)
    assert config.train.adversarial == adversarial
    fixed = {"model.chars": "lstm", "model.bigrams": "no", "train.adversarial": 0.5}
    fixed |= {"train.case_augmentation": 0.5}
    fixed |= {"data.tokenizer": tokenizer, "data.retokenize": "no"}
    fixed |= {"train.epochs": 3, "train.patience": 2, "train.learning_rate": 0.5}
    chosen = Config().replace(fixed)
    assert resolve(chosen, prepared) == chosen


@pytest.mark.parametrize(
    ("tokens", "embedders", "share"),
    [
        (("Anna", "lebt", "in", "Rom", "."), (), CASE_AUGMENTATION),
        (("Άννα", "20", "%"), (), CASE_AUGMENTATION),
        (("王", "先", "生", "在", "IBM", "工", "作"), (), 0.0),
        (("อันนา", "20"), (), 0.0),
        (("20", "%"), (), 0.0),
        (("Anna",), ("charlm=lm",), 0.0),
    ],
)
def test_cases_are_augmented_where_letters_have_case(
    tokens: tuple[str, ...], embedders: tuple[str, ...], share: float
) -> None:
    train = (Sentence(tokens, (Span(0, 1, "PER"),)),)
    prepared = PreparedCorpus.of(Corpus("some", train), train, DataConfig())
    config = Config().replace({"resources.token_embedders": embedders})
    assert resolve(config, prepared).train.case_augmentation == share
    some = config.replace({"train.case_augmentation": 0.3})
    assert resolve(some, prepared).train.case_augmentation == 0.3


@pytest.mark.parametrize(
    ("sentences", "batch", "epochs", "patience", "rate"),
    [
        (1, 32, 160, 64, 0.003),
        (100, 32, 160, 38, 0.003),
        (200, 32, 160, 22, 0.003),
        (200, 8, 160, 16, 0.003),
        (1000, 32, 125, 16, 0.003),
        (1568, 32, 82, 16, 0.003),
        (1600, 32, 80, 32, 0.002),
        (3394, 32, 38, 16, 0.002),
        (3394, 8, 20, 8, 0.002),
        (14041, 32, 20, 8, 0.002),
        (14041, 33, 20, 8, 0.002 * (33 / 32) ** 0.5),
        (14041, 64, 20, 8, 0.002 * 2**0.5),
        (14041, 128, 37, 15, 0.004),
        (1600, 128, 160, 16, 0.006),
    ],
)
def test_small_corpora_are_read_more_often_and_faster(
    sentences: int, batch: int, epochs: int, patience: int, rate: float
) -> None:
    """Until 4,000 steps have been taken; those that need over 80 epochs for it in less time."""
    train = (Sentence(("Anna",), (Span(0, 1, "PER"),)),) * sentences
    config = Config().replace({"train.batch_sentences": batch})
    prepared = PreparedCorpus.of(Corpus("some", train, (), ()), train, DataConfig())
    found = resolve(config, prepared).train
    assert (found.epochs, found.patience) == (epochs, patience)
    assert found.learning_rate == (rate if batch <= 32 else pytest.approx(rate))
    some = resolve(config.replace({"train.epochs": 11}), prepared).train
    assert (some.epochs, some.patience) == (11, 5)
    usual = 0.002 if batch <= 32 else pytest.approx(0.002 * (batch / 32) ** 0.5)
    assert some.learning_rate == usual


@pytest.mark.parametrize(
    ("tokens", "rate"), [(2000, 0.002 * (50 / 32) ** 0.5), (8000, 0.004), (400, 0.002)]
)
def test_the_rate_is_that_of_what_a_batch_holds(tokens: int, rate: float) -> None:
    """Sentences of 40 tokens: of 128, the bound on tokens lets 50, all, or 10 into a batch."""
    train = (Sentence(("Anna", *["x"] * 39), (Span(0, 1, "PER"),)),) * 3
    config = Config().replace(
        {"train.epochs": 20, "train.batch_sentences": 128, "train.batch_tokens": tokens}
    )
    prepared = PreparedCorpus.of(Corpus("some", train, (), ()), train, DataConfig())
    assert resolve(config, prepared).train.learning_rate == pytest.approx(rate)


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({}, ""),
        ({"train.batch_sentences": 8}, ""),
        ({"train.batch_sentences": 128, "train.batch_tokens": 32}, ""),
        ({"train.batch_sentences": 128, "train.learning_rate": 0.004}, ""),
        (
            {"train.batch_sentences": 128},
            "learning rate 0.006, as batches hold more than 32 sentences "
            "(train.learning_rate=auto)",
        ),
        (
            {"train.batch_sentences": 2048, "train.epochs": 20},
            "learning rate 0.016, as batches hold more than 32 sentences "
            "(train.learning_rate=auto)",
        ),
    ],
)
def test_a_rate_for_larger_batches_is_told(changes: dict[str, Any], note: str) -> None:
    train = (Sentence(("Anna",), (Span(0, 1, "PER"),)),) * 3
    config = Config().replace(changes)
    prepared = PreparedCorpus.of(Corpus("some", train, (), ()), train, DataConfig())
    assert rate_note(config.train, resolve(config, prepared).train) == note


# --- several corpora ------------------------------------------------------------------------------


def cut(name: str, *tokens: str) -> Corpus:
    sentence = Sentence(tokens * 30, (Span(0, 1, "LOC"),))
    return Corpus(name, (sentence,), (replace(sentence, tokens=(*tokens * 29, *tokens[::-1])),))


ENGLISH = cut("en", "Paris", "does", "n't", "sleep", ".")
PLAIN = cut("plain", "Paris", "doesn't", "sleep", ".")
CHINESE = cut("zh", "巴", "黎", "不", "睡")


def test_corpora_that_are_cut_unlike_are_told(caplog: pytest.LogCaptureFixture) -> None:
    prepare(merge_corpora([ENGLISH, PLAIN]))
    said = (
        "en+plain: tokens are cut unlike (en like the tokenizer `words-en`, plain like the "
        "tokenizer `words`), and text to be tagged is cut in one way; cut all alike with "
        "--tokenizer pieces --set data.retokenize=yes"
    )
    assert said in caplog.messages
    caplog.clear()
    alike = DataConfig(tokenizer="pieces", retokenize="yes")
    prepared = prepare(merge_corpora([ENGLISH, PLAIN, CHINESE]), alike)
    assert not any("cut unlike" in message for message in caplog.messages)
    assert [s.tokens[:4] for s in prepared.corpus.train] == [
        ("Paris", "does", "n", "'"), ("Paris", "doesn", "'", "t"), ("巴", "黎", "不", "睡"),
    ]  # fmt: skip
    assert {sentence.corpus for sentence in prepared.segments} == {"en", "plain", "zh"}


def test_characters_beside_words_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"^en\+zh: tokens are cut unlike .* cut all alike"):
        prepare(merge_corpora([ENGLISH, CHINESE]))


def test_segments_of_a_long_sentence_keep_what_their_corpus_lacks() -> None:
    long = Corpus("long", (Sentence(("a",) * 600, (Span(1, 2, "PER"),)),))
    merged = merge_corpora([long, ENGLISH])
    segments = [s for s in split_long(merged.train) if s.corpus == "long"]
    assert [len(segment) for segment in segments] == [512, 88]
    assert all(segment.unannotated == {"LOC"} for segment in segments)


def test_epochs_are_as_long_as_shares_make_them() -> None:
    many = Corpus("many", CHINESE.train * 4000, CHINESE.valid)
    few = Corpus("few", CHINESE.train * 400)
    prepared = prepare(merge_corpora([many, few]))
    by_share = resolve(Config().replace({"train.shares": "many=0.5"}), prepared)
    assert (
        by_share.train.epochs
        == resolve(Config(), prepare(Corpus("x", CHINESE.train * 800, CHINESE.valid))).train.epochs
    )
    assert by_share.train.epochs != resolve(Config(), prepared).train.epochs

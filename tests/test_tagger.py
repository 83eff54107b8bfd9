"""`Tagger`: text in, entities with exact offsets out."""

import copy
import itertools
import pickle
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import ner.tagger as tagger_module
from ner.api import evaluate, train
from ner.bundle.format import Bundle, load_bundle, save_bundle
from ner.config import Config
from ner.corpus import Corpus
from ner.errors import ConfigError, NerError, UsageError
from ner.features import TextProfile
from ner.predict.windows import WINDOW
from ner.tagger import Tagger
from ner.text import Document, Entity, SegmentedText, Sentence, Span
from ner.tokenize import sentences_of
from ner.training.build import build_model


def restless(tokenizer: str, **settings: Any) -> Tagger:
    """An untrained tagger that takes every token for a part of an entity."""
    small = {"model.hidden": 4, "model.word_dim": 4, "model.char_hidden": 3}
    changes = {f"model.{name}": value for name, value in settings.items()}
    config = Config().replace({**small, **changes, "data.tokenizer": tokenizer})
    learnt = [Sentence(("Anna", "in", "Rome"), (Span(0, 1, "PER"), Span(2, 3, "LOC")))]
    model = build_model(learnt, config, torch.device("cpu")).model
    with torch.no_grad():
        model.network.projection.weight.mul_(20)
        model.network.projection.bias[0] = -1e4
    return Tagger(Bundle(model, config, {}))


RESTLESS = {
    "words": restless("words", head="softmax"),
    "words-en": restless("words-en"),
    "characters": restless("characters", chars="lstm"),
}

# Whatever a text can hold: zero-width and combining characters,
# line ends that are none for us, Han, astral planes; and much that is text.
odd = st.sampled_from(
    [
        "\u200b",
        "\u200d",
        "\ufeff",
        "e\u0301",
        "\u0301",
        "\x85",
        "\u2028",
        "\u2029",
        "\r\n",
        "\n\n",
        "\xa0",
        "\u3000",
        "中文",
        "。",
        "👩‍👩‍👧",
        "𝔸",
        "\x00",
        "\x1c",
        "Anna",
        "U.S.",
        "don't",
        " ",
        ". ",
        "\t",
        "ﬃ",
        "İ",
    ]
)
texts = st.lists(odd | st.text(max_size=5), max_size=12).map("".join)


def is_exact(document: Document, text: str) -> None:
    """Entities are slices of the text, in order, and agree with the spans of the sentences."""
    assert document.text == text
    position = 0
    for entity in document.entities:
        assert position <= entity.start < entity.end <= len(text)
        assert text[entity.start : entity.end] == entity.text
        assert 0.0 <= entity.score <= 1.0
        position = entity.end
    ranges = [
        (sentence.offsets[span.start][0], sentence.offsets[span.end - 1][1], span.label)
        for sentence in document.sentences
        if sentence.offsets is not None
        for span in sentence.spans
    ]
    assert [(e.start, e.end, e.label) for e in document.entities] == ranges


@pytest.mark.slow
@pytest.mark.parametrize("style", RESTLESS)
@settings(max_examples=60)
@given(text=texts)
def test_offsets_are_exact_for_any_text(style: str, text: str) -> None:
    document = RESTLESS[style].tag_document(text)
    is_exact(document, text)
    tokens = [token for sentence in document.sentences for token in sentence.tokens]
    covered = sum(span.end - span.start for s in document.sentences for span in s.spans)
    assert covered == len(tokens), "this tagger finds every token, so none was lost"
    assert bool(tokens) == bool(sentences_of(text, style))


def test_a_text_with_half_a_surrogate_pair_is_refused() -> None:
    tagger = RESTLESS["words"]
    for ask in (tagger.tag, lambda text: tagger.tag_nbest(text, 2)):
        with pytest.raises(UsageError, match=r"half a surrogate pair \('.ud800'\) at offset 3"):
            ask("In \ud800 Rome.")


TOLD = ("Anna visited New York.", "Carl Maria left Paris.", "So Dora loved Rome", "and", "中文 1.")


@pytest.mark.slow
@settings(max_examples=20)
@given(
    several=st.lists(st.sampled_from(TOLD), min_size=1, max_size=40), size=st.integers(2, WINDOW)
)
def test_a_line_is_tagged_like_its_sentences(
    tiny_tagger: Tagger, several: list[str], size: int
) -> None:
    """However long it is, where none of them is longer than a window."""
    several = [*several, "Anna left " * (size // 2 - 1) + "Rome."]
    text = "\n\n".join(several)
    found = [(text[: e.start].count("\n\n"), e.text, e.label) for e in tiny_tagger.tag(text)]
    assert found == [
        (number, e.text, e.label)
        for number, alone in enumerate(several)
        for e in tiny_tagger.tag(alone)
    ]


@settings(max_examples=20)
@given(several=st.lists(texts, max_size=6))
def test_a_stream_is_its_texts_one_by_one(several: list[str]) -> None:
    tagger = RESTLESS["words-en"]
    documents = list(tagger.stream(several))
    assert [document.text for document in documents] == several
    for document, text in zip(documents, several, strict=True):
        is_exact(document, text)
        alone = tagger.tag_document(text)
        assert document.sentences == alone.sentences
        assert [(e.start, e.end, e.label) for e in document.entities] == [
            (e.start, e.end, e.label) for e in alone.entities
        ]


def test_it_finds_what_it_has_learnt(tiny_tagger: Tagger) -> None:
    text = "  Carl Maria visited New York."
    found = [(e.text, e.label, e.start, e.end) for e in tiny_tagger.tag(text)]
    assert found == [("Carl Maria", "PER", 2, 12), ("New York", "LOC", 21, 29)]
    assert all(0.1 < entity.score <= 1.0 for entity in tiny_tagger.tag(text))
    assert tiny_tagger.labels == ["LOC", "PER"]


def test_a_document_has_its_sentences(tiny_tagger: Tagger) -> None:
    text = "Anna visited Rome. Dora left Paris."
    document = tiny_tagger.tag_document(text)
    assert [sentence.tokens[0] for sentence in document.sentences] == ["Anna", "Dora"]
    assert list(document.entities) == tiny_tagger.tag(text)
    assert [entity.text for entity in document.entities] == ["Anna", "Rome", "Dora", "Paris"]


def test_saved_and_loaded_it_gives_identical_output(
    tiny_tagger: Tagger, tiny_run: Path, tmp_path: Path
) -> None:
    save_bundle(load_bundle(tiny_run), tmp_path / "m")
    loaded = Tagger.load(tmp_path / "m", "cpu")
    texts = [
        "Anna visited Rome.",
        "Berta loved Zürich and Dora.",
        "",
        "中文 New York\n\nCarl Maria",
    ]
    assert list(loaded.stream(texts)) == list(tiny_tagger.stream(texts))
    assert loaded.config == tiny_tagger.config


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u2028\x85\t", "\xa0\u3000"])
def test_a_text_without_a_word_has_no_entity(text: str) -> None:
    tagger = RESTLESS["words"]
    assert tagger.tag(text) == []
    assert tagger.tag_document(text) == Document(text, (), ())


def test_blank_lines_stay_documents(tiny_tagger: Tagger) -> None:
    texts = ["", "Anna left Rome.", "", "  ", "Dora left Paris.", ""]
    documents = list(tiny_tagger.stream(texts))
    assert [document.text for document in documents] == texts
    assert [len(document.entities) for document in documents] == [0, 2, 0, 0, 2, 0]


def test_nothing_in_nothing_out(tiny_tagger: Tagger) -> None:
    assert list(tiny_tagger.stream([])) == []


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Ask the network every twenty tokens."""
    monkeypatch.setattr(tagger_module, "CHUNK_TOKENS", 20)
    return tagger_module


@pytest.mark.usefixtures("small_chunks")
def test_chunks_do_not_show(tiny_tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    random.seed(1)
    lines = ["", "Anna left Rome.", "Dora loved New York. Berta left.", "x " * 50]
    texts = [random.choice(lines) for _ in range(60)]
    chunked = list(tiny_tagger.stream(texts))
    monkeypatch.setattr(tagger_module, "CHUNK_TOKENS", 10**9)
    whole = list(tiny_tagger.stream(texts))
    assert [document.text for document in chunked] == texts
    assert [d.sentences for d in chunked] == [d.sentences for d in whole]
    scores = [[e.score for d in documents for e in d.entities] for documents in (chunked, whole)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("text", ["Anna left Rome.", ""])
def test_an_endless_stream_is_read_no_further_than_needed(tiny_tagger: Tagger, text: str) -> None:
    """Blank lines count, too: an endless run of them must come out."""
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        for taken in itertools.count(1):
            assert taken < 200, "the stream is read on and on"
            yield text

    stream = tiny_tagger.stream(endless())
    assert taken == 0, "nothing is read before somebody asks"
    for number in range(1, 50):
        assert next(stream).text == text
        assert taken <= number + 20


def test_the_size_of_a_chunk_bounds_what_is_waiting(tiny_tagger: Tagger) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        for taken in itertools.count(1):
            assert taken < 100, "the stream is read on and on"
            yield "Anna left Rome. " * 100

    next(tiny_tagger.stream(endless()))
    assert taken * 400 <= tagger_module.CHUNK_TOKENS + 400


def test_an_error_in_the_input_passes(tiny_tagger: Tagger) -> None:
    def broken() -> Iterator[str]:
        yield "Anna left Rome."
        raise NerError("file.txt:2: no UTF-8")

    with pytest.raises(NerError, match="no UTF-8"):
        list(tiny_tagger.stream(broken()))


def test_documents_that_are_cut_already(tiny_tagger: Tagger) -> None:
    text = "Anna|left|Rome|."
    cut = Sentence(("Anna", "left", "Rome", "."), offsets=((0, 4), (5, 9), (10, 14), (15, 16)))
    empty = Sentence((), offsets=())
    [document] = tiny_tagger.stream_sentences([(text, [empty, cut, empty])])
    assert [(e.text, e.label) for e in document.entities] == [("Anna", "PER"), ("Rome", "LOC")]
    assert [len(sentence.spans) for sentence in document.sentences] == [0, 2, 0]


def test_a_long_text_without_a_full_stop() -> None:
    """One sentence over many windows: all of it is tagged."""
    text = "word " * 1500
    document = RESTLESS["words"].tag_document(text)
    assert len(document.sentences) == 1
    assert document.entities[0].start == 0
    assert document.entities[-1].end == len(text) - 1
    is_exact(document, text)


def test_sentences_are_predicted_as_in_evaluation(tiny_tagger: Tagger, tiny_corpus: Corpus) -> None:
    found = tiny_tagger.predict(tiny_corpus.test)
    assert [s.tokens for s in found] == [s.tokens for s in tiny_corpus.test]
    assert any(s.spans for s in found)


def test_characters_of_raw_chinese() -> None:
    text = "张三住在北京。李四 也是！"
    document = RESTLESS["characters"].tag_document(text)
    assert [token for s in document.sentences for token in s.tokens] == list(text.replace(" ", ""))
    is_exact(document, text)


@pytest.mark.slow
def test_the_first_output_comes_soon(tiny_tagger: Tagger) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield "Anna left Rome ."

    stream = tiny_tagger.stream(endless())
    next(stream)
    assert taken * 4 <= tagger_module.FIRST_TOKENS
    for _ in range(20_000):
        next(stream)
    assert taken <= 20_001 + tagger_module.CHUNK_TOKENS / 4


# --- settings, alternatives, marginals ------------------------------------------------------------

TEXT = " Anna visited Rome.  Dora left New York."


def _found(tagger: Tagger) -> list[str]:
    return [entity.text for entity in tagger.tag(TEXT)]


def test_settings_change_how_it_tags(tiny_run: Path, tiny_corpus: Corpus) -> None:
    sentences = tiny_corpus.test
    for key, value in (("o_bias", 1e4), ("min_score", 0.999)):
        tagger = Tagger.load(tiny_run, "cpu", {f"predict.{key}": value})
        assert _found(tagger) == []
        assert not any(sentence.spans for sentence in tagger.predict(sentences))
    settings = {"predict.engine": "torch", "predict.min_score": 0.05}
    assert _found(Tagger.load(tiny_run, "cpu", settings)) == ["Anna", "Rome", "Dora", "New York"]


def test_a_tagger_is_saved_with_its_settings(tiny_run: Path, tmp_path: Path) -> None:
    tagger = Tagger.load(tiny_run, "cpu", {"predict.min_score": 0.3})
    tagger.save(tmp_path / "x.ner")
    again = Tagger.load(tmp_path / "x.ner", "cpu")
    assert again.settings == tagger.settings
    assert again("Anna visited New York.") == tagger("Anna visited New York.")
    again.save(tmp_path / "y.ner")
    assert (tmp_path / "y.ner").read_bytes() == (tmp_path / "x.ner").read_bytes()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, True),
        ({"predict.cache_mb": 64}, True),
        ({"predict.temperature": 4.0}, False),
        ({"predict.o_bias": -3.0}, False),
        ({"predict.min_score": 0.1}, False),
    ],
)
def test_scores_of_other_settings_do_not_make_a_text_unlike(
    settings: dict[str, Any], told: bool, tiny_run: Path, tmp_path: Path
) -> None:
    bundle = load_bundle(tiny_run / "model", "cpu")
    profile = asdict(TextProfile(1.0, 1.0, 1.0))
    save_bundle(replace(bundle, about={**bundle.about, "profile": profile}), tmp_path / "measured")
    tagger = Tagger.load(tmp_path / "measured", "cpu", settings)
    tagger.save(tmp_path / "saved.ner")
    doubted = Document("x", (Entity(0, 1, "PER", "x", 0.2),), (Sentence(("x",)),))
    for each in (tagger, Tagger.load(tmp_path / "saved.ner", "cpu")):
        watch = each.watch()
        assert watch is not None
        assert (watch.note([doubted] * 500) is not None) == told


def test_a_tagger_with_word_lists_is_not_saved(tiny_run: Path, tmp_path: Path) -> None:
    (tmp_path / "names").write_text("Rome\n")
    tagger = Tagger.load(tiny_run, "cpu", force=[f"LOC={tmp_path / 'names'}"])
    with pytest.raises(UsageError, match="word lists of force belong to no model"):
        tagger.save(tmp_path / "x.ner")
    assert not (tmp_path / "x.ner").exists()


def test_settings_of_the_bundle_hold_unless_changed(tiny_run: Path, tmp_path: Path) -> None:
    bundle = load_bundle(tiny_run)
    strict = bundle.config.replace({"predict.min_score": 0.999})
    save_bundle(replace(bundle, config=strict), tmp_path / "m")
    assert _found(Tagger.load(tmp_path / "m", "cpu")) == []
    assert _found(Tagger.load(tmp_path / "m", "cpu", {"predict.min_score": 0.0}))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"predict.min_score": 1.5}, "setting predict.min_score is 1.5, but must be at least 0"),
        ({"predict.o_bia": 1}, "did you mean 'predict.o_bias'?"),
        ({"model.hidden": 9}, "model.hidden belongs to training; tagging takes those of section"),
    ],
)
def test_settings_that_do_not_fit(settings: dict[str, Any], said: str) -> None:
    """Said before the model is looked for."""
    with pytest.raises(ConfigError, match=re.escape(said)):
        Tagger.load("nowhere", "cpu", settings)


def test_alternatives_stand_where_their_sentences_do(tiny_tagger: Tagger) -> None:
    first, second = tiny_tagger.tag_nbest(TEXT, 4)
    assert TEXT[first.start : first.end] == "Anna visited Rome."
    assert TEXT[second.start : second.end] == "Dora left New York."
    best = [entity for one in (first, second) for entity in one.alternatives[0].entities]
    tagged = tiny_tagger.tag(TEXT)
    assert [(e.text, e.start, e.label) for e in best] == [
        (e.text, e.start, e.label) for e in tagged
    ]
    assert [e.score for e in best] == pytest.approx([e.score for e in tagged], abs=1e-6)
    for sentence in (first, second):
        ranks = [one.probability for one in sentence.alternatives]
        assert len(ranks) == 4
        assert ranks == sorted(ranks, reverse=True)
        assert 0 < sum(ranks) <= 1
        for one in sentence.alternatives:
            assert all(TEXT[e.start : e.end] == e.text for e in one.entities)
            assert all(e.score >= one.probability for e in one.entities)


def test_alternatives_are_as_many_as_there_are(tiny_tagger: Tagger) -> None:
    [word] = tiny_tagger.tag_nbest("Anna", 100)
    assert sorted(tuple(e.label for e in one.entities) for one in word.alternatives) == [
        (),
        ("LOC",),
        ("PER",),
    ]
    assert sum(one.probability for one in word.alternatives) == pytest.approx(1)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_text_without_a_word_has_no_alternatives(tiny_tagger: Tagger, text: str) -> None:
    assert tiny_tagger.tag_nbest(text, 2) == []


def test_less_than_one_alternative_is_wrong_use(tiny_tagger: Tagger) -> None:
    with pytest.raises(UsageError, match="0 alternatives are too few; ask for 1 or more"):
        tiny_tagger.tag_nbest("Anna", 0)


@settings(max_examples=20)
@given(text=texts)
def test_alternatives_of_any_text_are_exact(text: str) -> None:
    for sentence in RESTLESS["words-en"].tag_nbest(text, 2):
        assert 0 <= sentence.start < sentence.end <= len(text)
        for one in sentence.alternatives:
            position = sentence.start
            for entity in one.entities:
                assert position <= entity.start < entity.end <= sentence.end
                assert text[entity.start : entity.end] == entity.text
                position = entity.end


def test_documents_carry_alternatives_if_asked(tiny_tagger: Tagger) -> None:
    texts = ["Anna left Rome.", "", TEXT]
    cut = [(text, sentences_of(text, "words")) for text in texts]
    documents = tiny_tagger.tag_sentences(cut, nbest=2)
    assert [len(document.nbest or ()) for document in documents] == [1, 0, 2]
    found, alone = documents[2].nbest or (), tiny_tagger.tag_nbest(TEXT, 2)
    assert [(one.start, one.end) for one in found] == [(one.start, one.end) for one in alone]
    assert [
        [(e.start, e.label) for e in a.entities] for one in found for a in one.alternatives
    ] == [[(e.start, e.label) for e in a.entities] for one in alone for a in one.alternatives]
    plain = tiny_tagger.tag_sentences(cut)
    assert [document.nbest for document in plain] == [None] * 3
    assert [replace(document, nbest=None) for document in documents] == plain


def test_marginals_have_a_column_for_each_tag(tiny_tagger: Tagger) -> None:
    sentences = [Sentence(("Anna", "left", "Rome", ".")), Sentence(("x",) * 600)]
    found = tiny_tagger.marginals(sentences)
    assert [part.shape for part in found] == [(4, len(tiny_tagger.tags)), (600, 9)]
    assert tiny_tagger.tags[0] == "O"
    best = [tiny_tagger.tags[number] for number in found[0].argmax(1)]
    assert best == ["S-PER", "O", "S-LOC", "O"]
    assert found[1].sum(1) == pytest.approx(1)


def test_a_long_sentence_has_alternatives(tiny_tagger: Tagger) -> None:
    text = "Anna left Rome " * 300
    [sentence] = tiny_tagger.tag_nbest(text, 3)
    assert (sentence.start, sentence.end) == (0, len(text) - 1)
    assert len(sentence.alternatives) == 3
    entities = sentence.alternatives[0].entities
    assert [(e.start, e.label) for e in entities] == [
        (e.start, e.label) for e in tiny_tagger.tag(text)
    ]


# --- other settings, for once; forced lists -------------------------------------------------------


def test_predictions_are_those_of_tagging(tiny_tagger: Tagger, tiny_corpus: Corpus) -> None:
    found = tiny_tagger.predictions(tiny_corpus.test)
    assert [p.spans for p in found] == [s.spans for s in tiny_tagger.predict(tiny_corpus.test)]
    assert all(len(p.scores) == len(p.spans) > 0 for p in found)
    without = tiny_tagger.predictions(tiny_corpus.test, with_scores=False)
    assert without == [(p.spans, ()) for p in found]


def test_changes_hold_for_once_on_top_of_the_taggers_own(
    tiny_run: Path, tiny_corpus: Corpus
) -> None:
    tagger = Tagger.load(tiny_run, "cpu", {"predict.min_score": 0.999})
    nothing = [((), ())] * len(tiny_corpus.test)
    assert tagger.predictions(tiny_corpus.test) == nothing
    assert tagger.predictions(tiny_corpus.test, changes={"predict.o_bias": -1.0}) == nothing
    changed = tagger.predictions(tiny_corpus.test, changes={"predict.min_score": 0.0})
    assert all(p.spans for p in changed)
    assert tagger.predictions(tiny_corpus.test) == nothing


@pytest.mark.parametrize("key", ["predict.nothing", "model.hidden", "o_bias"])
def test_changes_that_do_not_fit(tiny_tagger: Tagger, key: str) -> None:
    with pytest.raises(ConfigError):
        tiny_tagger.predictions([], changes={key: 1})


@pytest.fixture
def lists(tmp_path: Path) -> list[str]:
    """Places that the tiny model takes for persons, and a verb of a type that is new to it."""
    (tmp_path / "places.txt").write_text("Anna\nDora left New\n", encoding="utf-8")
    (tmp_path / "verbs.txt").write_text("visited\nleft\n", encoding="utf-8")
    return [f"LOC={tmp_path / 'places.txt'}", f"VERB={tmp_path / 'verbs.txt'}"]


def test_forced_entities_come_first(tiny_run: Path, lists: list[str]) -> None:
    tagger = Tagger.load(tiny_run, "cpu", {"predict.min_score": 0.05}, force=lists)
    assert tagger.labels == ["LOC", "PER", "VERB"]
    found = tagger.tag(TEXT)
    assert [(e.text, e.label) for e in found] == [
        ("Anna", "LOC"),
        ("visited", "VERB"),
        ("Rome", "LOC"),
        ("Dora left New", "LOC"),
    ]
    assert [e.score == 1.0 for e in found] == [True, True, False, True]
    assert all(TEXT[e.start : e.end] == e.text for e in found)
    assert list(next(tagger.stream([TEXT])).entities) == found
    [first, second] = tagger.predict(sentences_of(TEXT, "words-en"))
    assert [span.label for span in (*first.spans, *second.spans)] == ["LOC", "VERB", "LOC", "LOC"]


def test_alternatives_and_marginals_are_not_forced(
    tiny_run: Path, tiny_tagger: Tagger, lists: list[str]
) -> None:
    tagger = Tagger.load(tiny_run, "cpu", force=lists)
    assert tagger.tag_nbest(TEXT, 3) == tiny_tagger.tag_nbest(TEXT, 3)
    cut = sentences_of(TEXT, "words-en")
    for forced, own in zip(tagger.marginals(cut), tiny_tagger.marginals(cut), strict=True):
        assert (forced == own).all()


def test_forced_lists_are_cut_like_the_text(tiny_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "drugs.txt"
    path.write_text("beta-blocker\n", encoding="utf-8")
    for tokenizer, size in ((None, 1), ("pieces", 3)):
        tagger = Tagger.load(tiny_run, "cpu", force=[f"DRUG={path}"], tokenizer=tokenizer)
        cut = sentences_of("beta-blocker", tokenizer or "words-en")
        [(spans, scores)] = tagger.predictions(cut)
        assert (spans, scores) == ((Span(0, size, "DRUG"),), (1.0,))


def test_a_forced_list_that_will_not_do(tiny_run: Path) -> None:
    with pytest.raises(ConfigError, match=r"is not LABEL=FILE; "):
        Tagger.load(tiny_run, "cpu", force=["names.txt"])


# --- document context -----------------------------------------------------------------------------


def telling(names: list[str]) -> list[Sentence]:
    """A document for each name: it falls, and elsewhere it is a firm or a man.

    Names that are firms and names that are men look alike.
    """
    sentences: list[Sentence] = []
    for number, name in enumerate(names):
        label = ("ORG", "PER")[number % 2]
        clear = ("the", "firm", name) if label == "ORG" else ("Mr", name)
        told = Span(len(clear) - 1, len(clear), label)
        sentences += [
            Sentence((name, "fell"), (Span(0, 1, label),), document=number),
            Sentence((*clear, "rose"), (told,), document=number),
        ]
    return sentences


def taught(context: str, out: Path, config: Config, corpus: Corpus) -> Tagger:
    quick = {"train.epochs": 9, "train.batch_sentences": 8, "model.chars": "none"}
    return train(corpus, out, config.replace({**quick, "model.context": context}), device="cpu")


@pytest.fixture(scope="module")
def alike() -> Corpus:
    """A corpus of `telling`; no name stands in two documents."""
    draw = random.Random(1)
    names = ["".join(draw.choices("abcdefghijklmnop", k=5)).title() for _ in range(100)]
    return Corpus(
        "alike", tuple(telling(names[:60])), tuple(telling(names[60:80])),
        tuple(telling(names[80:])),
    )  # fmt: skip


@pytest.fixture(scope="module")
def hearing(tmp_path_factory: pytest.TempPathFactory, tiny_config: Config, alike: Corpus) -> Tagger:
    """A tagger with document context that has learnt `alike`."""
    return taught("document", tmp_path_factory.mktemp("hearing") / "run", tiny_config, alike)


def bare(tagger: Tagger, sentences: Sequence[Sentence]) -> float:
    """The share of the sentences without a clue that are tagged as they are labelled."""
    pairs = list(zip(tagger.predict(sentences), sentences, strict=True))[::2]
    return sum(one.spans == other.spans for one, other in pairs) / len(pairs)


@pytest.mark.slow
def test_a_type_that_is_clear_in_one_sentence_is_known_in_others(
    hearing: Tagger, alike: Corpus, tiny_config: Config, tmp_path: Path
) -> None:
    assert bare(hearing, alike.test) > 0.9
    assert bare(taught("sentence", tmp_path / "run", tiny_config, alike), alike.test) < 0.8


def test_each_text_is_a_document_unless_they_are_parts_of_one(hearing: Tagger) -> None:
    texts = ["Abba fell", "the firm Abba rose", "Mr Abba rose", "Abba fell"]

    def labels(documents: Sequence[Document]) -> list[str]:
        return [entity.label for document in documents for entity in document.entities]

    def cut(*numbers: int) -> list[SegmentedText]:
        return [(texts[i], sentences_of(texts[i], "words")) for i in numbers]

    alone = labels(list(hearing.stream(texts)))
    assert alone == labels([hearing.tag_document(text) for text in texts])
    assert alone == labels(hearing.tag_sentences(cut(0, 1, 2, 3)))
    assert alone[0] == alone[3]
    assert labels(hearing.tag_sentences(cut(0, 1), together=True)) == ["ORG", "ORG"]
    assert labels(hearing.tag_sentences(cut(0, 2), together=True)) == ["PER", "PER"]


def test_documents_may_be_told_apart_otherwise(hearing: Tagger, alike: Corpus) -> None:
    same = [replace(sentence, document=0) for sentence in alike.test]
    numbers = [sentence.document for sentence in alike.test]
    assert hearing.predictions(same, documents=numbers) == hearing.predictions(alike.test)
    apart = hearing.predictions(alike.test, documents=range(len(same)))
    assert [p.spans for p in apart] != [p.spans for p in hearing.predictions(alike.test)]


def test_alternatives_and_marginals_are_of_a_first_reading(hearing: Tagger, alike: Corpus) -> None:
    pair = alike.test[:2]
    together, alone = hearing.marginals(pair), hearing.marginals(pair[:1])
    assert together[0] == pytest.approx(alone[0], abs=1e-5)
    cut = [(" ".join(s.tokens), sentences_of(" ".join(s.tokens), "words")) for s in pair]
    documents = hearing.tag_sentences(cut, nbest=1, together=True)
    for (text, _), document in zip(cut, documents, strict=True):
        assert document.nbest is not None
        [found], [expected] = document.nbest, hearing.tag_nbest(text, 1)
        assert found.alternatives[0].probability == pytest.approx(
            expected.alternatives[0].probability, abs=1e-5
        )


# --- calls, pipes, lists --------------------------------------------------------------------------


def test_a_call_is_a_document(tiny_tagger: Tagger) -> None:
    document = tiny_tagger(TEXT)
    assert document == tiny_tagger.tag_document(TEXT)
    assert list(document.entities) == tiny_tagger.tag(TEXT)
    assert [entity.text for entity in document.entities] == ["Anna", "Rome", "Dora", "New York"]


def test_a_list_has_a_list_for_each_text(tiny_tagger: Tagger) -> None:
    texts = ["Anna left Rome.", "", TEXT]
    expected = [list(document.entities) for document in tiny_tagger.pipe(texts)]
    others: Any = iter(texts), dict.fromkeys(texts).keys()
    for several in (texts, tuple(texts), *others):
        assert tiny_tagger.tag(several) == expected
    assert [len(found) for found in expected] == [2, 0, 4]
    assert tiny_tagger.tag([]) == []


@pytest.mark.parametrize("size", [None, 1, 2, 7, 1000])
def test_a_pipe_keeps_the_order(tiny_tagger: Tagger, size: int | None) -> None:
    texts = ["", "Anna left Rome.", "  ", TEXT] * 20
    documents = list(tiny_tagger.pipe(iter(texts), batch_size=size))
    assert documents == list(tiny_tagger.stream(texts)) or size is not None
    assert [document.text for document in documents] == texts
    assert [len(document.entities) for document in documents] == [0, 2, 0, 4] * 20


@pytest.mark.parametrize("size", [None, 1, 3])
def test_what_belongs_to_a_text_comes_out_with_its_document(
    tiny_tagger: Tagger, size: int | None
) -> None:
    texts = ["", "Anna left Rome.", TEXT] * 5
    contexts = [{"row": number} for number in range(len(texts))]
    found = list(
        tiny_tagger.pipe(zip(texts, contexts, strict=True), as_tuples=True, batch_size=size)
    )
    assert [document.text for document, _ in found] == texts
    assert all(one is other for (_, one), other in zip(found, contexts, strict=True))


def endless(taken: list[int], make: Callable[[int], Any]) -> Iterator[Any]:
    for number in itertools.count():
        assert number < 500, "the stream is read on and on"
        taken.append(number)
        yield make(number)


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("as_tuples", [False, True])
def test_a_pipe_reads_no_more_than_a_batch(tiny_tagger: Tagger, size: int, as_tuples: bool) -> None:
    taken: list[int] = []
    texts = endless(taken, lambda number: ("Anna left Rome.", number) if as_tuples else "Anna left")
    found: Iterator[object] = tiny_tagger.pipe(texts, as_tuples=as_tuples, batch_size=size)  # type: ignore[call-overload]
    assert taken == [], "nothing is read before somebody asks"
    for number in range(20):
        next(found)
        assert len(taken) == (number // size + 1) * size


def test_a_pipe_of_any_batch_size_is_bounded(tiny_tagger: Tagger) -> None:
    taken: list[int] = []
    next(tiny_tagger.pipe(endless(taken, lambda _: "Anna left Rome."), batch_size=10**9))
    assert len(taken) * 5 <= tagger_module.FIRST_TOKENS + 5


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_has_at_least_a_text(tiny_tagger: Tagger, size: int) -> None:
    with pytest.raises(UsageError, match=f"batch_size is {size}, but must be at least 1"):
        tiny_tagger.pipe([], batch_size=size)


class _Text(str):
    """As ``numpy.str_`` is one."""


MISSING = [None, float("nan"), np.float64("nan"), np.float32("nan")]


@pytest.mark.parametrize("missing", MISSING, ids=repr)
def test_a_missing_text_has_no_entities(tiny_tagger: Tagger, missing: Any) -> None:
    assert tiny_tagger(missing) == Document("", ())
    assert tiny_tagger.tag(missing) == tiny_tagger.tag_nbest(missing, 2) == []
    several = ["Anna left Rome.", missing, _Text(TEXT)]
    assert [len(found) for found in tiny_tagger.tag(several)] == [2, 0, 4]
    found = list(tiny_tagger.pipe([(missing, 1), ("Anna", 2)], as_tuples=True))
    assert [(document.text, context) for document, context in found] == [("", 1), ("Anna", 2)]


def test_missing_texts_of_pandas(tiny_tagger: Tagger) -> None:
    pandas = pytest.importorskip("pandas")
    column = ["Anna left Rome.", None, pandas.NA, pandas.NaT]
    for series in (pandas.Series(column, dtype=object), pandas.Series(column, dtype="string")):
        assert [len(found) for found in tiny_tagger.tag(series)] == [2, 0, 0, 0]
        assert series.apply(tiny_tagger.tag).map(len).tolist() == [2, 0, 0, 0]
    with pytest.raises(TypeError, match=r'a table is given, not texts; name its column: table\["'):
        tiny_tagger.pipe(pandas.DataFrame({"text": column}))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (3, "text is an int; a text is a str, or None or NaN where it is missing"),
        (2.5, "text is a float; a text is a str"),
        (True, "text is a bool; a text is a str"),
        (b"Anna", "text is a bytes; .*; decode it first"),
        (np.float32(1), "text is a float32; a text is a str"),
        (["Anna"], r"text is a list; .*; for several: tagger.pipe\(texts\)"),
        (("Anna", 1), r"text is a tuple; .*; for pairs: tagger.pipe\(pairs, as_tuples=True\)"),
        ({"text": "Anna"}, "text is a dict; a text is a str"),
    ],
    ids=repr,
)
def test_what_is_no_text_is_refused(tiny_tagger: Tagger, wrong: Any, said: str) -> None:
    asked: list[Callable[[Any], object]] = [
        tiny_tagger,
        lambda text: tiny_tagger.tag_nbest(text, 2),
    ]
    for ask in asked:
        with pytest.raises(TypeError, match=f"^{said}"):
            ask(wrong)
    later = said.replace("text is", "text 1 is", 1)
    with pytest.raises(TypeError, match=f"^{later}"):
        list(tiny_tagger.pipe(["Anna", wrong]))
    with pytest.raises(TypeError, match=f"^{later}"):
        list(tiny_tagger.pipe([("Anna", 0), (wrong, 1)], as_tuples=True))
    with pytest.raises(TypeError, match=f"^{later}"):
        tiny_tagger.tag(["Anna", wrong])


def test_one_wrong_value_is_no_list_either(tiny_tagger: Tagger) -> None:
    several: Any = (3, 2.5, b"Anna")
    for wrong in several:
        with pytest.raises(TypeError, match="a text is a str, or None or NaN"):
            tiny_tagger.tag(wrong)
    with pytest.raises(TypeError, match="another iterable of str, not a dict"):
        tiny_tagger.tag({"text": "Anna"})  # type: ignore[call-overload]


@pytest.mark.parametrize("as_tuples", [False, True])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("Anna", r"one text is given, not several; use tagger\(text\), or tagger.pipe\(\[text\]\)"),
        (b"Anna", "texts are a list or another iterable of str, not a bytes"),
        (3, "iterable of str, not an int"),
        (None, "iterable of str, not a NoneType"),
        ({"a": "Anna"}, "iterable of str, not a dict"),
    ],
    ids=repr,
)
def test_a_pipe_takes_several_texts(
    tiny_tagger: Tagger, wrong: Any, said: str, as_tuples: bool
) -> None:
    """Said at once, not when the first document is asked for."""
    with pytest.raises(TypeError, match=said):
        tiny_tagger.pipe(wrong, as_tuples=as_tuples)  # type: ignore[call-overload]


@pytest.mark.parametrize("wrong", ["ab", ("Anna", 1, 2), ("Anna",), 3, {"a": 1, "b": 2}], ids=repr)
def test_pairs_are_pairs(tiny_tagger: Tagger, wrong: Any) -> None:
    """Text of two characters is none, although Python could take it apart."""
    with pytest.raises(TypeError, match=r"each item is a pair .*; item 1 is an? "):
        list(tiny_tagger.pipe([("Anna", 0), wrong], as_tuples=True))


# --- copies, repr, the short name -----------------------------------------------------------------

COPIES: dict[str, Callable[[Tagger], Tagger]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda tagger: pickle.loads(pickle.dumps(tagger)),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("engine", ["native", "torch"])
def test_a_tagger_can_be_copied_before_and_after_use(
    tiny_run: Path, how: str, engine: str, lists: list[str]
) -> None:
    tagger = Tagger.load(tiny_run, "cpu", {"predict.engine": engine}, force=lists)
    early = COPIES[how](tagger)
    expected = tagger(TEXT)
    again = COPIES[how](COPIES[how](tagger))
    assert early(TEXT) == again(TEXT) == tagger(TEXT) == expected
    assert early.settings == again.settings == tagger.settings
    assert repr(early) == repr(again) == repr(tagger)


@pytest.mark.parametrize("how", COPIES)
def test_a_tagger_with_a_language_model_can_be_copied(
    tiny_config: Config, tiny_corpus: Corpus, tiny_charlm: Path, how: str
) -> None:
    config = tiny_config.replace({"resources.token_embedders": (f"charlm={tiny_charlm}",)})
    model = build_model(tiny_corpus.train, config, torch.device("cpu")).model
    tagger = Tagger(Bundle(model, config.replace({"data.tokenizer": "words"}), {}))
    expected = tagger(TEXT)
    assert COPIES[how](tagger)(TEXT) == expected


def test_a_tagger_says_what_it_is(tiny_run: Path, tiny_tagger: Tagger, lists: list[str]) -> None:
    size = sum(weights.size for weights in load_bundle(tiny_run).model.weights.values())
    assert repr(tiny_tagger) == f"<Tagger of LOC, PER; {size:,} parameters; trained on tiny>"
    assert "of LOC, PER, VERB;" in repr(Tagger.load(tiny_run, "cpu", force=lists))
    assert repr(RESTLESS["words"]).endswith("trained on an unnamed corpus>")


def test_the_repr_of_a_tagger_is_one_printable_line(tiny_run: Path) -> None:
    bundle = load_bundle(tiny_run)
    odd = replace(bundle, about={"corpus": "x\n\x1b[31m\u202e"})
    assert repr(Tagger(odd)).isprintable()


def test_many_types_are_counted() -> None:
    spans = tuple(Span(i, i + 1, f"T{i}") for i in range(12))
    config = Config().replace({"data.tokenizer": "words"})
    model = build_model([Sentence(("a",) * 12, spans)], config, torch.device("cpu")).model
    assert " and 4 more;" in repr(Tagger(Bundle(model, config, {})))


def test_load_is_short_for_the_method(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tagger_module.load(tiny_run, "cpu")(TEXT) == Tagger.load(tiny_run, "cpu")(TEXT)
    monkeypatch.chdir(tmp_path)
    assert len(tagger_module.load().labels) == 18
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").symlink_to(tiny_run)
    assert tagger_module.load(device="cpu").labels == ["LOC", "PER"]


def test_a_text_alone_and_in_a_batch_has_the_same_entities(tiny_tagger: Tagger) -> None:
    texts: Iterable[str] = ["Anna left Rome.", TEXT, "Berta visited Paris. " * 9] * 4
    for document in tiny_tagger.pipe(texts):
        alone = tiny_tagger(document.text)
        assert alone.sentences == document.sentences
        assert [e.score for e in alone.entities] == pytest.approx(
            [e.score for e in document.entities], abs=1e-5
        )


def test_a_corpus_of_words_without_spaces_is_scored_and_tagged_as_raw_text(
    tmp_path: Path, tiny_config: Config
) -> None:
    """What the tagger finds in words, in raw text and in evaluation is the same."""
    people, places = ("王小明", "李娜", "陈伟强", "赵敏"), ("北京大学", "南京", "苏州河", "杭州")
    split = tuple(
        Sentence((person, "在", place, "工作", "。"), (Span(0, 1, "PER"), Span(2, 3, "LOC")))
        for person in people
        for place in places
    )
    corpus = Corpus("segmented", split, split, split)
    tagger = train(corpus, tmp_path / "run", tiny_config.replace({"train.epochs": 12}))
    assert tagger.config.data.retokenize == "yes"
    assert [(e.text, e.label) for e in tagger.tag("王小明在北京大学工作。")] == [
        ("王小明", "PER"),
        ("北京大学", "LOC"),
    ]
    assert tagger.predict(split[:3]) == list(split[:3])
    found = tagger.predictions(split[:2])
    assert [prediction.spans for prediction in found] == [s.spans for s in split[:2]]
    assert all(len(p.scores) == 2 for p in found)
    assert evaluate(tagger, split).f1 == 1
    (ranked,) = tagger.tag_nbest("王小明在北京大学工作。", 1)
    assert [e.text for e in ranked.alternatives[0].entities] == ["王小明", "北京大学"]


# --- tag layers -----------------------------------------------------------------------------------


def test_entities_of_several_layers_overlap(layered_tagger: Tagger) -> None:
    text = "Carl Maria visited New York."
    found = layered_tagger(text)
    assert [(e.text, e.label, e.layer) for e in found.entities] == [
        ("Carl Maria", "PER", "outer"),
        ("Maria", "LAST", "inner"),
        ("New York", "LOC", "outer"),
        ("York", "LOC", "inner"),
    ]
    assert [document.entities for document in layered_tagger.pipe([text] * 3)] == (
        [found.entities] * 3
    )
    assert layered_tagger.layers == ("outer", "inner")
    assert found.sentences[0].of_layer("inner").spans == (Span(1, 2, "LAST"), Span(4, 5, "LOC"))
    (marginals,) = layered_tagger.marginals([Sentence(("Anna", "left"))])
    assert marginals.shape == (2, len(layered_tagger.tags))
    assert marginals.sum(1) == pytest.approx([2.0, 2.0])
    with pytest.raises(UsageError, match="alternatives are those of one tag layer"):
        layered_tagger.tag_nbest(text, 2)


def test_a_single_layer_keeps_its_name(
    layered_corpus: Corpus, tiny_config: Config, tmp_path: Path
) -> None:
    one = replace(layered_corpus, layers=()).map(
        lambda s: replace(s, spans=tuple(x for x in s.spans if x.layer == "outer"))
    )
    tagger = train(one, tmp_path / "run", tiny_config, device="cpu")
    assert tagger.layers == Tagger.load(tmp_path / "run").layers == ("outer",)
    assert {entity.layer for entity in tagger("Anna visited Rome.").entities} == {"outer"}
    assert evaluate(tagger, one.test).f1 == 1.0


def test_layers_are_scored_only_with_their_names(
    layered_tagger: Tagger, tiny_tagger: Tagger, layered_corpus: Corpus, tiny_corpus: Corpus
) -> None:
    assert evaluate(layered_tagger, layered_corpus.test).f1 == 1.0
    pairs = (layered_tagger, tiny_corpus, "none"), (tiny_tagger, layered_corpus, "inner, outer")
    for tagger, corpus, names in pairs:
        with pytest.raises(UsageError, match=rf"layers of the corpus \({names}\) are not those"):
            evaluate(tagger, corpus.test)

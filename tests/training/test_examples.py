"""Training examples: splitting, word dropout, and every sentence dealt out once an epoch."""

import contextlib
import io
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner.config import Config
from ner.corpus import Corpus
from ner.corpus.partial import agreeing_tags
from ner.errors import ConfigError
from ner.features import (
    UNKNOWN,
    Batch,
    Context,
    Example,
    FeatureTable,
    Indexer,
    TagBatch,
    Words,
    WordTable,
    collate,
    plan_batches,
)
from ner.features.casing import casing
from ner.features.clusters import Clusters
from ner.features.document_context import DocumentContext
from ner.features.feature import Feature
from ner.features.gazetteers import Gazetteers
from ner.features.indexer import FeatureIds
from ner.features.word_lists import WordList
from ner.features.words import unk_rates
from ner.tags import parse_tag, spans_of, tag_set
from ner.text import CASES, PartialLabel, Sentence, Span, recased
from ner.training import examples
from ner.training.examples import (
    CONTEXT_SHARE,
    TrainingSet,
    draw_cases,
    drop_words,
    type_costs,
)
from ner.training.preparation import LONGEST, split_long
from tests.features.making import an_indexer, with_features

# --- words hidden ------------------------------------------------------------------

CLUSTERS = Clusters(("0", "10"), {"Anna": 0, "Rome": 1})
CONFIG = Config().replace(
    {
        "train.word_dropout": 0.1,
        "train.unk_replacement": 0.6,
        "train.case_augmentation": 0.0,
    }
)
SEEN = [Sentence(("the", "Once", "The", "twice", "twice", "12", "34", "vector"))]


def rate_of(word: str, indexer: Indexer, rates: torch.Tensor) -> float:
    return float(rates[indexer.words.tables[0][word]])


def test_words_seen_once_stand_for_unseen_ones() -> None:
    indexer = an_indexer([SEEN[0].tokens], CONFIG.model)
    rates = unk_rates(indexer.words, SEEN[0].tokens, CONFIG.train, frozenset({"vector"}))
    assert rates.shape == (len(indexer.words.tables[0].words),)
    found = {word: rate_of(word, indexer, rates) for word in SEEN[0].tokens}
    assert found == pytest.approx(
        {
            "the": 0.1,  # twice, once folded
            "The": 0.1,
            "Once": 0.6,
            "twice": 0.1,
            "12": 0.1,  # 00, twice
            "34": 0.1,
            "vector": 0.1,  # once, but its vector will be known of unseen text, too
        }
    )


def test_a_word_seen_once_is_hidden_no_less_than_others() -> None:
    config = replace(CONFIG.train, word_dropout=0.7)
    indexer = an_indexer([SEEN[0].tokens], CONFIG.model)
    rates = unk_rates(indexer.words, SEEN[0].tokens, config)
    assert rates[2:] == pytest.approx(torch.full((len(rates) - 2,), 0.7))


def training_set(corpus: Corpus, config: Config) -> TrainingSet:
    indexer = an_indexer([s.tokens for s in corpus.train], config.model)
    tags = tag_set(corpus.labels, config.model.scheme)
    segments = list(split_long(corpus.train))
    return TrainingSet(segments, indexer, tags, config.model.scheme, config.train)


def choices_of(batch: Batch) -> Tensor:
    """The tags that tokens can have ``[B, T, K]``."""
    assert isinstance(batch.target, TagBatch)
    assert batch.target.possible is not None
    return batch.target.possible


def test_words_are_hidden_as_often_as_said(tiny_corpus: Corpus, tiny_config: Config) -> None:
    torch.manual_seed(5)
    config = tiny_config.replace({"train.word_dropout": 0.0})
    [batch] = training_set(
        tiny_corpus, config.replace({"train.batch_sentences": 999, "train.batch_tokens": 9999})
    ).batches(1)
    rates = torch.zeros(int(batch.words.max()) + 1)
    own = batch.words[:, 0]
    rates[2], rates[3], rates[0], rates[UNKNOWN] = 0.25, 1.0, 1.0, 1.0
    hidden = Counter[int]()
    for _ in range(2000):
        shown = drop_words(batch, rates).words[:, 0]
        assert bool(((shown == own) | (shown == UNKNOWN)).all())
        assert int(shown[0]) == 0, "padding is never hidden"
        hidden.update(own[shown != own].tolist())
    rows = Counter(own.tolist())
    assert set(hidden) == {2, 3}
    assert hidden[3] == 2000 * rows[3]
    assert hidden[2] / (2000 * rows[2]) == pytest.approx(0.25, abs=0.05)


def test_a_hidden_word_is_hidden_in_all_tables_and_nowhere_else(tiny_corpus: Corpus) -> None:
    torch.manual_seed(5)
    tokens = [token for sentence in tiny_corpus.train for token in sentence.tokens]
    tables = [
        WordTable.count(tokens, 1, fold_case=fold, fold_digits=fold) for fold in (True, False)
    ]
    listed = WordList.build("LOC", [["New", "York"]])
    indexer = an_indexer([["nor"]], None, Words(tuple(tables)), CLUSTERS, Gazetteers((listed,)))
    table = FeatureTable(indexer)
    batch = collate(table, [Example(table.rows(s.tokens)) for s in tiny_corpus.train], range(24))
    rates = torch.full((len(tables[0].words),), 0.4)
    counts = [0, 0]
    for _ in range(20):
        shown = drop_words(batch, rates)
        hidden = (shown.words == UNKNOWN).all(1)
        assert shown.words[~hidden].equal(batch.words[~hidden])
        assert not hidden[0]
        counts[0] += int(hidden.sum())
        counts[1] += len(hidden) - 1
        for name in ("categorical", "characters", "forms"):
            assert getattr(shown, name) is getattr(batch, name)
    assert counts[0] / counts[1] == pytest.approx(0.4, abs=0.1)


def test_rates_go_by_the_number_in_the_first_table() -> None:
    exact = WordTable.count(SEEN[0].tokens, 1, fold_case=False, fold_digits=False)
    folded = an_indexer([SEEN[0].tokens], CONFIG.model).words.tables[0]
    indexer = with_features(an_indexer([]), Words((exact, folded)))
    rates = unk_rates(indexer.words, SEEN[0].tokens, CONFIG.train, frozenset({"vector"}))
    found = {word: rate_of(word, indexer, rates) for word in SEEN[0].tokens}
    once = dict.fromkeys(("the", "Once", "The", "12", "34"), 0.6)
    assert found == pytest.approx({**once, "twice": 0.1, "vector": 0.1})


# --- batches -----------------------------------------------------------------------


def members(batches: TrainingSet, epoch: int) -> list[tuple[int, ...]]:
    return [batch.order for batch in batches.batches(epoch)]


def test_an_epoch_has_every_sentence_once(tiny_corpus: Corpus, tiny_config: Config) -> None:
    batches = training_set(tiny_corpus, tiny_config)
    for epoch in (1, 2):
        dealt = [number for order in members(batches, epoch) for number in order]
        assert sorted(dealt) == list(range(len(tiny_corpus.train)))
        assert len(members(batches, epoch)) == batches.count()
    assert batches.tokens == sum(map(len, tiny_corpus.train))


def test_batches_keep_both_bounds(tiny_corpus: Corpus, tiny_config: Config) -> None:
    config = tiny_config.replace({"train.batch_sentences": 3, "train.batch_tokens": 11})
    for batch in training_set(tiny_corpus, config).batches(1):
        assert len(batch.order) <= 3
        assert batch.mask.numel() <= 11 or len(batch.order) == 1


def test_batches_carry_the_tags_of_their_sentences(
    tiny_corpus: Corpus, tiny_config: Config
) -> None:
    tags = tag_set(tiny_corpus.labels, "iobes")
    for batch in training_set(tiny_corpus, tiny_config).batches(1):
        assert isinstance(batch.target, TagBatch)
        for row, number in enumerate(batch.order):
            sentence = tiny_corpus.train[number]
            told = [parse_tag(tags[i]) for i in batch.target.ids[row, : len(sentence)].tolist()]
            assert tuple(spans_of(told)) == sentence.spans


def test_epochs_and_seeds_differ(tiny_corpus: Corpus, tiny_config: Config) -> None:
    batches = training_set(tiny_corpus, tiny_config)
    other = training_set(tiny_corpus, tiny_config.replace({"train.seed": 2}))
    assert len({str(members(batches, epoch)) for epoch in range(1, 9)}) == 8
    assert members(batches, 1) != members(other, 1)
    assert {frozenset(order) for order in members(batches, 1)} != {
        frozenset(order) for order in members(batches, 2)
    }


def test_the_same_seed_and_epoch_give_the_same(tiny_corpus: Corpus, tiny_config: Config) -> None:
    """Whatever was drawn before: that is what lets a run be resumed."""
    one, other = (training_set(tiny_corpus, tiny_config) for _ in range(2))
    members(one, 1)
    assert members(one, 2) == members(other, 2)


SCRIPT = """
import torch
from torch import Tensor
from ner.config import Config
from ner.text import Sentence, Span
from ner.training.build import build_model
from ner.training.examples import TrainingSet
small = {"model.hidden": 4, "model.word_dim": 4, "train.case_augmentation": 0.3}
config = Config().replace(small)
names = "Anna Berta Carl Dora Emil Fritz Gustav Hans Ida Jan".split()
labels = ["PER", "LOC", "ORG", "MISC"]
train = [
    Sentence((name, *["waits"] * (i % 4)), (Span(0, 1, labels[i % 4]),))
    for i, name in enumerate(names)
]
model = build_model(train, config, torch.device("cpu")).model
data = TrainingSet(train, model.indexer, model.outputs, "iobes", config.train)
torch.manual_seed(1)
indexer = model.indexer
print(model.outputs, list(indexer.words.tables[0].words), list(indexer.characters.vocabulary))
print([(batch.order, batch.words.tolist(), batch.target.ids.tolist()) for batch in data.batches(3)])
print(round(sum(weight.double().sum().item() for weight in model.network.parameters()), 3))
"""


@pytest.mark.slow
def test_the_same_seed_gives_the_same_in_every_process() -> None:
    """Python hashes text differently in each process; nothing may depend on it."""
    other = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = io.StringIO()
    with contextlib.redirect_stdout(here):
        exec(SCRIPT, {})
    assert here.getvalue() == other.stdout
    assert "B-PER" in other.stdout


def test_long_sentences_are_cut_to_size(tiny_config: Config) -> None:
    tokens = ("Anna", "visited", "Rome") * 400
    corpus = Corpus("long", (Sentence(tokens, (Span(0, 1, "PER"), Span(511, 513, "LOC"))),))
    batches = list(training_set(corpus, tiny_config).batches(1))
    assert sum(int(batch.lengths.sum()) for batch in batches) == 1200
    assert max(int(batch.lengths.max()) for batch in batches) <= LONGEST


def test_epochs_are_counted_without_planning_each(
    tiny_corpus: Corpus, tiny_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = training_set(tiny_corpus, tiny_config)
    plans = Mock(wraps=plan_batches)
    monkeypatch.setattr(examples, "plan_batches", plans)
    counts = {batches.count(epoch) for epoch in range(1, 6)}
    assert plans.call_count == 1
    assert counts == {len(list(batches.batches(1)))} == {len(list(batches.batches(5)))}


# --- another case ------------------------------------------------------------------


def test_cases_are_drawn_as_often_as_said() -> None:
    rng = np.random.default_rng(5)
    drawn = draw_cases(9000, 0.2, rng)
    assert all(type(number) is int and 0 <= number < 9000 for number in drawn)
    assert len(drawn) / 9000 == pytest.approx(0.2, abs=0.02)
    shares = {case: count / len(drawn) for case, count in Counter(drawn.values()).items()}
    assert shares == pytest.approx(dict.fromkeys(CASES, 1 / 3), abs=0.05)


def test_without_augmentation_nothing_is_drawn() -> None:
    rng = np.random.default_rng(5)
    assert draw_cases(9, 0.0, rng) == {}
    assert rng.random() == np.random.default_rng(5).random()


FORMS = ("Anna", "waits", "in", "New", "York", "2nd", "3.5", "王")


def in_cases(share: float, *more: Feature, contexts: Sequence[Context] = ()) -> TrainingSet:
    """Sentences alike, so that a batch shows what each of them has become."""
    sentences = [Sentence(FORMS, (Span(0, 1, "PER"),))] * 12
    config = CONFIG.replace({"train.case_augmentation": share, "train.word_dropout": 0.0})
    indexer = an_indexer([FORMS], config.model, *more)
    dealt = TrainingSet(sentences, indexer, tag_set(["PER"], "iobes"), "iobes", config.train)
    if contexts:
        dealt.add_contexts(sentences, contexts)
    return dealt


def shown(batch: Batch) -> list[tuple[FeatureIds, ...]]:
    """The ids of the tokens of each sentence of a batch."""
    ids = [
        FeatureIds(tuple(words), tuple(categorical), tuple(filter(None, characters)))
        for words, categorical, characters in zip(
            batch.words.tolist(), batch.categorical.tolist(), batch.characters.tolist(), strict=True
        )
    ]
    return [tuple(ids[form] for form in forms) for forms in batch.forms.tolist()]


def test_all_features_are_those_of_the_other_case() -> None:
    listed = Gazetteers((WordList.build("LOC", [["New", "York"]]),))
    words = Words(
        tuple(WordTable.count(FORMS, 1, fold_case=f, fold_digits=f) for f in (True, False))
    )
    more = (listed, CLUSTERS, words)
    indexer = an_indexer([FORMS], CONFIG.model, *more)
    forms = (FORMS, *(recased(FORMS, case) for case in CASES))
    expected = {tuple(map(indexer.ids, indexer.keys(tokens))) for tokens in forms}
    assert len(expected) == 4
    dealt = in_cases(0.6, *more)
    found = {ids for epoch in range(8) for batch in dealt.batches(epoch) for ids in shown(batch)}
    assert found == expected


def test_labels_stay_in_another_case() -> None:
    for batch in in_cases(0.9).batches(1):
        assert isinstance(batch.target, TagBatch)
        assert len({*map(tuple, batch.target.ids.tolist())}) == 1
        assert sum(batch.target.ids[0].tolist()) > 0
        assert batch.lengths.tolist() == [len(FORMS)] * 12


def test_contexts_stay_in_another_case() -> None:
    context = [(6, 6)] * len(FORMS)
    dealt = in_cases(0.9, DocumentContext(("LOC", "PER")), contexts=[context] * 12)
    found = {
        (ids[0].characters, ids[0].categorical[-2:])
        for epoch in range(8)
        for batch in dealt.batches(epoch)
        for ids in shown(batch)
    }
    assert len(found) == 3 * 2, "Anna, anna and ANNA, each in either pass"


def test_another_case_follows_from_seed_and_epoch_alone() -> None:
    """Whatever came before: an epoch adds rows to the table, and a resumed run lacks those."""
    one, other = in_cases(0.5), in_cases(0.5)
    found = [[shown(batch) for batch in one.batches(epoch)] for epoch in range(5)]
    assert [shown(batch) for batch in other.batches(4)] == found[4]
    assert [batch.words.tolist() for batch in one.batches(3)] == [
        batch.words.tolist() for batch in in_cases(0.5).batches(3)
    ]
    assert len({str(epoch) for epoch in found}) == 5


def test_contextual_embeddings_are_of_the_other_case() -> None:
    def embed(sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float16]]:
        return [np.array([[token.isupper(), len(token)] for token in s], "f2") for s in sentences]

    config = CONFIG.replace({"train.case_augmentation": 0.5}).train
    sentences, tags = [Sentence(("anna", "left"))] * 20, tag_set(["PER"], "iobes")
    dealt = TrainingSet(
        sentences, an_indexer([("anna", "left")]), tags, "iobes", config, embed=embed
    )
    found = set[int]()
    for [batch] in map(dealt.batches, range(5)):
        assert batch.contextual is not None
        casings = batch.categorical[batch.forms][:, :, 0]
        assert (batch.contextual[:, :, 0] == 1).equal(casings == casing("ANNA"))
        found.update(casings.flatten().tolist())
    assert found == {casing(word) for word in ("anna", "ANNA", "Anna")}


# --- partly labelled ---------------------------------------------------------------

BEGUN = (
    PartialLabel("PER", "no"),
    PartialLabel(None, "open"),
    PartialLabel("", "no"),
    PartialLabel(None, "no"),
)


@pytest.mark.parametrize("scheme", ["iobes", "iob2", "io"])
def test_batches_carry_what_is_known(scheme: str, tiny_corpus: Corpus, tiny_config: Config) -> None:
    partly = Sentence(("Carl", "Maria", "visited", "it"), partial=BEGUN)
    corpus = replace(tiny_corpus, train=(*tiny_corpus.train, partly))
    config = tiny_config.replace({"model.scheme": scheme, "train.batch_sentences": 99})
    tags = tag_set(corpus.labels, scheme)
    [batch] = training_set(corpus, config).batches(1)
    assert isinstance(batch.target, TagBatch)
    choices = choices_of(batch)
    for row, number in enumerate(batch.order):
        size = len(corpus.train[number])
        assert choices[row, size:].all()
        known = choices[row, :size]
        own = batch.target.ids[row, :size, None]
        assert known.gather(1, own).all(), "tags are among the choices"
        if number == len(tiny_corpus.train):
            assert [*map(tuple, known.tolist())] == agreeing_tags(BEGUN, tags, scheme)
        else:
            assert known.sum(1).tolist() == [1] * size


def test_a_type_of_which_only_parts_are_known_has_tags(tiny_config: Config) -> None:
    corpus = Corpus("part", (Sentence(tuple("abcd"), partial=BEGUN),))
    assert corpus.labels == ("PER",)
    [batch] = training_set(corpus, tiny_config).batches(1)
    assert choices_of(batch).int().tolist() == [
        [[0, 1, 0, 0, 1], [1, 0, 0, 1, 1], [1, 0, 0, 0, 0], [1, 0, 0, 0, 1]]
    ]


def test_fully_labelled_sentences_have_no_choices(tiny_corpus: Corpus, tiny_config: Config) -> None:
    for batch in training_set(tiny_corpus, tiny_config).batches(1):
        assert isinstance(batch.target, TagBatch)
        assert batch.target.possible is None


# --- weights of types --------------------------------------------------------------

TAGS = tag_set(["MISC", "PER", "a=b"], "iob2")


def test_costs_are_logs_of_weights() -> None:
    costs = type_costs(" MISC=2, a=b = 0.5", TAGS)
    assert costs is not None
    assert costs.exp().tolist() == pytest.approx([1, 2, 2, 1, 1, 0.5, 0.5])
    assert type_costs("", TAGS) is None
    zeros = type_costs("PER=1", TAGS)
    assert zeros is not None
    assert not zeros.any()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (
            "LOC=2",
            "'LOC=2' will not do; types have a weight, as in MISC=2; the corpus has MISC, PE",
        ),
        ("PER=1,O=2", "'O=2' will not do; types have a weight"),
        ("MISC", "'MISC' will not do; types have a weight"),
        ("MISC=2,", "'' will not do"),
        ("=2", "'=2' will not do"),
        ("MISC=2,MISC=3", "'MISC=3' will not do; the type has a weight already"),
        ("MISC=0", "'MISC=0' will not do; a weight is a number above 0"),
        ("MISC=-1", "a weight is a number above 0"),
        ("MISC=inf", "a weight is a number above 0"),
        ("MISC=nan", "a weight is a number above 0"),
        ("MISC=much", "'MISC=much' will not do; a weight is a number above 0"),
    ],
)
def test_weights_that_will_not_do(weights: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        type_costs(weights, TAGS)
    assert message in str(caught.value)
    assert str(caught.value).startswith("setting train.type_weights: ")
    assert "\n" not in str(caught.value)


# --- document context --------------------------------------------------------------


def two_pass_set(corpus: Corpus) -> tuple[TrainingSet, list[list[tuple[int, int]] | None]]:
    """A training set, and first-pass labels of all sentences but the first."""
    context = DocumentContext(("LOC", "PER"))
    indexer = an_indexer([s.tokens for s in corpus.train], CONFIG.model, context)
    tags = tag_set(corpus.labels, "iobes")
    dealt = TrainingSet(corpus.train, indexer, tags, "iobes", CONFIG.train)
    heard = [[(6, 6)] * len(s) if i else None for i, s in enumerate(corpus.train)]
    return dealt, heard


def second_passes(dealt: TrainingSet, epoch: int) -> dict[int, bool]:
    """For each sentence whether it has first-pass labels, which are then at all its tokens."""
    found: dict[int, bool] = {}
    for batch in dealt.batches(epoch):
        for row, number in enumerate(batch.order):
            length = int(batch.lengths[row])
            labels = {
                tuple(batch.categorical[form, -2:].tolist()) for form in batch.forms[row, :length]
            }
            assert len(labels) == 1
            assert int(number) not in found
            found[int(number)] = labels == {(6, 6)}
    return found


def test_sentences_are_dealt_out_as_either_pass_sees_them(tiny_corpus: Corpus) -> None:
    dealt, heard = two_pass_set(tiny_corpus)
    before = second_passes(dealt, 1)
    assert before == dict.fromkeys(range(len(tiny_corpus.train)), False)
    dealt.add_contexts(tiny_corpus.train, heard)
    epochs = [second_passes(dealt, epoch) for epoch in range(1, 31)]
    assert all(epoch.keys() == before.keys() for epoch in epochs)
    assert not any(epoch[0] for epoch in epochs)
    share = sum(sum(epoch.values()) for epoch in epochs) / (30 * (len(before) - 1))
    assert share == pytest.approx(CONTEXT_SHARE, abs=0.1)
    assert len({tuple(sorted(epoch.items())) for epoch in epochs}) == 30
    assert second_passes(dealt, 1) == epochs[0]


def test_first_pass_labels_fit_the_segments_of_long_sentences() -> None:
    long = Sentence(("Anna", "came") * LONGEST, (Span(0, 1, "PER"),))
    segments = tuple(split_long([long]))
    dealt, _ = two_pass_set(Corpus("long", segments, (), ()))
    dealt.add_contexts(segments, [None, [(6, 6)] * LONGEST])
    found = {tuple(sorted(second_passes(dealt, epoch).items())) for epoch in range(20)}
    assert found == {((0, False), (1, False)), ((0, False), (1, True))}
    with pytest.raises(ValueError, match="shorter"):
        dealt.add_contexts(segments, [None])


def test_examples_beyond_the_training_split_have_one_pass() -> None:
    first = Sentence(("Anna", "came"), (Span(0, 1, "PER"),))
    dealt, _ = two_pass_set(Corpus("two", (first, Sentence(("Rome", "fell"))), (), ()))
    dealt.add_contexts([first], [[(6, 6)] * 2])
    found = {tuple(sorted(second_passes(dealt, epoch).items())) for epoch in range(20)}
    assert found == {((0, False), (1, False)), ((0, True), (1, False))}

"""The whole network: neighbours have no influence, and it learns what it is shown."""

import dataclasses
import string
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.config import ModelConfig
from ner.features import (
    Batch,
    CountsBatch,
    Example,
    FeatureTable,
    Indexer,
    LayerBatch,
    LayerTags,
    TagBatch,
    Tags,
    Words,
    WordTable,
    collate,
)
from ner.features.clusters import Clusters
from ner.features.gazetteers import Gazetteers
from ner.features.word_lists import WordList
from ner.model import Inputs, Network, threads
from ner.model.encoder import CELLS
from ner.tags import parse_tag, spans_of, tag_set
from tests.features.making import an_indexer, with_features
from tests.model.brute import Decoding
from tests.model.gradients import gradient_of

SMALL = ModelConfig(
    word_dim=12, char_dim=6, char_hidden=8, casing_dim=3, hidden=12, dropout=0.1, layers=1
)

# Eight sentences; the same words stand inside and outside entities.
SENTENCES = [
    ("Angela Merkel met Theresa May in Paris .", "B-PER E-PER O B-PER E-PER O S-LOC O"),
    ("Paris Hilton left the Bank of England .", "B-PER E-PER O O B-ORG I-ORG E-ORG O"),
    ("In May the bank opened .", "O O O O O O"),
    ("England won .", "S-LOC O O"),
    ("New York City Council said no", "B-ORG I-ORG I-ORG E-ORG O O"),
    ("He lives in New York City , Texas", "O O O B-LOC I-LOC E-LOC O S-LOC"),
    ("No", "O"),
    ("Texas", "S-LOC"),
]
TAGS = tag_set(["LOC", "ORG", "PER"], "iobes")


CLUSTERS = Clusters(("0", "0110", "0111010"), {"the": 0, "Paris": 1, "May": 1, "bank": 2})
LISTS = (
    WordList.build("LOC", [["New", "York", "City"], ["England"], ["Bank", "of", "England"]]),
    WordList.build("PER", [["Theresa", "May"], ["May"]]),
)


def with_everything(indexer: Indexer) -> Indexer:
    """The indexer with a second table of words, clusters and word lists."""
    known = ["Paris", "bank", "May"]
    dim = SMALL.word_dim
    exact = WordTable.count(known, 1, fold_case=False, fold_digits=False, dim=dim)
    words = Words((*indexer.words.tables, exact))
    return with_features(indexer, words, CLUSTERS, Gazetteers(LISTS))


class Work:
    """A small network and the eight sentences as numbers."""

    def __init__(self, *, everything: bool = False, **changes: Any) -> None:
        torch.manual_seed(1)
        config = dataclasses.replace(SMALL, **changes)
        self.sentences = [text.split() for text, _ in SENTENCES]
        self.gold = [tags.split() for _, tags in SENTENCES]
        indexer = an_indexer(self.sentences, config)
        if everything:
            indexer = with_everything(indexer)
        self.table = FeatureTable(indexer)
        self.examples = [
            Example(self.table.rows(tokens), Tags(np.array([TAGS.index(tag) for tag in tags])))
            for tokens, tags in zip(self.sentences, self.gold, strict=True)
        ]
        self.inputs = Inputs(indexer)
        self.network = Network(config, TAGS, self.inputs)

    def batch(self, order: list[int]) -> Batch:
        return collate(self.table, self.examples, order)

    def examples_of(self, sentences: list[list[str]]) -> Batch:
        examples = [Example(self.table.rows(tokens)) for tokens in sentences]
        return collate(self.table, examples, range(len(examples)))


def tags_in(batch: Batch) -> TagBatch:
    """The tags of a batch."""
    assert isinstance(batch.target, TagBatch)
    return batch.target


@pytest.mark.slow
@pytest.mark.parametrize("head", ["crf", "softmax"])
@pytest.mark.parametrize("cell", CELLS)
def test_eight_sentences_are_learnt_by_heart(head: str, cell: str) -> None:
    work = Work(head=head, cell=cell)
    everything = work.batch(list(range(8)))
    optimizer = torch.optim.Adam(work.network.parameters(), lr=0.02)
    losses = []
    for _ in range(60):
        loss = work.network.train().loss(everything)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    assert np.isfinite(losses).all()
    assert np.mean(losses[-5:]) < 0.1 * losses[0]
    network = work.network.eval()
    decoded = Decoding(network.head).decode(network.emissions(everything), everything.lengths)
    for row, gold in zip(decoded.tolist(), work.gold, strict=True):
        assert spans_of(TAGS[k] for k in row[: len(gold)]) == spans_of(gold)


NETWORKS: list[dict[str, Any]] = [
    {},
    {"cell": "gru", "chars": "lstm", "head": "softmax"},
    {"cell": "rnn", "chars": "none", "layers": 2, "bidirectional": False},
    {"layers": 2, "casing_dim": 0, "char_kernel": 5},
    {"everything": True},
]


@pytest.mark.parametrize("changes", NETWORKS, ids=str)
def test_a_sentence_does_not_depend_on_its_neighbours(changes: dict[str, Any]) -> None:
    work = Work(**changes)
    network = work.network.eval()
    long_word = "x" * 30
    work.examples.append(
        Example(work.table.rows([long_word] * 40), Tags(np.zeros(40, dtype=np.int64)))
    )
    alone = [network.emissions(work.batch([i]))[0] for i in range(9)]
    for order in ([3, 0, 6], [8, 6], [7, 7, 6], list(range(9)), [5, 8, 1, 0]):
        batch = work.batch(order)
        emissions = network.emissions(batch)
        decoded = Decoding(network.head).decode(emissions, batch.lengths)
        losses = network.head.loss(emissions, tags_in(batch).ids, batch.lengths)
        for row, i in enumerate(order):
            size = len(work.examples[i])
            torch.testing.assert_close(emissions[row, :size], alone[i], atol=1e-5, rtol=0.0)
            single = work.batch([i])
            assert decoded[row, :size].equal(
                Decoding(network.head).decode(alone[i][None], single.lengths)[0]
            )
            torch.testing.assert_close(losses[row], network.loss(single), atol=1e-4, rtol=1e-4)


words = st.text(string.ascii_letters + string.digits + "é中'-", min_size=0, max_size=50)


@given(st.lists(st.lists(words, min_size=1, max_size=8), min_size=1, max_size=5))
@settings(max_examples=20)
def test_any_words_get_finite_scores_and_legal_tags(sentences: list[list[str]]) -> None:
    work = Work()
    network = work.network.eval()
    batch = work.examples_of(sentences)
    emissions = network.emissions(batch)
    assert emissions.shape == (len(sentences), max(map(len, sentences)), len(TAGS))
    assert emissions.isfinite().all()
    tags = Decoding(network.head).decode(emissions, batch.lengths)
    places = [
        (b, span.start, span.end)
        for b, (row, tokens) in enumerate(zip(tags.tolist(), sentences, strict=True))
        for span in spans_of(parse_tag(TAGS[k]) for k in row[: len(tokens)])
    ]
    scores = Decoding(network.head).span_scores(emissions, batch.lengths, tags, places)
    assert len(scores) == len(places)
    assert all(0.0 < score <= 1.0 for score in scores)


def test_the_loss_is_the_mean_over_sentences() -> None:
    network = (work := Work()).network.eval()
    alone = torch.stack([network.loss(work.batch([i])) for i in range(8)])
    torch.testing.assert_close(network.loss(work.batch(list(range(8)))), alone.mean())


@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_sentences_with_expected_counts_may_weigh_less(head: str) -> None:
    work = Work(head=head)
    network = work.network.eval()
    batch = work.batch([0, 3])
    unary = torch.full((*batch.mask.shape, len(TAGS)), 1 / len(TAGS))
    moves = network.head.constraints.pack(np.zeros((2, len(TAGS), len(TAGS))))
    plain = CountsBatch(unary, torch.from_numpy(moves))

    def loss(*weights: float) -> torch.Tensor:
        target = plain._replace(weights=torch.tensor(weights)) if weights else plain
        return network.loss(dataclasses.replace(batch, target=target))

    torch.testing.assert_close(loss(1.0, 1.0), loss())
    torch.testing.assert_close(loss(1.0, 0.0) + loss(0.0, 1.0), loss())
    torch.testing.assert_close(loss(0.5, 0.0), 0.5 * loss(1.0, 0.0))


def with_possible(batch: Batch, possible: torch.Tensor) -> Batch:
    """The batch with several tags that tokens can have."""
    return dataclasses.replace(batch, target=tags_in(batch)._replace(possible=possible))


@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_the_loss_takes_partial_tags_and_costs_into_account(head: str) -> None:
    work = Work(head=head)
    network = work.network.eval()
    batch = work.batch([0, 3])
    known = torch.nn.functional.one_hot(tags_in(batch).ids, len(TAGS)).bool()
    hidden = known.clone()
    hidden[0, 2:6] = True
    plain = network.loss(batch)
    torch.testing.assert_close(network.loss(with_possible(batch, known)), plain)
    partly = network.loss(with_possible(batch, hidden))
    assert 0.0 < partly < plain
    costs = torch.tensor([0.0 if tag == "O" else 1.0 for tag in TAGS])
    assert network.loss(batch, costs) > plain
    assert partly < network.loss(with_possible(batch, hidden), costs)
    losses = network.head.loss(
        network.emissions(batch), tags_in(batch).ids, batch.lengths, hidden, costs
    )
    value = network.loss(with_possible(batch, hidden), costs)
    torch.testing.assert_close(value, losses.mean())


@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_probabilities_of_tags_and_sequences(head: str) -> None:
    work = Work(head=head)
    network = work.network.eval()
    batch = work.batch([1, 3, 6])
    emissions = network.emissions(batch)
    marginals = Decoding(network.head).marginals(emissions, batch.lengths)
    torch.testing.assert_close(marginals.sum(2), batch.mask.double())
    tags, probabilities = Decoding(network.head).nbest(emissions, batch.lengths, 4)
    assert tags[:, 0].equal(Decoding(network.head).decode(emissions, batch.lengths))
    assert (probabilities.diff(dim=1) <= 0.0).all()
    assert 0.0 < probabilities.sum(1).max() <= 1.0 + 1e-9
    # Of a single token, a sequence is a tag.
    one = [marginals[2, 0, k].item() for k in tags[2, :, 0].tolist()]
    assert probabilities[2].tolist() == pytest.approx(one)


@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_very_different_lengths_in_one_batch_give_finite_gradients(head: str) -> None:
    work = Work(head=head)
    work.examples.append(
        Example(work.table.rows(["No"] * 300), Tags(np.zeros(300, dtype=np.int64)))
    )
    torch.autograd.backward(work.network.train().loss(work.batch([6, 8])))
    assert all(gradient_of(p).isfinite().all() for p in work.network.parameters())


@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_a_tag_set_without_entities_trains_and_decodes(head: str) -> None:
    work = Work()
    config = dataclasses.replace(SMALL, head=head)
    network = Network(config, ["O"], Inputs(an_indexer([["a", "b"]], config)))
    target = TagBatch(torch.zeros(2, 1, dtype=torch.long))
    batch = dataclasses.replace(work.batch([6, 7]), target=target)
    batch = dataclasses.replace(
        batch, words=batch.words.clamp(max=3), characters=batch.characters.clamp(max=2)
    )
    loss = network.loss(batch)
    torch.autograd.backward(loss)
    assert loss.item() == pytest.approx(0.0, abs=1e-6)
    assert not Decoding(network.head).decode(network.emissions(batch), batch.lengths).any()


@pytest.mark.parametrize("everything", [False, True])
def test_weights_fit_a_network_built_from_the_same_arguments(everything: bool) -> None:
    one, other = Work(everything=everything), Work(everything=everything, dropout=0.3)
    torch.nn.init.normal_(one.network.projection.weight)
    other.network.load_state_dict(one.network.state_dict())
    batch = one.batch([0, 4])
    assert one.network.eval().emissions(batch).equal(other.network.eval().emissions(batch))
    # What comes from the tag set is not stored.
    learnt = [name for name, _ in one.network.head.named_parameters()]
    assert list(one.network.head.state_dict()) == learnt


@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_the_loss_of_layers_is_the_sum_of_theirs(head: str) -> None:
    work = Work(head=head)
    inner = tag_set(["PART"], "iobes")
    network = Network(work.network.config, [*TAGS, *inner], work.inputs, ("outer", "inner"))
    examples = [
        dataclasses.replace(
            example, target=LayerTags((own, Tags(np.full(len(example), len(inner) - 1))))
        )
        for example in work.examples
        if isinstance(own := example.target, Tags)
    ]
    assert len(examples) == len(work.examples)
    batch = collate(work.table, examples, range(len(examples)))
    network.eval()
    emissions = network.emissions(batch)
    assert isinstance(batch.target, LayerBatch)
    expected = 0.0
    columns = slice(0, len(TAGS)), slice(len(TAGS), None)
    for own_head, own_columns, target in zip(
        network.heads, columns, batch.target.parts, strict=True
    ):
        assert isinstance(target, TagBatch)
        loss: Any = own_head.loss
        expected += loss(emissions[:, :, own_columns], target.ids, batch.lengths).mean().item()
    assert network.loss(batch).item() == pytest.approx(expected, rel=1e-6)
    torch.autograd.backward(network.loss(batch))
    assert (gradient_of(network.projection.weight).abs().sum(1) > 0).all()
    moved = batch.to(torch.device("cpu"))
    assert network.loss(moved).item() == network.loss(batch).item()


def test_first_weights_are_the_same_on_any_number_of_threads() -> None:
    config = ModelConfig(hidden=200, chars="none")
    inputs = Inputs(an_indexer([["a", "b"]], config))

    def weights(count: int) -> dict[str, torch.Tensor]:
        with threads(count):
            torch.manual_seed(1)
            return Network(config, TAGS, inputs).state_dict()

    alone = weights(1)
    for count in (2, 3):
        for name, tensor in weights(count).items():
            assert torch.equal(tensor, alone[name]), name

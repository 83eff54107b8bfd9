import json

from ner.corpus.corpus import Corpus
from ner.corpus.stats import count, stats_rows
from ner.text import PartialLabel, Sentence, Span


def _sentence(text: str, *spans: tuple[int, int, str], document: int = 0) -> Sentence:
    return Sentence(tuple(text.split()), tuple(Span(*s) for s in spans), document=document)


CORPUS = Corpus(
    "x",
    train=(
        _sentence("Bonn is nice", (0, 1, "LOC")),
        _sentence("Paris", (0, 1, "LOC"), document=1),
    ),
    test=(_sentence("Paris and New York", (0, 1, "LOC"), (2, 4, "ORG")),),
    schemes={"train": "iob2"},
)


def test_figures_of_each_split() -> None:
    stats = count(CORPUS)
    assert list(stats.splits) == ["train", "test"]
    assert stats.labels == ("LOC", "ORG")
    train, test = stats.splits["train"], stats.splits["test"]
    assert (train.sentences, train.tokens, train.documents, train.scheme) == (2, 4, 2, "iob2")
    assert train.entities == {"LOC": 2}
    assert train.lengths == {0: 1, 50: 1, 90: 1, 99: 1, 100: 3}
    assert (train.unseen_tokens, train.unseen_entities) == (None, None)
    assert (test.unseen_tokens, test.unseen_entities) == (0.75, 0.5)


def test_nothing_to_compare_gives_no_share() -> None:
    alone = count(Corpus("x", test=CORPUS.test)).splits["test"]
    assert (alone.unseen_tokens, alone.unseen_entities) == (None, None)
    bare = count(Corpus("x", train=CORPUS.train, valid=(_sentence("Bonn"),))).splits["valid"]
    assert (bare.unseen_tokens, bare.unseen_entities) == (0.0, None)
    assert count(Corpus("x")).splits == {}


def test_figures_are_json() -> None:
    value = json.loads(json.dumps(count(CORPUS).to_dict()))
    assert value["splits"]["test"]["entities"] == {"LOC": 1, "ORG": 1}


def test_length_percentiles_of_a_hundred_and_one() -> None:
    sentences = tuple(_sentence("t " * length) for length in range(1, 102))
    lengths = count(Corpus("x", train=sentences)).splits["train"].lengths
    assert lengths == {0: 1, 50: 51, 90: 91, 99: 100, 100: 101}


def test_thousands_of_a_table_are_grouped() -> None:
    rows = stats_rows(count(Corpus("x", train=(_sentence("t " * 1234),))))
    assert ["tokens", "1,234"] in rows
    assert ["length, 100%", "1,234"] in rows


def test_tokens_of_unknown_type_are_counted() -> None:
    partial = (
        PartialLabel("LOC", "no"),
        PartialLabel(None, "open"),
        PartialLabel("", "no"),
        PartialLabel(None, "no"),
    )
    partly = Sentence(("New", "York", "is", "big"), partial=partial)
    splits = count(Corpus("x", train=(partly, partly), test=CORPUS.test)).splits
    assert (splits["train"].unknown, splits["test"].unknown) == (4, 0)
    assert splits["train"].entities == {}


def test_rows_have_a_column_for_each_split() -> None:
    rows = stats_rows(count(CORPUS))
    assert rows[0] == ["", "train", "test"]
    assert {len(row) for row in rows} == {3}
    named = {name: cells for name, *cells in rows}
    assert named["tag scheme"] == ["iob2", "-"]
    assert named["entities"] == ["2", "2"]
    assert named["  ORG"] == ["0", "1"]
    assert named["unseen tokens"] == ["-", "75.0%"]
    assert "unknown tokens" not in named

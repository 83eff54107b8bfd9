"""Token bigrams: from border to border, and the frequent ones alone are known."""

from ner.config import Config
from ner.features import UNKNOWN, TrainingData, Vocabulary
from ner.features.bigrams import Bigrams, bigrams
from ner.text import Sentence
from tests.features.making import an_indexer, with_features


def test_bigrams_reach_from_border_to_border() -> None:
    assert bigrams(["a", "b"]) == ["\ta", "a\tb", "b\t"]
    assert bigrams([]) == ["\t"]


def test_only_bigrams_that_occur_twice_are_known() -> None:
    sentences = [Sentence(("a", "b")), Sentence(("a", "b", "c"))]
    config = Config().replace({"model.bigrams": "yes"})
    found = Bigrams.build(TrainingData(sentences, (), config))
    assert found is not None
    assert list(found.vocabulary) == ["\ta", "a\tb"]
    assert found.files() == {"pairs.json": ["\ta", "a\tb"]}
    assert Bigrams.build(TrainingData(sentences, (), Config())) is None


def test_a_key_has_the_bigrams_before_and_behind() -> None:
    pairs = Vocabulary(["a\tb", "b\t"])
    indexer = with_features(an_indexer([["a"]]), Bigrams(pairs))
    known = pairs["a\tb"], pairs["b\t"]
    assert indexer.keys(["a", "b"]) == [("a", (UNKNOWN, known[0])), ("b", known)]
    assert indexer.categorical[-1].sizes == (4, 4)
    assert indexer.ids(("b", known)).categorical[-2:] == known


def test_bigrams_grow_by_those_that_occur_twice() -> None:
    old = Bigrams(Vocabulary(["a\tb", "b\t"]))
    sentences = [Sentence(("a", "b")), Sentence(("c", "b")), Sentence(("c",))]
    new = old.grown(TrainingData(sentences, (), Config()))
    assert list(new.vocabulary) == ["a\tb", "b\t", "\tc"]
    assert new.origins(old) == [(0, 1, 2, 3, UNKNOWN)] * 2

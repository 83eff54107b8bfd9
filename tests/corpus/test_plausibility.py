from ner.corpus.plausibility import implausible
from ner.text import Sentence, Span


def _kinds(*sentences: Sentence) -> dict[str, str]:
    return {finding.kind: finding.message for finding in implausible({"train": sentences})}


def _typed(*labels: str) -> Sentence:
    spans = tuple(Span(i, i + 1, label) for i, label in enumerate(labels))
    return Sentence(("x",) * len(labels), spans, source="f", line=1)


def test_a_plain_corpus_gives_no_hint() -> None:
    words = tuple(f"w{letter}" for letter in "abc")
    assert _kinds(Sentence(words), _typed("PER", "LOC")) == {}
    assert list(implausible({"train": (), "test": ()})) == []


def test_numbers_of_tokens() -> None:
    found = _kinds(Sentence(("1", "2", "3")), Sentence(("1", "2")))
    assert found == {
        "index column": "train: the tokens are the numbers 1, 2, 3 …; "
        "choose theirs with --token-column"
    }
    assert not _kinds(Sentence(("1", "Paris")))


def test_a_sentence_without_end() -> None:
    assert "give --split-sentences" in _kinds(Sentence(("a",) * 1000))["endless sentence"]
    assert not _kinds(Sentence(("a",) * 1000), Sentence(("b",)))
    (found,) = implausible({"train": [Sentence(("a",) * 5000)] * 7 + [Sentence(("b",))]})
    assert (found.count, len(found.places), found.unlisted) == (7, 5, 2)


def test_a_common_prefix() -> None:
    prefixed = tuple(f"de:{i}x" for i in range(20))
    assert _kinds(Sentence(prefixed)) == {
        "common prefix": "train: all tokens begin with 'de:'; remove that from the file"
    }
    assert not _kinds(Sentence((*prefixed, "x")))
    assert not _kinds(Sentence(prefixed[:19]))
    assert not _kinds(Sentence(tuple(f"aa{i}" for i in range(30))))  # letters: words alike


def test_types_that_are_one_or_several_or_refused() -> None:
    found = _kinds(_typed("per", "PER", "LOC,ORG", "a|b", "x\x1b"))
    assert found["types alike"] == "types that differ in case only: 'PER', 'per'"
    assert found["several types"] == "the type 'a|b' looks like several types in one cell"
    assert "ner train refuses it" in found["unprintable type"]

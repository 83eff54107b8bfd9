"""Parts of a corpus that are labelled by different rules."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ner.extensions.audit.guidelines import by_sentence, differences
from ner.extensions.audit.usage import Usage
from ner.text import Sentence, Span
from tests.extensions.audit.corpora import sentence

ORG, LOC = Span(0, 1, "ORG"), Span(0, 1, "LOC")


def told(
    corpus: Sequence[Sentence],
    wrong: Mapping[int, Sequence[float]] | None = None,
    documents: Sequence[int] | None = None,
) -> list[str]:
    documents = documents or [0] * len(corpus)
    return differences(corpus, documents, Usage(corpus, documents), wrong or {})


def of_file(name: str, count: int, *spans: Span) -> list[Sentence]:
    return [replace(sentence("EU said", *spans), source=name)] * count


def test_files_that_label_a_string_otherwise() -> None:
    assert told([*of_file("a", 9, ORG), *of_file("b", 8)]) == [
        "“EU”: ORG in 9 of 9 places of a, no entity in 8 of 8 of b"
    ]
    assert told([*of_file("a", 9, ORG), *of_file("b", 8, LOC)]) == [
        "“EU”: ORG in 9 of 9 places of a, LOC in 8 of 8 of b"
    ]


def test_thousands_are_grouped() -> None:
    assert told([*of_file("a", 1000, ORG), *of_file("b", 1234)]) == [
        "“EU”: ORG in 1,000 of 1,000 places of a, no entity in 1,234 of 1,234 of b"
    ]


def test_few_places_may_differ_by_chance() -> None:
    assert told([*of_file("a", 3, ORG), *of_file("b", 2)]) == []
    assert told([*of_file("a", 9, ORG), *of_file("b", 8, ORG)]) == []
    assert told(of_file("a", 9, ORG) + of_file("a", 9)) == []


def test_a_document_in_which_much_looks_wrong() -> None:
    corpus = [sentence("EU said", ORG, document=number, line=number + 1) for number in range(40)]
    documents = [*range(40)]
    calm: dict[int, list[float]] = {number: [0.01] * 10 for number in documents}
    assert told(corpus, calm, documents) == []
    [line] = told(corpus, calm | {7: [0.9] * 10}, documents)
    assert line.startswith("x.conll:8: about 9 of the 10 places of the document look wrong")


def test_numbers_by_sentence() -> None:
    assert by_sentence([(1, 0.5), (0, 0.1), (1, 0.2)]) == {1: [0.5, 0.2], 0: [0.1]}

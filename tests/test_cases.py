"""Small inputs that real tools and habits produce, in a folder beside the real corpora."""

import os
from pathlib import Path
from typing import Any

import pytest

from ner.config import DataConfig
from ner.corpus import check, load_corpus, read_file
from ner.errors import CorpusError
from ner.text import Sentence
from ner.training.preparation import prepare

_PEOPLE = ("per: Anna", "PER: Berg", "Loc: Ulm", "LOC: Ulm")
FILES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "bare-bio.txt": ({}, ["ENTITY: Deep learning", "ENTITY: Neural nets"]),
    "brat": ({}, ["PER: Anna Berg", "LOC: Rome"]),
    "conllu-misc.conllu": ({}, ["PER: Anna", "LOC: Rome"]),
    "doccano-labels.jsonl": ({}, ["ORG: EU", "PER: Anna Berg"]),
    "doccano-start-offset.jsonl": ({}, ["ORG: EU"]),
    "duplicate-spans.jsonl": ({}, ["PER: Anna"]),
    "germeval.tsv": ({}, ["LOC: Ulm"]),
    "germeval-index-column.tsv": ({}, ["LOC: Ulm"]),
    "hash-token.txt": ({}, ["PER: Anna"]),
    "header-line.txt": ({}, ["PER: Anna"]),
    "hf-ids.jsonl": (
        {"labels": "O,B-PER,I-PER,B-ORG,I-ORG,B-LOC,I-LOC,B-MISC,I-MISC"},
        ["ORG: EU", "MISC: German"],
    ),
    "hf-tokens.jsonl": ({}, ["ORG: EU", "MISC: German"]),
    "index-column.txt": ({}, ["ORG: EU"]),
    "kaggle.csv": ({}, ["geo: Leeds", "per: Mr. Okoro"]),
    "label-studio.json": ({}, ["PER: Anna"]),
    "lower-o.txt": ({}, ["COUNT: ek"]),
    "lower-prefix.txt": ({}, ["PER: Ana Diaz"]),
    "overlap.jsonl": ({"overlaps": "longest"}, ["TIME: EVERY 6 HOURS"]),
    "prodigy.jsonl": ({}, ["PER: Anna"]),
    "spacy-tuples.jsonl": ({}, ["PER: Anna"]),
    "spacy-v2.json": ({}, ["PER: Anna"]),
    "suffix-tags.txt": ({}, ["PER: Anna Berg"]),
    "types-differ-in-case.txt": ({}, [*_PEOPLE]),
    "utf16-offsets.jsonl": ({"offsets": "utf16"}, ["PER: Anna Berg", "LOC: Rome"]),
    "zero-tag.txt": ({}, ["COUNT: ek"]),
}
OPTIONS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("bare-bio.txt", {"label": "TECH"}, ["TECH: Deep learning", "TECH: Neural nets"]),
    ("hash-token.txt", {"comments": True}, ["PER: Anna"]),
    (
        "germeval.tsv",
        {"tag_column": 2},
        ["ORG: FC Kickers Ulm", "LOC: Ulm", "LOCderiv: deutscher"],
    ),
    ("germeval.tsv", {"tag_column": 3}, ["LOC: Ulm"]),
    ("overlap.jsonl", {"overlaps": "first"}, ["TIME: EVERY 6 HOURS"]),
]
NOTED = {
    "bare-bio.txt": "--label names the type",
    "germeval.tsv": "lines read as comments: 2",
    "germeval-index-column.tsv": "column 0 counts the tokens",
    "header-line.txt": "line 1 is read as the names of the columns",
    "index-column.txt": "column 0 counts the tokens",
    "lower-o.txt": "'o' as 'O'",
    "lower-prefix.txt": "'b-PER' as 'B-PER'",
    "suffix-tags.txt": "'PER-B' as 'B-PER'",
    "zero-tag.txt": "'0' as 'O'",
}
REFUSED = {
    "hf-ids.jsonl": "--labels",
    "overlap.jsonl": "--overlaps longest or first",
    "utf16-offsets.jsonl": "--offsets utf16",
}


def _case(name: str) -> Path:
    root = os.environ.get("NER_DATA")
    path = Path(root or "").parent / "cases" / name
    if not root or not path.exists():
        pytest.skip("there are no cases beside $NER_DATA")
    return path


def _entities(sentences: list[Sentence]) -> list[str]:
    return [
        f"{span.label}: {' '.join(sentence.tokens[span.start : span.end])}"
        for sentence in sentences
        for span in sentence.spans
    ]


@pytest.mark.parametrize("name", FILES)
def test_entities_are_those_that_the_file_holds(name: str) -> None:
    given, entities = FILES[name]
    assert _entities(read_file(_case(name), DataConfig(**given))) == entities


@pytest.mark.parametrize(("name", "options", "entities"), OPTIONS)
def test_options_read_what_they_say(
    name: str, options: dict[str, Any], entities: list[str]
) -> None:
    assert _entities(read_file(_case(name), DataConfig(**options))) == entities


@pytest.mark.parametrize("name", NOTED)
def test_what_is_understood_otherwise_is_said(name: str, caplog: pytest.LogCaptureFixture) -> None:
    read_file(_case(name))
    assert NOTED[name] in caplog.text


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_known_is_refused_with_its_option(name: str) -> None:
    with pytest.raises(CorpusError) as caught:
        read_file(_case(name))
    assert REFUSED[name] in str(caught.value)


def test_kaggle_has_two_sentences() -> None:
    assert [len(sentence) for sentence in read_file(_case("kaggle.csv"))] == [4, 4]


def test_a_mark_among_tokens_is_one() -> None:
    assert read_file(_case("hash-token.txt"))[0].tokens == ("#", "1", "Anna")


def test_numbers_of_tokens_are_no_tokens() -> None:
    tokens = ("Der", "FC", "Kickers", "Ulm", "gewann", ".")
    assert read_file(_case("germeval.tsv"))[0].tokens == tokens
    assert read_file(_case("germeval-index-column.tsv"))[0].tokens == tokens


def test_splits_are_found_by_names() -> None:
    splits = load_corpus(_case("file-names")).splits()
    assert [bool(split) for split in splits.values()] == [True, True, False]
    assert {label for split in splits.values() for s in split for label in s.labels} == {
        "LOC",
        "PER",
    }


def test_types_that_differ_in_case_only_are_listed() -> None:
    report = check(_case("types-differ-in-case.txt"))
    alike = [finding.message for finding in report.findings if finding.kind == "types alike"]
    assert alike == [
        "types that differ in case only: 'LOC', 'Loc'",
        "types that differ in case only: 'PER', 'per'",
    ]


def test_words_that_no_blank_shows_are_noticed_before_training() -> None:
    corpus = load_corpus(_case("segmented-zh"))
    assert prepare(corpus).data.retokenize == "yes"
    said = prepare(corpus, DataConfig(tokenizer="words", retokenize="no")).corpus.notes
    assert any("the tokenizer `words` finds" in note for note in said)


def test_every_case_is_one_of_these() -> None:
    known = {*FILES, *REFUSED, "file-names", "segmented-zh", "README.md"}
    assert {path.name for path in _case("README.md").parent.iterdir()} <= known

"""Small inputs that real tools and habits produce, in a folder beside the real corpora."""

import os
from pathlib import Path
from typing import Any

import pytest

from ner.config import DataConfig
from ner.corpus import read_file
from ner.errors import CorpusError
from ner.text import Sentence

FILES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "brat": ({}, ["PER: Anna Berg", "LOC: Rome"]),
    "conllu-misc.conllu": ({}, ["PER: Anna", "LOC: Rome"]),
    "doccano-labels.jsonl": ({}, ["ORG: EU", "PER: Anna Berg"]),
    "doccano-start-offset.jsonl": ({}, ["ORG: EU"]),
    "duplicate-spans.jsonl": ({}, ["PER: Anna"]),
    "hf-ids.jsonl": (
        {"labels": "O,B-PER,I-PER,B-ORG,I-ORG,B-LOC,I-LOC,B-MISC,I-MISC"},
        ["ORG: EU", "MISC: German"],
    ),
    "hf-tokens.jsonl": ({}, ["ORG: EU", "MISC: German"]),
    "kaggle.csv": ({}, ["geo: Leeds", "per: Mr. Okoro"]),
    "label-studio.json": ({}, ["PER: Anna"]),
    "overlap.jsonl": ({"overlaps": "longest"}, ["TIME: EVERY 6 HOURS"]),
    "prodigy.jsonl": ({}, ["PER: Anna"]),
    "spacy-tuples.jsonl": ({}, ["PER: Anna"]),
    "spacy-v2.json": ({}, ["PER: Anna"]),
    "utf16-offsets.jsonl": ({"offsets": "utf16"}, ["PER: Anna Berg", "LOC: Rome"]),
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


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_known_is_refused_with_its_option(name: str) -> None:
    with pytest.raises(CorpusError) as caught:
        read_file(_case(name))
    assert REFUSED[name] in str(caught.value)


def test_kaggle_has_two_sentences() -> None:
    assert [len(sentence) for sentence in read_file(_case("kaggle.csv"))] == [4, 4]

"""Texts that go through a tagger in parts."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import UsageError
from ner.extensions.server.jobs import Asked, Job
from ner.extensions.server.models import ServedModel
from ner.tagger import Tagger
from ner.text import Document

NAMES = ("Anna", "Berta", "Carl Maria", "Rome", "New York", "visited", ".", "!\n", "\n\n", "😀", "")
texts = st.lists(st.lists(st.sampled_from(NAMES), max_size=30).map(" ".join), max_size=4)


def as_json(documents: list[Document]) -> bytes:
    return json.dumps([document.to_dict() for document in documents]).encode()


def read(answer: bytes) -> Any:
    """An answer with numbers to nine places: the last ones depend on who is in the batch."""
    return json.loads(answer, parse_float=lambda number: round(float(number), 9))


def run(job: Job, tokens: int) -> Any:
    """The answer of a job that is tagged so many tokens at a time."""
    while not job.done:
        pieces = job.take(tokens)
        documents = [piece.document for piece in pieces]
        found = job.tagger().tag_sentences(documents, job.asked.nbest)
        for piece, document in zip(pieces, found, strict=True):
            job.add(piece.number, document)
    return read(job.answer())


@given(texts, st.integers(1, 40), st.integers(0, 2))
def test_parts_are_tagged_like_the_whole(
    loaded: ServedModel, tiny_tagger: Tagger, given_texts: list[str], tokens: int, nbest: int
) -> None:
    job = Job(loaded, Asked(texts=given_texts, nbest=nbest), as_json)
    documents = [tiny_tagger(text) for text in given_texts]
    if nbest:
        documents = [
            replace(d, nbest=tuple(tiny_tagger.tag_nbest(d.text, nbest))) for d in documents
        ]
    assert run(job, tokens) == read(as_json(documents))


def test_a_part_has_hardly_more_than_its_tokens(loaded: ServedModel) -> None:
    job = Job(loaded, Asked(texts=["Anna visited Rome. " * 50, "Berta left."]), as_json)
    sizes = []
    while not job.done:
        sizes.append([sum(map(len, piece.document[1])) for piece in job.take(10)])
    assert sizes == [*([[12]] * 16), [8, 3], [0]]


def test_tokens_stay_as_they_are(loaded: ServedModel) -> None:
    asked = Asked(tokens=[["Anna", "visited", "New", "York"], [], ["Rome."]])
    [first, empty, last] = run(Job(loaded, asked, as_json), 100)
    assert first["text"] == "Anna visited New York"
    assert [(e["text"], e["label"]) for e in first["entities"]] == [
        ("Anna", "PER"),
        ("New York", "LOC"),
    ]
    assert empty == {"text": "", "entities": []}
    assert last["text"] == "Rome."


def test_settings_and_lists_of_a_request_count(loaded: ServedModel) -> None:
    text = ["Anna visited Zzz."]
    bare = run(Job(loaded, Asked(texts=text, settings=(("predict.o_bias", 100.0),)), as_json), 9)
    assert bare[0]["entities"] == []
    forced = Asked(texts=text, force={"ORG": ["zzz", "Zzz"]})
    found = run(Job(loaded, forced, as_json), 9)[0]["entities"]
    assert ("Zzz", "ORG", 1.0) in [(e["text"], e["label"], e["score"]) for e in found]


@pytest.mark.parametrize(
    ("force", "message"),
    [({"ORG": ["!"]}, "has no entry"), ({"": ["a"]}, "is no type"), ({"a b": ["a"]}, "is no type")],
)
def test_lists_without_entries_or_types_are_refused(
    loaded: ServedModel, force: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        Job(loaded, Asked(texts=["a"], force=force), as_json).tagger()


def test_jobs_that_want_the_same_are_one_group(loaded: ServedModel) -> None:
    one, other = (Job(loaded, Asked(texts=["a"]), as_json) for _ in range(2))
    assert one.group == other.group
    settings = Job(loaded, Asked(texts=["a"], settings=(("predict.o_bias", 1.0),)), as_json)
    forced = [Job(loaded, Asked(texts=["a"], force={"A": ["b"]}), as_json) for _ in range(2)]
    assert len({job.group for job in (one, settings, *forced)}) == 4

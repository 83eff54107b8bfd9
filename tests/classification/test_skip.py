"""Sentences that a tagger does not read: the contract of the classifier, and what is left."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ner.classification.classifier import Classifier
from ner.classification.reading import label_of
from ner.classification.skip import BELOW, ENTITY, NONE, Skip, with_or_without
from ner.cli.tag import tag
from ner.corpus import Corpus
from ner.errors import UsageError
from ner.scale import Work, tag_stream
from ner.tagger import Tagger
from ner.text import Clue, Sentence, Span

READ = ["Anna", "visited", "New", "York", "."]
SKIPPED = ["It", "rained", "today", "."]


def test_a_corpus_with_and_without_entities() -> None:
    sentences = (
        Sentence(("a", "b"), (Span(0, 1, "X"),), document=2, source="f", line=3),
        Sentence(("c",)),
        Sentence(("d",), partial=(Clue(None, "open"),)),
        Sentence(("e",), partial=(Clue("X", "open"),)),
    )
    told = with_or_without(Corpus("c", train=sentences, schemes={"train": "io"}))
    assert [(s.tokens, label_of(s)) for s in told.train] == [
        (("a", "b"), ENTITY), (("c",), NONE), (("e",), ENTITY),
    ]  # fmt: skip
    assert (told.train[0].document, told.train[0].place) == (2, "f:3")
    assert told.name == "c"


def test_the_bound_is_for_the_probability_of_an_entity(skip_run: Path) -> None:
    classifier = Classifier.load(skip_run, "cpu")
    probability = classifier.probabilities([READ, SKIPPED])[:, classifier.labels.index(ENTITY)]
    assert probability[1] < 0.5 < probability[0]
    assert Skip(classifier, 0.0)([READ, SKIPPED]) == [False, False]
    assert Skip(classifier, 0.5)([READ, SKIPPED]) == [False, True]
    alone = classifier.probabilities([SKIPPED])[0, classifier.labels.index(ENTITY)]
    assert Skip(classifier, float(alone))([SKIPPED]) == [False]
    assert Skip(classifier, 1.0)([READ, SKIPPED, []]) == [True, True, True]


def test_one_bound_where_none_is_named() -> None:
    (option,) = [option for option in tag.params if option.name == "skip_below"]
    assert Work("in").skip_below == option.default == BELOW


def test_a_classifier_of_other_labels(kinds_run: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Skip.load(kinds_run, device="cpu")
    assert str(caught.value) == (
        "a classifier for --skip-with tells 'entity' from 'none', and this one sport, weather; "
        "make one with: ner classify train --from-corpus NAME --out DIR"
    )


def test_what_is_skipped_is_not_read(tiny_run: Path, tiny_tagger: Tagger) -> None:
    sentences = [Sentence(tuple(READ)), Sentence(tuple(SKIPPED)), Sentence(tuple(READ))]
    asked = []

    def skip(texts: Any) -> list[bool]:
        asked.append(list(texts))
        return [False, True, True]

    whole = tiny_tagger.predictions(sentences)
    found = Tagger.load(tiny_run, "cpu", skip=skip).predictions(sentences)
    assert whole[0].spans
    assert whole[0].spans == whole[2].spans == found[0].spans
    assert found[1].spans == found[2].spans == ()
    assert asked == [[sentence.tokens for sentence in sentences]]


def test_forced_lists_are_rules_there_too(tiny_run: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("New York\n")
    tagger = Tagger.load(
        tiny_run, "cpu", force=[f"CITY={words}"], skip=lambda texts: [True] * len(texts)
    )
    assert [(e.text, e.label) for e in tagger.tag("Anna visited New York .")] == [
        ("New York", "CITY")
    ]


TEXT = "Anna visited New York .\nIt rained today .\n\nIt snowed here .\nDora left Rome .\n"


def found_in(model: Path, **what: Any) -> list[list[str]]:
    """The entities of each line of `TEXT`."""
    work = Work("in.txt", str(model), "cpu", format="jsonl", layout="tokenized", **what)
    lines = "".join(tag_stream(work, io.BytesIO(TEXT.encode()))).splitlines()
    return [[entity["text"] for entity in json.loads(line)["entities"]] for line in lines]


def test_whole_files(tiny_run: Path, skip_run: Path) -> None:
    plain = found_in(tiny_run)
    assert plain[0] == ["Anna", "New York"]
    assert found_in(tiny_run, skip_with=str(skip_run), skip_below=0.5) == [
        entities if number in (0, 4) else [] for number, entities in enumerate(plain)
    ]
    assert found_in(tiny_run, skip_with=str(skip_run), skip_below=1.0) == [[]] * 5


def test_other_tokens_are_told_of(
    tiny_run: Path, skip_run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work(
        "in.txt", str(tiny_run), "cpu", skip_with=str(skip_run),
        reading={"data.tokenizer": "pieces"},
    )  # fmt: skip
    list(tag_stream(work, io.BytesIO(TEXT.encode())))
    assert "has learnt from tokens of the style words-en, and the text is cut as pieces" in (
        caplog.text
    )
    list(tag_stream(replace(work, layout="tokenized"), io.BytesIO(TEXT.encode())))
    assert caplog.text.count("has learnt from tokens") == 1

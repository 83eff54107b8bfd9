"""Planted mistakes: so many, of each kind, told truly, and the same for the same seed."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ner.config import Config
from ner.corpus import Corpus, read_corpus
from ner.text import Sentence, Span
from plant_mistakes import KINDS, plant

ROOT = Path(__file__).parent.parent


def spread(corpus: Corpus) -> list[Sentence]:
    """Many sentences, each with two entities, in documents."""
    return [
        Sentence(one.tokens, one.spans, document=number // 5, source="x", line=number)
        for number, one in enumerate([*corpus.train, *corpus.valid, *corpus.test] * 8)
    ]


@pytest.mark.parametrize("share", [0.01, 0.03, 0.05])
def test_a_share_of_the_entities_becomes_wrong(tiny_corpus: Corpus, share: float) -> None:
    sentences = spread(tiny_corpus)
    planter = plant(sentences, share, 1)
    entities = sum(len(sentence.spans) for sentence in sentences)
    assert len(planter.mistakes) == pytest.approx(share * entities, rel=0.35, abs=3)
    kinds = {mistake.kind for mistake in planter.mistakes}
    assert kinds <= {*KINDS, "annotator"}
    if share == 0.05:
        assert {"type", "border", "dropped", "invented", "annotator"} <= kinds


def test_each_mistake_is_there(tiny_corpus: Corpus) -> None:
    sentences = spread(tiny_corpus)
    planter = plant(sentences, 0.05, 2)
    for mistake in planter.mistakes:
        assert mistake.before != mistake.after
        assert mistake.before is None or mistake.before in sentences[mistake.number].spans
        assert mistake.after is None or mistake.after in planter.spans[mistake.number]
    touched = {mistake.number for mistake in planter.mistakes}
    for number, sentence in enumerate(sentences):
        spans = planter.spans[number]
        assert spans == sorted(spans)
        assert all(0 <= span.start < span.end <= len(sentence) for span in spans)
        assert all(one.end <= other.start for one, other in itertools.pairwise(spans))
        if number not in touched:
            assert spans == [*sentence.spans]


def test_a_seed_gives_the_same_mistakes(tiny_corpus: Corpus) -> None:
    sentences = spread(tiny_corpus)
    assert plant(sentences, 0.03, 5).mistakes == plant(sentences, 0.03, 5).mistakes
    assert plant(sentences, 0.03, 5).mistakes != plant(sentences, 0.03, 6).mistakes


def test_a_split_sentence_gives_two(tiny_corpus: Corpus) -> None:
    planter = plant(spread(tiny_corpus), 0.05, 3)
    for number, cut in planter.splits.items():
        first, second = planter.cut(number)
        assert first.tokens + second.tokens == planter.sentences[number].tokens
        assert len(first) == cut
    whole = next(i for i in range(len(planter.sentences)) if i not in planter.splits)
    assert [part.tokens for part in planter.cut(whole)] == [planter.sentences[whole].tokens]


@pytest.mark.slow
def test_the_copy_and_the_truth_agree(tmp_path: Path) -> None:
    out = tmp_path / "noisy"
    command = [
        sys.executable,
        "scripts/plant_mistakes.py",
        "--data",
        "data/demo",
        "--out",
        str(out),
    ]
    subprocess.run([*command, "--share", "0.05"], cwd=ROOT, check=True, capture_output=True)
    noisy = read_corpus(out, Config().data)
    places = {(Path(s.source).name, s.line): s for split in noisy.splits().values() for s in split}
    told = (out / "planted.jsonl").read_text(encoding="utf-8").splitlines()
    assert told
    for record in map(json.loads, told):
        sentence = places[record["source"], record["line"]]
        if record["after"]:
            assert Span(**record["after"]) in sentence.spans
        else:
            assert Span(**record["before"]) not in sentence.spans
    assert not noisy.test

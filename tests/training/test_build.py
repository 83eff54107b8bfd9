"""A new model for a corpus, with or without pre-trained vectors."""

import logging
from pathlib import Path

import pytest
import torch

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import NerError
from ner.text import Clue, Sentence
from ner.training.build import build_model

CPU = torch.device("cpu")


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    """Vectors of two numbers: for two words of `tiny_corpus`, and three others."""
    path = tmp_path / "vectors.txt"
    path.write_text("rome 1 2\nthe 3 4\nanna 5 6\nof 7 8\nand 9 10\n")
    return path


def test_sizes_follow_from_the_corpus(tiny_corpus: Corpus, tiny_config: Config) -> None:
    start = build_model(tiny_corpus.train, tiny_config, CPU)
    words = {token.lower() for s in tiny_corpus.train for token in s.tokens}
    assert set(start.model.indexer.words) == words
    assert start.model.tags[0] == "O"
    assert set(start.model.tags[1:]) == {f"{p}-{t}" for p in "BIES" for t in ("LOC", "PER")}
    assert start.model.network.projection.out_features == len(start.model.tags)
    assert start.has_vector == frozenset()


def test_the_seed_decides_the_first_weights(tiny_corpus: Corpus, tiny_config: Config) -> None:
    one, other, third = (
        build_model(tiny_corpus.train, tiny_config.replace({"train.seed": seed}), CPU)
        for seed in (3, 3, 4)
    )
    first, second, last = (s.model.network.projection.weight for s in (one, other, third))
    assert torch.equal(first, second)
    assert not torch.equal(first, last)


def test_vectors_come_into_their_rows(
    vectors: Path, tiny_corpus: Corpus, tiny_config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ner")
    config = tiny_config.replace({"train.vectors": str(vectors), "model.spare_vectors": 2})
    heard: list[int] = []
    start = build_model(tiny_corpus.train, config, CPU, heard.append)
    indexer, embedder = start.model.indexer, start.model.network.embedder
    assert start.has_vector == {"rome", "the", "anna", "of"}
    assert list(indexer.words)[-2:] == ["the", "of"], "spare words stand behind the trained ones"
    rows = torch.cat([embedder.words.weight.detach(), embedder.spare.float()])
    expected = {"rome": [1, 2], "the": [3, 4], "anna": [5, 6], "of": [7, 8]}
    assert {word: rows[indexer.words[word]].tolist() for word in expected} == expected
    assert embedder.words.weight.requires_grad
    assert not embedder.spare.requires_grad
    assert embedder.words.embedding_dim == 2, "the file decides, not model.word_dim"
    words = len(indexer.words.entries) - 2
    [line] = [record.getMessage() for record in caplog.records if "vectors of" in record.msg]
    assert f"vectors of 2 numbers for 2 of {words} training words" in line
    assert "and 2 spare ones" in line
    assert heard


def test_vectors_may_be_frozen(vectors: Path, tiny_corpus: Corpus, tiny_config: Config) -> None:
    config = tiny_config.replace({"train.vectors": str(vectors), "model.train_vectors": False})
    start = build_model(tiny_corpus.train, config, CPU)
    assert not start.model.network.embedder.words.weight.requires_grad


def test_a_missing_vectors_file(tiny_corpus: Corpus, tiny_config: Config, tmp_path: Path) -> None:
    config = tiny_config.replace({"train.vectors": str(tmp_path / "nothing.vec")})
    with pytest.raises(NerError, match="no such file"):
        build_model(tiny_corpus.train, config, CPU)


def test_types_of_which_only_parts_are_known_have_tags(tiny_config: Config) -> None:
    clues = (Clue("ORG", "no"), Clue(None, "open"))
    sentences = [Sentence(("New", "York"), partial=clues)]
    model = build_model(sentences, tiny_config, CPU).model
    assert model.tags == ("O", "B-ORG", "I-ORG", "E-ORG", "S-ORG")

"""A new model for a corpus, with or without pre-trained vectors."""

import logging
from pathlib import Path

import pytest
import torch

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import NerError, TrainingError
from ner.features.clusters import Clusters
from ner.features.gazetteers import Gazetteers
from ner.features.vocabulary import FIRST
from ner.text import PartialLabel, Sentence, Span
from ner.training.build import UntrainedModel, build_model

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
    [table] = start.model.indexer.words.tables
    assert set(table.words) == words
    assert start.model.network.embedder.tables[0].size == (len(table.words), 0, 16, False)
    assert start.model.outputs[0] == "O"
    assert set(start.model.outputs[1:]) == {f"{p}-{t}" for p in "BIES" for t in ("LOC", "PER")}
    assert start.model.network.projection.out_features == len(start.model.outputs)
    assert start.has_vector == frozenset()


def test_more_tags_than_a_model_is_saved_with_are_refused_at_once(tiny_config: Config) -> None:
    train = [Sentence(("a",), (Span(0, 1, f"T{number}"),)) for number in range(1024)]
    with pytest.raises(TrainingError, match=r"1,024 types make 4,097 tags of iobes, .* 4,096;"):
        build_model(train, tiny_config, CPU)


def test_the_seed_decides_the_first_weights(tiny_corpus: Corpus, tiny_config: Config) -> None:
    one, other, third = (
        build_model(tiny_corpus.train, tiny_config.replace({"train.seed": seed}), CPU)
        for seed in (3, 3, 4)
    )
    first, second, last = (s.model.network.projection.weight for s in (one, other, third))
    assert torch.equal(first, second)
    assert not torch.equal(first, last)


def rows_of(start: UntrainedModel, number: int) -> dict[str, list[float]]:
    """The vector of each word of a table, as the network sees it."""
    table = start.model.indexer.words.tables[number].words
    embedding = start.model.network.embedder.tables[number]
    numbers = torch.arange(len(table))
    return dict(zip(table, embedding(numbers).tolist()[FIRST:], strict=True))


def test_vectors_come_into_their_rows(
    vectors: Path, tiny_corpus: Corpus, tiny_config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ner")
    config = tiny_config.replace(
        {"resources.vectors": str(vectors), "model.out_of_training_vectors": 2}
    )
    progress: list[int] = []
    start = build_model(tiny_corpus.train, config, CPU, progress.append)
    [table], [embedding] = start.model.indexer.words.tables, start.model.network.embedder.tables
    tokens = {token for sentence in tiny_corpus.train for token in sentence.tokens}
    trained = len({token.lower() for token in tokens}) + FIRST
    assert start.has_vector == {"rome", "anna"}, "words of the corpus"
    assert table.vectors is None, "they are in the network"
    assert list(table.words)[-2:] == ["the", "of"], "spare words stand behind the trained ones"
    assert embedding.size == (trained, 2, 2, True), "the file decides, not model.word_dim"
    expected = {"rome": [1, 2], "the": [3, 4], "anna": [5, 6], "of": [7, 8]}
    rows = rows_of(start, 0)
    assert {word: rows[word] for word in expected} == expected
    assert embedding.trained.weight.requires_grad
    assert not embedding.spare.requires_grad
    [line] = [record.getMessage() for record in caplog.records if "vectors of" in record.msg]
    share = 100 * 2 / len(tokens)
    assert line == (
        f"{vectors}: vectors of 2 numbers for 4 words, in lower case; "
        f"{share:.1f} % of {len(tokens)} training words have one"
    )
    assert progress[-1] == vectors.stat().st_size


@pytest.fixture
def cased(tmp_path: Path) -> Path:
    """Vectors of three numbers for words as they are written."""
    path = tmp_path / "cased.txt"
    path.write_text("Rome 1 2 3\nrome 4 5 6\nBerta 7 8 9\nOslo 1 1 1\n")
    return path


def test_each_file_is_a_table_with_its_own_folding(
    vectors: Path, cased: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    progress: list[int] = []
    config = tiny_config.replace({"resources.vectors": [str(vectors), str(cased)]})
    start = build_model(tiny_corpus.train, config, CPU, progress.append)
    first, second = start.model.indexer.words.tables
    assert (first.fold_case, second.fold_case) == (True, False)
    assert (first.fold_digits, second.fold_digits) == (False, False)
    tokens = {token for sentence in tiny_corpus.train for token in sentence.tokens}
    assert set(first.words) == {token.lower() for token in tokens} | {"the", "of", "and"}
    assert set(second.words) == tokens | {"rome", "Oslo"}
    sizes = [table.size for table in start.model.network.embedder.tables]
    spare = 3, 2
    assert sizes == [
        (len(table.words) - count, count, dim, True)
        for table, count, dim in zip((first, second), spare, (2, 3), strict=True)
    ]
    assert rows_of(start, 0)["rome"] == [1, 2]
    rows = rows_of(start, 1)
    expected = {"Rome": [1, 2, 3], "rome": [4, 5, 6], "Berta": [7, 8, 9], "Oslo": [1, 1, 1]}
    assert {word: rows[word] for word in expected} == expected
    assert start.has_vector == {"rome", "anna", "berta"}, "of either file, as the first folds"
    assert progress == sorted(progress)
    assert progress[-1] == vectors.stat().st_size + cased.stat().st_size


def test_the_spare_words_of_each_table_are_bounded(
    vectors: Path, cased: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    for most, expected in ((0, [[], []]), (1, [["the"], ["rome"]])):
        files = {
            "resources.vectors": [str(vectors), str(cased)],
            "model.out_of_training_vectors": most,
        }
        start = build_model(tiny_corpus.train, tiny_config.replace(files), CPU)
        tables = start.model.indexer.words.tables, start.model.network.embedder.tables
        spare = [list(t.words)[e.size.trained - FIRST :] for t, e in zip(*tables, strict=True)]
        assert spare == expected


@pytest.mark.parametrize("mode", ["frozen", "projected"])
def test_vectors_that_do_not_learn_stand_beside_a_table_that_does(
    mode: str, vectors: Path, cased: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    files = {"resources.vectors": [str(cased), str(vectors)], "model.vectors": mode}
    start = build_model(tiny_corpus.train, tiny_config.replace(files), CPU)
    sizes = [table.size for table in start.model.network.embedder.tables]
    scratch, *tables = start.model.indexer.words.tables
    tokens = {token for sentence in tiny_corpus.train for token in sentence.tokens}
    assert set(scratch.words) == {token.lower() for token in tokens}
    assert (scratch.fold_case, scratch.fold_digits) == (True, True), "as the settings say"
    assert sizes == [(len(scratch.words), 0, 16, False), (2, 4, 3, True), (2, 5, 2, True)]
    assert [(table.fold_case, table.fold_digits) for table in tables] == [
        (False, False),
        (True, False),
    ]
    assert rows_of(start, 1)["Rome"] == [1, 2, 3]
    assert rows_of(start, 2) == {
        "rome": [1, 2],
        "the": [3, 4],
        "anna": [5, 6],
        "of": [7, 8],
        "and": [9, 10],
    }
    assert start.has_vector == {"rome", "berta", "anna"}


def test_rare_words_with_a_vector_are_spare(
    vectors: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    files = {
        "resources.vectors": str(vectors),
        "model.min_count": 99,
        "model.out_of_training_vectors": 0,
    }
    start = build_model(tiny_corpus.train, tiny_config.replace(files), CPU)
    assert list(start.model.indexer.words.tables[0].words) == ["rome", "anna"]
    assert start.model.network.embedder.tables[0].size == (2, 2, 2, True)
    assert rows_of(start, 0) == {"rome": [1, 2], "anna": [5, 6]}


def test_clusters_and_word_lists_become_features(
    tiny_corpus: Corpus, tiny_config: Config, tmp_path: Path
) -> None:
    (tmp_path / "clusters").write_text("0010\tRome\t3\n0011\tthe\t2\n")
    (tmp_path / "places.txt").write_text("New York\nRome\n")
    files = {
        "resources.clusters": str(tmp_path / "clusters"),
        "resources.gazetteers": [f"LOC={tmp_path / 'places.txt'}"],
        "data.tokenizer": "words",
    }
    start = build_model(tiny_corpus.train, tiny_config.replace(files), CPU)
    indexer = start.model.indexer
    clusters, gazetteers = indexer.find(Clusters), indexer.find(Gazetteers)
    assert clusters is not None
    assert gazetteers is not None
    assert dict(clusters.words) == {"Rome": 0, "the": 1}
    assert [part.label for part in gazetteers.lists] == ["LOC"]
    assert set(gazetteers.lists[0].entries) == {("New", "York"), ("Rome",)}
    without = build_model(tiny_corpus.train, tiny_config, CPU).model.network.embedder.out_dim
    assert start.model.network.embedder.out_dim == without + 4 * 20 + 5


@pytest.mark.parametrize(
    ("setting", "value"),
    [("resources.clusters", "nothing"), ("resources.gazetteers", ["LOC=nothing"])],
)
def test_a_missing_file_of_words(
    setting: str, value: object, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    config = tiny_config.replace({setting: value, "data.tokenizer": "words"})
    with pytest.raises(NerError, match="nothing: no such file"):
        build_model(tiny_corpus.train, config, CPU)


def test_a_missing_vectors_file(tiny_corpus: Corpus, tiny_config: Config, tmp_path: Path) -> None:
    config = tiny_config.replace({"resources.vectors": str(tmp_path / "nothing.vec")})
    with pytest.raises(NerError, match="no such file"):
        build_model(tiny_corpus.train, config, CPU)


def test_types_of_which_only_parts_are_known_have_tags(tiny_config: Config) -> None:
    clues = (PartialLabel("ORG", "no"), PartialLabel(None, "open"))
    sentences = [Sentence(("New", "York"), partial=clues)]
    model = build_model(sentences, tiny_config, CPU).model
    assert model.outputs == ("O", "B-ORG", "I-ORG", "E-ORG", "S-ORG")

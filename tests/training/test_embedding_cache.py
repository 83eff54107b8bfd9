"""What language models say of a corpus, kept in a file."""

import logging
from pathlib import Path

import numpy as np
import pytest

from ner.extensions.charlm.embeddings import StringEmbeddings
from ner.predict.windows import WINDOW
from ner.training import embedding_cache as contextual
from ner.training.embedding_cache import cache_embeddings

TEXTS = [("Anna", "visited", "Rome", "."), ("Dora", "left"), ("Anna", "visited", "Rome", ".")]


@pytest.fixture
def models(tiny_charlm: Path) -> StringEmbeddings:
    """A language model of both directions."""
    return StringEmbeddings.load([str(tiny_charlm)], "words")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "ner" / "embeddings"


def never(*_: object) -> None:
    """What must not be called."""
    raise AssertionError("it is read again")


def test_what_is_kept_is_what_was_read(
    models: StringEmbeddings,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    expected = models.embed(TEXTS)
    monkeypatch.setattr(contextual, "READ_TOGETHER", 1)
    monkeypatch.setattr(contextual, "TELL_AFTER", 0)
    with caplog.at_level(logging.INFO, "ner"):
        kept = cache_embeddings(models, TEXTS)
    assert caplog.messages[0].startswith("language models read 6 tokens, once: kept in ")
    assert caplog.messages[1:] == [
        f"language models have read {read} of 6 tokens" for read in (4, 6)
    ]
    (file,) = cache.iterdir()
    assert file.stat().st_size == 6 * 14 * 2  # each sentence once
    monkeypatch.setattr(StringEmbeddings, "embed", lambda self, texts: never() if texts else [])
    for found in (kept.embed(TEXTS), cache_embeddings(models, TEXTS).embed(TEXTS)):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.astype(float), other.astype(float), atol=1e-3)


def test_others_are_read_when_asked_for(models: StringEmbeddings, cache: Path) -> None:
    kept = cache_embeddings(models, TEXTS[:1])
    texts = [["Berta"], [*TEXTS[0]], ["Rome", "!"]]
    for one, other in zip(kept.embed(texts), models.embed(texts), strict=True):
        np.testing.assert_allclose(one.astype(float), other.astype(float), atol=1e-3)
    assert kept.files() == models.files()
    assert kept.checksum() == models.checksum()


def test_each_corpus_has_its_file(models: StringEmbeddings, cache: Path) -> None:
    for texts in (TEXTS, TEXTS[:1], [("Anna visited", "Rome", ".")], [("Anna",), ("visited",)]):
        cache_embeddings(models, texts)
    cache_embeddings(StringEmbeddings(models.models, ""), TEXTS)
    assert len([*cache.iterdir()]) == 5


def test_what_is_longer_than_a_window_is_not_kept(models: StringEmbeddings, cache: Path) -> None:
    cache_embeddings(models, [()])
    assert not cache.exists()
    cache_embeddings(models, [("a",) * (WINDOW + 1), ("a",) * WINDOW, ()])
    (file,) = cache.iterdir()
    assert file.stat().st_size == WINDOW * 14 * 2


def test_a_file_of_another_size_is_written_again(models: StringEmbeddings, cache: Path) -> None:
    expected = [states.copy() for states in cache_embeddings(models, TEXTS).embed(TEXTS)]
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes()[:-2])
    found = cache_embeddings(models, TEXTS).embed(TEXTS)
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


def test_what_a_killed_training_has_left_goes(models: StringEmbeddings, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / ".0123.f16.1-01234567.part").write_bytes(b"half of it")
    cache_embeddings(models, TEXTS)
    (file,) = cache.iterdir()
    assert not file.name.startswith(".")


def test_where_nothing_can_be_written_a_temporary_file_does(
    models: StringEmbeddings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING, "ner"):
        found = cache_embeddings(models, TEXTS).embed(TEXTS)
    for one, other in zip(found, models.embed(TEXTS), strict=True):
        np.testing.assert_allclose(one.astype(float), other.astype(float), atol=1e-3)
    assert "cannot be written" in caplog.text
    assert "a temporary file takes its place" in caplog.text

"""Vectors trained from small texts, and what is refused."""

import gzip
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import MissingExtra, NerError, TrainingError
from ner.extensions.vectors.coverage import nearest
from ner.extensions.vectors.skipgram import SkipGram, train_vectors
from ner.features.vectors import Vectors, read_vectors
from ner.features.vocabulary import fold

SMALL = SkipGram(dim=8, epochs=2, min_count=2)
TEXT = (("The", "cat", "sat", "in", "1996", "."), ("The", "dog", "sat", "in", "2024", ".")) * 3


def trained(out: Path, sentences: Sequence[Sequence[str]] = TEXT, how: SkipGram = SMALL) -> Vectors:
    """Vectors as they come back from the file."""
    train_vectors(sentences, out, how)
    return read_vectors(out, {token for tokens in sentences for token in tokens})


@pytest.mark.parametrize("subword", [False, True])
@pytest.mark.parametrize("name", ["v.vec", "v.vec.gz"])
def test_the_file_has_a_header_and_folded_words_most_frequent_first(
    tmp_path: Path, name: str, subword: bool
) -> None:
    how = SkipGram(dim=8, epochs=1, min_count=4, subword=subword)
    assert train_vectors(TEXT, tmp_path / name, how) == 5
    data = (tmp_path / name).read_bytes()
    text = gzip.decompress(data) if name.endswith(".gz") else data
    header, *rows = text.decode().splitlines()
    assert header == "5 8"
    assert [row.split(" ")[0] for row in rows] == [".", "0000", "in", "sat", "the"]
    assert all(re.fullmatch(r"\S+( -?\d+\.\d{4}){8}", row) for row in rows)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_case_and_digits_are_kept_if_wanted(tmp_path: Path) -> None:
    how = SkipGram(dim=4, epochs=1, min_count=3, fold_case=False, fold_digits=False)
    vectors = trained(tmp_path / "v.vec", how=how)
    assert {"The", "1996", "2024"} < {*vectors.words}
    assert (vectors.fold_case, vectors.fold_digits) == (False, False)


@given(st.lists(st.text("aΣσςİıÅ1٣'’.-", min_size=1, max_size=5), min_size=1, max_size=6))
def test_a_line_is_folded_as_its_words_are(words: list[str]) -> None:
    """So that a text is folded quickly, and to what the tagger looks up."""
    for case in (False, True):
        line = fold(" ".join(words), case=case, digits=True)
        assert line.split(" ") == [fold(word, case=case, digits=True) for word in words]


@pytest.mark.slow
@pytest.mark.parametrize("subword", [False, True])
def test_words_in_the_same_company_are_near(tmp_path: Path, subword: bool) -> None:
    rng = random.Random(1)
    animals, tools = ("cat", "dog", "horse"), ("hammer", "saw", "drill")
    company = {animals: ("eats", "sleeps", "runs"), tools: ("hits", "cuts", "turns")}
    text = []
    for _ in range(3000):
        nouns = rng.choice((animals, tools))
        text.append((rng.choice(nouns), rng.choice(company[nouns]), rng.choice(company[nouns])))
    how = SkipGram(dim=16, epochs=20, subword=subword)
    vectors = trained(tmp_path / "v.vec", text, how)
    near = nearest(vectors, ["cat", "saw"], most=2)
    assert {"dog", "horse"} == {*near["cat"]}
    assert {"hammer", "drill"} == {*near["saw"]}


def test_a_seed_gives_the_same_and_another_seed_another(tmp_path: Path) -> None:
    settings = [SMALL, SMALL, SkipGram(dim=8, epochs=2, min_count=2, seed=2)]
    one, same, other = (
        trained(tmp_path / f"{number}.vec", how=how) for number, how in enumerate(settings)
    )
    assert np.array_equal(one.rows, same.rows)
    assert one.words == other.words
    assert not np.array_equal(one.rows, other.rows)


def test_long_sentences_are_learnt_from_to_their_end(tmp_path: Path) -> None:
    """gensim alone would stop listening after 10,000 words."""
    words = [*["a", "b"] * 5000, *["x", "y"] * 2000]
    how = SkipGram(dim=4, epochs=1)
    whole = trained(tmp_path / "whole.vec", [words], how)
    cut = trained(tmp_path / "cut.vec", [words[:10_000], words[10_000:]], how)
    assert np.array_equal(whole.rows, cut.rows)


def test_sentences_are_read_once_and_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    how = SkipGram(dim=4, epochs=3, min_count=1)
    sentences = iter(TEXT * 400)
    train_vectors(sentences, tmp_path / "v.vec", how, lambda *stage: told.append(stage))
    assert next(sentences, None) is None
    stages = Counter(stage for stage, _, _ in told)
    assert stages == {"epoch 1": 3, "epoch 2": 3, "epoch 3": 3, "writing": 1}
    assert [done for stage, done, _ in told if stage == "epoch 2"] == [0, 1000, 2000]
    assert {total for stage, _, total in told if stage != "writing"} == {2400}


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        ([], "the text has no words; name one that has"),
        (TEXT, "no word that occurs 7 times; lower --min-count (to 6 at most)"),
    ],
)
def test_too_little_text_leaves_what_was_there(
    tmp_path: Path, sentences: Sequence[Sequence[str]], message: str
) -> None:
    (tmp_path / "v.vec").write_text("old")
    with pytest.raises(TrainingError, match=re.escape(message)):
        train_vectors(sentences, tmp_path / "v.vec", SkipGram(min_count=7))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_one_word_is_enough(tmp_path: Path) -> None:
    vectors = trained(tmp_path / "v.vec", [["only"]], SkipGram(dim=3, epochs=1, min_count=1))
    assert (vectors.words, vectors.rows.shape) == (("only",), (1, 3))


@pytest.mark.parametrize("error", [KeyboardInterrupt, NerError("the text breaks off")])
def test_what_goes_wrong_in_the_text_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException | type[BaseException]
) -> None:
    def broken() -> Iterator[Sequence[str]]:
        yield from TEXT
        raise error

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with pytest.raises(type(error) if isinstance(error, NerError) else KeyboardInterrupt):
        train_vectors(broken(), tmp_path / "v.vec", SMALL)
    assert [path.name for path in tmp_path.rglob("*")] == ["temporary"]


def test_a_place_that_cannot_be_written_is_refused_before_the_text_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    sentences = iter(TEXT)
    with pytest.raises(NerError, match="cannot be written"):
        train_vectors(sentences, tmp_path / "file" / "v.vec", SMALL)
    assert len(list(sentences)) == len(TEXT)


def test_without_gensim_the_message_has_the_line_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(MissingExtra, match=r"pip install 'gensim>=4\.4'"):
        train_vectors(TEXT, tmp_path / "v.vec", SMALL)
    assert list(tmp_path.iterdir()) == []

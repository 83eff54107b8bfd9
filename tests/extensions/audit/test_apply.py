"""Accepted corrections: a copy of all files, changed where a queue says so."""

import gzip
from pathlib import Path

import pytest

from ner.config import Config
from ner.corpus import Corpus, QueueItem, read_corpus
from ner.errors import CorpusError, UsageError
from ner.extensions.audit.apply import apply_queue
from ner.text import Span

TRAIN = "# a\nNew B-LOC\nYork I-LOC\n\nAnna B-PER\n"
VALID = "Rome\tB-LOC\r\n\r\n"
DATA = Config().data


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "train.conll").write_bytes(TRAIN.encode())
    (folder / "valid.conll").write_bytes(VALID.encode())
    return read_corpus(folder, DATA)


def correction(corpus: Corpus) -> QueueItem:
    one = corpus.train[0]
    return QueueItem(
        one.source, one.line, one.tokens, "type", 1.0, "", one.spans[0], Span(0, 2, "ORG")
    )


def test_a_copy_with_the_corrections(tmp_path: Path, corpus: Corpus) -> None:
    out = tmp_path / "out"
    counts = apply_queue(corpus, [correction(corpus)], out, DATA)
    assert [(Path(source).name, count) for source, count in counts.items()] == [
        ("train.conll", 1), ("valid.conll", 0),
    ]  # fmt: skip
    assert (out / "train.conll").read_bytes().decode() == TRAIN.replace("LOC", "ORG")
    assert (out / "valid.conll").read_bytes().decode() == VALID


def test_without_corrections_all_files_are_the_same(tmp_path: Path, corpus: Corpus) -> None:
    apply_queue(corpus, [], tmp_path / "out", DATA)
    assert (tmp_path / "out" / "train.conll").read_bytes().decode() == TRAIN


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path, corpus: Corpus) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(UsageError, match="holds something; name a new one with --out"):
        apply_queue(corpus, [correction(corpus)], tmp_path / "out", DATA)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_a_queue_of_another_corpus_is_refused(tmp_path: Path, corpus: Corpus) -> None:
    other = QueueItem("y.conll", 1, ("a",), "type", 1.0)
    with pytest.raises(CorpusError, match=r"y\.conll: is not a file of the corpus"):
        apply_queue(corpus, [other], tmp_path / "out", DATA)
    assert not (tmp_path / "out").exists()


def test_two_files_of_one_name_are_refused(tmp_path: Path, corpus: Corpus) -> None:
    other = tmp_path / "corpus" / "more"
    other.mkdir()
    (other / "train.conll").write_text("Bonn B-LOC\n")
    both = read_corpus(tmp_path / "corpus", DATA, files={"valid": other / "train.conll"})
    with pytest.raises(UsageError, match="two files of the corpus have one name"):
        apply_queue(both, [], tmp_path / "out", DATA)


def test_a_packed_file_is_unpacked_where_it_is_corrected(tmp_path: Path) -> None:
    folder = tmp_path / "packed"
    folder.mkdir()
    for split, text in (("train", TRAIN), ("valid", VALID)):
        (folder / f"{split}.conll.gz").write_bytes(gzip.compress(text.encode()))
    packed = read_corpus(folder, DATA)
    apply_queue(packed, [correction(packed)], tmp_path / "out", DATA)
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["train.conll", "valid.conll.gz"]
    assert (tmp_path / "out" / "train.conll").read_text() == TRAIN.replace("LOC", "ORG")
    again = read_corpus(tmp_path / "out", DATA)
    assert again.valid[0].spans == packed.valid[0].spans


def test_a_failed_correction_leaves_no_folder(tmp_path: Path, corpus: Corpus) -> None:
    twice = [correction(corpus), correction(corpus)]
    with pytest.raises(CorpusError, match="another line of the queue"):
        apply_queue(corpus, twice, tmp_path / "out", DATA)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus"]


def test_several_corrections_of_a_sentence(tmp_path: Path, corpus: Corpus) -> None:
    first = corpus.train[0]
    other = QueueItem(
        first.source,
        first.line,
        first.tokens,
        "type",
        1.0,
        "",
        Span(0, 2, "ORG"),
        Span(1, 2, "PER"),
    )
    apply_queue(corpus, [correction(corpus), other], tmp_path / "out", DATA)
    assert (tmp_path / "out" / "train.conll").read_text().startswith("# a\nNew O\nYork B-PER\n")

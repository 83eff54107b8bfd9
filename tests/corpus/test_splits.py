from pathlib import Path

import pytest

from ner.corpus.splits import files_of, split_of
from ner.errors import CorpusError


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.txt", "train"),
        ("TRAIN.CoNLL", "train"),
        ("dev.tsv.gz", "valid"),
        ("validation.bio", "valid"),
        ("valid.jsonl", "valid"),
        ("testa", "valid"),
        ("eng.testa", "valid"),
        ("esp.testb.gz", "test"),
        ("ned.train", "train"),
        ("test.txt", "test"),
        ("README", None),
        ("train.py", None),
        ("NER-de-train.tsv", "train"),
        ("x-ud-dev.conllu", "valid"),
        ("en_ewt-ud-test.conllu.xz", "test"),
        ("train_bio.txt", "train"),
        ("conll_train_en.txt", "train"),
        ("Validation.json", "valid"),
        ("my.corpus.dev.iob2", "valid"),
        ("deu.mr.train", "train"),
        ("train_dev.txt", None),
        ("test_results.txt", None),
        ("strain.txt", None),
        ("training-notes.txt", None),
        (".train.txt", None),
        ("._test.txt", None),
    ],
)
def test_split_is_known_by_file_name(name: str, split: str | None) -> None:
    assert split_of(name) == split


def _folder(path: Path, *names: str) -> Path:
    path.mkdir()
    for name in names:
        (path / name).write_text("a O\n")
    return path


def test_files_are_found_in_the_order_of_the_splits(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "c", "NER-de-dev.tsv", "NER-de-train.tsv", "README.md")
    assert files_of(folder, {}) == {
        "train": folder / "NER-de-train.tsv",
        "valid": folder / "NER-de-dev.tsv",
    }


def test_a_named_file_takes_the_place_of_those_of_the_folder(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "c", "a-train.txt", "b-train.txt", "test.txt")
    own = tmp_path / "own.txt"
    assert files_of(folder, {"train": own}) == {"train": own, "test": folder / "test.txt"}
    assert files_of(own, {"test": folder / "test.txt"})["train"] == own


def test_several_files_for_one_split_are_refused_with_a_remedy(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "c", "train.txt", "train_bio.txt", "x-train.tsv")
    with pytest.raises(CorpusError) as caught:
        files_of(folder, {})
    assert str(caught.value) == (
        f"{folder}: train.txt, train_bio.txt and x-train.tsv are all the train split; "
        "name one with --train FILE, or move the others away"
    )


def test_a_folder_without_a_split_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    many = _folder(tmp_path / "c", *(f"{letter}.md" for letter in "abcdefghijkl"))
    with pytest.raises(CorpusError, match=r"'i.md', 'j.md' and 2 more; expected are train, valid"):
        files_of(many, {})
    with pytest.raises(CorpusError, match="it holds nothing; "):
        files_of(_folder(tmp_path / "d"), {})

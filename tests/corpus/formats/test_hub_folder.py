"""Folders that are data sets for the Hub, read by the library that reads those."""

from pathlib import Path
from typing import Any

import pytest

from ner.cli import main
from ner.corpus import Corpus, load_corpus, write_file, write_splits
from ner.corpus.formats.hub_folder import dataset_card, folder_behind
from ner.errors import UsageError
from ner.text import Sentence, Span


@pytest.fixture
def corpus(tiny_corpus: Corpus) -> Corpus:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    return tiny_corpus


def written(corpus: Corpus, folder: Path) -> Path:
    write_splits(f"hf:{folder}", corpus.splits(), "parquet")
    return folder


def test_the_files_are_named_as_the_hub_names_splits(corpus: Corpus, tmp_path: Path) -> None:
    folder = written(corpus, tmp_path / "out")
    names = {"train.parquet", "validation.parquet", "test.parquet", "README.md"}
    assert {file.name for file in folder.iterdir()} == names


def test_it_is_a_corpus_of_ours(corpus: Corpus, tmp_path: Path) -> None:
    again = load_corpus(str(written(corpus, tmp_path / "out")))
    for name, split in corpus.splits().items():
        assert [(s.tokens, s.spans) for s in again.splits()[name]] == [
            (s.tokens, s.spans) for s in split
        ]


@pytest.mark.slow("loads the library datasets")
def test_the_library_reads_it(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets: Any = pytest.importorskip("datasets", reason="datasets is not installed")
    folder = written(corpus, tmp_path / "out")
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {name: len(rows) for name, rows in loaded.items()} == {
        "train": len(corpus.train), "validation": len(corpus.valid), "test": len(corpus.test),
    }  # fmt: skip
    assert loaded["train"][0]["tokens"] == [*corpus.train[0].tokens]
    assert loaded["train"][0]["ner_tags"][:2] == ["B-PER", "O"]


def test_the_card_is_understood_by_the_library(corpus: Corpus, tmp_path: Path) -> None:
    hub: Any = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    text = (written(corpus, tmp_path / "out") / "README.md").read_text(encoding="utf-8")
    data = hub.DatasetCard(text).data
    assert data.task_categories == ["token-classification"]
    [config] = data.configs
    assert [(file["split"], file["path"]) for file in config["data_files"]] == [
        ("train", "train.parquet"), ("validation", "validation.parquet"), ("test", "test.parquet"),
    ]  # fmt: skip
    assert f"| train | {len(corpus.train)} |" in text
    assert "Entity types: `LOC`, `PER`." in text


def test_an_empty_split_is_left_out(corpus: Corpus, tmp_path: Path) -> None:
    write_splits(f"hf:{tmp_path / 'out'}", {"train": corpus.train, "valid": ()}, "parquet")
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"train.parquet", "README.md"}
    assert "validation" not in (tmp_path / "out" / "README.md").read_text()


def test_a_single_text_is_for_training(corpus: Corpus, tmp_path: Path) -> None:
    write_file(f"hf:{tmp_path / 'out'}", corpus.train, "parquet")
    assert (tmp_path / "out" / "train.parquet").is_file()


def test_counts_and_types_of_the_card() -> None:
    sentences = [Sentence(("a", "b"), (Span(0, 1, "X"),)), Sentence(("c",))]
    card = dataset_card({"valid": sentences, "test": []})
    assert "| validation | 2 | 3 | 1 |\n" in card
    assert "Entity types: `X`." in card
    assert "Entity types: none." in dataset_card({"train": [Sentence(("c",))]})


@pytest.mark.parametrize(
    ("path", "folder"),
    [("hf:a/b", "a/b"), ("hf:", None), ("a/hf:b", None), ("x.parquet", None), ("hf:-", "-")],
)
def test_paths(path: str, folder: str | None) -> None:
    assert folder_behind(path) == (None if folder is None else Path(folder))


def test_what_is_in_the_way_stays(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(UsageError, match="holds something"):
        written(corpus, tmp_path)
    with pytest.raises(UsageError, match="a data set of the Hub is Parquet; write it --to parquet"):
        write_splits(f"hf:{tmp_path / 'out'}", corpus.splits(), "iob2")
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


def test_by_the_command(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_splits(tmp_path / "in", corpus.splits())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["data", "convert", "in", "hf:out", "--to", "parquet"])
    assert left.value.code == 0
    assert (tmp_path / "out" / "validation.parquet").is_file()

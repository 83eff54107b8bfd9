import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ner.corpus import hub
from ner.corpus.formats import read_file
from ner.corpus.loading import load_corpus
from ner.corpus.named import NAMED, HubSource, NamedCorpus
from ner.errors import CorpusError, NerError

NAMES = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
FILES = {split: f"data/{split}-*.parquet" for split in ("train", "valid", "test")}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the library's own for each test, and an empty working directory."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NER_DATA", raising=False)
    monkeypatch.chdir(tmp_path)


def _parquet(folder: Path, **splits: dict[str, Any]) -> HubSource:
    (folder / "data").mkdir(parents=True)
    for split, columns in splits.items():
        pq.write_table(pa.table(columns), folder / "data" / f"{split}-00000-of-00001.parquet")
    files = {split: FILES[split] for split in splits}
    return HubSource(str(folder), "main", files, tag_names=NAMES)


TRAIN: dict[str, Any] = {
    "tokens": [["Angela", "Merkel", "in", "Paris"], [], ["Bonn"]],
    "ner_tags": [[1, 2, 0, 3], [], [3]],
}
TEST: dict[str, Any] = {"tokens": [["Bonn", "."]], "ner_tags": [[3, 0]]}


def test_numbered_tags_become_column_files(tmp_path: Path) -> None:
    source = _parquet(tmp_path / "repo", train=TRAIN, test=TEST)
    hub.fetch(source, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "test.conll",
        "train.conll",
    ]
    assert (tmp_path / "out" / "train.conll").read_text() == (
        "Angela\tB-PER\nMerkel\tI-PER\nin\tO\nParis\tB-LOC\n\nBonn\tB-LOC\n\n"
    )


def test_names_in_the_files_win_over_ours(tmp_path: Path) -> None:
    import datasets

    names = ["I-MISC", "O", "B-MISC"]
    features = datasets.Features(
        {
            "tokens": datasets.Sequence(datasets.Value("string")),
            "ner_tags": datasets.Sequence(datasets.ClassLabel(names=names)),
        }
    )
    rows = {"tokens": [["a", "b", "c"]], "ner_tags": [[2, 0, 1]]}
    (tmp_path / "repo" / "data").mkdir(parents=True)
    datasets.Dataset.from_dict(rows, features).to_parquet(
        tmp_path / "repo" / "data" / "train-0.parquet"
    )
    source = HubSource(str(tmp_path / "repo"), "main", {"train": FILES["train"]}, tag_names=NAMES)
    hub.fetch(source, tmp_path / "out")
    assert (tmp_path / "out" / "train.conll").read_text() == "a\tB-MISC\nb\tI-MISC\nc\tO\n\n"


def test_csv_with_text_cells_is_read(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    rows = 'text,label\n高 勇 ：,"B-NAME,E-NAME,O"\n男 。,O O\n'
    (tmp_path / "repo" / "train.csv").write_text(rows, encoding="utf-8")
    source = HubSource(
        str(tmp_path / "repo"), "main", {"train": "train.csv"}, tokens="text", tags="label"
    )
    hub.fetch(source, tmp_path / "out")
    first, second = read_file(tmp_path / "out" / "train.conll")
    assert (first.tokens, first.spans[0].label) == (("高", "勇", "："), "NAME")
    assert second.tokens == ("男", "。")


def test_document_marks_become_documents(tmp_path: Path) -> None:
    rows = {
        "tokens": [["-DOCSTART-", "a"], ["b"], ["-DOCSTART-"], ["c"]],
        "ner_tags": [[0, 0], [0], [0], [0]],
    }
    hub.fetch(_parquet(tmp_path / "repo", train=rows), tmp_path / "out")
    back = read_file(tmp_path / "out" / "train.conll")
    assert [(s.tokens, s.document) for s in back] == [(("a",), 0), (("b",), 0), (("c",), 1)]


def test_odd_tokens_are_changed_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = {"tokens": [["New York", "", "x\ty"]], "ner_tags": [[3, 0, 0]]}
    with caplog.at_level(logging.WARNING, "ner"):
        hub.fetch(_parquet(tmp_path / "repo", train=rows), tmp_path / "out")
    (sentence,) = read_file(tmp_path / "out" / "train.conll")
    assert sentence.tokens == ("New\u00a0York", "x\u00a0y")
    assert "2 tokens whose spaces became no-break spaces, 1 empty tokens left out" in caplog.text


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"tokens": [["a"]], "tags": [[0]]}, "has no column 'ner_tags' among tokens, tags"),
        ({"tokens": [["a"]], "ner_tags": [[0, 0]]}, r"\(train\): row 1: .* do not fit"),
        ({"tokens": [["a"], ["b"]], "ner_tags": [[0], [9]]}, "row 2: .*tag 9 has no name"),
        ({"tokens": [["a"]], "ner_tags": [[-1]]}, "row 1: .*tag -1 has no name"),
        ({"tokens": [["a"]], "ner_tags": [["PER"]]}, "row 1: 'PER' is not a tag"),
        ({"tokens": [[7]], "ner_tags": [None]}, "row 1: .* do not fit"),
    ],
)
def test_rows_that_do_not_fit_are_one_line_errors_and_leave_nothing(
    tmp_path: Path, rows: dict[str, Any], message: str
) -> None:
    source = _parquet(tmp_path / "repo", train=rows)
    with pytest.raises(NerError, match=message) as caught:
        hub.fetch(source, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_whatever_the_library_raises_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    source = HubSource(str(tmp_path / "repo"), "main", FILES)
    with pytest.raises(CorpusError, match="cannot be had from the Hub") as caught:
        hub.fetch(source, tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_named_data_set_comes_from_the_hub_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _parquet(tmp_path / "repo", train=TRAIN, valid=TEST, test=TEST)
    monkeypatch.setitem(NAMED, "wnut17", NamedCorpus("wnut17", "about", "licence", source))
    corpus = load_corpus("wnut17")
    assert [len(split) for split in corpus.splits().values()] == [2, 1, 1]
    monkeypatch.setattr(hub, "fetch", None)
    assert load_corpus("wnut17").checksums() == corpus.checksums()


@pytest.mark.slow
def test_offline_is_said_at_once_and_in_one_line(tmp_path: Path) -> None:
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
    environment.pop("NER_DATA", None)
    result = subprocess.run(
        [sys.executable, "-c", "import ner; ner.load_corpus('conll2003')"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    last = result.stderr.strip().split("\n")[-1]
    assert last.startswith("ner.errors.UsageError: no corpus 'conll2003'; looked at ")
    assert "lhoestq/conll2003 cannot be had from the Hub (HF_HUB_OFFLINE is set; " in last
    assert "put train, valid and test files" in last


def test_importing_corpora_is_light() -> None:
    code = (
        "import sys, ner.corpus; "
        "print([m for m in ('torch', 'datasets', 'numpy') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"

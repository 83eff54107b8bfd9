"""Outputs: named by their names, never in the place of somebody's file."""

import io
import zipfile
from pathlib import Path

import pytest

from ner.corpus import read_file
from ner.errors import UsageError
from ner.extensions.review.output import check_out, exported, format_of, written_formats
from ner.text import Sentence


@pytest.mark.parametrize(
    ("name", "named", "expected"),
    [
        ("a.jsonl", None, "jsonl"),
        ("a.JSONL.gz", None, "jsonl"),
        ("a.conll", None, "iob2"),
        ("a", None, "iob2"),
        ("a.spacy", None, "docbin"),
        ("a.conllu", None, "conllu"),
        ("a.conll", "iobes", "iobes"),
        ("a.json", "spacy", "spacy"),
    ],
)
def test_formats_are_told_by_name(name: str, named: str | None, expected: str) -> None:
    assert format_of(Path(name), named) == expected


@pytest.mark.parametrize(
    ("name", "named", "message"),
    [
        ("a.json", None, "several formats are called so"),
        ("a.jsonl", "iob2", "columns do not go into a .jsonl file"),
        ("a.x", "nothing", "nothing"),
        ("a.x", "hf-disk", "is only read, not written"),
    ],
)
def test_what_says_too_little_is_refused(name: str, named: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        format_of(Path(name), named)


def test_files_of_somebody_stay(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is the file to be reviewed, which stays as it is"):
        check_out(corpus, [corpus], resume=True)
    link = tmp_path / "link.conll"
    link.symlink_to(corpus)
    with pytest.raises(UsageError, match="is the file to be reviewed"):
        check_out(link, [corpus], resume=True)
    with pytest.raises(UsageError, match="a review is written to a file, beside its journal"):
        check_out(Path("-"), [corpus], resume=False)
    other = tmp_path / "other"
    other.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        check_out(other, [corpus], resume=False)
    check_out(other, [corpus], resume=True)
    check_out(tmp_path / "new" / "out.jsonl", [corpus], resume=False)
    assert other.read_text() == "mine"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("format", written_formats())
def test_every_format_that_is_written_can_be_had(
    sentences: list[Sentence], tmp_path: Path, format: str
) -> None:
    if format in ("parquet", "docbin"):
        pytest.importorskip("pyarrow" if format == "parquet" else "spacy")
    content, name = exported(sentences, format)
    path = tmp_path / name
    path.write_bytes(content)
    if name == "corrected.zip":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(tmp_path / "brat")
        path = tmp_path / "brat"
    read = read_file(path)
    told = {(" ".join(s.tokens[e.start : e.end]), e.label) for s in read for e in s.spans}
    assert told == {("Anna", "PER"), ("New York", "LOC"), ("Rome", "ORG")}

"""Files of word vectors: golden ones, good and bad, and a real one."""

import json
import string
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ner import files
from ner.errors import NerError, VectorsError
from ner.features import Vectors, read_vectors

GOLDEN = Path(__file__).parent.parent / "golden" / "vectors"
FILES = sorted(path.with_suffix("") for path in GOLDEN.glob("*.json"))


def expectation(path: Path) -> dict[str, Any]:
    """What `NAME.json` says of the file `NAME`: how to read it, and the rows or the error."""
    found: dict[str, Any] = json.loads(path.with_name(f"{path.name}.json").read_text("utf-8"))
    assert found.keys() <= {"note", "wanted", "spare", "fold", "words", "rows", "error"}
    return found


GOOD = [path for path in FILES if "rows" in expectation(path)]
BAD = [path for path in FILES if "error" in expectation(path)]


def read(path: Path) -> Vectors:
    how = expectation(path)
    wanted = how.get("wanted")
    fold = how.get("fold", False)
    return read_vectors(
        path,
        (lambda _: True) if wanted is None else wanted.__contains__,
        spare=how.get("spare", 0),
        fold_case=fold,
        fold_digits=fold,
    )


def test_every_golden_file_has_its_expectation() -> None:
    assert {path.name for path in GOLDEN.iterdir() if path.suffix != ".json"} == {
        path.name for path in [*GOOD, *BAD]
    }


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_good_files(path: Path) -> None:
    vectors, expected = read(path), expectation(path)
    assert list(vectors.words) == expected["words"]
    assert vectors.rows.tolist() == expected["rows"]
    assert vectors.rows.dtype == np.float32
    assert vectors.dim == 3


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_bad_files_are_one_line_that_says_where_and_what_to_do(path: Path) -> None:
    with pytest.raises(VectorsError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}{expectation(path)['error']}")
    assert message.count("\n") == 0
    assert ";" in message


@pytest.mark.parametrize("name", ["missing.vec", "missing.vec.gz", ""])
def test_a_file_that_cannot_be_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(NerError, match=r"no such file|is a folder"):
        read_vectors(tmp_path / name, lambda _: True)


def test_a_gigantic_line_is_refused_and_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "line.vec"
    path.write_bytes(b"x " * (1 << 20))
    with pytest.raises(VectorsError, match=":1: is no line"):
        read_vectors(path, lambda _: True)
    path.write_bytes(b"3 3\n" + b"x" * (1 << 21))
    with pytest.raises(VectorsError, match=":2: is no word with 3 finite numbers"):
        read_vectors(path, lambda _: True)


def test_a_row_of_very_many_numbers_is_no_vector(tmp_path: Path) -> None:
    path = tmp_path / "wide.txt"
    path.write_text("the " + "1.5 " * 20_000)
    with pytest.raises(VectorsError, match="is it a vectors file"):
        read_vectors(path, lambda _: True)


@pytest.mark.parametrize("name", ["many.txt", "many.txt.gz"])
def test_progress_goes_up_to_the_size_of_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with files.write_text(path) as file:
        file.writelines(f"w{i} 0.{i} 1.0\n" for i in range(5_000))
    seen: list[int] = []
    read_vectors(path, lambda word: word == "w0", progress=seen.append)
    assert len(seen) > 5
    assert seen == sorted(seen)
    assert seen[-1] == path.stat().st_size


def test_binary_rows_across_the_pieces_that_are_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(900, 50)).astype("<f4")  # 180 kB: several pieces
    path = tmp_path / "many.bin"
    body = b"".join(f"w{i} ".encode() + row.tobytes() + b"\n" for i, row in enumerate(rows))
    path.write_bytes(b"900 50\n" + body)
    vectors = read_vectors(path, lambda _: True, fold_digits=False)
    assert vectors.words == tuple(f"w{i}" for i in range(900))
    assert np.array_equal(vectors.rows, rows)


words = st.text(string.ascii_letters + "éß中-'", min_size=1, max_size=6)
numbers = st.floats(width=32, min_value=-1e6, max_value=1e6).filter(lambda x: abs(x) > 1e-3)
tables = st.dictionaries(words, st.lists(numbers, min_size=4, max_size=4), min_size=1, max_size=9)


@given(tables)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_format_gives_the_same(tmp_path: Path, table: dict[str, list[float]]) -> None:
    text = "".join(" ".join([w, *map(repr, row)]) + "\n" for w, row in table.items())
    header = f"{len(table)} 4\n"
    packed = b"".join(w.encode() + b" " + struct.pack("<4f", *row) for w, row in table.items())
    for name, data in [
        ("glove.txt", text.encode()),
        ("word2vec.txt", (header + text).encode()),
        ("word2vec.bin", header.encode() + packed),
    ]:
        path = tmp_path / name
        path.write_bytes(data)
        vectors = read_vectors(path, lambda _: True, fold_case=False)
        assert list(vectors.words) == list(table)
        assert vectors.rows.tolist() == list(table.values())


def test_a_real_file_gives_only_the_rows_that_are_needed(
    real_data: Callable[[str], Path],
) -> None:
    wanted = {"paris", "the", "0000", "no-such-word-as-this"}
    vectors = read_vectors(real_data("vectors/news100.vec.gz"), wanted.__contains__)
    assert set(vectors.words) == wanted - {"no-such-word-as-this"}
    assert vectors.rows.shape == (3, 100)
    assert np.abs(vectors.rows).max() < 10

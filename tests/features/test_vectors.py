"""Files of word vectors: golden ones, good and bad, and a real one."""

import gzip
import json
import lzma
import os
import string
import struct
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ner.errors import NerError, VectorsError
from ner.features import Vectors, read_vectors
from ner.features.vectors import FOLDING_LOOK

GOLDEN = Path(__file__).parent.parent / "golden" / "vectors"
FILES = sorted(path.with_suffix("") for path in GOLDEN.glob("*.json"))


def expectation(path: Path) -> dict[str, Any]:
    """What `NAME.json` says of the file `NAME`: what is asked for, and the rows or the error."""
    found: dict[str, Any] = json.loads(path.with_name(f"{path.name}.json").read_text("utf-8"))
    assert found.keys() <= {"note", "tokens", "spare", "folds", "words", "rows", "found", "error"}
    return found


GOOD = [path for path in FILES if "rows" in expectation(path)]
BAD = [path for path in FILES if "error" in expectation(path)]


def read(path: Path) -> Vectors:
    """Read what its expectation says: its `tokens`, or else the words that shall come out."""
    how = expectation(path)
    tokens = how.get("tokens", how.get("words", ["the", "Paris", "1996", "dog"]))
    return read_vectors(path, tokens, out_of_training=how.get("spare", 0))


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
    asked = set(map(vectors.fold, expected.get("tokens", expected["words"])))
    found = [word in asked for word in vectors.words]
    assert found == sorted(found, reverse=True)  # these come first
    assert sum(found) == expected.get("found", len(vectors.words))
    if "folds" in expected:
        assert [vectors.fold_case, vectors.fold_digits] == expected["folds"]


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
        read_vectors(tmp_path / name, ["the"])


def test_a_gigantic_line_is_refused_and_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "line.vec"
    path.write_bytes(b"x " * (1 << 20))
    with pytest.raises(VectorsError, match=":1: is no line"):
        read_vectors(path, ["the"])
    path.write_bytes(b"3 3\n" + b"x" * (1 << 21))
    with pytest.raises(VectorsError, match=":2: has 0 numbers after its word"):
        read_vectors(path, ["the"])


@pytest.mark.parametrize("digits", [20, 4300, 10_000])
def test_a_first_line_of_very_many_digits(tmp_path: Path, digits: int) -> None:
    path = tmp_path / "digits.vec"
    for first in ("3 " + "1" * digits, "1" * digits + " 3"):
        path.write_text(f"{first}\nthe 1 2 3\n")
        with pytest.raises(VectorsError, match=r":1: is no line .*is it a vectors file"):
            read_vectors(path, ["the"])


def test_a_row_of_very_many_numbers_is_no_vector(tmp_path: Path) -> None:
    path = tmp_path / "wide.txt"
    path.write_text("the " + "1.5 " * 20_000)
    with pytest.raises(VectorsError, match="is it a vectors file"):
        read_vectors(path, ["the"])


@pytest.mark.parametrize("name", ["many.txt", "many.txt.gz", "many.txt.xz"])
def test_progress_goes_up_to_the_size_of_the_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    text = "".join(f"w{i} 0.{i} 1.0\n" for i in range(5_000))
    packers: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".xz": lzma.compress}
    pack = packers.get(path.suffix, bytes)
    path.write_bytes(pack(text.encode()))
    seen: list[int] = []
    read_vectors(path, ["w0"], progress=seen.append)
    assert len(seen) > 5
    assert seen == sorted(seen)
    assert seen[-1] == path.stat().st_size


def test_binary_rows_across_the_pieces_that_are_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(900, 50)).astype("<f4")  # 180 kB: several pieces
    path = tmp_path / "many.bin"
    body = b"".join(f"w{i} ".encode() + row.tobytes() + b"\n" for i, row in enumerate(rows))
    path.write_bytes(b"900 50\n" + body)
    vectors = read_vectors(path, [f"w{i}" for i in range(900)])
    assert vectors.words == tuple(f"w{i}" for i in range(900))
    assert np.array_equal(vectors.rows, rows)


@pytest.mark.parametrize("header", ["", "2 3\n"])
def test_a_byte_order_mark_is_no_letter(tmp_path: Path, header: str) -> None:
    path = tmp_path / "v.vec"
    path.write_text(f"{header}the 1 2 3\nof 4 5 6\n", encoding="utf-8-sig")
    assert read_vectors(path, ["the", "of"]).words == ("the", "of")


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
        vectors = read_vectors(path, table)
        cased = [word for word in table if word.lower() != word.upper()]
        assert vectors.fold_case == (bool(cased) and all(w.lower() == w for w in cased))
        assert list(vectors.words) == list(table)
        assert vectors.rows.tolist() == list(table.values())


def write(path: Path, words: Iterable[str]) -> Path:
    """A file with a row for each word, `number` and 1, in their order."""
    path.write_text("".join(f"{word} {number} 1\n" for number, word in enumerate(words)))
    return path


def plain(number: int) -> str:
    """A word without capitals and digits, another for each number."""
    return "".join(string.ascii_lowercase[int(digit)] for digit in str(number))


@pytest.mark.parametrize(
    ("words", "folds"),
    [
        (["the", "paris", "0000"], (True, True)),
        (["the", "Paris", "0000"], (False, True)),
        (["the", "paris", "1996"], (True, False)),
        (["the", "Paris", "1996", "0000"], (False, False)),
        (["der", "paris", "ÄRZTE"], (False, False)),  # no digit: nothing to go by
        (["中", "国", "-", "000"], (False, True)),  # no letter that has a case
        (["中", "国", "٣"], (False, False)),  # a digit, too
        ([*map(plain, range(100)), "UNKNOWN"], (True, False)),  # one in a hundred is a stray one
        ([*map(plain, range(98)), "UNKNOWN"], (False, False)),
        ([*(f"{plain(n)}0" for n in range(100)), "42"], (True, True)),
    ],
)
def test_the_words_of_a_file_show_how_it_is_folded(
    tmp_path: Path, words: list[str], folds: tuple[bool, bool]
) -> None:
    vectors = read_vectors(write(tmp_path / "v.txt", words), words)
    assert (vectors.fold_case, vectors.fold_digits) == folds


def test_only_first_words_show_the_folding_and_all_are_folded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = [*(plain(n) for n in range(FOLDING_LOOK)), "PARIS", "paris", "Rome"]
    path = write(tmp_path / "v.txt", words)
    vectors = read_vectors(path, ["Paris", "ROME", "A"], out_of_training=2)
    assert vectors.words == ("a", "paris", "rome", "b", "c")
    assert vectors.rows[:, 0].tolist() == [0, FOLDING_LOOK, FOLDING_LOOK + 2, 1, 2]
    assert vectors.size == len(words)
    assert vectors.fold("PARIS") == "paris"
    assert caplog.messages == [f"{path}: has words more than once (1); the first counts"]
    assert read_vectors(write(path, ["Rome", *words]), ["rome"]).fold_case  # a stray one


def test_a_cased_file_takes_tokens_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "v.txt", ["the", "Paris", "PARIS", "00"])
    vectors = read_vectors(path, ["The", "Paris", "paris", "42"])
    assert vectors.words == ("Paris", "00")


def test_long_rows_are_not_all_kept_to_see_the_folding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ner.features.vectors.FOLDING_BYTES", 20)
    path = write(tmp_path / "v.txt", [*(plain(n) for n in range(10)), "Paris", "Rome"])
    assert read_vectors(path, ["a"]).fold_case  # 3 bytes a row: it has not come to the capitals


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "v.txt"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("the 1 2\nparis 3 4\n",))
    writer.start()
    vectors = read_vectors(pipe, ["Paris"], out_of_training=1)
    writer.join()
    assert (vectors.words, vectors.rows.tolist()) == (("paris", "the"), [[3, 4], [1, 2]])


@given(st.lists(st.sampled_from(["a", "b", "B", "c", "d", "7", "0"])), st.integers(0, 4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_words_of_the_corpus_come_first_then_spare_ones(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, words: list[str], spare: int
) -> None:
    """Against a plain reading of the whole file."""
    caplog.clear()
    words = ["a", *words]
    vectors = read_vectors(
        write(tmp_path / "v.txt", words), ["A", "a", "b", "9", "z"], out_of_training=spare
    )
    folded = [vectors.fold(word) for word in words]
    asked = {vectors.fold(token) for token in ["A", "a", "b", "9", "z"]}
    distinct = list(dict.fromkeys(folded))
    found = [word for word in distinct if word in asked]
    others = [word for word in distinct if word not in asked][:spare]
    assert vectors.words == (*found, *others)
    assert vectors.rows[:, 0].tolist() == [folded.index(word) for word in vectors.words]
    kept = [word for word in folded if word in vectors.words]
    again = len(kept) - len(set(kept))
    assert [f"words more than once ({again});" in message for message in caplog.messages] == (
        [True] if again else []
    )
    assert vectors.size == len(words)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["news100", "news100-cased"])
def test_a_real_file_gives_only_the_rows_that_are_needed(
    real_data: Callable[[str], Path], name: str
) -> None:
    tokens = ["Paris", "the", "1996", "no-such-word-as-this"]
    vectors = read_vectors(real_data(f"vectors/{name}.vec.gz"), tokens)
    paris = "Paris" if name == "news100-cased" else "paris"
    assert set(vectors.words) == {paris, "the", "0000"}
    assert vectors.rows.shape == (3, 100)
    assert np.abs(vectors.rows).max() < 10

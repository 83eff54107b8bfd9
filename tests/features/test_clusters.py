"""Brown clusters: files, good and bad, paths of words and their prefixes."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import NerError, UsageError
from ner.features.clusters import Clusters, read_clusters

CONTENT = (
    "0110\tRome\t12\n0110\tGermany\t9\n0110\tparis\t1\n\n10\tthe\t900\n"
    "00111\tRome\t3\n111\tIT\t2\n10\tit\t5\n10\tin between\t1\n"
)


def path_of(clusters: Clusters, word: str) -> str | None:
    """The path of a word."""
    number = clusters.number_of(word)
    return None if number is None else clusters.paths[number]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    """Write a file of clusters and say where it is."""

    def written(content: bytes) -> Path:
        path = tmp_path / "clusters.txt"
        path.write_bytes(content)
        return path

    return written


@pytest.mark.parametrize("name", ["c.txt", "c.gz"])
def test_a_file_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(CONTENT.encode()) if name == "c.gz" else CONTENT.encode())
    clusters = read_clusters(path)
    assert clusters.paths == ("0110", "10", "111")  # the second path of Rome does not count
    assert clusters.words == {
        "Rome": 0,
        "Germany": 0,
        "paris": 0,
        "the": 1,
        "IT": 2,
        "it": 1,
        "in between": 1,
    }


@pytest.mark.parametrize(
    ("word", "path"),
    [
        ("Rome", "0110"),
        ("IT", "111"),
        ("it", "10"),
        ("It", "10"),  # in lower case
        ("THE", "10"),
        ("Paris", "0110"),
        ("GERMANY", "0110"),  # in title case
        ("germany", "0110"),
        ("Oslo", None),
        ("", None),
    ],
)
def test_a_word_is_looked_up_as_it_is_then_in_other_cases(
    word: str, path: str | None, write: Callable[[bytes], Path]
) -> None:
    assert path_of(read_clusters(write(CONTENT.encode())), word) == path


def test_the_word_itself_goes_before_its_lower_case_and_that_before_title_case() -> None:
    clusters = Clusters(("0", "1"), {"abc": 0, "Abc": 1})
    assert [clusters.number_of(word) for word in ("ABC", "abc", "Abc", "aBC")] == [0, 0, 1, 0]


@given(st.sets(st.text("01", min_size=1, max_size=6), min_size=1), st.integers(1, 8))
def test_prefixes_are_the_paths_cut(paths: set[str], length: int) -> None:
    clusters = Clusters(tuple(sorted(paths)), {})
    prefixes, numbers = clusters.prefixes(length)
    assert list(prefixes) == sorted(set(prefixes))
    assert [prefixes[number] for number in numbers] == [path[:length] for path in clusters.paths]
    assert set(numbers) == set(range(len(prefixes)))


def test_prefixes_of_a_few_paths() -> None:
    clusters = Clusters(("0", "0110", "0111", "10"), {})
    assert clusters.prefixes(3) == (("0", "011", "10"), [0, 1, 1, 2])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", ": has no word; "),
        (b"\n \n", ": has no word; "),
        (b"01\tRome\n", ":1: is not path, word and count with tabs between (columns: 2); "),
        (
            b"01\tRome\t1\n01 Paris 3\n",
            ":2: is not path, word and count with tabs between (columns: 1); ",
        ),
        (b"01\tRome\t1\tx\n", ":1: is not path, word and count with tabs between (columns: 4); "),
        (b"01\tRome\t1\n\n012\tParis\t1\n", ":3: '012' is no path of 0 and 1; "),
        (b"Rome\t01\t1\n", ":1: 'Rome' is no path of 0 and 1; "),
        (b"01\tRome\tmany\n", ":1: 'many' is no count; "),
        (b"01\t\t4\n", ":1: has no word; "),
        (b"01\tRome\t1\n01\tJos\xe9\t1\n", ":2: byte 0xE9 is not UTF-8; "),
    ],
)
def test_a_file_that_is_something_else(
    content: bytes, said: str, write: Callable[[bytes], Path]
) -> None:
    path = write(content)
    with pytest.raises(NerError) as caught:
        read_clusters(path)
    message = str(caught.value)
    assert message.startswith(f"{path}{said}")
    assert "\n" not in message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such file; "):
        read_clusters(tmp_path / "none.gz")


@pytest.mark.slow
def test_a_real_file(real_data: Callable[[str], Path]) -> None:
    clusters = read_clusters(real_data("clusters/bllip-clusters.gz"))
    assert (len(clusters.words), len(clusters.paths)) == (316_710, 1000)
    assert path_of(clusters, "the") == "11010"
    assert path_of(clusters, "CRICKET") == path_of(clusters, "cricket") is not None

"""Word lists: reading them, and finding their entries against brute force; files of lines."""

import gc
import gzip
import itertools
import pickle
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import ConfigError, NerError, UsageError
from ner.features import word_lists
from ner.features.word_lists import (
    LONGEST_ENTRY,
    LONGEST_LINE,
    WordList,
    read_word_lists,
    word_lines,
)

token = st.sampled_from(["a", "A", "b", "B", "ab", "Ab", "AB", "aB", "-", "ß", "SS", "ǆ"])
tokens_of = st.lists(token, max_size=12)
entries_of = st.lists(st.lists(token, max_size=4), max_size=8)


def _fits(shown: str, listed: str) -> bool:
    return shown in (listed, listed.upper(), listed[:1].upper() + listed[1:])


def by_hand(entries: Sequence[Sequence[str]], tokens: Sequence[str]) -> list[tuple[int, int]]:
    """From left to right, the longest entry that stands at each place that is still free."""
    found: list[tuple[int, int]] = []
    start = 0
    while start < len(tokens):
        lengths = [
            len(entry)
            for entry in entries
            if entry
            and len(entry) <= len(tokens) - start
            and all(map(_fits, tokens[start : start + len(entry)], entry))
        ]
        if lengths:
            found.append((start, start + max(lengths)))
        start += max(lengths, default=1)
    return found


@given(entries=entries_of, tokens=tokens_of)
def test_matches_are_those_of_brute_force(entries: list[list[str]], tokens: list[str]) -> None:
    assert WordList.build("X", entries).matches(tokens) == by_hand(entries, tokens)


@pytest.mark.parametrize(
    ("listed", "shown", "expected"),
    [
        ("Germany", "Germany", True),
        ("Germany", "GERMANY", True),
        ("Germany", "germany", False),
        ("May", "may", False),
        ("aspirin", "Aspirin", True),
        ("aspirin", "ASPIRIN", True),
        ("iPhone", "IPhone", True),
        ("iPhone", "Iphone", False),
        ("USA", "Usa", False),
        ("éclair", "Éclair", True),
        ("北京", "北京", True),
    ],
)
def test_the_case_rule(listed: str, shown: str, expected: bool) -> None:
    assert bool(WordList.build("X", [[listed]]).matches([shown])) is expected


def test_a_word_of_two_readings_is_followed_in_both() -> None:
    places = WordList.build("LOC", [["May", "Pen"], ["may", "tree", "hill"]])
    assert places.matches(["May", "tree", "hill", "May", "Pen"]) == [(0, 3), (3, 5)]


def test_entries_are_distinct_and_keep_their_order() -> None:
    entries = [["b"], ["a", "b"], [], ["b"], ("a", "b"), ["B"]]
    assert WordList.build("X", entries).entries == (("b",), ("a", "b"), ("B",))


def test_used_or_not_it_is_the_same_and_can_be_pickled() -> None:
    used, fresh = (WordList.build("X", [["New", "York"], ["York"]]) for _ in range(2))
    assert used.matches(["New", "York"]) == [(0, 2)]
    assert used == fresh
    assert pickle.loads(pickle.dumps(used)).matches(["York"]) == [(0, 1)]


# --- files ----------------------------------------------------------------------


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write a list and say where it is."""

    def written(content: str) -> Path:
        path = tmp_path / f"list{len(list(tmp_path.iterdir()))}.txt"
        path.write_text(content, encoding="utf-8")
        return path

    return written


def test_a_list_has_an_entry_a_line(write: Callable[[str], Path]) -> None:
    path = write("  New York \n\nRome\r\n---\nCôte d'Ivoire\nRome\nL=3\n")
    [places] = read_word_lists([f"LOC={path}"], "words-en")
    assert places.label == "LOC"
    assert places.entries == (("New", "York"), ("Rome",), ("Côte", "d'Ivoire"), ("L", "=", "3"))


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("words", [("Saint-Lô",), ("Levi's",)]),
        ("words-en", [("Saint-Lô",), ("Levi", "'s")]),
        ("pieces", [("Saint", "-", "Lô"), ("Levi", "'", "s")]),
        ("characters", [tuple("Saint-Lô"), tuple("Levi's")]),
    ],
)
def test_entries_are_cut_like_the_text(
    style: str, expected: list[tuple[str, ...]], write: Callable[[str], Path]
) -> None:
    [places] = read_word_lists([f"X={write('Saint-Lô' + chr(10) + 'Levi' + chr(39) + 's')}"], style)
    assert places.entries == tuple(expected)


@pytest.mark.parametrize(
    ("line", "style", "expected"),
    [
        ("Acme Inc.", "words-en", {("Acme", "Inc"), ("Acme", "Inc.")}),
        ("Acme Foods.", "words-en", {("Acme", "Foods")}),
        ("St. Louis", "words-en", {("St.", "Louis")}),
        ("Acme Inc.", "pieces", {("Acme", "Inc")}),
    ],
)
def test_a_full_stop_at_the_end_is_the_words_or_the_sentences(
    line: str, style: str, expected: set[tuple[str, ...]], write: Callable[[str], Path]
) -> None:
    [found] = read_word_lists([f"ORG={write(line)}"], style)
    assert set(found.entries) == expected


def test_lists_of_one_label_are_one(write: Callable[[str], Path]) -> None:
    one, other, third = write("Rome\nParis\n"), write("Anna\n"), write("Paris\nOslo\n")
    specs = [f"LOC={one}", f" PER = {other} ", f"LOC={third}"]
    found = {g.label: g.entries for g in read_word_lists(specs, "words")}
    assert found == {"LOC": (("Rome",), ("Paris",), ("Oslo",)), "PER": (("Anna",),)}
    assert list(found) == ["LOC", "PER"]


def test_sentences_are_no_entries(write: Callable[[str], Path]) -> None:
    most = "a " * LONGEST_ENTRY
    [words] = read_word_lists([f"X={write(f'{most}{chr(10)}{most}b{chr(10)}')}"], "words")
    assert words.entries == (("a",) * LONGEST_ENTRY,)


@pytest.mark.parametrize("spec", ["names.txt", "=names.txt", "PER=", " = ", "A B=names.txt", ""])
def test_what_is_no_label_and_file(spec: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_word_lists([spec], "words")
    assert str(caught.value) == (
        f"word list {spec!r} is not LABEL=FILE; write it as in PER=names.txt"
    )


@pytest.mark.parametrize("content", ["", "\n \n", "--\n***\n", "a " * (LONGEST_ENTRY + 1)])
def test_a_list_without_an_entry(content: str, write: Callable[[str], Path]) -> None:
    path = write(content)
    with pytest.raises(NerError, match=r"has no entry; ") as caught:
        read_word_lists([f"PER={path}"], "words")
    assert str(caught.value).startswith(f"{path}: ")


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no such file; "):
        read_word_lists([f"PER={tmp_path / 'none.txt'}"], "words")


def test_a_list_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(b"Anna\nJos\xe9\n")
    with pytest.raises(NerError) as caught:
        read_word_lists([f"PER={path}"], "words")
    assert str(caught.value).startswith(f"{path}:2: byte 0xE9 is not UTF-8; ")


@pytest.mark.slow
def test_real_lists(real_data: Callable[[str], Path]) -> None:
    folder = real_data("gazetteers")
    names = ["geonames_cities_cc_by.txt", "factbook_country_names_nationalities_pd.txt"]
    [places] = read_word_lists([f"LOC={folder / name}" for name in names], "words-en")
    assert len(places.entries) > 20_000
    text = ["GERMANY", "beat", "Beninese", "sides", "of", "Addis", "Ababa", ";", "germany"]
    assert places.matches(text) == [(0, 1), (2, 3), (5, 7)]


# --- lines ----------------------------------------------------------------------

CONTENT = "\ufeff Rome \r\n\r\n \t\nSão Paulo\u2028B\n\nlast".encode()
LINES = [(1, "Rome"), (4, "São Paulo\u2028B"), (6, "last")]


@pytest.mark.parametrize("name", ["names.txt", "names.txt.gz"])
def test_lines_have_their_numbers_and_no_blanks(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(CONTENT) if path.suffix == ".gz" else CONTENT)
    assert list(word_lines(path)) == LINES


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Rome\nJos\xe9\n", ":2: byte 0xE9 is not UTF-8; "),
        ("Rome\n".encode("utf-16"), ":1: is no line of a text file; "),
        (b"\xffRome\n", ":1: byte 0xFF is not UTF-8; "),
        (b"Rome\n\n" + b"x" * (LONGEST_LINE + 1), ":3: is no line of a text file; "),
    ],
    ids=["latin-1", "utf-16", "first", "endless"],
)
def test_a_file_that_is_something_else(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(content)
    with pytest.raises(NerError) as caught:
        list(word_lines(path))
    assert str(caught.value).startswith(f"{path}{said}")


def test_the_longest_line_is_read(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(b"x" * (LONGEST_LINE - 1) + b"\nRome\n")
    assert [number for number, _ in word_lines(path)] == [1, 2]


def test_a_packed_file_that_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "names.txt.gz"
    path.write_bytes(gzip.compress(CONTENT)[:-9])
    with pytest.raises(NerError, match="cannot be read"):
        list(word_lines(path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        list(word_lines(tmp_path / "names.txt"))


def test_a_hostile_list_costs_a_token_no_more_than_another() -> None:
    """All ways to write a word in small letters and capitals lead a text in capitals everywhere."""
    ways = list(itertools.product("aA", "bB", "cC", "dD", "eE", "fF", "gG", "hH"))
    variants = ["".join(way) for way in ways]
    firsts = [(one, other) for one in variants for other in ("x", "X")]
    hostile = WordList.build("X", [(*first, word) for first in firsts for word in variants[::16]])
    plain = WordList.build("X", [("ABCDEFGH", "X", "abcdefgh")])
    text = ["ABCDEFGH", "X", "ABCDEFGH", "y"] * 50
    assert hostile.matches(text) == plain.matches(text) == [(n, n + 3) for n in range(0, 200, 4)]
    assert lines_run(lambda: hostile.matches(text)) == lines_run(lambda: plain.matches(text))


def lines_run(work: Callable[[], object]) -> int:
    """Count the lines that Python runs, which no machine is slow or quick at."""
    lines = 0

    def trace(frame: object, event: str, argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    gc.disable()  # hypothesis has lines of its own in each collection
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
        gc.enable()
    return lines


def test_entries_come_from_lines_as_from_a_file(tmp_path: Path) -> None:
    lines = ["Acme Inc.", "", "–", "New York", " ".join("a" * 21)]
    (tmp_path / "list").write_text("\n".join(lines))
    [from_file] = read_word_lists([f"ORG={tmp_path / 'list'}"], "words-en")
    assert WordList.build("ORG", word_lists.entries_of(lines, "words-en")) == from_file
    assert from_file.entries[-1] == ("New", "York")

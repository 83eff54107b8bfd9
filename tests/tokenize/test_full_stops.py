"""Word lists: files that people may add to."""

from importlib import resources

import pytest

from ner.tokenize.full_stops import words

LISTS = sorted(
    file.name.removesuffix(".txt")
    for file in resources.files("ner.tokenize").joinpath("data").iterdir()
)


@pytest.mark.parametrize("name", LISTS)
def test_a_word_list_has_an_entry_a_line_each_once_below_a_comment(name: str) -> None:
    file = resources.files("ner.tokenize") / "data" / f"{name}.txt"
    comment, *entries = file.read_text(encoding="utf-8").splitlines()
    assert comment.startswith("# ")
    assert len(entries) == len(words(name)) > 0
    assert {*entries} == words(name)
    assert all(len(entry.split()) == 1 for entry in entries)


def test_there_is_a_list_of_each_kind() -> None:
    assert {"titles", "months", "starters", "clitics"} <= {*LISTS}

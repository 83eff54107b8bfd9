import pytest

from ner.corpus.layout import cells_of, counts_up, is_comment


@pytest.mark.parametrize(
    ("line", "comment"),
    [
        ("# sent_id = 1", True),
        ("#\thttp://example.org", True),
        ("#", True),
        ("#begin document (x); part 000", True),
        ("#end document", True),
        ("#Text=One two", True),
        ("#Oslo B-LOC", False),
        ("#beginning O", False),
        ("a # b", False),
    ],
)
def test_a_comment_is_known_by_its_beginning(line: str, comment: bool) -> None:
    assert is_comment(line) == comment


@pytest.mark.parametrize(
    ("line", "separator", "cells"),
    [
        (" a \t  b ", "", ["a", "b"]),
        ("a\u00a0b c", "", ["a\u00a0b", "c"]),
        (" \t ", "", []),
        ("a b\t c ", "\t", ["a b", "c"]),
        ("\tc", "\t", ["", "c"]),
        ("\t \t", "\t", []),
        ("a,,c", ",", ["a", "", "c"]),
    ],
)
def test_a_line_is_cut_into_cells(line: str, separator: str, cells: list[str]) -> None:
    assert cells_of(line, separator) == cells


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        ("1 2 3 1 2", True),
        ("0 1 2 3 4", True),
        ("1 1 1 2 2 3", True),  # the number of the sentence
        ("1 2 3-4 3 4 5 1-2 1 2", True),  # CoNLL-U
        ("1-1 1-2 1-3 2-1 2-2 3-1", True),  # WebAnno
        ("7 1984 3 12", False),
        ("1 2 three", False),
        ("1", False),
        ("", False),
        ("1 ² 3", False),
        ("1 2 " + 20 * "9", False),
    ],
)
def test_numbers_of_tokens_count_up(cells: str, numbers: bool) -> None:
    assert counts_up(cells.split()) == numbers

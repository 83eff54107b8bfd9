"""Bodies of pages, byte for byte, and their figures, made by hand.

After a wanted change, write them anew: ``python -m tests.extensions.report.test_golden``.
"""

import json
from pathlib import Path

import pytest

from ner.extensions.report.page import page
from tests.extensions.report.by_hand import figures

GOLDEN = Path(__file__).parents[2] / "golden" / "report"
CASES = {"one": False, "two": True}


@pytest.mark.parametrize(("name", "two"), CASES.items(), ids=CASES)
def test_the_page(name: str, two: bool) -> None:
    assert body(two) == (GOLDEN / f"{name}.html").read_text(encoding="utf-8")
    assert body(two) == body(two), "it is the same each time"


@pytest.mark.parametrize(("name", "two"), CASES.items(), ids=CASES)
def test_the_figures(name: str, two: bool) -> None:
    known = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    found = json.loads(json.dumps(figures(two=two).to_dict()))
    assert _rounded(found) == _rounded(known)


def body(two: bool) -> str:
    """The body of a page; its head is the design that all pages share."""
    return page(figures(two=two)).partition("<body>\n")[2]


def _rounded(value: object) -> object:
    """The same with numbers to nine digits, as machines may differ in the last."""
    if isinstance(value, float):
        return round(value, 9)
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value


def write() -> None:
    """Write the golden files."""
    GOLDEN.mkdir(exist_ok=True)
    for name, two in CASES.items():
        made = figures(two=two)
        (GOLDEN / f"{name}.html").write_text(body(two), encoding="utf-8")
        told = json.dumps(made.to_dict(), indent=1)
        (GOLDEN / f"{name}.json").write_text(f"{told}\n", encoding="utf-8")


if __name__ == "__main__":
    write()

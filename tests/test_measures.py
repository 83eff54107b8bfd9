"""`scripts/measures.py`: that it counts what it says."""

import ast

import pytest

import measures
from measures import Measure, identifiers


def test_beyond_the_limit_is_marked_with_its_places() -> None:
    kept, passed = Measure("a", 3, 3, ("x",)), Measure("b", 3.5, 3, ("x", "y"))
    assert (kept.kept, passed.kept, Measure("c", 9).kept) == (True, False, True)
    assert str(kept).split() == ["a", "3", "≤", "3"]
    assert str(passed).split() == ["✗", "b", "3.5", "≤", "3", "x", "y"]
    assert not Measure("d", 1, 1.2, at_least=True).kept


def test_identifiers_are_whole_and_of_every_kind() -> None:
    tree = ast.parse('from a.b import c as d\ndef f(e, *, g=1): h.i(j="k.l", m="no, two")')
    assert identifiers(tree) == set("abcdefghijklm")


def test_a_function_is_as_long_as_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = ast.parse('@mark\ndef f():\n    """One.\n\n    More.\n    """\n    a\n    b\n')
    monkeypatch.setattr(measures, "TREES", {"x": tree})
    assert list(measures.functions()) == [(3, "x:2 f 3")]


def test_all_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    code = measures.main()
    lines = capsys.readouterr().out.splitlines()
    assert code == any(line.startswith("✗") for line in lines)
    for start in (
        "modules in import cycles",
        "upward imports",
        "core → extension",
        "lines of ner/",
    ):
        assert any(line[2:].startswith(start) for line in lines)

"""The tree of errors: complete, documented, with the right exit codes."""

import inspect

import pytest

from ner import errors
from ner.errors import ConfigError, MissingExtra, NerError, UsageError, reason_of

CLASSES = [value for value in vars(errors).values() if inspect.isclass(value)]


def drawn_tree() -> dict[str, str]:
    """The parent of every class below `NerError`, as the module docstring draws it."""
    parents: dict[str, str] = {}
    path: list[tuple[int, str]] = []  # column and name of the classes that lead to a line
    for line in (errors.__doc__ or "").splitlines():
        name = line.lstrip(" │├└─").split(" ")[0]
        if not name or not hasattr(errors, name):
            continue
        column = line.index(name)
        path = [(at, above) for at, above in path if at < column]
        if path:
            parents[name] = path[-1][1]
        path.append((column, name))
    return parents


def test_the_docstring_draws_every_class_below_its_parent() -> None:
    below = [kind for kind in CLASSES if kind is not NerError]
    assert drawn_tree() == {kind.__name__: kind.__bases__[0].__name__ for kind in below}


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_an_explained_value_error(kind: type[NerError]) -> None:
    assert issubclass(kind, NerError)
    assert issubclass(kind, ValueError)
    assert kind.__doc__
    assert str(kind("a.txt:3: what is wrong; what to do")) == "a.txt:3: what is wrong; what to do"


@pytest.mark.parametrize("kind", CLASSES)
def test_exit_codes(kind: type[NerError]) -> None:
    """2 for a request that is wrong in itself, 1 for work that failed."""
    assert kind.exit_code == (2 if kind in (UsageError, ConfigError, MissingExtra) else 1)


def test_an_error_of_others_is_one_line() -> None:
    assert reason_of(KeyError("a\n b")) == "KeyError: 'a\\n b'"
    assert reason_of(ValueError("one\n\ttwo ")) == "ValueError: one two"
    assert reason_of(OSError("x" * 99), 12) == "OSError: xxx…"

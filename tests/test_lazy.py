"""Values and names that are made when they are first asked for."""

import copy
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ner.lazy import cached_property, lazy_names


class Circle:
    """Counts how often its area is computed."""

    def __init__(self, radius: int) -> None:
        self.radius = radius
        self.computed = 0

    @cached_property
    def area(self) -> int:
        """Three times the square."""
        self.computed += 1
        return 3 * self.radius**2


def test_a_value_is_computed_once_for_an_instance() -> None:
    one, other = Circle(2), Circle(3)
    assert [one.area, one.area, other.area] == [12, 12, 27]
    assert (one.computed, other.computed) == (1, 1)


def test_a_value_is_kept_under_its_name() -> None:
    circle = Circle(1)
    assert "area" not in vars(circle)
    assert circle.area == vars(circle)["area"] == 3
    del circle.area
    assert circle.area == 3
    assert circle.computed == 2


def test_the_class_has_the_property_and_its_documentation() -> None:
    assert isinstance(Circle.area, cached_property)
    assert Circle.area.__doc__ == "Three times the square."


def test_a_copy_has_the_value_that_was_computed() -> None:
    circle = Circle(2)
    assert circle.area == 12
    twin = copy.copy(circle)
    assert (twin.area, twin.computed) == (12, 1)


def test_what_fails_is_tried_again() -> None:
    class Late:
        ready = False

        @cached_property
        def value(self) -> int:
            if not self.ready:
                raise ValueError("not yet")
            return 7

    late = Late()
    with pytest.raises(ValueError, match="not yet"):
        _ = late.value
    late.ready = True
    assert late.value == 7


# --- names of packages --------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package `lazily` with modules `light` and `heavy`."""
    folder = tmp_path / "lazily"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from ner.lazy import lazy_names\n"
        "__getattr__ = lazy_names(__name__, {'light': ['one', 'two'], 'heavy': ['three']})\n"
    )
    (folder / "light.py").write_text("one, two = 1, 2\n")
    (folder / "heavy.py").write_text("three, hidden = 3, 4\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("lazily", "lazily.light", "lazily.heavy"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return __import__("lazily")


def test_a_module_is_loaded_with_its_first_name(package: ModuleType) -> None:
    assert not {"lazily.light", "lazily.heavy"} & {*sys.modules}
    assert (package.one, package.two) == (1, 2)
    assert "lazily.light" in sys.modules
    assert "lazily.heavy" not in sys.modules
    assert package.three == 3


@pytest.mark.parametrize("name", ["four", "hidden", "__path_of_nothing__"])
def test_no_other_name_is_found(package: ModuleType, name: str) -> None:
    with pytest.raises(AttributeError, match=f"^module 'lazily' has no attribute '{name}'$"):
        getattr(package, name)


def test_a_name_that_its_module_lacks_is_an_error() -> None:
    find = lazy_names("ner", {"lazy": ["no_such_name"]})
    with pytest.raises(AttributeError, match="no_such_name"):
        find("no_such_name")

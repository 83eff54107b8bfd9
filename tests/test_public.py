"""The public face: the names that users import."""

import ast
import configparser
import importlib
import re
from pathlib import Path

import pytest

import ner

ROOT = Path(ner.__file__).parent


def test_all_is_sorted_and_complete() -> None:
    assert ner.__all__ == sorted(set(ner.__all__))
    assert {*ner.__all__} == {*ner._HOMES}


@pytest.mark.parametrize("name", ner.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(ner, name)
    assert value.__name__ == name
    assert value.__doc__
    assert value is getattr(importlib.import_module(ner._HOMES[name]), name)


@pytest.mark.parametrize("name", ner.__all__)
def test_no_module_shadows_a_public_name(name: str) -> None:
    """A submodule, once imported, becomes an attribute of the package and hides the name."""
    assert not (ROOT / name).exists()
    assert not (ROOT / f"{name}.py").exists()


def test_type_checkers_see_the_same_names_from_the_same_homes() -> None:
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    seen = {alias.name: node.module for node in imported for alias in node.names}
    others = {"typing", "ner.version"}
    assert {name: home for name, home in seen.items() if home not in others} == ner._HOMES


def test_dir_lists_the_public_names() -> None:
    assert {*ner.__all__, "__version__"} <= {*dir(ner)}
    assert dir(ner) == sorted(dir(ner))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'ner' has no attribute 'trian'"):
        ner.trian  # noqa: B018
    assert not hasattr(ner, "load_corpora")


def test_the_version_is_that_of_the_package() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT.parent / "setup.cfg", encoding="utf-8")
    assert setup["metadata"]["version"] == "attr: ner.version.__version__"
    assert re.fullmatch(r"\d+\.\d+\.\d+", ner.__version__)

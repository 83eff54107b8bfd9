"""Frozen classes: like dataclasses, whose methods they do not generate."""

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from ner.frozen import frozen


@frozen()
class Pair:
    """Two values, one of which may be left out."""

    one: int
    other: list[int] = dataclasses.field(default_factory=list)
    hidden: int = dataclasses.field(default=7, init=False, repr=False, compare=False)


@frozen(kw_only=True)
class Named:
    """A value that is given by name."""

    value: int = 3


@dataclasses.dataclass(frozen=True)
class Plain:
    """The same as `Pair`, as the standard library makes it."""

    one: int
    other: list[int] = dataclasses.field(default_factory=list)
    hidden: int = dataclasses.field(default=7, init=False, repr=False, compare=False)


@pytest.mark.parametrize("given", [{"one": 1}, {"one": 1, "other": [2]}])
def test_it_is_what_a_dataclass_is(given: dict[str, Any]) -> None:
    mine, theirs = Pair(**given), Plain(**given)
    assert repr(mine) == repr(theirs).replace("Plain", "Pair")
    assert dataclasses.asdict(mine) == dataclasses.asdict(theirs)
    assert mine == Pair(**given) != dataclasses.replace(mine, one=2)
    assert mine != theirs  # type: ignore[comparison-overlap]
    assert copy.deepcopy(mine) == pickle.loads(pickle.dumps(mine)) == mine


def test_equal_values_have_equal_hashes() -> None:
    assert hash(Named(value=4)) == hash(Named(value=4))
    assert {Named(), Named(value=3)} == {Named()}


def test_each_has_defaults_of_its_own() -> None:
    assert Pair(1).other is not Pair(1).other


@pytest.mark.parametrize("name", ["one", "another"])
def test_nothing_can_be_changed(name: str) -> None:
    pair = Pair(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(pair, name, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        delattr(pair, name)
    assert pair == Pair(1)


@pytest.mark.parametrize(
    ("kind", "args", "given"),
    [
        (Pair, (), {}),
        (Pair, (1, [], 2), {}),
        (Pair, (1,), {"one": 1}),
        (Pair, (1,), {"hidden": 1}),
        (Named, (1,), {}),
        (Named, (), {"vaule": 1}),
    ],
)
def test_wrong_arguments_are_refused(
    kind: type[Any], args: tuple[Any, ...], given: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        kind(*args, **given)

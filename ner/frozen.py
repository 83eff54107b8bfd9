"""Frozen dataclasses that are quick to define: for classes with few instances.

`dataclasses.dataclass` writes and compiles six methods for each class, half a millisecond each
time a program starts. Here all classes share those below; to make an instance takes some
microseconds longer.
"""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, dataclass_transform

Class = TypeVar("Class")


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def frozen(*, kw_only: bool = False) -> Callable[[type[Class]], type[Class]]:
    """Make a class what ``dataclass(frozen=True)`` makes of it; methods of its own stay."""

    def decorate(cls: type[Class]) -> type[Class]:
        made = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
        for name, method in _METHODS.items():
            if name not in vars(made):
                setattr(made, name, method)
        return made

    return decorate


def _init(self: Any, /, *args: Any, **given: Any) -> None:
    fields = [field for field in dataclasses.fields(self) if field.init]
    places = [field.name for field in fields if not field.kw_only]
    values = dict(zip(places, args, strict=False))
    if len(args) > len(places):
        raise TypeError(f"{type(self).__name__}() takes {len(places)} positional arguments")
    if wrong := given.keys() - {field.name for field in fields} | given.keys() & values:
        raise TypeError(f"{type(self).__name__}() takes no {min(wrong)}, or has it already")
    values |= given
    for field in dataclasses.fields(self):
        if field.name not in values:
            values[field.name] = _default(self, field)
    vars(self).update(values)


def _default(self: Any, field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    if field.default is dataclasses.MISSING:
        raise TypeError(f"{type(self).__name__}() lacks {field.name}")
    return field.default


def _repr(self: Any) -> str:
    told = (f"{f.name}={vars(self)[f.name]!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{type(self).__qualname__}({', '.join(told)})"


def _compared(self: Any) -> Iterator[Any]:
    return (vars(self)[field.name] for field in dataclasses.fields(self) if field.compare)


def _eq(self: Any, other: object) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    return tuple(_compared(self)) == tuple(_compared(other))


def _hash(self: Any) -> int:
    return hash(tuple(_compared(self)))


def _refuse(self: Any, name: str, value: Any = None) -> None:
    raise dataclasses.FrozenInstanceError(f"{type(self).__name__}.{name} stays as it is")


_METHODS = {
    "__init__": _init,
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
}

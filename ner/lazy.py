"""Values of instances, and names of packages, that are made when they are first asked for.

`functools.cached_property` of Python 3.11 has one lock for all instances, which a process that is
forked while another thread holds it would await for ever.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Self, TypeVar, overload

Value = TypeVar("Value")


class cached_property(Generic[Value]):
    """A property that is computed once for an instance, and kept there under its name.

    Threads that ask at once may all compute it; every one of them gets the value kept first.
    """

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> Self | Value:
        """The value; the next time it is found on the instance without this call."""
        if instance is None:
            return self
        kept: Value = vars(instance).setdefault(self._name, self._compute(instance))
        return kept


def lazy_names(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package whose modules are loaded with their first name.

    `homes` are its modules and the names that they give to it. So its other modules can be
    imported without torch.
    """
    home_of = {name: module for module, names in homes.items() for name in names}

    def find(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{home_of[name]}"), name)

    return find

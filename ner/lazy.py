"""Values computed when they are first asked for, without a lock.

`functools.cached_property` of Python 3.11 has one lock for all instances, which a process that is
forked while another thread holds it would await for ever.
"""

from collections.abc import Callable
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

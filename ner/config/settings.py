"""Settings in sections: built from dictionaries, TOML files and assignments, and written again."""

import dataclasses
import functools
import json
import operator
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self, cast

from ner.config.fields import TEXTS, Field, described, fit
from ner.errors import ConfigError
from ner.files import open_binary, read_errors, unreadable
from ner.frozen import frozen

_NO_TOML = (ValueError, RecursionError)  # too many digits or brackets, and all that is told


@frozen(kw_only=True)
class Settings:
    """Settings in sections. Each field of a subclass is one: a dataclass of `setting` fields."""

    RENAMED: ClassVar[Mapping[str, str]] = {}
    """Dotted keys of earlier versions, with those of today."""
    ONCE_AUTO: ClassVar[Mapping[str, float]] = {}
    """Numbers that meant ``auto`` in earlier versions, by dotted key of today."""
    ONCE_CALLED: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """Values of earlier versions, with those of today, by dotted key of today."""

    @classmethod
    def sections(cls) -> dict[str, type]:
        """The dataclass of each section, in order."""
        return {section.name: cast(type, section.type) for section in dataclasses.fields(cls)}

    @classmethod
    @functools.cache
    def fields(cls) -> dict[str, Field]:
        """Every setting by its dotted key, in order."""
        return {
            f"{section}.{item.name}": item
            for section, part in cls.sections().items()
            for item in dataclasses.fields(part)
        }

    @classmethod
    def describe(cls) -> list[tuple[str, Any, str]]:
        """All settings as (dotted key, default, meaning), in order."""
        return [(key, item.default, described(item)) for key, item in cls.fields().items()]

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Plain nested dictionaries, ready for JSON."""
        return dataclasses.asdict(self)

    def to_toml(self) -> str:
        """The text of a TOML file that `load` reads back."""
        lines = []
        for section, part in self.to_dict().items():
            lines += [f"[{section}]", *(f"{k} = {_toml(v)}" for k, v in part.items()), ""]
        return "\n".join(lines)

    def __getitem__(self, key: str) -> Any:
        """The value of a setting by its dotted key."""
        return operator.attrgetter(key)(self)

    def replace(self, changes: Mapping[str, Any]) -> Self:
        """A copy with dotted keys changed: ``{"train.seed": 2}``. Raises `ConfigError`."""
        fields = self.fields()
        parts: dict[str, dict[str, Any]] = defaultdict(dict)
        for key, value in changes.items():
            if key not in fields:
                raise ConfigError(f"unknown setting {key!r}; {_remedy(type(self), key)}")
            section, _, name = key.partition(".")
            parts[section][name] = fit(key, fields[key], value)
        changed = {s: dataclasses.replace(getattr(self, s), **part) for s, part in parts.items()}
        return dataclasses.replace(self, **changed) if changed else self

    @classmethod
    def from_dict(
        cls, values: Mapping[str, Any], source: str = "configuration", *, earlier: bool = False
    ) -> Self:
        """Build settings from nested dictionaries; missing keys take their defaults.

        With `earlier`, names and values may be those of earlier versions. Raises `ConfigError`
        naming `source` for an unknown section or key or a wrong value.
        """
        try:
            changes = cls._dotted(values)
            if earlier:
                changes = cls._of_today(changes)
            return cls().replace(changes)
        except ConfigError as error:
            raise ConfigError(f"{source}: {error}") from None

    @classmethod
    def _of_today(cls, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Settings of earlier versions by the names, and with the values, of today."""
        found = {cls.RENAMED.get(key, key): value for key, value in changes.items()}
        for key, number in cls.ONCE_AUTO.items():
            if found.get(key) == number and found[key] is not False:
                found[key] = "auto"
        for key, names in cls.ONCE_CALLED.items():
            if isinstance(found.get(key), str):
                found[key] = names.get(found[key], found[key])
        return found

    @classmethod
    def _dotted(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Nested dictionaries as one, by dotted key. Raises `ConfigError`."""
        dotted: dict[str, Any] = {}
        for section, part in values.items():
            if not isinstance(part, Mapping):
                dotted[section] = part  # a setting outside any section: refused with the rest
            elif section not in cls.sections():
                raise ConfigError(
                    f"unknown section {section!r}; the sections are {', '.join(cls.sections())}"
                )
            else:
                dotted |= {f"{section}.{name}": value for name, value in part.items()}
        return dotted

    @classmethod
    def load(cls, path: str | Path | None = None, assignments: Iterable[str] = ()) -> Self:
        """Read a TOML file, if given, and put ``section.key=value`` assignments on top.

        Raises `ConfigError` for anything unknown, ill-typed or out of range, and
        `NerError` for a file that cannot be read.
        """
        config = cls() if path is None else cls.from_dict(_read(path), str(path))
        return config.replace(cls.parse(assignments))

    @classmethod
    def parse(cls, assignments: Iterable[str]) -> dict[str, Any]:
        """Take each ``section.key=value`` apart; values are read as TOML, or else as plain text.

        A setting that takes text gets the text, even where it looks like a number.
        Raises `ConfigError` when there is no ``=``.
        """
        return dict(_parse(text, cls.fields()) for text in assignments)


def _toml(value: Any) -> str:
    """A text, number, boolean or list as TOML: JSON, but for pairs of surrogates and DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _remedy(kind: type[Settings], key: str) -> str:
    """The setting that was probably meant; failing that, those that there are."""
    if key in kind.RENAMED:
        return f"did you mean {kind.RENAMED[key]!r}?"
    import difflib  # only for mistakes

    section, _, name = key.rpartition(".")
    known, sections = kind.fields(), kind.sections()
    names = {setting.partition(".")[2] for setting in known}
    for near in difflib.get_close_matches(name, names, n=1, cutoff=0.7):
        homes = [setting for setting in known if setting.partition(".")[2] == near]
        return f"did you mean {difflib.get_close_matches(key, homes, n=1, cutoff=0)[0]!r}?"
    if section in sections:
        own = [item.name for item in dataclasses.fields(sections[section])]
        return f"the settings of {section} are {', '.join(own)}"
    return f"the sections are {', '.join(sections)}"


def _parse(text: str, fields: Mapping[str, Field]) -> tuple[str, Any]:
    import tomllib  # only for settings that somebody gives

    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise ConfigError(f"--set {text!r} lacks a value; write --set section.key=value")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except _NO_TOML:
        parsed = _spelled_otherwise(value)
    wanted: Any = fields[key].type if key in fields else None
    texts = {str: str, TEXTS: str | list}.get(wanted, object)
    return key, parsed if isinstance(parsed, texts) else value


def _spelled_otherwise(value: str) -> Any:
    """Numbers and truth values as people and Python write them, though TOML does not."""
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        return float(value)
    except ValueError:
        return value


def _read(path: str | Path) -> dict[str, Any]:
    import tomllib

    try:
        with open_binary(path) as file:
            data = file.read()
    except read_errors() as error:
        raise unreadable(path, error) from None
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except _NO_TOML as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from None

"""How labelled files are read: the options that several commands share."""

import functools
from collections.abc import Callable
from typing import Any

import click

from ner.config import Config, DataConfig

_OPTIONS = (
    click.option(
        "--token-column", type=int, metavar="N", help="Column of the token.  [default: 0]"
    ),
    click.option("--tag-column", type=int, metavar="N", help="Column of the tag.  [default: -1]"),
    click.option(
        "--scheme",
        metavar="NAME",
        help="Tag scheme: iob1, iob2, iobes, bilou, bmes, bmewo, io.  [default: seen in the file]",
    ),
    click.option("--encoding", metavar="NAME", help="Encoding of the files.  [default: utf-8]"),
    click.option("--comments", is_flag=True, default=None, help="Skip lines that start with '# '."),
    click.option("--strict", is_flag=True, default=None, help="Refuse illegal tag sequences."),
    click.option(
        "--align",
        metavar="strict|expand",
        help="JSON Lines: refuse or widen entities that end inside a token.  [default: strict]",
    ),
    click.option(
        "--tokenizer",
        metavar="NAME",
        help="Raw text: words, words-en or characters.  [default: by the data]",
    ),
)
_NAMES = (
    "token_column",
    "tag_column",
    "scheme",
    "encoding",
    "comments",
    "strict",
    "align",
    "tokenizer",
)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options for reading files.

    The command gets one argument for them, `reading`: the settings that the
    user gave and no others, as ``{"data.scheme": "io"}``.
    """

    @functools.wraps(command)
    def gathered(**arguments: Any) -> Any:
        given = {name: arguments.pop(name) for name in _NAMES}
        reading = {f"data.{name}": value for name, value in given.items() if value is not None}
        return command(reading=reading, **arguments)

    for option in reversed(_OPTIONS):
        option(gathered)
    return gathered


def data_config(reading: dict[str, Any]) -> DataConfig:
    """The default way of reading files, changed as the user said. Raises `ConfigError`."""
    return Config().replace(reading).data

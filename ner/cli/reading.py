"""Options for how corpora and text are read."""

import dataclasses
import functools
import itertools
import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ner.cli.options import Command, Decorator, PathArg, data_named, options
from ner.config import Column, Config, DataConfig, tag_columns
from ner.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from ner.corpus import Corpus


def parse_column(ctx: click.Context, param: click.Parameter, value: str | None) -> Column | None:
    """Parse a column: its number, or its name in a header line."""
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        if value.strip():
            return value
        raise click.BadParameter("the name is empty") from None


def parse_layers(ctx: click.Context, param: click.Parameter, value: str | None) -> Column | None:
    """Parse a column of tags, or those of several tag layers with commas between."""
    if value is None or "," not in value:
        return parse_column(ctx, param, value)
    try:
        tag_columns(value)
    except ConfigError as error:
        raise click.BadParameter(str(error)) from None
    return value


T = TypeVar("T")

# Settings of `DataConfig` as options: for the name of a field, what makes its option.
_READING: dict[str, dict[str, Any]] = {
    "format": {
        "metavar": "NAME",
        "help": "Format of the files, as doccano or conllu.  [default: recognised by the content]",
    },
    "token_column": {
        "callback": parse_column,
        "metavar": "N|NAME",
        "help": "Column of the token, by number or name in a header line.  [default: 0]",
    },
    "tag_column": {
        "callback": parse_layers,
        "metavar": "N|NAME",
        "help": "Column of the tag; of several tag layers all: 2,3 or outer=2,inner=3.  "
        "[default: -1]",
    },
    "separator": {
        "metavar": "NAME|CHAR",
        "help": "One tab, space, comma, semicolon, pipe or CHAR ends a column.  [default: blanks]",
    },
    "scheme": {
        "metavar": "NAME",
        "help": "Tag scheme: iob1, iob2, iobes, bilou, bmes, bmewo, io.  "
        "[default: seen in the file]",
    },
    "encoding": {"metavar": "NAME", "help": "Encoding of the files.  [default: utf-8]"},
    "comments": {
        "is_flag": True,
        "help": "Skip lines that start with '# ' and are no token, within sentences, too.",
    },
    "label": {
        "metavar": "TYPE",
        "help": "Type of entities whose tags have none: B, I and O alone.  [default: ENTITY]",
    },
    "split_sentences": {
        "is_flag": True,
        "help": "Split columns without blank lines into sentences.",
    },
    "strict": {"is_flag": True, "help": "Refuse illegal tag sequences."},
    "unknown_tag": {
        "metavar": "TAG",
        "help": "Tag of tokens whose label is unknown.  [default: ?]",
    },
    "align": {
        "metavar": "strict|expand|drop",
        "help": "Refuse, widen or drop entities that end inside a token.  [default: strict]",
    },
    "overlaps": {
        "metavar": "error|longest|first|layers",
        "help": "Refuse overlapping entities, or keep the longest or first; or all in layers, the "
        "longest in layer-1.  [default: error]",
    },
    "offsets": {
        "metavar": "characters|utf16|bytes|inclusive",
        "help": "Unit of the offsets of entities.  [default: characters]",
    },
    "labels": {"metavar": "O,B-PER,…", "help": "Names of numbered tags, in order."},
    "columns": {
        "metavar": "token=X,tag=Y",
        "help": "Columns of a file with a header, also sentence=Z.  [default: by usual names]",
    },
    "tokenizer": {
        "metavar": "NAME",
        "help": "Raw text: words, words-en, pieces or characters.  [default: by the data]",
    },
}
LABELLED = tuple(_READING)
SPLITS = ("train", "valid", "test")
UNLABELLED = ("token_column", "separator", "encoding", "comments", "tokenizer")


def reading_options(names: Sequence[str] = LABELLED, *, layers: bool = False) -> Decorator:
    """Give a command options for reading files: all, or those of some fields.

    The command gets one argument for them, `reading`: the settings that the
    user gave and no others, as ``{"data.scheme": "io"}``. Without `layers`,
    several tag layers are refused.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def gathered(**arguments: Any) -> Any:
            given = {name: arguments.pop(name) for name in names}
            if "tag_column" not in names:
                _check_number("--token-column", given.get("token_column"))
            if not layers:
                _check_one_layer(given)
            reading = {f"data.{name}": value for name, value in given.items() if value is not None}
            return command(reading=reading, **arguments)

        flags = {name: f"--{name.replace('_', '-')}" for name in names} | {"format": "--from"}
        return options(
            *(click.option(flags[name], name, default=None, **_READING[name]) for name in names)
        )(gathered)

    return decorate


def _check_number(option: str, column: Column | None) -> None:
    """Refuse a name where files have no header line."""
    if isinstance(column, str):
        raise click.BadParameter(f"{column!r} is not a valid integer", param_hint=repr(option))


def _check_one_layer(given: dict[str, Any]) -> None:
    """Raise `UsageError` where several layers are asked for."""
    columns = tag_columns(given.get("tag_column") or -1).values()
    each = " and ".join(f"--tag-column {column}" for column in columns)
    if given.get("overlaps") == "layers":
        each = "--overlaps layer-1 and --overlaps layer-2"
    if each:
        raise UsageError(f"this command reads one layer of tags; run it for each: {each}")


def names_layers(reading: dict[str, Any]) -> bool:
    """Tell if tag columns have names, so that they are layers of one corpus."""
    return "=" in str(reading.get("data.tag_column", "")) and is_layered(reading)


def is_layered(reading: dict[str, Any]) -> bool:
    """Tell if several layers are asked for."""
    columns = tag_columns(reading.get("data.tag_column", -1))
    return bool(columns) or reading.get("data.overlaps") == "layers"


def read_layers(
    reading: dict[str, Any], read: Callable[[DataConfig], T], is_empty: Callable[[T], bool]
) -> dict[str, T]:
    """Read each layer that is asked for: of tags, by its column, or of overlapping entities.

    The latter end where a result of `read` is empty. Where no layer was named, there is one.
    """
    columns = tag_columns(reading.get("data.tag_column", -1))
    if reading.get("data.overlaps") != "layers":
        prefix = "" if names_layers(reading) else "tag column "
        given = {f"{prefix}{n}": reading | {"data.tag_column": c} for n, c in columns.items()}
        return {name: read(data_config(one)) for name, one in (given or {"": reading}).items()}
    if columns:
        raise UsageError("--overlaps layers is for entities by offsets; name one --tag-column")
    results: dict[str, T] = {}
    for number in itertools.count(1):
        result = read(data_config(reading | {"data.overlaps": f"layer-{number}"}))
        if results and is_empty(result):
            break
        results[f"layer-{number}"] = result
    return results


def corpus_options(*, argument: bool = False) -> Decorator:
    """Give a command a corpus: ``--data`` (or an argument), files of its splits, or both.

    The command gets `data`, None without it, and `files` by split: those that the user gave.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def gathered(data: str | None, files: dict[str, Any], **arguments: Any) -> Any:
            if data is None and not files:
                kind, hint = ("argument", "NAME|PATH") if argument else ("option", "--data")
                raise click.MissingParameter(
                    ctx=click.get_current_context(), param_hint=repr(hint), param_type=kind
                )
            return command(data=data, files=files, **arguments)

        source = click.argument("data", metavar="NAME|PATH", required=False)
        return options(source if argument else data_named(required=False), split_options)(gathered)

    return decorate


@dataclass(frozen=True)
class Source:
    """One corpus or several: their paths, files of splits, label maps and shares, as given."""

    data: Sequence[str]
    files: Mapping[str, Path]
    label_maps: Sequence[str]
    shares: Sequence[str]

    @property
    def given(self) -> bool:
        """True if there is a corpus, or a file of a split."""
        return bool(self.data or self.files)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that the options stand for."""
        return {"train.shares": ",".join(self.shares)} if self.shares else {}

    def load(self, config: DataConfig) -> "Corpus":
        """The corpus, merged if there are several. Raises `NerError`."""
        from ner.corpus import map_labels, merge_corpora

        if len(self.data) > 1 and self.files:
            raise UsageError(
                "--train, --valid and --test are of one corpus; give each of several --data a "
                "folder with its splits"
            )
        corpora = [_load(data, config, self.files) for data in self.data or (None,)]
        maps = _label_maps(self.label_maps, [corpus.name for corpus in corpora])
        corpora = [map_labels(corpus, maps.get(corpus.name, {})) for corpus in corpora]
        return merge_corpora(corpora) if len(corpora) > 1 else corpora[0]


def _load(data: str | None, config: DataConfig, files: Mapping[str, Path]) -> "Corpus":
    """A corpus by ``PATH`` or ``NAME=PATH``, which names it."""
    from ner.corpus import load_corpus, locate

    name, _, path = (data or "").partition("=")
    if data is None or not (name and path) or os.sep in name or locate(data):
        return load_corpus(data, config, files=files)
    return dataclasses.replace(load_corpus(path, config, files=files), name=name)


def _label_maps(texts: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, str]]:
    """The label map of each corpus; the only one needs no name. Raises `UsageError`."""
    from ner.corpus import parse_label_map

    texts_of: defaultdict[str, list[str]] = defaultdict(list)
    for text in texts:
        name = next((name for name in names if text.startswith(f"{name}:")), "")
        if not name and len(names) > 1:
            raise UsageError(
                f"--label-map {text:.80}: begins with the name of no corpus; write "
                f"NAME:OLD=NEW,… with one of the names {', '.join(names)}"
            )
        texts_of[name or names[0]].append(text.removeprefix(f"{name}:") if name else text)
    return {name: parse_label_map(",".join(own)) for name, own in texts_of.items()}


def corpora_options(command: Command) -> Command:
    """Give a command one corpus or several, as its argument `source`."""

    @functools.wraps(command)
    def gathered(
        data: tuple[str, ...],
        files: dict[str, Path],
        label_maps: tuple[str, ...],
        shares: tuple[str, ...],
        **arguments: Any,
    ) -> Any:
        return command(source=Source(data, files, label_maps, shares), **arguments)

    return options(
        click.option(
            "--data",
            multiple=True,
            metavar="[NAME=]PATH",
            help="Corpus: a name, folder or file; repeatable, each with types of its own.",
        ),
        split_options,
        click.option(
            "--label-map",
            "label_maps",
            multiple=True,
            metavar="[NAME:]OLD=NEW,…",
            help="Types renamed, or dropped (OLD=), of the corpus NAME if several; repeatable.",
        ),
        click.option(
            "--share",
            "shares",
            multiple=True,
            metavar="NAME=P",
            help="Share of a corpus among the sentences of an epoch; repeatable.",
        ),
    )(gathered)


def _parse_label_map(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> dict[str, str]:
    from ner.corpus import parse_label_map

    return parse_label_map(",".join(value)) if value else {}


label_map_option: Decorator = click.option(
    "--label-map",
    multiple=True,
    callback=_parse_label_map,
    metavar="OLD=NEW,…",
    help="Types renamed, or dropped (OLD=); repeatable.",
)


def split_options(command: Command) -> Command:
    """Give a command options for the files of splits: `files`, those that the user gave."""

    @functools.wraps(command)
    def gathered(**arguments: Any) -> Any:
        given = {split: arguments.pop(f"{split}_file") for split in SPLITS}
        return command(files={s: file for s, file in given.items() if file}, **arguments)

    return options(*map(_split, SPLITS))(gathered)


def _split(name: str) -> Decorator:
    text = f"File of the {name} split, in place of that of the corpus."
    return click.option(f"--{name}", f"{name}_file", type=PathArg(), metavar="FILE", help=text)


def data_config(reading: dict[str, Any]) -> DataConfig:
    """The default way of reading files, changed as the user said. Raises `ConfigError`."""
    return Config().replace(reading).data

"""Options that several commands share: how files are read, which model, how and where it tags."""

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from ner.config import Column, Config, DataConfig, ResourcesConfig, predict_config
from ner.discovery import find_bundle, newest_bundle
from ner.errors import NerError, UsageError
from ner.files import checked_path


class PathArg(click.Path):
    """A path that the system takes, and not empty: "" would be the current folder."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value as a `Path`."""
        if value == "":
            self.fail("the name is empty", param, ctx)
        try:
            checked_path(value)
        except NerError as error:
            self.fail(str(error), param, ctx)
        return super().convert(value, param, ctx)


class Number(click.FloatRange):
    """A number within bounds; ``nan``, which no bound excludes, is refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value as a `float`."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


class Workers(click.IntRange):
    """A number of processes, or ``auto``."""

    def __init__(self) -> None:
        super().__init__(min=1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value as an `int` or `Auto`."""
        try:
            return value if value == "auto" else super().convert(value, param, ctx)
        except click.BadParameter as error:
            self.fail(f"{error.message.rstrip('.')}; or write auto", param, ctx)


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


def parse_layers(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[Column, ...] | None:
    """Parse one or more columns of tags with commas between."""
    if value is None:
        return None
    columns = [parse_column(ctx, param, part) for part in value.split(",")]
    if len({*columns}) < len(columns):
        raise click.BadParameter(f"names a column twice: {value}")
    return tuple(column for column in columns if column is not None)


Command = Callable[..., Any]
Decorator = Callable[[Command], Command]


def _options(*options: Decorator) -> Decorator:
    """Several options as one decorator; the help lists them in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


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
        "help": "Column of the tag.  [default: -1]",
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
        "metavar": "strict|expand",
        "help": "Refuse or widen entities that end inside a token.  [default: strict]",
    },
    "overlaps": {
        "metavar": "error|longest|first",
        "help": "Refuse overlapping entities, or keep the longest or first.  [default: error]",
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
UNLABELLED = ("token_column", "separator", "encoding", "comments", "tokenizer")


def reading_options(names: Sequence[str] = LABELLED, *, layers: bool = False) -> Decorator:
    """Give a command options for reading files: all, or those of some fields.

    The command gets one argument for them, `reading`: the settings that the
    user gave and no others, as ``{"data.scheme": "io"}``. With `layers` it may
    get several tag columns (a tuple, for `by_layer`); else they are refused.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def gathered(**arguments: Any) -> Any:
            given = {name: arguments.pop(name) for name in names}
            if "tag_column" not in names:
                _check_number("--token-column", given.get("token_column"))
            tags = given.get("tag_column")
            if tags and not layers:
                given["tag_column"] = _one_layer(tags)
            reading = {f"data.{name}": value for name, value in given.items() if value is not None}
            return command(reading=reading, **arguments)

        flags = {name: f"--{name.replace('_', '-')}" for name in names} | {"format": "--from"}
        return _options(
            *(click.option(flags[name], name, default=None, **_READING[name]) for name in names)
        )(gathered)

    return decorate


def _check_number(option: str, column: Column | None) -> None:
    """Refuse a name where files have no header line."""
    if isinstance(column, str):
        raise click.BadParameter(f"{column!r} is not a valid integer", param_hint=repr(option))


def _one_layer(columns: Sequence[Column]) -> Column:
    if len(columns) > 1:
        each = " and ".join(f"--tag-column {column}" for column in columns)
        raise UsageError(f"this command reads one layer of tags; run it for each: {each}")
    return columns[0]


def by_layer(reading: dict[str, Any]) -> dict[Column, dict[str, Any]]:
    """The settings that read each layer of tags, by its column (-1 where none was given)."""
    columns = reading.get("data.tag_column", (-1,))
    return {column: reading | {"data.tag_column": column} for column in columns}


def corpus_options(*, argument: bool = False) -> Decorator:
    """Give a command a corpus: ``--data`` (or an argument), files of its splits, or both.

    The command gets `data`, None without it, and `files` by split: those that the user gave.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def gathered(data: str | None, **arguments: Any) -> Any:
            given = {split: arguments.pop(f"{split}_file") for split in ("train", "valid", "test")}
            files = {split: file for split, file in given.items() if file}
            if data is None and not files:
                kind, hint = ("argument", "NAME|PATH") if argument else ("option", "--data")
                raise click.MissingParameter(
                    ctx=click.get_current_context(), param_hint=repr(hint), param_type=kind
                )
            return command(data=data, files=files, **arguments)

        for split in ("test", "valid", "train"):
            text = f"File of the {split} split, in place of that of the corpus."
            click.option(f"--{split}", f"{split}_file", type=PathArg(), metavar="FILE", help=text)(
                gathered
            )
        if argument:
            return click.argument("data", metavar="NAME|PATH", required=False)(gathered)
        text = "Corpus: a name, folder or file."
        return click.option("--data", metavar="NAME|PATH", help=text)(gathered)

    return decorate


def data_config(reading: dict[str, Any]) -> DataConfig:
    """The default way of reading files, changed as the user said. Raises `ConfigError`."""
    return Config().replace(reading).data


data_option: Decorator = click.option(
    "--data", required=True, metavar="NAME|PATH", help="Corpus: a name, folder or file."
)
json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON object."
)
seed_option: Decorator = click.option(
    "--seed", type=click.IntRange(min=0), help="Start of every random choice."
)
model_option: Decorator = click.option(
    "--model", metavar="DIR", help="Run folder or model folder.  [default: newest run in runs/]"
)


def check_model(model: str | None) -> None:
    """Refuse a model that is missing, before torch is loaded. Raises `UsageError`."""
    if model is None:
        newest_bundle()
    else:
        find_bundle(model)


device_option: Decorator = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    help="Where to compute.",
)


def whole_numbers(
    least: int, remedy: str
) -> Callable[[click.Context, click.Parameter, str | None], tuple[int, ...]]:
    """A callback for an option like ``1,2,3``, of different numbers; empty without the option."""

    def parse(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...]:
        if value is None:
            return ()
        try:
            numbers = tuple(int(part) for part in value.split(","))
        except ValueError:
            numbers = ()
        if not numbers or min(numbers) < least or len(set(numbers)) < len(numbers):
            raise click.BadParameter(remedy)
        return numbers

    return parse


parse_seeds = whole_numbers(0, "takes different whole numbers with commas between, like 1,2,3")


class Given(NamedTuple):
    """The configuration that a user gave, and the keys of the settings that no file gave."""

    config: Config
    fixed: list[str]

    def replace(self, changes: Mapping[str, Any]) -> "Given":
        """The same with further settings. Raises `ConfigError`."""
        return Given(self.config.replace(changes), [*self.fixed, *changes])


def file_options(change: str = "Change a setting.") -> Decorator:
    """Give a command ``--config`` and ``--set``, as its arguments `file` and `settings`."""
    return _options(
        click.option("--config", "file", type=PathArg(), help="Settings in a TOML file."),
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help=change),
    )


def config_options(change: str = "Change a setting.") -> Decorator:
    """Give a command options for settings, and for what a model knows beside its corpus.

    The command gets one argument for them, `given`. Options go over ``--set``, that over the file.
    """
    resources = {f.name: f for f in dataclasses.fields(ResourcesConfig) if f.metadata["option"]}
    options = [file_options(change)]
    for name, item in resources.items():
        (flag, metavar), many = item.metadata["option"], item.default == ()
        meaning = item.metadata["meaning"]
        text = f"{meaning[0].upper()}{meaning[1:]}{'; repeatable' * many}."
        options.append(click.option(flag, name, multiple=many, metavar=metavar, help=text))
    about = "Language model of ner charlm train, whose states are features; repeatable."
    options.append(click.option("--charlm", multiple=True, metavar="DIR", help=about))

    def decorate(command: Command) -> Command:
        @_options(*options)
        @functools.wraps(command)
        def gathered(
            *, file: Path | None, settings: tuple[str, ...], charlm: tuple[str, ...], **rest: Any
        ) -> Any:
            values = {name: rest.pop(name) for name in resources}
            values["token_embedders"] = tuple(f"charlm={folder}" for folder in charlm)
            features = {f"resources.{name}": value for name, value in values.items() if value}
            given = Given(Config.load(file, settings), [*Config.parse(settings)])
            return command(given=given.replace(features), **rest)

        return gathered

    return decorate


restart_options: Decorator = _options(
    click.option("--resume", is_flag=True, help="Go on with the run in --out."),
    click.option("--overwrite", is_flag=True, help="Replace the run in --out."),
)


def predict_options(command: Command) -> Command:
    """Give a command options for how text is tagged.

    It gets one argument for them, `settings`: those given, checked, as ``{"predict.o_bias": 0.5}``.
    """

    @click.option(
        "--min-score", type=float, metavar="P", help="Leave out entities with a lower score."
    )
    @click.option(
        "--o-bias",
        type=float,
        metavar="X",
        help="Above 0 fewer entities, below 0 more: added to the score of O when decoding.",
    )
    @click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="KEY=VALUE",
        help="Change a setting of section predict.",
    )
    @functools.wraps(command)
    def gathered(
        *,
        min_score: float | None,
        o_bias: float | None,
        assignments: tuple[str, ...],
        **arguments: Any,
    ) -> Any:
        settings = Config.parse(assignments)
        given = {"predict.min_score": min_score, "predict.o_bias": o_bias}
        settings |= {key: value for key, value in given.items() if value is not None}
        predict_config(settings)
        return command(settings=settings, **arguments)

    return gathered


def list_settings_option(
    describe: Callable[[], Iterable[tuple[str, Any, str]]] = Config.describe,
) -> Decorator:
    """An option that lists the key, default and meaning of each setting, and exits."""

    def show(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if not value:
            return
        for key, default, meaning in describe():
            click.echo(f"{key} = {default!r}\n    {meaning}")
        ctx.exit()

    return click.option(
        "--list-settings",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="List every setting with its default, and exit.",
    )

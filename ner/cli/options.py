"""Options that several commands share: which model, how and where it tags."""

import dataclasses
import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from ner.config import Config, ResourcesConfig, predict_config
from ner.errors import NerError
from ner.files import checked_path
from ner.plugins import runner_forms, runner_place
from ner.run_folder import find_bundle, find_model, newest_bundle


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


Command = Callable[..., Any]
Decorator = Callable[[Command], Command]


def options(*given: Decorator) -> Decorator:
    """Several options as one decorator; the help lists them in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(given):
            command = option(command)
        return command

    return decorate


def data_named(*, required: bool) -> Decorator:
    """The option of a corpus."""
    text = "Corpus: a name, folder or file."
    return click.option("--data", required=required, metavar="NAME|PATH", help=text)


data_option = data_named(required=True)
json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON object."
)
seed_option: Decorator = click.option(
    "--seed", type=click.IntRange(min=0), help="Start of every random choice."
)
model_option: Decorator = click.option(
    "--model",
    metavar="DIR|FILE|NAME",
    help="Run folder, model folder, file of ner export, or a name that ner info lists.  "
    "[default: newest run in runs/; to tag, then en]",
)


def check_model(model: str | None) -> None:
    """Refuse a model that is missing, before torch is loaded. Raises `UsageError`."""
    if model is None:
        newest_bundle()
    else:
        find_bundle(model)


def required_model(about: str, command: str) -> Decorator:
    """The model of an extension, which `command` trains; a missing one is refused at once."""

    def check(ctx: click.Context, param: click.Parameter, value: Path) -> Path:
        find_model(value, command)
        return value

    return click.option("--model", required=True, type=PathArg(), callback=check, help=about)


def _device(auto: str) -> Decorator:
    """The option of a device, with the one that ``auto`` takes."""
    choice = click.Choice(["auto", "cpu", "cuda", "mps"])
    about = f"Where to compute; auto: {auto}."
    return click.option("--device", type=choice, default="auto", help=about)


device_option = _device("a GPU if there is one")
tagging_device_option = _device("the processor, without PyTorch")


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
    return options(
        click.option("--config", "file", type=PathArg(), help="Settings in a TOML file."),
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help=change),
    )


def config_options(change: str = "Change a setting.") -> Decorator:
    """Give a command options for settings, and for what a model knows beside its corpus.

    The command gets one argument for them, `given`. Options go over ``--set``, that over the file.
    """
    resources = {f.name: f for f in dataclasses.fields(ResourcesConfig) if f.metadata["option"]}
    several = [file_options(change)]
    for name, item in resources.items():
        (flag, metavar), many = item.metadata["option"], item.default == ()
        meaning = item.metadata["meaning"]
        text = f"{meaning[0].upper()}{meaning[1:]}{'; repeatable' * many}."
        several.append(click.option(flag, name, multiple=many, metavar=metavar, help=text))
    about = "Language model of ner charlm train, whose states are features; repeatable."
    several.append(click.option("--charlm", multiple=True, metavar="DIR", help=about))
    about = "Model whose states are features, hf:DIR for a transformer; repeatable."
    several.append(click.option("--embeddings", multiple=True, metavar="KIND:PATH", help=about))

    def decorate(command: Command) -> Command:
        @options(*several)
        @functools.wraps(command)
        def gathered(
            *,
            file: Path | None,
            settings: tuple[str, ...],
            charlm: tuple[str, ...],
            embeddings: tuple[str, ...],
            **rest: Any,
        ) -> Any:
            values = {name: rest.pop(name) for name in resources}
            values["token_embedders"] = (
                *(f"charlm={folder}" for folder in charlm),
                *(re.sub(r"^(\w+):", r"\1=", model) for model in embeddings),
            )
            features = {f"resources.{name}": value for name, value in values.items() if value}
            given = Given(Config.load(file, settings), [*Config.parse(settings)])
            return command(given=given.replace(features), **rest)

        return gathered

    return decorate


restart_options: Decorator = options(
    click.option("--resume", is_flag=True, help="Go on with the run in --out."),
    click.option("--overwrite", is_flag=True, help="Replace the run in --out."),
)


def _check_on(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if value:
        runner_place(value)
    return value


on_option: Decorator = click.option(
    "--on",
    default="",
    show_default=False,
    callback=_check_on,
    metavar="|".join(runner_forms()) or "ADDRESS",
    help="Train several models at once: in processes of this machine, or on a cluster.",
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

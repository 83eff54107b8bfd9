"""Write the pages of docs/ that the code itself can tell: the reference, the picture of the floors.

    python scripts/make_reference.py            # write them
    python scripts/make_reference.py --check    # exit 1 if one is not current

Commands and options come from click, settings from the schema, the Python face and the bundle
format from docstrings, exit codes and errors from the classes.
"""

import ast
import importlib
import inspect
import pkgutil
import re
import signal
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

# For the table of floors, which is that of a test.
sys.path.insert(0, str(Path(__file__).parents[1]))

import ner
import ner.bundle.format
import ner.errors
import ner.extensions.charlm.folder
import ner.extensions.classification.bundle
from floors_picture import draw
from ner.cli import INTERRUPTED, SIGNALLED, cli
from ner.config import Config, Settings
from ner.errors import NerError, UsageError
from ner.evaluation import Report
from ner.extensions.charlm.config import CharLMConfig
from ner.text import Alternative, NBest
from tests.test_architecture import FLOORS

DOCS = Path(__file__).parents[1] / "docs"
SETTINGS: dict[str, type[Settings]] = {
    "Taggers and classifiers": Config,
    "Character language models": CharLMConfig,
}
BUNDLES = {
    "Taggers": ner.bundle.format,
    "Classifiers": ner.extensions.classification.bundle,
    "Character language models": ner.extensions.charlm.folder,
}
RESULTS = (NBest, Alternative, Report)
"""Classes that have no public name, but come out of what has."""
NOTE = "<!-- Written by scripts/make_reference.py; change the code, not this page. -->\n\n"
REMEDY = "is not current: run python scripts/make_reference.py"


# --- commands -----------------------------------------------------------------------------------


def commands_of(
    command: click.Command = cli, parent: click.Context | None = None, name: str = "ner"
) -> Iterator[tuple[click.Context, click.Command]]:
    """Every command that does something, with the context that names it."""
    settings = cli.context_settings if parent is None else {}
    context = click.Context(command, parent=parent, info_name=name, **settings)
    if not isinstance(command, click.Group):
        yield context, command
        return
    for each in command.list_commands(context):
        found = command.get_command(context, each)
        assert found is not None, f"{each} is listed and is none"
        yield from commands_of(found, context, each)


def commands_page() -> str:
    """Every command with every option, as ``--help`` has them."""
    parts = [
        "# Commands\n\n",
        "What `ner COMMAND --help` says, on one page. Results go to standard output, messages and "
        "progress bars to standard error. The [guides](../guides/index.md) have examples.\n",
    ]
    for context, command in commands_of():
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        parts += [
            f"\n## {context.command_path}\n\n",
            f"```text\n{usage}\n```\n\n",
            inspect.cleandoc(command.help or "") + "\n",
            *(_option(option, context) for option in command.get_params(context)),
        ]
    return "".join(parts)


def _option(option: click.Parameter, context: click.Context) -> str:
    """One option as an entry of a definition list; nothing of arguments, which stand in the use."""
    record = option.get_help_record(context)
    if record is None or "--help" in option.opts:
        return ""
    names, meaning = record
    plain, _, extra = meaning.partition("  [")
    return f"\n`{names}`\n:   {_text(plain)}{f' *[{_text(extra)}*' if extra else ''}\n"


def _text(text: str) -> str:
    """Plain text as Markdown that shows it as it is."""
    plain = re.sub(r"([*_\\])", r"\\\1", text)
    return plain.replace("<", "&lt;").replace("$", "&#36;")


# --- settings -----------------------------------------------------------------------------------


def settings_page() -> str:
    """Every setting with its default and its meaning."""
    parts = [
        "# Settings\n\n",
        "`--set section.key=value` changes one, a TOML file behind `--config` any number of them; "
        "the run folder keeps all as they were resolved, in `config.toml`. An unknown key is an "
        "error that suggests the nearest one.\n",
    ]
    for title, kind in SETTINGS.items():
        parts.append(f"\n## {title}\n")
        rows = kind.describe()
        for section, part in kind.sections().items():
            parts.append(f"\n### {section}\n\n{_docstring(part)}\n\n")
            parts.append("| setting | default | meaning |\n|---|---|---|\n")
            parts += [
                f"| `{key}` | `{_value(default)}` | {_text(meaning)} |\n"
                for key, default, meaning in rows
                if key.partition(".")[0] == section
            ]
    return "".join(parts)


def _value(default: Any) -> str:
    """A default as `--set` takes it."""
    if isinstance(default, bool):
        return str(default).lower()
    return '""' if default == "" else "[]" if default == () else str(default)


# --- the Python face ----------------------------------------------------------------------------


def python_page() -> str:
    """The names of `ner.__all__`, from their docstrings."""
    parts = [
        "# Python\n\n",
        "The public names of `ner`. Importing `ner` loads neither PyTorch nor NumPy; each name is "
        "loaded when it is first used.\n",
    ]
    for name in sorted(ner.__all__, key=lambda name: (name[0].isupper(), name)):
        value = getattr(ner, name)
        if inspect.isclass(value):
            parts += _class(value, f"ner.{name}")
        else:
            parts.append(f"\n## ner.{name}\n\n{_function(value)}")
    for kind in RESULTS:
        parts += _class(kind, kind.__name__)
    return "".join(parts)


def _class(kind: type, name: str) -> Iterator[str]:
    """A class: its docstring, how it is made, its public attributes and methods."""
    tree = _parsed(kind)
    assert isinstance(tree, ast.ClassDef)
    yield f"\n## {name}\n\n{_docstring(kind)}\n"
    fields = [
        f"{node.target.id}: {_written(node.annotation)}"
        + ("" if isinstance(node.value, ast.Call | None) else f" = {_written(node.value)}")
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if not ast.unparse(node.annotation).startswith("ClassVar")
    ]
    if fields:
        yield "\n```python\n" + "\n".join(fields) + "\n```\n"
    for home in kind.__mro__[:-1]:
        if home.__module__.partition(".")[0] != "ner":
            continue
        for name, member in vars(home).items():
            function = inspect.unwrap(_plain(member))
            if not name.startswith("_") and inspect.isfunction(function):
                yield f"\n### {kind.__name__}.{name}\n\n{_function(function)}"


def _plain(member: Any) -> Any:
    """The function behind a method or a property."""
    if isinstance(member, property):
        return member.fget
    return member.__func__ if isinstance(member, classmethod | staticmethod) else member


def _function(function: Callable[..., Any]) -> str:
    """How a function is called, as its source says, and its docstring."""
    tree = _parsed(function)
    assert isinstance(tree, ast.FunctionDef)
    marks = [f"@{ast.unparse(mark)}\n" for mark in tree.decorator_list]
    shown = "".join(mark for mark in marks if mark in ("@property\n", "@classmethod\n"))
    returns = f" -> {_written(tree.returns)}" if tree.returns else ""
    arguments = _arguments(tree.args)
    line = f"{tree.name}({', '.join(arguments)}){returns}"
    if len(line) > 80:
        line = "\n".join([f"{tree.name}(", *(f"    {a}," for a in arguments), f"){returns}"])
    return f"```python\n{shown}{line}\n```\n\n{_docstring(function)}\n"


def _arguments(arguments: ast.arguments) -> list[str]:
    """Each argument of a function, with its type and default."""
    required = len(arguments.args) - len(arguments.defaults)
    by_place = zip(arguments.args, [*[None] * required, *arguments.defaults], strict=True)
    by_name = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    star = ["*"] if arguments.kwonlyargs else []
    return [*(_argument(*a) for a in by_place), *star, *(_argument(*a) for a in by_name)]


def _argument(arg: ast.arg, default: ast.expr | None) -> str:
    annotation = f": {_written(arg.annotation)}" if arg.annotation else ""
    return f"{arg.arg}{annotation}" + (f" = {_written(default)}" if default else "")


def _written(value: ast.expr) -> str:
    """A type or default as the formatter would have it."""
    return ast.unparse(value).replace("'", '"')


def _parsed(value: Any) -> ast.stmt:
    """The syntax tree of a class or function: as written, whatever Python reads it."""
    return ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]


def _docstring(value: Any) -> str:
    """A docstring as Markdown: a block after ``::`` is code, as four spaces say already."""
    text = re.sub("^::\n", "", inspect.cleandoc(value.__doc__ or ""), flags=re.MULTILINE)
    return re.sub("::$", ":", text, flags=re.MULTILINE).replace("``", "`").strip()


# --- bundles, exit codes ------------------------------------------------------------------------


def bundle_page() -> str:
    """The files of each kind of model, from the docstring of the module that writes it."""
    parts = [
        "# Bundle format\n\n",
        "A model is a folder of JSON and safetensors. It holds no pickle and nothing that runs; "
        "what is promised to those who load a stranger's model is in "
        "[Reliability](../results/RELIABILITY.md#nothing-is-run-models-from-strangers).\n",
    ]
    for title, module in BUNDLES.items():
        parts.append(f"\n## {title}\n\n{_docstring(module)}\n")
    return "".join(parts)


def exit_codes_page() -> str:
    """What the command leaves with, and the tree of errors."""
    codes = {
        0: "all is well",
        NerError.exit_code: "the work failed: a file, a corpus, a model or the machine",
        UsageError.exit_code: "wrong use: a command, an option or a setting",
        INTERRUPTED: "stopped with Ctrl-C",
        SIGNALLED + signal.SIGHUP: "stopped with SIGHUP: its terminal is gone",
        SIGNALLED + signal.SIGTERM: "stopped with SIGTERM",
    }
    rows = "".join(f"| {code} | {meaning} |\n" for code, meaning in codes.items())
    return (
        f"# Exit codes and errors\n\n| exit code | meaning |\n|---|---|\n{rows}\n"
        "A mistake is one line on standard error that says what, where and what to do. A "
        "traceback is a bug in `ner`.\n\n"
        f"## From Python\n\n{_docstring(ner.errors)}\n"
    )


# --- rooms --------------------------------------------------------------------------------------

CAPTIONS = {
    "errors": "ground",
    "text": "basic types",
    "tags": "rules",
    "corpus": "data",
    "model": "network",
    "predict": "inference",
    "training": "training",
    "api": "verbs",
    "extensions": "extensions",
    "cli": "command line",
}


def _about(module: str) -> str:
    """The first line of a module's docstring."""
    line = inspect.cleandoc(importlib.import_module(module).__doc__ or "").partition("\n")[0]
    return line.rstrip(".:").replace("``", "`")


def _inside(package: str) -> dict[str, str]:
    """The modules and folders in a package, with a line about each."""
    found = [info.name for info in pkgutil.iter_modules(importlib.import_module(package).__path__)]
    return {name: _about(f"{package}.{name}") for name in found if not name.startswith("_")}


def _floors() -> Iterator[tuple[str, dict[str, str]]]:
    """The caption of each floor that has rooms, and these."""
    every = _inside("ner")
    for names in FLOORS:
        rooms = {name: every[name] for name in sorted(names & {*every})}
        if rooms:
            yield next((CAPTIONS[name] for name in rooms if name in CAPTIONS), ""), rooms


def rooms_page() -> str:
    """Every room, floor by floor, with what lives there."""
    parts = [
        "# Rooms\n\n",
        "Where to find what. A room imports from the floors below it; "
        "[Architecture](../explanation/architecture.md) has the picture and the reasons.\n",
    ]
    for number, (caption, rooms) in reversed([*enumerate(_floors())]):
        parts.append(f"\n## {number}: {caption}\n\n| room | about |\n|---|---|\n")
        if "extensions" in rooms:
            rooms = {f"extensions.{k}": v for k, v in _inside("ner.extensions").items()}
        for name, about in rooms.items():
            parts.append(f"| `ner.{name}` | {about} |\n")
    return "".join(parts)


def floors_picture() -> str:
    """The same as a picture."""
    return draw([*_floors()], _inside("ner.extensions"))


MAKERS: dict[str, Callable[[], str]] = {
    "reference/commands.md": commands_page,
    "reference/settings.md": settings_page,
    "reference/python.md": python_page,
    "reference/bundle.md": bundle_page,
    "reference/exit-codes.md": exit_codes_page,
    "reference/rooms.md": rooms_page,
    "explanation/floors.svg": floors_picture,
}


def page(name: str) -> str:
    """The whole text of a page."""
    text = MAKERS[name]()
    return NOTE + re.sub(r"\n{3,}", "\n\n", text) if name.endswith(".md") else text


@click.command(help=__doc__)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a page is not current.")
def main(check: bool) -> None:
    """Write the pages, or compare them."""
    for name in MAKERS:
        place = DOCS / name
        if not check:
            place.write_text(page(name), encoding="utf-8")
        elif not place.exists() or place.read_text(encoding="utf-8") != page(name):
            raise click.ClickException(f"docs/{name} {REMEDY}")


if __name__ == "__main__":
    main()

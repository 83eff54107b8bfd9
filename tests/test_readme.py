"""The README: every command and option is in it, and what it shows works."""

import functools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import ner
from ner.bundle.discovery import find_bundle
from ner.cli import INTERRUPTED, TERMINATED, cli
from ner.config import Config, describe, keys
from ner.corpus import NAMED, Corpus, load_corpus, write_file
from ner.corpus.loading import EXTENSIONS, SPLIT_NAMES
from ner.errors import NerError, UsageError
from ner.extensions.charlm.config import CharLMConfig
from ner.render import FORMATS
from ner.tags import SCHEMES
from ner.training.run import CONTENTS

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def _commands(
    group: click.Group = cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(_commands())
GROUPS = {path[0] for path in COMMANDS if len(path) > 1}


def _sections() -> dict[str, str]:
    """The text under each heading, by the heading."""
    parts = re.split(r"^#+ (.+)$", README, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _options(command: click.Command) -> list[str]:
    return [
        name
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
        if name.startswith("--")
    ]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_a_place_and_every_option_stands_there(path: tuple[str, ...]) -> None:
    """An option stands in the section of its command, or in one that is about no command."""
    own = f"`ner {path[0]}`"
    sections = _sections()
    assert f"ner {' '.join(path)} " in sections[own]
    text = "".join(text for name, text in sections.items() if name == own or "`ner" not in name)
    mentioned = set(re.findall(r"--[a-z][a-z-]*", text))
    assert {*_options(COMMANDS[path])} - mentioned == set()


def _lines() -> list[str]:
    """Each use of the command in the README: lines of blocks, and pieces of text in backquotes."""
    plain = re.sub(r"^```.*?^```$", "", README, flags=re.DOTALL | re.MULTILINE)
    lines = re.findall(r"`((?:ner) [^`]+)`", plain)
    for _, block in BLOCKS:
        joined = re.sub(r"\n[ \t]+", " ", block)  # an indented line goes on with the one above
        lines += [line for line in joined.splitlines() if line.startswith("ner ")]
    return [line.partition(" #")[0].strip() for line in lines]


def test_the_readme_shows_the_command_often() -> None:
    assert len(_lines()) > 15


def _command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that is called, and the words after it."""
    length = 2 if words[1] in GROUPS else 1
    return COMMANDS[tuple(words[1 : 1 + length])], words[1 + length :]


@pytest.mark.parametrize("line", sorted({*_lines()} - {f"ner {name}" for name in GROUPS}))
def test_every_line_is_right_use(line: str) -> None:
    """Synopses count as if every option in brackets were given, with its first choice."""
    plain = re.sub(r"[\[\]]", "", line).replace(" | ", " ").partition(" <")[0]
    words = [re.sub(r"^([\w-]+)(\|[\w-]+)+$", r"\1", word) for word in shlex.split(plain)]
    command, arguments = _command_of(words)
    if arguments == ["--list-settings"]:
        with pytest.raises(click.exceptions.Exit):
            command.make_context(line, arguments)
    elif arguments:  # else the line only names the command
        assert command.make_context(line, arguments).params


def test_every_synopsis_names_all_choices() -> None:
    found = 0
    for line in _lines():
        line = line.replace("[", "").replace("]", "")
        for name, choices in re.findall(r"(--[a-z-]+) ([\w-]+(?:\|[\w-]+)+)", line):
            command, _ = _command_of(line.split())
            option = next(o for o in command.params if name in o.opts)
            if isinstance(option.type, click.Choice):
                assert choices.split("|") == list(option.type.choices)
                found += 1
    assert found >= 2


def _first_column(heading: str) -> list[str]:
    """The names in the first column of the table in a section."""
    rows = _sections()[heading].partition("|---|")[2]
    return re.findall(r"^\| `([^`]+)` \|", rows, re.MULTILINE)


def test_the_tables_are_complete() -> None:
    assert sorted(name.rstrip("/") for name in _first_column("`ner train`")) == sorted(CONTENTS)
    assert _first_column("`ner tag`") == list(FORMATS)


def test_names_and_formats_are_complete() -> None:
    text = _sections()["Your own data"]
    assert [name for name in re.findall(r"`([\w-]+)`", text) if name in NAMED] == list(NAMED)
    assert all(extension in text for extension in EXTENSIONS)
    assert all(scheme.upper() in text for scheme in SCHEMES)
    spellings = {name for names in SPLIT_NAMES.values() for name in names}
    for name in ("train", "valid", "test", "dev", "validation", "testa", "testb"):
        assert f"`{name}`" in text
        assert name in spellings
    tokenizers = next(meaning for key, _, meaning in describe() if key == "data.tokenizer")
    choices = re.findall(r"[\w-]+(?=[,)])", tokenizers.partition("one of auto, ")[2])
    assert choices
    assert all(f"`{choice}`" in text for choice in choices)


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"\b(?:data|model|train)\.[a-z_]+\b(?!/)", README)) - {"train.txt"}
    assert named
    assert named <= {*keys(), *CharLMConfig.fields()}


def test_exit_codes_are_the_real_ones() -> None:
    codes = dict(re.findall(r"(\d+) ([a-z -]+?)(?= with|[,.])", _sections()["Exit codes"]))
    assert codes == {
        "0": "fine",
        str(NerError.exit_code): "the work failed",
        str(UsageError.exit_code): "wrong use",
        str(INTERRUPTED): "stopped",
        str(TERMINATED): "stopped",
    }


def test_the_scripts_that_it_names_are_there() -> None:
    scripts = set(re.findall(r"\bscripts/[a-z_]+\b(?:\.py)?", README))
    assert {"scripts/demo", "scripts/test", "scripts/install"} <= scripts
    assert all((Path(__file__).parents[1] / script).exists() for script in scripts)


def test_the_library_example_runs(
    tmp_path: Path,
    tiny_corpus: Corpus,
    tiny_config: Config,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As it stands, on a small corpus that is found by the same name, with a small model."""
    (code,) = [block for language, block in BLOCKS if language == "python"]
    for split, sentences in tiny_corpus.splits().items():
        write_file(tmp_path / "data" / "demo" / f"{split}.conll", sentences)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NER_DATA", raising=False)
    monkeypatch.setattr(ner, "train", functools.partial(ner.train, config=tiny_config))
    names: dict[str, object] = {}
    exec(code.replace("Angela Merkel flew to Paris on Monday.", "Carl Maria visited Paris."), names)
    printed = capsys.readouterr().out.splitlines()
    assert [line.rpartition(" ")[0] for line in printed] == [
        "Carl Maria PER 0 10",
        "Paris LOC 19 24",
    ]
    assert all(0 < float(line.rpartition(" ")[2]) <= 1 for line in printed)
    assert names["corpus"] == load_corpus("demo")
    assert find_bundle("runs/library").exists()


def test_the_output_of_the_example_is_shown() -> None:
    """Once it is filled in: the entities of the text, with offsets that are right."""
    shown = README.partition("prints\n\n```\n")[2].partition("```")[0].splitlines()
    (code,) = [block for language, block in BLOCKS if language == "python"]
    (text,) = re.findall(r'tagger\.tag\("(.*)"\)', code)
    assert shown
    for line in shown:
        if line.startswith("@@"):
            pytest.skip("not filled in yet")
        entity, label, start, end, score = line.rsplit(" ", 4)
        assert text[int(start) : int(end)] == entity
        assert label in ("PER", "ORG", "LOC", "MISC")
        assert 0 < float(score) <= 1

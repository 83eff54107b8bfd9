"""The documents: generated pages are current, what pages name is there, commands are right use."""

import ast
import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import ner
from ner.cli import options
from ner.config import Config
from ner.corpus import FORMATS as CORPUS_FORMATS
from ner.corpus import NAMED
from ner.corpus.splits import EXTENSIONS, SPLIT_NAMES
from ner.render import FORMATS
from ner.tags import SCHEMES
from ner.training.run import CONTENTS

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import make_reference
from make_reference import DOCS, MAKERS, NOTE, REMEDY, SETTINGS, commands_of

ROOT = DOCS.parent
COMMANDS = {tuple(context.command_path.split()[1:]): found for context, found in commands_of()}
GROUPS = {path[0] for path in COMMANDS if len(path) > 1}
TEXTS = {
    str(place.relative_to(ROOT)): place.read_text(encoding="utf-8")
    for place in (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
}
WRITTEN = {name: text for name, text in TEXTS.items() if not text.startswith(NOTE)}
KEYS = {key for kind in SETTINGS.values() for key in kind.fields()}
TESTS = {
    name
    for place in ROOT.glob("tests/**/*.py")
    for name in re.findall(r"\bdef (test_\w+)\(", place.read_text(encoding="utf-8"))
}


def reference(name: str) -> str:
    """The text of a page of the reference."""
    return TEXTS[f"docs/reference/{name}.md"]


# --- generated pages ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", MAKERS)
def test_generated_pages_are_current(name: str) -> None:
    current = (DOCS / name).read_text(encoding="utf-8") == make_reference.page(name)
    assert current, f"docs/{name} {REMEDY}"


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_a_section_with_every_option(path: tuple[str, ...]) -> None:
    section = re.split(rf"^## ner {' '.join(path)}$", reference("commands"), flags=re.M)[1]
    told = set(re.findall(r"^`(--[a-z-]+)", section.partition("\n## ")[0], re.MULTILINE))
    options = [o for o in COMMANDS[path].params if isinstance(o, click.Option)]
    assert told == {name for option in options for name in option.opts if name.startswith("--")}


def test_every_setting_has_a_row() -> None:
    assert set(re.findall(r"^\| `([a-z.0-9_]+)` \|", reference("settings"), re.M)) == KEYS


def test_every_public_name_has_a_section() -> None:
    assert {f"ner.{name}" for name in ner.__all__} <= set(
        re.findall("^## (.*)$", reference("python"), re.MULTILINE)
    )


# --- what hand-written pages name ---------------------------------------------------------------


def _code(text: str) -> Iterator[str]:
    """The lines of code blocks, fenced or indented; a line that goes on is one."""
    joined = re.sub(r"\\\n\s*", "", text)
    yield from re.findall(r"^(?: {4})+(.*)$", joined, re.MULTILINE)
    for block in re.findall(r"^```[^\n]*\n(.*?)^```$", joined, re.DOTALL | re.MULTILINE):
        yield from block.splitlines()


def _lines(text: str) -> Iterator[str]:
    """Each command in code blocks."""
    for line in _code(text):
        if found := re.match(r"\s*(?:OMP_NUM_THREADS=1 )?(ner [a-z].*?)\s*(?: [#<>&|].*)?$", line):
            yield found[1]


def _mentions(text: str) -> Iterator[str]:
    """Each command in backquotes within text."""
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    yield from (" ".join(use.split()) for use in re.findall(r"`(ner\s[a-z][^`]*)`", plain))


LINES = {name: list(dict.fromkeys(_lines(text))) for name, text in WRITTEN.items()}


def _command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that is called, and the words after it."""
    length = 2 if words[1] in GROUPS else 1
    return COMMANDS[tuple(words[1 : 1 + length])], words[1 + length :]


def test_pages_show_the_command_often() -> None:
    assert sum(map(len, LINES.values())) > 60


@pytest.mark.parametrize("name", [name for name, lines in LINES.items() if lines])
def test_every_line_is_right_use(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options in brackets count as given, and variables of the shell as a direction.

    Models need not be there.
    """
    monkeypatch.setattr(options, "find_bundle", lambda *_: None)
    monkeypatch.setattr(options, "find_model", lambda *_: None)
    for line in LINES[name]:
        words = shlex.split(re.sub(r"[\[\]]", "", line).replace("$way", "forward"))
        command, arguments = _command_of(words)
        if arguments == ["--list-settings"]:
            with pytest.raises(click.exceptions.Exit):
                command.make_context(line, arguments)
        else:
            command.make_context(line, arguments)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_mention_names_a_command_and_its_options(name: str) -> None:
    for use in _mentions(WRITTEN[name]):
        if use.removeprefix("ner ") in GROUPS:
            continue
        command, arguments = _command_of(use.split())
        known = {name for option in command.params for name in option.opts}
        assert {word for word in arguments if word.startswith("--")} <= known, use


@pytest.mark.parametrize("name", WRITTEN)
def test_every_setting_that_is_named_exists(name: str) -> None:
    sections = "|".join({key.partition(".")[0] for key in KEYS})
    text = re.sub("^>.*$", "", WRITTEN[name], flags=re.MULTILINE)  # messages may quote wrong ones
    named = set(re.findall(rf"(?<![\w./])(?:{sections})\.[a-z_]+\b(?![/.(])", text))
    files = {key for key in named if key.endswith((".txt", ".conll", ".jsonl", ".tsv"))}
    made = {f"model.{field}" for field in re.findall(r"^ +(\w+): \w+ = setting\(", text, re.M)}
    assert named - files - made <= KEYS


@pytest.mark.parametrize("name", WRITTEN)
def test_every_file_and_test_that_is_named_exists(name: str) -> None:
    """Or the page itself shows it, with its path as the title, for the reader to make."""
    text = WRITTEN[name]
    shown = [Path(place) for place in re.findall(r'title="([^"]+)"', text)]
    made = {str(place) for path in shown for place in (path, path.parent)}
    paths = re.findall(r"(?<![\w./-])((?:ner|tests|scripts|data)/[\w./-]*\w)", text)
    missing = {path for path in paths if not (ROOT / path).exists()}
    assert missing - made - {"data/NAME"} == set()
    tests = set(re.findall(r"\b(test_\w+)\b(?!\.py)", text))
    assert {test for test in tests - TESTS if f"def {test}(" not in text} == set()


@pytest.mark.parametrize("name", WRITTEN)
def test_python_blocks_import_what_is_there(name: str) -> None:
    """Or what a page for contributors makes: its files have their paths as titles."""
    begin = r'^```(?:python|py title="([^"\n]+)\.py")\n'
    blocks = re.findall(begin + "(.*?)^```$", WRITTEN[name], re.DOTALL | re.MULTILINE)
    made = {path.replace("/", ".") for path, _ in blocks}
    for _, block in blocks:
        for node in ast.walk(ast.parse(block, name)):
            if not isinstance(node, ast.ImportFrom) or node.module is None or node.module in made:
                continue
            if node.module.startswith(("ner.", "tests.")):
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names), ast.unparse(node)


def _first_column(name: str) -> list[str]:
    """The names in the first column of the first table with some."""
    rows = TEXTS[name].partition("|---|")[2].partition("\n\n")[0]
    return re.findall(r"^\| `([^`]+)` \|", rows, re.MULTILINE)


def test_the_files_of_a_run_are_complete() -> None:
    files = _first_column("docs/reference/run-folder.md")
    assert sorted(name.rstrip("/") for name in files) == sorted(CONTENTS)


def test_the_outputs_of_tagging_are_complete() -> None:
    assert _first_column("docs/guides/tagging.md") == list(FORMATS)


def test_names_and_formats_are_complete() -> None:
    text = TEXTS["docs/guides/formats.md"]
    assert _first_column("docs/guides/formats.md") == list(CORPUS_FORMATS)
    assert [name for name in re.findall(r"`([\w-]+)`", text) if name in NAMED] == list(NAMED)
    assert all(extension in text for extension in EXTENSIONS)
    assert all(scheme.upper() in text for scheme in SCHEMES)
    spellings = {name for names in SPLIT_NAMES.values() for name in names}
    for name in ("train", "valid", "test", "dev", "validation", "testa", "testb"):
        assert f"`{name}`" in text
        assert name in spellings
    tokenizers = next(meaning for key, _, meaning in Config.describe() if key == "data.tokenizer")
    choices = re.findall(r"[\w-]+(?=[,)])", tokenizers.partition("one of auto, ")[2])
    assert choices
    assert _first_column("docs/guides/tokenizer.md") == choices


# --- the site -----------------------------------------------------------------------------------


def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    """Links within it resolve, which `--strict` sees to."""
    pytest.importorskip("mkdocs")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loads = re.compile(r'<(?:script|img|iframe)[^>]*\bsrc="?https?:|<link[^>]*\bhref="?https?:')
    pages = {page: page.read_text(encoding="utf-8") for page in tmp_path.rglob("*.html")}
    assert len(pages) > len(TEXTS) - 2
    assert [page for page, text in pages.items() if loads.search(text)] == []
    assert "<math" in pages[tmp_path / "explanation" / "crf" / "index.html"]

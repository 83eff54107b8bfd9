"""The plan of the house (DESIGN.md), held by a walk over the syntax trees of `ner/`.

Every import counts, wherever it stands: at the top, inside a function, under TYPE_CHECKING.
"""

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import ner

ROOT = Path(ner.__file__).parent

# From the ground up; rooms in one row do not know each other. `predict` and `bundle` are the two
# halves of floor 5: a bundle holds the model that `predict` runs.
FLOORS = [
    {"errors", "version", "inputs", "lazy", "frozen", "markup", "named_models", "torchrun"},
    {"text", "files", "plugins", "interchange"},
    {"tags", "tokenize", "config", "stored", "sklearn", "ray", "spark"},
    {"run_folder", "corpus", "features", "evaluation", "render", "tensors"},
    {"model", "runtime", "checkpoint"},
    {"predict", "bundle"},
    {"training", "tagger"},
    {"api", "scale"},
    {"extensions"},
    {"cli"},
    {"__main__"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

TREES = {
    ".".join(["ner", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(
        ".__init__"
    ): ast.parse(path.read_text(encoding="utf-8"), str(path))
    for path in sorted(ROOT.rglob("*.py"))
}
INSIDE = [module for module in TREES if module != "ner"]


def room_of(module: str) -> str:
    """``corpus`` for ``ner.corpus.columns``; empty for ``ner`` itself.

    The commands of an extension stand in its folder, and on the floor of the command line.
    """
    if module.startswith("ner.extensions.") and module.endswith(".cli"):
        return "cli"
    return module.split(".")[1] if "." in module else ""


# --- who imports whom ---------------------------------------------------------------------------


class Import(NamedTuple):
    """One imported name, with its module as far as there is one."""

    target: str
    line: int


def imports_of(module: str) -> Iterator[Import]:
    """Everything that a module imports, ours by the module that it means."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(module, node)
            for alias in node.names:
                yield Import(_meant(source, alias.name), node.lineno)


def _absolute(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = [*module.split("."), *([""] if (ROOT / _folder(module)).is_dir() else [])]
    return ".".join([*package[: -node.level], *([node.module] if node.module else [])])


def _folder(module: str) -> Path:
    return Path(*module.split(".")[1:])


def _meant(source: str, name: str) -> str:
    """The module behind ``from source import name``: a submodule, a lazy name's home, or source."""
    if f"{source}.{name}" in TREES:
        return f"{source}.{name}"
    return ner._HOMES.get(name, source) if source == "ner" else source


@functools.cache
def own_imports(module: str) -> list[Import]:
    return [found for found in imports_of(module) if found.target.split(".")[0] == "ner"]


def test_relative_and_lazy_imports_are_understood() -> None:
    """The helpers above, on cases that the code may or may not have today."""
    relative = ast.parse("from . import x\nfrom .y import z\nfrom ..errors import NerError").body
    froms = [node for node in relative if isinstance(node, ast.ImportFrom)]
    assert [_absolute("ner.corpus.columns", node) for node in froms] == [
        "ner.corpus",
        "ner.corpus.y",
        "ner.errors",
    ]
    assert [_absolute("ner.corpus", node) for node in froms[:2]] == [
        "ner.corpus",
        "ner.corpus.y",
    ]
    assert _meant("ner", "tags") == "ner.tags"
    assert _meant("ner", "Span") == "ner.text"
    assert _meant("ner.text", "Span") == "ner.text"


def test_every_module_has_a_floor() -> None:
    homeless = [module for module in INSIDE if room_of(module) not in FLOOR_OF]
    assert homeless == [], "give their rooms a floor, here and in DESIGN.md"


def test_imports_come_from_floors_below_or_the_own_room() -> None:
    assert [
        f"{module}:{line} imports {target}"
        for module in INSIDE
        for target, line in own_imports(module)
        if room_of(target) != room_of(module)
        and FLOOR_OF[room_of(target)] >= FLOOR_OF[room_of(module)]
    ] == []


def test_our_imports_exist() -> None:
    found = [(target, module, line) for module in TREES for target, line in own_imports(module)]
    assert [place for place in found if place[0] not in TREES] == []


def test_config_needs_nothing_but_errors_files_and_frozen() -> None:
    """So that every floor, and a file of settings, can do without the rest."""
    found = {target for m in INSIDE if room_of(m) == "config" for target, _ in own_imports(m)}
    assert {target for target in found if room_of(target) != "config"} <= {
        "ner.errors",
        "ner.files",
        "ner.frozen",
    }


@pytest.mark.parametrize(("one", "other"), [("training", "tagger"), ("tagger", "training")])
def test_training_and_tagger_do_not_know_each_other(one: str, other: str) -> None:
    """Neither directly nor through a module between them."""
    reached = {target for module in INSIDE if room_of(module) == one for target in _below(module)}
    assert other not in {room_of(target) for target in reached}


@functools.cache
def _below(module: str) -> set[str]:
    """Everything that a module imports, directly or not."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        found = {target for target, _ in own_imports(waiting.pop())} & set(INSIDE)
        waiting += found - seen
        seen |= found
    return seen


def test_no_module_imports_itself_in_a_circle() -> None:
    circles = {
        module: sorted(other for other in _below(module) if module in _below(other))
        for module in INSIDE
        if module in _below(module)
    }
    assert circles == {}


def test_the_package_itself_imports_lazily() -> None:
    """Names of `ner` are loaded on first use; for type checkers only they stand in an `if`."""
    tree = TREES["ner"]
    checked = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    hidden = {id(inner) for node in checked for inner in ast.walk(node)}
    loaded = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in hidden
    ]
    assert loaded == [
        "import importlib",
        "from typing import TYPE_CHECKING, Any",
        "from ner.version import __version__ as __version__",
    ]


# --- what stays light ---------------------------------------------------------------------------


def test_corpora_and_scores_need_no_torch() -> None:
    assert [
        f"{module}:{line} imports {target}"
        for module in INSIDE
        if room_of(module) in {"corpus", "evaluation"}
        for target, line in imports_of(module)
        if target.split(".")[0] in {"torch", "torchcrf", "safetensors"}
    ] == []


HEAVY = {"torch", "torchcrf", "safetensors", "numpy", "scipy", "pandas", "sklearn"} | {
    "datasets", "pyarrow", "seqeval"
}  # fmt: skip


def test_no_lazy_name_is_that_of_a_module() -> None:
    """A module, once it is loaded, is an attribute of its package, and would hide the name."""
    lazy = {module: tree for module, tree in TREES.items() if "lazy_names" in ast.unparse(tree)}
    assert len(lazy) > 3
    assert [
        f"{module}.{name.value!s}"
        for module, tree in lazy.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.List)
        for name in node.elts
        if isinstance(name, ast.Constant) and f"{module}.{name.value!s}" in TREES
    ] == []


@pytest.mark.parametrize(
    "code", ["import ner", "from ner.cli import main; main(['--help'])"], ids=["import", "help"]
)
def test_starting_up_loads_nothing_heavy(code: str) -> None:
    listed = f"""
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
{code}
"""
    done = subprocess.run(
        [sys.executable, "-c", listed], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = done.stderr.split()
    assert "ner" in loaded
    assert not HEAVY & set(loaded)
    assert ("Usage" in done.stdout) == ("--help" in code)


# --- manners ------------------------------------------------------------------------------------


def test_the_library_does_not_print() -> None:
    assert [
        f"{module}:{node.lineno}"
        for module in INSIDE
        if room_of(module) != "cli"
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "builtins.print"}
    ] == []


Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_nodes(
    body: list[ast.stmt], prefix: str = ""
) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Public functions, classes and methods with their names; those within functions are not."""
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public_nodes(node.body, f"{prefix}{node.name}.")


def _is_stub(node: Function | ast.ClassDef) -> bool:
    """An overload or the setter of a property: documented where the thing itself is."""
    marks = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(mark.endswith((".setter", ".deleter", "overload")) for mark in marks)


def _bare_arguments(node: Function) -> list[str]:
    """Arguments without a type, `return` among them; `self` and `cls` need none."""
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    named += [star for star in (arguments.vararg, arguments.kwarg) if star]
    bare = [a.arg for a in named if a.annotation is None and a.arg not in {"self", "cls"}]
    return bare + ([] if node.returns else ["return"])


def test_everything_public_is_documented() -> None:
    assert [module for module, tree in TREES.items() if not ast.get_docstring(tree)] == []
    assert [
        f"{module}.{name}"
        for module, tree in TREES.items()
        for name, node in public_nodes(tree.body)
        if not ast.get_docstring(node) and not _is_stub(node)
    ] == []


def test_everything_public_is_annotated() -> None:
    assert {
        f"{module}.{name}": bare
        for module, tree in TREES.items()
        for name, node in public_nodes(tree.body)
        if isinstance(node, Function) and (bare := _bare_arguments(node))
    } == {}


# Openings of a docstring that is neither an imperative nor a noun phrase.
INDIRECT = {
    "What", "Whether", "How", "Which", "Who", "Why", "Where", "When", "Of", "Hears", "Knows",
    "Lets", "Raises", "Reads", "Returns", "Says", "Tells", "Turns", "Yields",
}  # fmt: skip


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string that stands as a statement by itself, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text


def test_docstrings_begin_with_an_imperative_or_a_noun() -> None:
    assert [
        f"{module}:{line}: {text.splitlines()[0]}"
        for module, tree in TREES.items()
        for line, text in _docstrings(tree)
        if text.split()[0] in INDIRECT
    ] == []

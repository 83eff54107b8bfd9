"""Measure the house: how the code of `ner/` is built, and whether it keeps the limits.

    python scripts/measures.py

Prints one line a measure, those beyond their limit marked and with their places; the exit code
is 1 if there are any. Imports count wherever they stand, lazy ones and those for type checkers
too; the floors and the walk are those of `tests/test_architecture.py`. The length of a function
is its lines from `def` to its end without its docstring; one within another counts in both.
"""

import ast
import re
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.test_architecture import (
    FLOOR_OF,
    INSIDE,
    TREES,
    Function,
    own_imports,
    public_nodes,
    room_of,
)

ROOT = Path(__file__).parents[1]

# The words of each feature, as whole identifiers: names, attributes, arguments, modules, and
# strings that are one, such as those of settings. What an extension adds counts outside its folder.
FEATURES = {
    "bigrams": r"\w*bigrams?(_\w+)?|\w*Bigram\w*",
    # Those of words, and not the machines of `ray.cluster_resources`.
    "clusters": r"(?!_check_cluster|cluster_resources)\w*clusters?(_\w+)?|\w*Cluster\w*",
    "gazetteers": r"\w*gazetteers?(_\w+)?|\w*Gazetteer\w*",
    "casing": r"\w*casings?(_\w+)?|CASINGS?|\w*Casing\w*",
    "characters": r"char_(?!lm|span$)\w+|Char(acter)?s?(CNN|LSTM|Encoder|Feature|Embed)\w*",
    "document context": r"\w*(first|second)_pass\w*|document_context\w*|DocumentContext\w*",
    "charlm": r"\w*charlms?(_\w+)?|\w*char_lms?(_\w+)?|\w*StringEmbedding\w*",
    "distillation": r"\w*distil(?!bert)\w*|\w*Distil\w*|teachers?(_\w+)?|students?(_\w+)?",
}


@dataclass(frozen=True)
class Measure:
    """A figure with its limit, and the places that lie beyond."""

    name: str
    value: float
    limit: float | None = None
    places: tuple[str, ...] = ()
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """True if there is no limit, or it is kept."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        bound = "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit:,}"
        value = f"{round(self.value, 2):,}"
        line = f"{'' if self.kept else '✗':2}{self.name:44}{value:>8}  {bound}"
        shown = () if self.kept else self.places
        return "\n".join([line.rstrip(), *(f"      {place}" for place in shown)])


# --- who imports whom ---------------------------------------------------------------------------


def graph() -> dict[str, set[str]]:
    """The modules of ours that each module imports."""
    return {module: {found.target for found in own_imports(module)} - {module} for module in INSIDE}


def import_cycles() -> Measure:
    """Modules that import themselves, directly or through others."""
    imports = graph()

    def below(module: str) -> set[str]:
        seen: set[str] = set()
        waiting = [module]
        while waiting:
            found = imports.get(waiting.pop(), set()) - seen
            waiting += found
            seen |= found
        return seen

    circling = [module for module in INSIDE if module in below(module)]
    return Measure("modules in import cycles", len(circling), 0, tuple(circling))


def _pairs(wrong: Callable[[str, str], bool]) -> tuple[str, ...]:
    """The imports for which something is wrong, as ``module:line imports target``."""
    return tuple(
        f"{module}:{found.line} imports {found.target}"
        for module in INSIDE
        for found in own_imports(module)
        if wrong(module, found.target)
    )


def upward_imports() -> Measure:
    """Imports from the own floor (of other rooms) or from above."""

    def upward(module: str, target: str) -> bool:
        room, other = room_of(module), room_of(target)
        return room != other and FLOOR_OF.get(other, -1) >= FLOOR_OF[room]

    places = _pairs(upward)
    return Measure("upward imports", len(places), 0, places)


def extension_imports() -> Measure:
    """Imports of extensions by the core; an extension's own commands are part of it."""

    def outside(module: str, target: str) -> bool:
        inside = "ner.extensions"
        return target.startswith(inside) and not module.startswith(inside)

    places = _pairs(outside)
    return Measure("core → extension imports", len(places), 0, places)


def imports_per_module() -> Measure:
    """Different modules of ours that a module imports, in the mean."""
    counts = {module: len(targets) for module, targets in graph().items()}
    most = sorted(counts, key=lambda module: -counts[module])[:10]
    places = tuple(f"{module} {counts[module]}" for module in most)
    return Measure(
        "internal imports per module, mean", statistics.mean(counts.values()), 3.5, places
    )


# --- how long things are ------------------------------------------------------------------------


def functions() -> Iterator[tuple[int, str]]:
    """Length and place of every function."""
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                assert node.end_lineno is not None
                length = node.end_lineno - node.lineno + 1 - _docstring_lines(node)
                yield length, f"{module}:{node.lineno} {node.name} {length}"


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is None or first.end_lineno is None:
        return 0
    return first.end_lineno - first.lineno + 1


def function_lengths() -> Iterator[Measure]:
    """Median, 95th percentile and longest."""
    found = sorted(functions(), reverse=True)
    lengths = [length for length, _ in found]
    longest = tuple(place for length, place in found if length > 60)
    yield Measure("function lines, median", statistics.median(lengths), 8)
    yield Measure("function lines, 95th percentile", statistics.quantiles(lengths, n=20)[-1], 30)
    yield Measure("function lines, longest", lengths[0], 60, longest)


def long_modules() -> Measure:
    """Modules of more than 400 lines, but for tables of data: those that define no function."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files("ner")}
    long = [
        (lines, str(path.relative_to(ROOT)))
        for path, lines in lengths.items()
        if lines > 400 and any(isinstance(node, Function) for node in ast.walk(_tree(path)))
    ]
    places = tuple(f"{path} {lines}" for lines, path in sorted(long, reverse=True))
    return Measure("modules over 400 lines", len(long), 0, places)


def lines_of_code() -> Iterator[Measure]:
    """Lines of `ner/`, and how many lines of tests there are for each; all lines count."""
    ours, tests = (
        sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files(folder))
        for folder in ("ner", "tests")
    )
    yield Measure("lines of ner/", ours)
    yield Measure("lines of tests for each", tests / ours, 1.2, at_least=True)


def files(folder: str) -> list[Path]:
    """The Python files of a folder and those below it."""
    return sorted((ROOT / folder).rglob("*.py"))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


# --- what is documented, what stands where ------------------------------------------------------


def undocumented() -> Measure:
    """Public functions, classes and methods without docstring; stubs of overloads need none."""
    bare = [
        f"{module}.{name}"
        for module, tree in TREES.items()
        for name, node in public_nodes(tree.body)
        if not ast.get_docstring(node)
        and not any(
            ast.unparse(mark).endswith((".setter", ".deleter", "overload"))
            for mark in node.decorator_list
        )
    ]
    return Measure("public definitions without docstring", len(bare), 0, tuple(bare))


def identifiers(tree: ast.Module) -> set[str]:
    """Names, attributes, arguments and parts of modules; and strings that are identifiers."""
    found = set()
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            if isinstance(value, str):
                found |= set(value.split("."))
    return {word for word in found if word.isidentifier()}


def files_of_features() -> Iterator[Measure]:
    """Modules of `ner/` in which a feature's words occur."""
    words = {module: identifiers(tree) for module, tree in TREES.items()}
    for feature, pattern in FEATURES.items():
        touched = tuple(
            module
            for module, names in words.items()
            if not module.startswith(f"ner.extensions.{feature}")
            and any(re.fullmatch(pattern, n) for n in names)
        )
        yield Measure(f"files touched by {feature}", len(touched), 3, touched)


def private_names() -> Measure:
    """Places in the tests that reach into a private attribute of ours, `self`'s own aside."""
    places = tuple(
        f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}"
        for path in files("tests")
        if re.search(r"\._[a-z]", path.read_text(encoding="utf-8"))
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute)
        # Those of named tuples and of notebooks are public.
        and re.match("_(?!replace|asdict|repr_)[a-z]", node.attr)
        and ast.unparse(node.value) not in ("self", "cls", "os", "sys")
    )
    return Measure("private names reached from tests", len(places), 10, places)


def measures() -> Iterator[Measure]:
    """All of them."""
    yield import_cycles()
    yield upward_imports()
    yield extension_imports()
    yield imports_per_module()
    yield from function_lengths()
    yield long_modules()
    yield undocumented()
    yield from files_of_features()
    yield from lines_of_code()
    yield private_names()


def main() -> int:
    """Print all measures; returns 1 if a limit is passed."""
    found = list(measures())
    print(*found, sep="\n")
    return int(not all(measure.kept for measure in found))


if __name__ == "__main__":
    sys.exit(main())

"""Ask ner and six other tools the same things; print tables for docs/results/against-others.md.

    NER_DATA=/folder/of/corpora python scripts/compare_tools.py [PART…] --work DIR \\
        --vectors news100.vec --encoder minilm

Without a PART all of them. The folder `--work` keeps environments (4 GB, made once), models and
what the tools had to say. Each runs on one thread and without network; seconds are
those of the processor, so a busy machine changes little.
"""

import pickle
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from comparison.cases import CASES
from comparison.environments import PACKAGES, TITLES, WEIGHTS, ask, python
from comparison.tables import f1, markdown, verdict
from comparison.tool import read_columns, spans_of
from ner import load_corpus
from ner.tags import tags_of
from ner.text import Sentence

SIZES = {"train": 500, "valid": 200, "test": 500}


@dataclass(frozen=True)
class Setting:
    """What was asked for on the command line."""

    work: Path
    tools: tuple[str, ...]
    seconds: int

    @property
    def corpus(self) -> Path:
        """The folder with what all learn from."""
        return self.work / "corpus"

    def model(self, tool: str) -> Path:
        """The folder of a tool's model."""
        return self.work / "models" / tool


def prepare(corpus: Path, data: str, vectors: Path, encoder: Path) -> None:
    """Write the first sentences of each split, the rest as lines of text, vectors and encoder."""
    if corpus.exists():
        return
    corpus.mkdir(parents=True)
    splits = load_corpus(data).splits()
    rest: list[Sentence] = []
    for name, size in SIZES.items():
        (corpus / f"{name}.conll").write_text("".join(map(_columns, splits[name][:size])), "utf-8")
        rest += splits[name][size:] if name != "valid" else []
    lines = "".join(" ".join(sentence.tokens) + "\n" for sentence in rest)
    (corpus / "texts.txt").write_text(lines, encoding="utf-8")
    (corpus / "vectors.txt").symlink_to(vectors.resolve())
    (corpus / "encoder").symlink_to(encoder.resolve())


def _columns(sentence: Sentence) -> str:
    tags = tags_of(sentence.spans, len(sentence))
    return "".join(f"{t} {tag}\n" for t, tag in zip(sentence.tokens, tags, strict=True)) + "\n"


def install(setting: Setting) -> str:
    """Versions, and what an installation puts on the disk."""
    rows = []
    for tool in setting.tools:
        place = python(setting.work, tool).parents[1]
        about = ask(setting.work, tool, "about", place)
        size = f"{about['bytes'] / 1e6:,.0f}"
        rows.append([TITLES[tool], about["version"], about["python"], about["packages"], size])
    return markdown(["", "version", "Python", "packages", "MB"], rows)


def train(setting: Setting) -> str:
    """Learn within the seconds given; then F1 on the sentences of test."""
    rows = [[TITLES[tool], *_trained(setting, tool)] for tool in setting.tools]
    return markdown(["", "seconds", "memory, MB", "F1 on test"], rows)


def _trained(setting: Setting, tool: str) -> list[str]:
    model, test = setting.model(tool), setting.corpus / "test.conll"
    model.parent.mkdir(exist_ok=True)
    shutil.rmtree(model, ignore_errors=True)
    spent = ask(setting.work, tool, "train", setting.corpus, model, seconds=setting.seconds)
    costs = _costs(spent) if spent else [f"{setting.seconds} (stopped)", "–"]
    answer = ask(setting.work, tool, "tokens", model, test)
    gold = [spans_of(tags) for _, tags in read_columns(test)]
    return [*costs, f"{f1(gold, answer['spans']):.1f}" if answer else "no model yet"]


def _costs(spent: dict[str, float]) -> list[str]:
    return [f"{spent['seconds']:.0f}", f"{spent['memory'] / 1e6:,.0f}"]


def lines(setting: Setting) -> str:
    """Start, memory and speed over short texts."""
    rows = []
    for tool in setting.tools:
        answer = ask(setting.work, tool, "lines", setting.model(tool), setting.corpus / "texts.txt")
        rows.append([TITLES[tool], *(_speed(answer) if answer else ["–"] * 5)])
    head = ["", "start, s", "texts a second", "a million texts, hours", "memory, MB", "an entity"]
    return markdown(head, rows)


def _speed(answer: dict[str, Any]) -> list[str]:
    rate, first = answer["rate"], answer["first"]
    return [
        f"{answer['start']:.1f}",
        f"{rate:,.0f}",
        f"{1e6 / rate / 3600:.1f}",
        f"{answer['memory'] / 1e6:,.0f}",
        f"`{first[0]}`" if first else "–",
    ]


def read(setting: Setting) -> str:
    """How each reads small files that people have."""
    paths = [setting.work / "cases" / Path(name).stem / name for name in CASES]  # each alone
    for path, case in zip(paths, CASES.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(case.content)
    answers = [ask(setting.work, tool, "read", *paths)["answers"] for tool in setting.tools]
    rows = [
        [case.what, *(verdict(case, answer) for answer in told)]
        for case, *told in zip(CASES.values(), *answers, strict=True)
    ]
    return markdown(["", *(TITLES[tool] for tool in setting.tools)], rows)


class Trap:
    """A pickle of this, when loaded, makes a file: harmless, and a sign that code was run."""

    def __init__(self, sign: Path) -> None:
        self._sign = sign

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, str]]:
        return open, (str(self._sign), "w")


def trap(setting: Setting) -> str:
    """Put a pickle in the place of a model's weights; see whether opening the model runs it."""
    rows = []
    for tool in setting.tools:
        copy, sign = setting.work / "trapped" / tool, setting.work / f"{tool}-ran"
        weights, place = WEIGHTS[tool]
        if not (setting.model(tool) / weights).is_file():
            rows.append([TITLES[tool], place, "no model yet"])
            continue
        shutil.rmtree(copy, ignore_errors=True)
        sign.unlink(missing_ok=True)
        shutil.copytree(setting.model(tool), copy)
        (copy / weights).unlink()
        (copy / place).write_bytes(pickle.dumps(Trap(sign)))
        answer = ask(setting.work, tool, "open", copy) or {"error": "dies", "message": ""}
        rows.append([TITLES[tool], place, "**runs it**" if sign.exists() else _refused(answer)])
    return markdown(["", "file", "opening it"], rows)


def _refused(answer: dict[str, Any]) -> str:
    said = f"{answer.get('error', 'opens')}: {answer.get('message', '')}".strip().splitlines()
    return f"does not run it (`{said[0][:80]}`)"


PARTS: dict[str, Callable[[Setting], str]] = {
    "install": install,
    "train": train,
    "lines": lines,
    "read": read,
    "trap": trap,
}


@click.command(help=__doc__)
@click.argument("parts", nargs=-1, metavar="[PART]...", type=click.Choice(list(PARTS)))
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Kept for next time.")
@click.option("--vectors", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--encoder", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--tool", "tools", multiple=True, type=click.Choice(list(PACKAGES)), help="Not all.")
@click.option("--data", default="conll2003", show_default=True, help="The corpus.")
@click.option("--seconds", default=60, show_default=True, help="Of the processor, a training.")
def main(
    parts: Sequence[str],
    work: Path,
    vectors: Path,
    encoder: Path,
    tools: tuple[str, ...],
    data: str,
    seconds: int,
) -> None:
    """Ask the tools; print a table for each part."""
    setting = Setting(work.resolve(), tools or tuple(PACKAGES), seconds)
    prepare(setting.corpus, data, vectors, encoder)
    for name in parts or PARTS:
        click.echo(f"\n{name}\n\n{PARTS[name](setting)}")


if __name__ == "__main__":
    main()

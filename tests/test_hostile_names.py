"""Names that no file can have and texts that no UTF-8 can hold, given to whatever takes a text.

Each ends in one line, or does no harm; never in a traceback. Options and arguments are found by a
walk, so that a new one is tried without being named here.
"""

import importlib.util
import inspect
import itertools
import logging
import re
import shutil
import socket
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

import ner
from ner.cli import cli
from ner.config import Config
from ner.corpus import Corpus
from ner.errors import NerError
from ner.tagger import Tagger
from ner.text import Sentence, Span
from tests.cli.command import BRIEF, run

HOSTILE = {"NUL": "a\0b", "long": "n/" * 2500, "surrogate": "a\ud800b"}
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def unlogged() -> Iterator[None]:
    """Log nothing: reports with half a surrogate pair cannot be sent between test processes."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


EACH = pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
NO_TEXT = (
    click.types.BoolParamType,
    click.types.IntParamType,
    click.types.FloatParamType,
    click.Choice,
)


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no call reach the Hub."""
    if importlib.util.find_spec("huggingface_hub"):
        constants = importlib.import_module("huggingface_hub.constants")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


# --- the command line ----------------------------------------------------------------------------


def commands(
    command: click.Command, names: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, (*names, name))
    else:
        yield " ".join(names), command


COMMANDS = dict(commands(cli))
TEXTS = {
    name: [p.name for p in command.params if not isinstance(p.type, NO_TEXT)]
    for name, command in COMMANDS.items()
}


def line_of(parameter: click.Parameter, value: str) -> list[str]:
    """The words of a command line that give a parameter a value."""
    return [parameter.opts[0], value] if isinstance(parameter, click.Option) else [value]


@pytest.fixture
def taken_port() -> Iterator[str]:
    """A port at which nothing more can be served: whatever is to serve there ends."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield str(other.getsockname()[1])


@pytest.fixture
def usual(tiny_run: Path, tiny_charlm: Path, tmp_path: Path, taken_port: str) -> dict[str, str]:
    """Good values of the parameters that commands need, with their files in a folder ``usual``."""
    folder = tmp_path / "usual"
    folder.mkdir()
    (folder / "text.txt").write_text("Anna visited Rome .\n" * 3)
    (folder / "corpus.txt").write_text("Anna B-PER\nvisited O\nRome B-LOC\n\n" * 30)
    data = dict.fromkeys(("data", "corpus", "source", "paths", "a", "b"), "corpus.txt")
    texts = dict.fromkeys(("texts", "file", "files"), "text.txt")
    new = dict.fromkeys(("target", "out"), "new")
    return (
        data
        | texts
        | new
        | {
            "model": str(tiny_run),
            "to": "jsonl",
            "varied": "train.seed=1,2",
            "charlm": str(tiny_charlm),
            "port": taken_port,
            "repository": "user/name",
        }
    )


@pytest.mark.parametrize("name", [name for name, parameters in TEXTS.items() if parameters])
def test_options_take_no_harm(
    name: str, usual: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for parameter, (kind, hostile) in itertools.product(TEXTS[name], HOSTILE.items()):
        folder = shutil.copytree(tmp_path / "usual", tmp_path / f"{parameter}-{kind}")
        monkeypatch.chdir(folder)
        takes_no_harm(name, parameter, hostile, usual)


def takes_no_harm(name: str, parameter: str | None, hostile: str, usual: dict[str, str]) -> None:
    """Give a parameter of a command a hostile text, and good values to those that it needs."""
    given: list[str] = []
    for one in COMMANDS[name].params:
        if one.name == parameter:
            given += line_of(one, hostile)
        elif one.required or one.name == "port":
            assert one.name is not None
            key = one.name if (one.name, name[:6]) != ("model", "charlm") else "charlm"
            given += line_of(one, usual[key])
        elif one.name == "settings":
            given += BRIEF
    outcome = run(*name.split(), *given)
    assert outcome.code in (0, 1, 2), (parameter, ascii(hostile[:9]))
    assert "Traceback" not in outcome.err, (parameter, ascii(hostile[:9]))
    if outcome.code == 2:
        outcome.complaint()


# --- Python --------------------------------------------------------------------------------------


def text_parameters() -> Iterator[tuple[str, str]]:
    """The parameters that take text, of the functions of `ner` and the methods of its classes."""
    for name in ner.__all__:
        offered = getattr(ner, name)
        found = {name: offered}
        if inspect.isclass(offered):
            methods = [method for method in vars(offered) if not method.startswith("_")]
            found = {f"{name}.{method}": getattr(offered, method) for method in methods}
        for full, function in found.items():
            if inspect.isfunction(function) or inspect.ismethod(function):
                for parameter, annotation in _annotations(function).items():
                    if parameter != "return" and _takes_text(annotation):
                        yield full, parameter


def _annotations(function: Callable[..., object]) -> dict[str, object]:
    return typing.get_type_hints(function, localns={"pandas": SimpleNamespace(DataFrame=object)})


def _takes_text(annotation: object) -> bool:
    """True for `str`, `Path` and `Sentence`, alone, among others, or within."""
    return annotation in (str, Path, Sentence, Corpus) or any(
        map(_takes_text, typing.get_args(annotation))
    )


@dataclass(frozen=True)
class Given:
    """A hostile text, and the good things that calls need beside it."""

    text: str
    tagger: Tagger
    corpus: Corpus
    config: Config
    run: Path

    def sentence(self) -> Sentence:
        """A sentence with the text as a token and as a type."""
        return Sentence(("Anna", self.text), (Span(0, 1, self.text),), ((0, 4), (5, 6)))

    def learn(self, corpus: Corpus) -> object:
        """Train on a corpus."""
        return ner.train(corpus, self.run.parent / "new", self.config, device="cpu")


CALLS: dict[tuple[str, str], Callable[[Given], object]] = {
    ("Sentence.of_layer", "name"): lambda g: Sentence(("a",), (Span(0, 1, "B"),)).of_layer(g.text),
    ("Config.from_dict", "source"): lambda g: Config.from_dict({g.text: 1}, g.text),
    ("Config.from_dict", "values"): lambda g: Config.from_dict({"data": {"columns": g.text}}),
    ("Config.load", "path"): lambda g: Config.load(g.text),
    ("Config.load", "assignments"): lambda g: Config.load(None, [f"data.encoding={g.text}"]),
    ("Config.parse", "assignments"): lambda g: Config.parse([g.text, f"{g.text}=1"]),
    ("Config.replace", "changes"): lambda g: Config().replace({"resources.clusters": g.text}),
    ("Tagger.load", "path"): lambda g: Tagger.load(g.text),
    ("Tagger.load", "device"): lambda g: Tagger.load(g.run, g.text),
    ("Tagger.load", "settings"): lambda g: Tagger.load(g.run, settings={g.text: g.text}),
    ("Tagger.load", "force"): lambda g: Tagger.load(g.run, force=[f"PER={g.text}"]),
    ("Tagger.load", "tokenizer"): lambda g: Tagger.load(g.run, tokenizer=g.text),
    ("Tagger.save", "path"): lambda g: g.tagger.save(g.text),
    ("Tagger.push_to_hub", "repository"): lambda g: g.tagger.push_to_hub(g.text),
    ("Tagger.from_pretrained", "name"): lambda g: Tagger.from_pretrained(g.text),
    ("Tagger.from_pretrained", "revision"): lambda g: Tagger.from_pretrained("a/b", g.text),
    ("Tagger.tag", "text"): lambda g: g.tagger.tag(g.text),
    ("Tagger.tag_document", "text"): lambda g: g.tagger.tag_document(g.text),
    ("Tagger.tag_nbest", "text"): lambda g: g.tagger.tag_nbest(g.text, 2),
    ("Tagger.stream", "texts"): lambda g: list(g.tagger.stream([g.text])),
    ("Tagger.stream_sentences", "documents"): lambda g: list(
        g.tagger.stream_sentences([(f"Anna {g.text}", [g.sentence()])])
    ),
    ("Tagger.tag_sentences", "documents"): lambda g: g.tagger.tag_sentences(
        [(f"Anna {g.text}", [g.sentence()])]
    ),
    ("Tagger.marginals", "sentences"): lambda g: g.tagger.marginals([g.sentence()]),
    ("Tagger.predict", "sentences"): lambda g: g.tagger.predict([g.sentence()]),
    ("Tagger.contamination", "sentences"): lambda g: g.tagger.contamination([g.sentence()]),
    ("Tagger.predictions", "sentences"): lambda g: g.tagger.predictions([g.sentence()]),
    ("Tagger.predictions", "changes"): lambda g: g.tagger.predictions([], changes={g.text: 1}),
    ("Corpus.map", "change"): lambda g: g.corpus.map(lambda _: g.sentence()),
    ("map_labels", "corpus"): lambda g: ner.map_labels(
        replace(g.corpus, train=(g.sentence(),)), {g.text: "PER"}
    ),
    ("map_labels", "label_map"): lambda g: ner.map_labels(g.corpus, {"PER": g.text}),
    ("merge_corpora", "corpora"): lambda g: ner.merge_corpora(
        [g.corpus, Corpus(g.text, train=(g.sentence(),))]
    ),
    ("evaluate", "sentences"): lambda g: ner.evaluate(g.tagger, [g.sentence()]),
    ("Tagger.as_raw_text", "sentences"): lambda g: g.tagger.as_raw_text([g.sentence()]),
    ("load", "path"): lambda g: ner.load(g.text),
    ("load", "device"): lambda g: ner.load(g.run, g.text),
    ("load", "settings"): lambda g: ner.load(g.run, settings={g.text: g.text}),
    ("load", "force"): lambda g: ner.load(g.run, force=[f"PER={g.text}"]),
    ("load", "tokenizer"): lambda g: ner.load(g.run, tokenizer=g.text),
    ("load_corpus", "files"): lambda g: ner.load_corpus(None, files={"train": g.text}),
    ("load_corpus", "name"): lambda g: ner.load_corpus(g.text),
    ("train", "corpus"): lambda g: g.learn(
        replace(g.corpus, train=(*g.corpus.train, g.sentence()))
    ),
    ("train", "start_from"): lambda g: ner.train(
        g.corpus, g.run.parent / "new", g.config, device="cpu", start_from=g.text
    ),
    ("train", "out"): lambda g: ner.train(g.corpus, g.text, g.config, device="cpu"),
    ("train", "on"): lambda g: ner.train(
        g.corpus, g.run.parent / "new", g.config, seeds=[1, 2], on=g.text
    ),
    ("train", "device"): lambda g: ner.train(g.corpus, g.run, g.config, device=g.text),
}


def test_every_parameter_that_takes_text_has_a_call() -> None:
    assert {*text_parameters()} - {*CALLS} == set()


@EACH
@pytest.mark.parametrize("call", CALLS.values(), ids=map(".".join, CALLS))
def test_calls_take_no_harm(
    call: Callable[[Given], object],
    hostile: str,
    tiny_tagger: Tagger,
    tiny_run: Path,
    tiny_corpus: Corpus,
    tiny_config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "run"
    run.symlink_to(tiny_run)
    quick = tiny_config.replace({"train.epochs": 1})
    said = ""
    try:
        call(Given(hostile, tiny_tagger, tiny_corpus, quick, run))
    except NerError as error:
        said = str(error)
    assert len(said.splitlines()) < 2
    assert not re.search("[\0\ud800-\udfff]", said)

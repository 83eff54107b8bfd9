"""Whole files: the same output for any number of workers, in every format."""

import io
import json
import multiprocessing
import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

import ner.scale.bulk as bulk
from ner.bundle.format import Bundle, load_bundle, save_bundle
from ner.config import Config
from ner.errors import NerError
from ner.predict.windows import WINDOW
from ner.render import FORMATS
from ner.scale import Work, tag_stream
from ner.tagger import Tagger
from ner.text import Sentence, Span
from ner.tokenize import sentences_of
from ner.training.build import build_model
from tests.scale.jobs import apply

LINES = [
    "Anna visited New York. Dora left.",
    "",
    "Carl Maria loved Rome .",
    "x " * 30,
    "[Berta] 中文",
]
TEXT = "".join(f"{line}\n" for line in LINES * 12)
COLUMNS = "".join(f"1 {token}\n" if token else "\n" for token in TEXT.replace("\n", " ").split(" "))


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many chunks of a small text, for which workers start."""
    monkeypatch.setattr(bulk, "CHUNK", 200)
    monkeypatch.setattr(bulk, "FIRST_CHUNK", 20)
    monkeypatch.setattr(bulk, "WORTHWHILE", 400)


def pieces(model: Path, content: str | bytes, workers: int = 1, **what: Any) -> Iterator[str]:
    """The output for the file ``in.txt``."""
    given = content if isinstance(content, bytes) else content.encode()
    return tag_stream(Work("in.txt", str(model), "cpu", **what), io.BytesIO(given), workers)


def outcome(output: Iterator[str]) -> tuple[list[str], str]:
    """What comes out, and what the error says that ends it, if there is one."""
    got: list[str] = []
    try:
        got.extend(output)
    except NerError as error:
        return got, str(error)
    return got, ""


@pytest.mark.usefixtures("small_chunks")
def test_chunks_do_not_show(tiny_run: Path, tiny_tagger: Tagger) -> None:
    records = "".join(pieces(tiny_run, TEXT, format="jsonl")).splitlines()
    assert len(records) == len(LINES) * 12
    for record, document in zip(
        map(json.loads, records), tiny_tagger.stream(TEXT.splitlines()), strict=True
    ):
        assert record["text"] == document.text
        found = [(e["start"], e["end"], e["label"]) for e in record["entities"]]
        assert found == [(e.start, e.end, e.label) for e in document.entities]


END = TEXT.count("\n") + 1
CASES: list[tuple[dict[str, Any], bytes, str]] = [
    (
        {
            "format": "jsonl",
            "layout": "tokenized",
            "nbest": 2,
            "settings": {"predict.o_bias": -1.0},
        },
        TEXT.encode() + b"Jos\xe9\n" + TEXT.encode(),
        f"in.txt:{END}: byte 0xE9 at offset {len(TEXT.encode()) + 3} is not utf-8; ",
    ),
    (
        {"format": "conll", "layout": "tokens", "reading": {"data.token_column": 1}},
        COLUMNS.encode() + b"one\n" + COLUMNS.encode(),
        f"in.txt:{COLUMNS.count(chr(10)) + 1}: no column 1 among 1; choose one with --token-column",
    ),
]


@pytest.mark.slow
@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(("what", "content", "said"), CASES, ids=["jsonl", "conll"])
def test_any_number_of_workers_gives_the_same(
    what: dict[str, Any], content: bytes, said: str, tiny_run: Path
) -> None:
    """Every byte, up to the same error: in the input, or in what a worker makes of it."""
    alone, error = outcome(pieces(tiny_run, content, **what))
    assert len(alone) > 8
    assert error.startswith(said)
    assert outcome(pieces(tiny_run, content, 2, **what)) == (alone, error)


@pytest.fixture(scope="module")
def shared() -> Iterator[Callable[..., Iterator[str]]]:
    """`ordered_map` by workers that are there already, for all tests: to start takes longest."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:

        def ordered_map(make: Any, items: Iterable[Any], *_: object) -> Iterator[str]:
            given = pickle.dumps(make)
            yield from pool.imap(apply, ((given, item) for item in items))

        yield ordered_map


@pytest.mark.slow
@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("form", FORMATS)
def test_workers_force_lists_too(
    form: str,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shared: Callable[..., Iterator[str]],
) -> None:
    monkeypatch.setattr(bulk, "ordered_map", shared)
    path = tmp_path / "verbs.txt"
    path.write_text("visited New\nloved Rome\n", encoding="utf-8")
    what: dict[str, Any] = {"format": form, "force": (f"VERB={path}",)}
    alone = "".join(pieces(tiny_run, TEXT, **what))
    assert alone.count("VERB") >= 24
    assert "".join(pieces(tiny_run, TEXT, 2, **what)) == alone


def test_forced_lists_are_cut_by_the_chosen_tokenizer(tiny_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "drugs.txt"
    path.write_text("beta-blocker\n", encoding="utf-8")
    what: dict[str, Any] = {"format": "conll", "force": (f"DRUG={path}",)}
    chosen = "".join(
        pieces(tiny_run, "beta-blocker\n", reading={"data.tokenizer": "pieces"}, **what)
    )
    assert chosen.count("DRUG") == 3
    assert "".join(pieces(tiny_run, "beta-blocker\n", **what)).count("DRUG") == 1


def test_a_short_text_needs_no_worker(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("no process is worth while")

    monkeypatch.setattr(bulk, "ordered_map", refuse)
    assert "".join(pieces(tiny_run, "Anna left.\n", 4)) == "[Anna](PER) left.\n"
    assert outcome(pieces(tiny_run, b"Anna left.\n\xff", 4))[1].startswith("in.txt:2: ")


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_file(tiny_run: Path, form: str) -> None:
    output = "".join(pieces(tiny_run, "", 3, format=form))
    header = "line{0}start{0}end{0}label{0}text{0}score\n"
    frames = {"csv": header.format(","), "tsv": header.format("\t"), "label-studio": "[\n]\n"}
    assert output.endswith("</html>\n") if form == "html" else output == frames.get(form, "")


@pytest.mark.slow
def test_output_begins_after_few_lines(tiny_run: Path) -> None:
    class Endless(io.RawIOBase):
        taken = 0

        def read(self, size: int = -1, /) -> bytes:
            self.taken += 1
            return b"Anna left Rome.\n"

    stream = Endless()
    output = tag_stream(Work("in.txt", str(tiny_run), "cpu"), stream)  # type: ignore[arg-type]
    assert next(output) == ""  # before the first document of a text there is nothing
    assert stream.taken == 0
    assert next(output).startswith("[Anna](PER) left [Rome](LOC).\n")
    assert stream.taken * 16 <= bulk.FIRST_CHUNK + 16
    for _ in islice(output, 8):
        pass
    assert stream.taken * 16 <= 10 * (bulk.CHUNK + 16)


@pytest.mark.slow
@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("workers", [1, 2])
def test_windows_are_told_once_and_change_no_other_line(
    workers: int, tiny_run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="ner")
    told = "Anna left Rome . "
    long = told * (WINDOW // 4 + 1) + "\n"
    what: dict[str, Any] = {"layout": "tokenized", "format": "jsonl"}
    plain = places(pieces(tiny_run, TEXT, workers, **what))
    assert caplog.messages == []
    output = places(pieces(tiny_run, TEXT + long * 2 + TEXT, workers, **what))
    assert caplog.messages == [
        f"in.txt:{TEXT.count(chr(10)) + 1}: a sentence of 516 tokens is read in windows of 512 "
        "that overlap by 64, as any that is longer than 512"
    ]
    assert [output[: len(plain)], output[-len(plain) :]] == [plain, plain]
    one, other = output[len(plain) : -len(plain)]
    assert one == other
    assert one[-1][0] > (WINDOW // 4) * len(told), "behind the first window, too"


def test_text_unlike_the_usual_is_told_once_if_the_model_was_calibrated(
    tiny_run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="ner")
    strange = "Zork blibbed Quux and Frobnitz .\n" * 700
    assert "".join(pieces(tiny_run, strange, layout="tokenized"))
    assert caplog.messages == []
    bundle = load_bundle(tiny_run)
    profile = {"unknown_words": 0.01, "unknown_characters": 0.0, "score": 0.9}
    save_bundle(replace(bundle, about={**bundle.about, "profile": profile}), tmp_path / "model")
    plain = "".join(pieces(tiny_run, strange, layout="tokenized"))
    assert "".join(pieces(tmp_path / "model", strange, layout="tokenized")) == plain
    (message,) = caplog.messages
    assert "of its words are unknown instead of 1%" in message


# --- document context -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hearing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random model to which the echo of a word is worth more than the word."""
    changes = {"model.hidden": 6, "model.word_dim": 5, "model.context": "document"}
    config = Config().replace({**changes, "data.tokenizer": "words"})
    learnt = [Sentence(("Anna", "left", "Rome"), (Span(0, 1, "PER"), Span(2, 3, "LOC")))]
    model = build_model(learnt, config, torch.device("cpu")).model
    with torch.no_grad():
        model.network.projection.weight.mul_(20)
        for table in model.network.embedder.kinds[-2:]:
            assert isinstance(table, torch.nn.Embedding)
            torch.nn.init.normal_(table.weight, std=2)
    folder = tmp_path_factory.mktemp("hearing") / "model"
    save_bundle(Bundle(model, config, {}), folder)
    return folder


def places(output: Iterator[str]) -> list[list[tuple[int, str]]]:
    """Where the entities of each record begin, and their types."""
    records = [json.loads(line) for line in "".join(output).splitlines()]
    return [[(e["start"], e["label"]) for e in record["entities"]] for record in records]


@pytest.mark.parametrize("layout", ["text", "tokenized", "tokens"])
def test_the_lines_of_a_file_may_be_one_document(hearing: Path, layout: str) -> None:
    lines = ["Anna left Rome", "Rome saw Anna", "left Anna Rome", "Anna"]
    columns = "".join("".join(f"{token}\n" for token in line.split()) + "\n" for line in lines)
    content = columns if layout == "tokens" else "".join(f"{line}\n" for line in lines)
    tagger = Tagger.load(hearing, "cpu")
    cut = [(line, sentences_of(line, "words")) for line in lines]
    expected = {
        together: [
            [(e.start, e.label) for e in document.entities]
            for document in tagger.tag_sentences(cut, together=together)
        ]
        for together in (True, False)
    }
    assert expected[True] != expected[False]
    for together in (True, False):
        what: dict[str, Any] = {"format": "jsonl", "layout": layout, "together": together}
        assert places(pieces(hearing, content, **what)) == expected[together]


@pytest.mark.slow
@pytest.mark.usefixtures("small_chunks")
def test_any_number_of_workers_reads_a_document_in_the_same_pieces(hearing: Path) -> None:
    what: dict[str, Any] = {"format": "jsonl", "together": True}
    alone = list(pieces(hearing, TEXT, **what))
    assert len(alone) > 5
    assert all(part.count('"text"') > 4 for part in alone[1:-2])  # none is smaller at first
    assert list(pieces(hearing, TEXT, 2, **what)) == alone

"""`scripts/benchmark.py`: that it measures what it says, and that the page is always whole."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
import torch

from benchmark import PARTS
from benchmarks import environments, page, training
from benchmarks.machine import count_operations
from benchmarks.old_stack import OldNetwork
from benchmarks.page import Book, Record, Section, Table, Target
from benchmarks.processes import spend
from benchmarks.profiling import marked, shares
from benchmarks.serving import read_columns
from benchmarks.setting import Setting, Worker, environment, f1
from benchmarks.timing import alternate, percentile, spread
from ner import load_corpus
from ner.config import Config
from ner.corpus import write_file
from ner.features import Example, FeatureTable, collate
from ner.training.build import build_model

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.mark.slow
def test_a_part_is_measured_and_written(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPTS / "benchmark.py", "crf", "--quick", "--out", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / page.RECORD).read_text())["crf"]
    rows = record["section"]["tables"][0]["rows"]
    assert len(rows) == 4  # two lengths, loss and decoding
    assert all(peer > 0 and ours > 0 for _, peer, ours, _ in rows)
    assert len(record["section"]["targets"]) == 4
    text = (tmp_path / page.PAGE).read_text()
    assert "scripts/benchmark.py crf" in text
    assert "no measurement" in text  # a quick trial is called that
    assert str(SCRIPTS.parent) not in text


# --- the parts ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of few sentences; some of those of test have the length that latency asks for."""
    folder = tmp_path_factory.mktemp("data")
    corpus = load_corpus("demo")
    typical = [sentence for sentence in corpus.train if len(sentence) == 25]
    write_file(folder / "train.conll", corpus.train[:40])
    write_file(folder / "valid.conll", corpus.valid[:10])
    write_file(folder / "test.conll", [*corpus.test[:5], *typical])
    return folder


@pytest.fixture
def setting(data: Path, tiny_run: Path, tmp_path: Path) -> Setting:
    return Setting(tiny_run, tmp_path, quick=True, before="", data=str(data))


ALONE = ("kernels", "profile", "latency", "workers", "scale", "cold", "machine")


@pytest.mark.slow(reason="runs each part of the benchmark for a few steps")
@pytest.mark.parametrize("part", ALONE)
def test_a_part_that_needs_no_peer_runs(setting: Setting, part: str) -> None:
    for table in PARTS[part](setting).tables:
        assert table.rows
        assert all(len(row) == len(table.head) for row in table.rows)


PEER = """
from benchmarks.serving import answering, orders
answer = answering()
for order in orders():
    answer({"tokens": 9, "seconds": 1.0, "spans": [[]] * SENTENCES})
"""


@pytest.fixture
def peers(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for flair and spaCy, so that neither is installed or trained."""
    code = PEER.replace("SENTENCES", str(len(setting.corpus.test)))

    def start(setting: Setting, peer: str, work: str) -> Worker:
        return Worker([sys.executable, "-c", code], setting.log(f"{peer}-{work}"), environment(1))

    for module in (environments, training):
        monkeypatch.setattr(module, "start", start)
        monkeypatch.setattr(module, "peer_version", lambda setting, peer: f"{peer} 0")
    monkeypatch.setattr(environments, "fit", lambda setting, peer: {"epoch_seconds": [1.0]})
    monkeypatch.setattr(environments, "steps", lambda setting: 1)
    monkeypatch.setattr(environments, "first", lambda *_: [sys.executable, "-c", "pass"])
    monkeypatch.setattr(environments, "sizes", lambda *_: (1, 1))


@pytest.mark.slow
@pytest.mark.usefixtures("peers")
@pytest.mark.parametrize("part", ["train", "tag", "raw", "footprint"])
def test_a_part_with_peers_runs(setting: Setting, part: str) -> None:
    section = PARTS[part](setting)
    table = section.tables[0]
    assert table.rows
    assert all(len(row) == len(table.head) for row in table.rows)
    assert all(target.got > 0 for target in section.targets)


# --- the page -----------------------------------------------------------------------------------


def record(title: str, *targets: Target) -> Record:
    section = Section(title, f"About {title}.", [Table(["", "ms"], [["row", 1.5]])], targets)
    return Record(section, "2026-01-02", f"benchmark {title}", "a machine", "torch 2", "one thread")


def test_the_page_is_whole_after_each_part(tmp_path: Path) -> None:
    order = ["first", "second"]
    for name, title in (("second", "Old"), ("first", "Alpha"), ("second", "Beta")):
        book = Book.read(tmp_path, order)
        book.records[name] = record(title)
        book.write(tmp_path)
    text = (tmp_path / page.PAGE).read_text()
    assert text.index("## Alpha") < text.index("## Beta")
    assert "Old" not in text
    assert text.count("| row | 1.50 |") == 2
    assert Book.read(tmp_path, order).render() == text


def test_targets_come_first_and_missed_ones_say_what_bounds_them(tmp_path: Path) -> None:
    met, missed = Target("A", 3, 3.2, "bound of A"), Target("B", 4, 3.99, "bound of B")
    text = Book(["x"], {"x": record("Alpha", met, missed)}).render()
    assert text.index("## Targets") < text.index("## Alpha")
    assert "| A | 3× | 3.20× | yes |" in text
    assert "| B | 4× | 3.99× | no |" in text
    assert "- B: bound of B" in text
    assert "bound of A" not in text


@pytest.mark.parametrize(
    ("cell", "shown"),
    [("a", "a"), (7, "7"), (12345, "12,345"), (12345.6, "12,300"), (0.12345, "0.123"),
     (1.0, "1.00"), (999.4, "999"), (0.0, "0.00")],
)  # fmt: skip
def test_numbers_have_three_digits_that_count(cell: page.Cell, shown: str) -> None:
    assert page.show(cell) == shown


# --- how it measures ----------------------------------------------------------------------------


def test_repetitions_take_turns_and_the_first_round_warms_up() -> None:
    calls: list[str] = []

    def work(name: str) -> float:
        calls.append(name)
        return float(len(calls))

    found = alternate({"a": lambda: work("a"), "b": lambda: work("b")}, 2)
    assert calls == ["a", "b"] * 3
    assert found == {"a": [3.0, 5.0], "b": [4.0, 6.0]}


def test_percentiles_and_spread() -> None:
    values = [float(v) for v in range(100, 0, -1)]
    assert percentile(values, 0.5) == 51
    assert percentile(values, 0.99) == 100
    assert spread([9.0, 10.0, 12.0]) == "±20 %"


def test_operations_are_two_for_each_weight_of_a_product() -> None:
    corpus = load_corpus("demo")
    network = build_model(corpus.train[:20], Config(), torch.device("cpu")).model.network
    counted = count_operations(network)
    sizes = {name: weight.numel() for name, weight in network.named_parameters()}

    def weights(part: str) -> int:
        return sum(size for name, size in sizes.items() if part in name)

    assert counted.recurrence == 2 * weights("weight_hh")
    assert counted.inputs == 2 * weights("weight_ih")
    assert counted.projection == 2 * weights("projection.weight")
    assert counted.functions == 2 * 5 * Config().model.hidden


def test_backward_operations_are_told_by_their_part() -> None:
    x = torch.randn(64, 64, requires_grad=True)
    one, other = marked(torch.tanh, "one"), marked(torch.mm, "other")
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        other(one(x), x).sum().backward()
    found = shares(list(profiler.events()))
    assert {"one", "one, backward", "other", "other, backward"} <= {*found}
    assert sum(found.values()) == pytest.approx(1.0)


def test_the_common_stack_is_our_network_computed_otherwise() -> None:
    """The same weights give the same emissions: only the way there differs."""
    corpus, config = load_corpus("demo"), Config()
    model = build_model(corpus.train[:50], config, torch.device("cpu")).model
    network, embedder = model.network.eval(), model.network.embedder
    [table], [casings] = embedder.tables, embedder.kinds
    assert isinstance(casings, torch.nn.Embedding)
    sizes = table.size.trained, len(model.indexer.characters.vocabulary), 8, len(model.outputs)
    old = OldNetwork(config, *sizes).eval()
    old.words, old.characters = table.trained, embedder.characters
    old.casings, old.projection = casings, network.projection
    layer = network.encoder.layers[0]
    assert isinstance(layer, torch.nn.LSTM)
    old.lstm = layer
    forms = FeatureTable(model.indexer)
    examples = [Example(forms.rows(sentence.tokens)) for sentence in corpus.train[:7]]
    batch = collate(forms, examples, range(7))
    with torch.no_grad():
        theirs, ours = old.emissions(batch), network.emissions(batch)
    torch.testing.assert_close(theirs[batch.mask], ours[batch.mask])


# --- processes ----------------------------------------------------------------------------------

ECHO = """
from benchmarks.serving import answering, serve
answer = answering()
print("noise")
serve({"double": lambda value: 2 * value}, answer)
"""


def test_a_process_takes_orders_whatever_else_it_prints(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Worker([sys.executable, "-c", ECHO], log, environment(1)) as worker:
        assert worker.ask(do="double", value=21) == 42
        assert worker.ask(do="double", value="ab") == "abab"
        with pytest.raises(click.ClickException, match="log"):
            worker.ask(do="halve", value=1)
    assert "noise" in log.read_text()
    assert "KeyError" in log.read_text()


def test_what_a_process_costs() -> None:
    small = spend([sys.executable, "-c", "pass"])
    large = spend([sys.executable, "-c", "x = bytearray(200_000_000)"])
    assert large.memory - small.memory > 150e6
    with pytest.raises(subprocess.CalledProcessError):
        spend([sys.executable, "-c", "raise SystemExit(3)"])


def test_everybody_is_judged_alike() -> None:
    gold = load_corpus("demo").test[:50]
    spans = [[(s.start, s.end, s.label) for s in sentence.spans] for sentence in gold]
    assert f1(gold, spans) == 100
    half = [found[: len(found) // 2] for found in spans]
    found, wanted = sum(map(len, half)), sum(map(len, spans))
    assert f1(gold, half) == pytest.approx(100 * 2 * found / (found + wanted))


def test_columns_are_read_by_peers_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    path.write_text("Angela B-PER\nMerkel I-PER\n\nhere O\n\n", encoding="utf-8")
    assert read_columns(str(path)) == [[["Angela", "B-PER"], ["Merkel", "I-PER"]], [["here", "O"]]]


@pytest.mark.slow(reason="learns for an epoch in three processes")
def test_an_epoch_is_measured_beside_that_of_a_commit(setting: Setting) -> None:
    """Of the last commit here; without a repository, beside the common stack alone."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=False)
    head = done.stdout.strip()
    section = PARTS["epoch"](dataclasses.replace(setting, before=head))
    names = [row[0] for row in section.tables[0].rows]
    assert names == [training.NOW, *[f"ours, at {head}"] * bool(head), "the common stack"]


def test_a_commit_is_unpacked_or_refused_in_one_line() -> None:
    try:
        with training.commit("HEAD") as tree:
            assert (tree / "ner" / "__init__.py").exists()
        assert not tree.exists()
    except click.ClickException:
        pass  # not in a repository
    with pytest.raises(click.ClickException, match="--before"), training.commit("nowhere"):
        pass


def test_parts_that_need_no_model_do_without(tmp_path: Path) -> None:
    setting = Setting(None, tmp_path, quick=True, before="")
    assert setting.many(9, 1) == 1
    with pytest.raises(click.UsageError, match="--model"):
        _ = setting.trained

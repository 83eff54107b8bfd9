"""Several tag layers on the command line: trained, gone on with, scored, tagged, converted."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ner.bundle.format import load_bundle
from ner.corpus import Corpus, read_file, write_splits
from tests.cli.command import BRIEF, TINY, run, sets, tree

COLUMNS = ("--tag-column", "outer=1,inner=2")
TEXT = "Carl Maria visited New York.\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, layered_corpus: Corpus) -> Path:
    """`layered_corpus` as columns of token, outer and inner tag."""
    folder = tmp_path_factory.mktemp("files") / "names"
    write_splits(folder, layered_corpus.splits(), "iob2", layers=layered_corpus.layers)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Path:
    out = tmp_path_factory.mktemp("trained") / "run"
    longer = sets("train.epochs=14", "train.patience=14")
    outcome = run("train", "--data", files, *COLUMNS, *TINY, *longer, "--out", out).good()
    assert "by layer:" in outcome.out
    assert "F1 of outer 100.00, F1 of inner 100.00" in outcome.err
    return out


def test_all_layers_are_learnt(trained: Path) -> None:
    result = json.loads((trained / "result.json").read_text())["scores"]["test"]
    assert result["f1"] == 1.0
    assert {name: part["f1"] for name, part in result["per_layer"].items()} == {
        "outer": 1.0,
        "inner": 1.0,
    }
    assert load_bundle(trained).model.layers == ("outer", "inner")
    card = (trained / "model" / "README.md").read_text()
    assert "| test of inner | 100.00 | 100.00 | 100.00 |" in card


def test_other_names_of_layers_are_not_gone_on_with(files: Path, tmp_path: Path) -> None:
    run("train", "--data", files, *COLUMNS, *BRIEF, "--out", tmp_path / "r").good()
    run("train", "--data", files, *COLUMNS, *BRIEF, "--out", tmp_path / "r", "--resume").good()
    other = ("--tag-column", "outer=1,part=2", *BRIEF, "--out", tmp_path / "r", "--resume")
    refused = run("train", "--data", files, *other)
    assert "was started with other settings (data.tag_column, the corpus)" in refused.complaint()


def test_layers_are_scored_by_themselves_and_together(
    trained: Path, files: Path, tmp_path: Path
) -> None:
    values = json.loads(
        run("evaluate", "--model", trained, "--data", files, "--json", "--errors").good().out
    )
    assert values["per_layer"]["inner"]["support"] == 14
    assert values["support"] == 48 + 14
    assert values["errors"]["overall"]["mistakes"] == 0
    both = tmp_path / "both.txt"
    said = run("evaluate", "--model", trained, "--data", files, "--out", both).good().out
    assert "by layer:\n" in said
    assert "Carl B-PER B-PER O O\nMaria I-PER I-PER B-LAST B-LAST\n" in both.read_text()
    for columns, names in (("1,2", "1, 2"), ("1", "none")):
        refused = run("evaluate", "--model", trained, "--data", files, "--tag-column", columns)
        assert refused.code == 2
        assert f"layers of the corpus ({names}) are not those" in refused.complaint()


def test_predictions_in_a_file_are_scored_by_layer(
    trained: Path, files: Path, tmp_path: Path
) -> None:
    out = tmp_path / "found.conll"
    tokens = tmp_path / "tokens.txt"
    sentences = read_file(files / "test.conll", load_bundle(trained).config.data)
    tokens.write_text("".join(" ".join(s.tokens) + "\n" for s in sentences))
    run("tag", tokens, "--pretokenized", "--model", trained, "--format", "conll",
        "--out", out).good()  # fmt: skip
    scored = ("evaluate", "--predictions", out, "--data", files, "--json")
    values = json.loads(run(*scored, *COLUMNS).good().out)
    assert {name: part["f1"] for name, part in values["per_layer"].items()} == {
        "outer": 1.0,
        "inner": 1.0,
    }


# --- tagged ---------------------------------------------------------------------------------------


def _tagged(trained: Path, tmp_path: Path, format: str, *more: str) -> str:
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    return run("tag", text, "--model", trained, "--format", format, *more).good().out


def test_entities_carry_their_layer(trained: Path, tmp_path: Path) -> None:
    entities = json.loads(_tagged(trained, tmp_path, "jsonl"))["entities"]
    assert [(e["text"], e["label"], e["layer"]) for e in entities] == [
        ("Carl Maria", "PER", "outer"),
        ("Maria", "LAST", "inner"),
        ("New York", "LOC", "outer"),
        ("York", "LOC", "inner"),
    ]
    assert _tagged(trained, tmp_path, "text") == (
        "[Carl [Maria](inner:LAST)](outer:PER) visited [New [York](inner:LOC)](outer:LOC).\n"
    )
    lines = _tagged(trained, tmp_path, "conll").splitlines()
    assert lines[:2] == ["Carl B-PER O", "Maria I-PER B-LAST"]
    rows = _tagged(trained, tmp_path, "csv").splitlines()
    assert rows[0] == "line,start,end,label,text,score,layer"
    assert rows[2].endswith(",inner")
    page = _tagged(trained, tmp_path, "html")
    assert page.count("</mark></mark>") == 2
    coloured = _tagged(trained, tmp_path, "ansi")
    assert coloured.count("\x1b[1;") == 6  # the outer colour begins again behind the inner one
    for format in ("doccano", "prodigy", "label-studio"):
        assert "Maria" in _tagged(trained, tmp_path, format)


def test_brat_has_the_entities_of_all_layers(trained: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    run("tag", text, "--model", trained, "--format", "brat", "--out-dir", tmp_path / "out").good()
    lines = (tmp_path / "out" / "text.ann").read_text().splitlines()
    assert lines[1] == "T2\tLAST 5 10\tMaria"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--format", "conllu"), "CoNLL-U has place for one tag layer"),
        (("--format", "jsonl", "--nbest", "2"), "alternatives are those of one tag layer"),
        (("--format", "jsonl", "--force", "X=words.txt"), "--force are entities of no tag layer"),
    ],
)
def test_what_layers_do_not_go_with_when_tagging(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("text.txt", "words.txt"):
        (tmp_path / name).write_text(TEXT)
    refused = run("tag", "text.txt", "--model", trained, *options)
    assert refused.code == 2
    assert said in refused.complaint()


# --- refused before training ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--set", "model.context=document"), "goes by one tag layer"),
        (("--start-from", "RUN"), "--start-from is for one tag layer"),
        (("--teacher", "RUN", "--unlabelled", "text.txt"), "--teacher is for one tag layer"),
        (("--distill", "--seeds", "1,2"), "--distill is for one tag layer"),
        (("--data", "other=FILES"), "do not go with several corpora"),
        (("--split-sentences",), "is for one layer"),
    ],
)
def test_what_layers_do_not_go_with_in_training(
    files: Path,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text(TEXT)
    given = [word.replace("RUN", str(tiny_run)).replace("FILES", str(files)) for word in options]
    refused = run("train", "--data", files, *COLUMNS, "--out", "r", *given)
    assert refused.code == 2
    assert said in refused.complaint()
    assert not Path("r").exists()


def test_models_of_layers_start_and_teach_no_others(
    trained: Path, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text(TEXT)
    one = ("--data", files, "--tag-column", "1")
    started = run("train", *one, "--start-from", trained, "--out", "r")
    assert started.code == 2
    assert "has the tag layers outer, inner" in started.complaint()
    taught = run("train", *one, "--teacher", trained, "--unlabelled", "text.txt", "--out", "r")
    assert taught.code == 2
    assert "has the tag layers outer, inner" in taught.complaint()
    Path("found.jsonl").write_text(
        '{"text": "a", "entities": [{"start": 0, "end": 1, "label": "X", "layer": "inner"}]}\n'
    )
    by_file = run("train", *one, "--teacher", "file:found.jsonl", "--unlabelled", "text.txt",
                  "--out", "r")  # fmt: skip
    assert by_file.code == 2
    assert "has the tag layers inner" in by_file.complaint()


def test_a_layer_that_teaches_nothing_is_refused(
    layered_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outer = layered_corpus.map(
        lambda s: replace(s, spans=tuple(x for x in s.spans if x.layer == "outer"))
    )
    write_splits("names", outer.splits(), "iob2", layers=("outer", "inner"))
    refused = run("train", "--data", "names", *COLUMNS, *BRIEF, "--out", "r")
    assert "no token of the training split is in an entity of the layer inner" in (
        refused.complaint()
    )
    assert not Path("r").exists()


# --- converted ------------------------------------------------------------------------------------


def test_named_layers_stay_together_where_a_format_holds_them(files: Path, tmp_path: Path) -> None:
    one = tmp_path / "one.jsonl"
    run("data", "convert", files / "test.conll", one, "--to", "jsonl", *COLUMNS).good()
    back = tmp_path / "back.conll"
    run("data", "convert", one, back, "--to", "iob2").good()
    assert back.read_text() == (files / "test.conll").read_text()
    run("data", "convert", one, tmp_path / "x.json", "--to", "label-studio").good()
    assert {name for name in tree(tmp_path) if name.startswith("x")} == {
        "x-outer.json", "x-inner.json",
    }  # fmt: skip
    run("data", "convert", files, tmp_path / "all", "--to", "jsonl", *COLUMNS).good()
    assert '"layer": "inner"' in (tmp_path / "all" / "valid.jsonl").read_text()


def test_named_layers_are_checked_and_counted_by_name(files: Path) -> None:
    said = run("data", "check", files, *COLUMNS).good().out
    assert said.index("outer:\n") < said.index("inner:\n")
    counted = json.loads(run("data", "stats", files, *COLUMNS, "--json").good().out)
    assert counted["inner"]["labels"] == ["LAST", "LOC"]


def test_overlapping_entities_are_learnt_in_layers(
    layered_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As annotation tools have them: without names of layers."""
    monkeypatch.chdir(tmp_path)
    named = Path("named")
    write_splits(named, layered_corpus.splits(), "jsonl")
    Path("nested").mkdir()
    for file in named.iterdir():
        text = re.sub(r', "layer": "\w+"', "", file.read_text())
        (Path("nested") / file.name).write_text(text)
    refused = run("train", "--data", "nested", *BRIEF, "--out", "r")
    assert "overlap" in refused.complaint()
    run("train", "--data", "nested", "--overlaps", "layers", *BRIEF, "--out", "r").good()
    assert load_bundle("r").model.layers == ("layer-1", "layer-2")
    values = json.loads(run("evaluate", "--model", "r", "--data", "nested", "--json").good().out)
    assert values["per_layer"]["layer-2"]["support"] == 14
    run("train", "--data", "named", *BRIEF, "--out", "n").good()
    assert load_bundle("n").model.layers == ("outer", "inner")

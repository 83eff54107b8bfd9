"""``ner train``: what it leaves in the run folder, what it says, and where."""

import json
import math
import re
import shutil
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

import ner
from ner.bundle.format import load_bundle
from ner.config import Config
from ner.corpus import Corpus, load_corpus, write_file
from ner.features.clusters import Clusters
from ner.features.gazetteers import Gazetteers
from ner.text import Sentence, Span
from ner.training.run import CONTENTS, CONTEXTS
from tests.cli.command import BRIEF, SMALL, TINY, Outcome, run, sets, tree, warm

EPOCH_KEYS = {
    "epoch", "loss", "valid_precision", "valid_recall", "valid_f1", "learning_rate",
    "tokens_per_second", "seconds", "best",
}  # fmt: skip


def _records(run_folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run_folder / "metrics.jsonl").read_text().splitlines()]


def _seed(model: str | Path) -> int:
    return load_bundle(model).config.train.seed


@pytest.mark.slow
def test_results_go_to_stdout_and_messages_to_stderr(trained: tuple[Path, Outcome]) -> None:
    outcome = trained[1].good()
    lines = outcome.out.splitlines()
    assert lines[0].startswith("test scores of the best model (epoch ")
    assert lines[-3:] == ["valid F1 100.00", "test F1 100.00", "model: runs/tiny"]
    assert "epoch" not in "".join(lines[1:])
    messages = outcome.err.splitlines()
    assert messages.pop(0) == "run folder: runs/tiny"
    assert messages.pop().startswith("tagging is in ")
    assert [line.partition(":")[0] for line in messages] == [f"epoch {n}/6" for n in range(1, 7)]
    assert any("valid precision 100.00, recall 100.00, F1 100.00" in line for line in messages)


@pytest.mark.slow
def test_no_bar_where_there_is_no_terminal(trained: tuple[Path, Outcome]) -> None:
    assert not set("\x1b\r━") & {*trained[1].out, *trained[1].err}


def test_the_run_folder_holds_what_the_readme_says(model: Path) -> None:
    # First-pass labels are only found with document context.
    assert {path.name for path in model.iterdir()} == {*CONTENTS} - {CONTEXTS}
    records = _records(model)
    assert [record["epoch"] for record in records] == list(range(1, 7))
    assert all(record.keys() == EPOCH_KEYS for record in records)
    assert all(math.isfinite(value) for record in records for value in record.values())
    assert "F1 100.00" in (model / "log.txt").read_text(encoding="utf-8")
    assert "<svg" in (model / "curves.svg").read_text(encoding="utf-8")
    result = json.loads((model / "result.json").read_text())
    assert result["scores"]["test"]["f1"] == 1.0
    assert records[result["best_epoch"] - 1]["valid_f1"] == 1.0


def test_the_log_has_what_was_said_before_there_was_a_folder_and_the_report(
    empty: Path, tiny_folder: Path
) -> None:
    bad = empty / "odd"
    shutil.copytree(tiny_folder, bad)
    with (bad / "train.conll").open("a", encoding="utf-8") as file:
        file.write("\nRome I-LOC\nAnna I-PER\n")
    outcome = run("train", "--data", bad, *BRIEF, "--seeds", "1,2", "--out", "odd run").good()
    said = [line for line in outcome.err.splitlines() if line.startswith("warning: ")]
    assert said
    for folder in (Path("odd run/seed-1"), Path("odd run/seed-2")):
        log = (folder / "log.txt").read_text(encoding="utf-8")
        for line in said:
            assert log.count(line.replace("warning: ", "WARNING ")) == 1
        assert log.count("INFO epoch 1/1: ") == 1
        assert "micro avg" in log
        assert re.search(r"INFO test F1 \d+\.\d\d\n$", log)
    log = Path("odd run/log.txt").read_text(encoding="utf-8")
    assert [log.count(line.replace("warning: ", "WARNING ")) for line in said] == [1] * len(said)


def test_the_log_has_the_error_that_ended_the_run(empty: Path, tiny_folder: Path) -> None:
    diverging = sets(
        "train.epochs=3", "train.optimizer=sgd", "train.learning_rate=1e30", "train.clip=1e30"
    )
    outcome = run("train", "--data", tiny_folder, *BRIEF, *diverging, "--out", "lost")
    error = outcome.complaint().removeprefix("ner: error: ")
    log = Path("lost/log.txt").read_text(encoding="utf-8")
    assert log.endswith(f" ERROR {error}\n")


def test_the_run_folder_holds_every_setting_as_resolved(model: Path) -> None:
    config = Config.load(model / "config.toml")
    assert (config.model.hidden, config.train.learning_rate) == (16, 0.02)
    assert config.data.tokenizer != "auto"
    assert load_bundle(model).config == config
    written = tomllib.loads((model / "config.toml").read_text(encoding="utf-8"))
    assert {f"{s}.{k}" for s, part in written.items() for k in part} == {
        key for key, *_ in Config.describe()
    }


@pytest.mark.slow
def test_runs_are_named_after_the_corpus_and_never_replaced(empty: Path, tiny_folder: Path) -> None:
    for name in ("tiny", "tiny-2", "tiny-3"):
        outcome = run("train", "--data", tiny_folder, *BRIEF).good()
        assert outcome.out.endswith(f"model: runs/{name}\n")
    assert {path.name for path in (empty / "runs").iterdir()} == {"tiny", "tiny-2", "tiny-3"}


@pytest.mark.slow
def test_a_folder_with_a_run_is_refused_and_replaced_only_when_told(
    empty: Path, tiny_folder: Path
) -> None:
    arguments = ["train", "--data", tiny_folder, *BRIEF, "--out", "r"]
    run(*arguments).good()
    (empty / "r" / "notes.txt").write_text("mine")
    before = tree(empty)
    outcome = run(*arguments, "--set", "train.seed=2")
    assert outcome.code == 2
    assert "r: holds a run already; choose another --out" in outcome.complaint()
    assert tree(empty) == before
    run(*arguments, "--set", "train.seed=2", "--overwrite").good()
    assert _seed("r") == 2
    assert (empty / "r" / "notes.txt").read_text() == "mine"


@pytest.mark.slow
def test_overwrite_keeps_the_old_run_if_the_new_one_cannot_start(
    empty: Path, tiny_folder: Path
) -> None:
    run("train", "--data", tiny_folder, *BRIEF, "--out", "r").good()
    before = tree(empty)
    for wrong in (["--vectors", "none.vec"], ["--device", "mps"], ["--set", "train.epochs=-1"]):
        outcome = run("train", "--data", tiny_folder, *BRIEF, "--out", "r", "--overwrite", *wrong)
        outcome.complaint()
        assert tree(empty) == before


@pytest.mark.slow
def test_resume_wants_the_same_settings_and_a_checkpoint(empty: Path, tiny_folder: Path) -> None:
    arguments = ["train", "--data", tiny_folder, "--out", "r", "--resume"]
    for seeds in ([], ["--seeds", "1,2"]):
        outcome = run(*arguments, *BRIEF, *seeds)
        assert outcome.code == 2
        assert "r: holds no run to go on with; name its folder with --out" in outcome.complaint()
        assert list(empty.iterdir()) == []
    Path("r").mkdir()
    Path("r/result.json").touch()
    outcome = run(*arguments, *BRIEF)
    assert outcome.code == 1
    complaint = outcome.complaint()
    assert "no checkpoint to go on from (checksums.json is missing); start anew with" in complaint
    Path("r/result.json").unlink()
    run(*arguments[:-1], *BRIEF).good()
    before = tree(empty)
    outcome = run(*arguments, *BRIEF, *sets("train.epochs=2", "data.strict=true"))
    assert outcome.code == 1
    said = "r: was started with other settings (data.strict, train.epochs); resume with the same"
    assert said in outcome.complaint()
    assert tree(empty) == before
    resumed = run(*arguments, "--config", "r/config.toml").good()
    assert resumed.out.endswith("model: r\n")
    assert Path("r/model/weights.safetensors").read_bytes() == before["r/model/weights.safetensors"]


@pytest.mark.slow
def test_several_seeds(empty: Path, tiny_folder: Path) -> None:
    outcome = run("train", "--data", tiny_folder, *BRIEF, "--seeds", "3,1", "--out", "r").good()
    lines = outcome.out.splitlines()
    result = json.loads((empty / "r" / "result.json").read_text())
    for split, line in zip(("valid", "test"), lines, strict=False):
        each = [100 * result["runs"][seed]["scores"][split]["f1"] for seed in ("3", "1")]
        mean = sum(each) / 2
        deviation = abs(each[0] - each[1]) / math.sqrt(2)
        assert line == (f"{split} F1 {mean:.2f} ± {deviation:.2f} ({each[0]:.2f}, {each[1]:.2f})")
    best = result["best_seed"]
    assert lines[2:] == [f"best seed on valid: {best}", "model: r"]
    assert [_seed(f"r/seed-{seed}") for seed in (3, 1)] == [3, 1]
    assert _seed("r") == best
    assert {path.name for path in (empty / "r").iterdir()} == {
        "model", "log.txt", "result.json", "seed-1", "seed-3",
    }  # fmt: skip


@pytest.mark.slow(reason="trains two models and a third from both, in a process")
def test_several_models_teach_one(empty: Path, tiny_folder: Path) -> None:
    Path("text.txt").write_text("Anna met Carl Maria in Paris. Dora left.\n\nBerta saw Rome.\n")
    arguments = ["--seeds", "3,1", "--distill", "--unlabelled", "text.txt", "--out", "r"]
    settings = sets("train.unlabelled_confidence=0")
    outcome = warm("train", "--data", tiny_folder, *TINY, *settings, *arguments, cwd=empty).good()
    result = json.loads((empty / "r" / "result.json").read_text())
    lines = outcome.out.splitlines()
    assert lines[2].startswith("best seed on valid: ")
    for split, line in zip(("valid", "test"), lines[3:], strict=False):
        ensemble = 100 * result["ensemble"][split]["f1"]
        student = 100 * result["student"]["scores"][split]["f1"]
        said = f"{split} F1 of the ensemble {ensemble:.2f}, of the student {student:.2f}"
        assert line == said
        assert student > 95
    assert lines[5:] == ["model: r"]
    assert "text.txt: 3 unlabelled sentences drawn, 3 sure ones" in outcome.err
    assert (_seed("r"), _seed("r/student")) == (Config().train.seed, Config().train.seed)
    tagged = run("tag", "-", "--model", "r", stdin=b"Dora left Rome.\n").good()
    assert tagged.out == "[Dora](PER) left [Rome](LOC).\n"


def test_what_distilling_needs(empty: Path, tiny_folder: Path) -> None:
    Path("latin.txt").write_bytes("fine\nJosé\n".encode("latin-1"))
    Path("blank.txt").write_text("\n \n")
    for code, arguments, said in (
        (2, ["--distill"], "--distill needs the models of several seeds; add --seeds 1,2,3"),
        (2, ["--distill", "--seeds", "1"], "--distill needs the models of several seeds"),
        (2, ["--unlabelled", "blank.txt"], "--unlabelled is text for --distill; add that"),
        (1, ["latin.txt"], "latin.txt:2: byte 0xE9 at offset 8 is not utf-8; save the file"),
        (1, ["blank.txt"], "blank.txt: holds no text; name a file with a paragraph on each line"),
        (2, ["none.txt"], "none.txt: no such file"),
        (2, ["."], ".: is a folder, not a file"),
    ):
        if not arguments[0].startswith("--"):
            arguments = ["--seeds", "1,2", "--distill", "--unlabelled", *arguments]
        before = tree(empty)
        outcome = run("train", "--data", tiny_folder, *BRIEF, *arguments, "--out", "r")
        assert said in outcome.complaint()
        assert outcome.code == code
        assert tree(empty) == before


@pytest.mark.slow(reason="trains a student, and goes on with it")
def test_a_teacher_labels_text(empty: Path, model: Path, tiny_corpus: Corpus) -> None:
    """Without a corpus, and with gold labels of a test split."""
    sentences = (s for split in tiny_corpus.splits().values() for s in split)
    Path("text.txt").write_text("\n".join(" ".join(s.tokens) for s in sentences))
    arguments = ["--teacher", model, "--unlabelled", "text.txt", "--out", "r"]
    outcome = run("train", *TINY, *arguments).good()
    head, *rows = outcome.out.splitlines()
    assert head == "best epoch 1: valid is held-out text, labelled by the teacher"
    assert f"student against the teacher {model} on 3 held-out sentences of the text:" in rows
    assert [row.split() for row in rows if "teacher  student" in row]
    assert rows[-1] == "model: r"
    assert f"{model} labels text, once: kept in " in outcome.err
    write_file("gold.conll", tiny_corpus.test)
    types = ["--teacher-types", "PER=PERSON,LOC="]
    outcome = run("train", *TINY, *arguments, "--overwrite", "--test", "gold.conll", *types)
    assert "gold.conll lacks types of the teacher (PERSON) and calls their " in outcome.complaint()
    outcome = run("train", *TINY, *arguments, "--overwrite", "--test", "gold.conll").good()
    assert outcome.out.startswith("test scores of the best model")
    assert load_bundle("r").about["corpus"] == "text.txt"


def test_what_a_teacher_needs(empty: Path, tiny_folder: Path) -> None:
    Path("text.txt").write_text("Anna left.\n")
    teacher, text = ["--teacher", "none"], ["--unlabelled", "text.txt"]
    for arguments, said in (
        ([], "Missing option '--data'"),
        (teacher, "--teacher labels text; name it with --unlabelled FILE"),
        ([*teacher, *text], "none: no such model folder"),
        ([*teacher, *text, "--distill"], "--distill has the models of --seeds for teachers"),
        (["--data", tiny_folder, "--teacher-types", "A=B"], "--teacher-types is for types of a"),
        ([*teacher, "--unlabelled", "0.5=text.txt"], "sum to 0.5 for 1 of 1; give shares above 0"),
        ([*teacher, "--teacher", "spacy:x", *text], "--teacher spacy:x: only models of ner can"),
        (["--teacher", "file:none.jsonl", *text], "none.jsonl: no such file"),
    ):
        outcome = run("train", *BRIEF, *arguments, "--out", "r")
        assert said in outcome.complaint()
        assert outcome.code == 2
        assert [*tree(empty)] == ["text.txt"]


def test_what_a_cluster_needs(
    empty: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is refused in one line, and without a trace."""
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "ner.extensions.runners.ray_runner", raising=False)
    data, seeds = ["--data", tiny_folder], ["--seeds", "1,2"]
    teacher = ["--teacher", "none", "--unlabelled", "text.txt"]
    for arguments, complaint in (
        (
            [*data, *seeds, "--on", "moon"],
            "--on moon: is unknown; write processes[:N] or ray[://HOST:PORT]",
        ),
        ([*data, "--on", "ray"], "--on ray trains several models at once; add --seeds 1,2,3, or "),
        ([*teacher, *seeds, "--on", "ray"], "--teacher labels text here"),
        ([*data, *seeds, "--on", "ray"], '--on ray needs a package: pip install "ray[client,data]'),
    ):
        outcome = run("train", *arguments, *BRIEF, "--out", "r")
        assert outcome.code == 2
        assert complaint in outcome.complaint()
    assert not (empty / "r").exists()


def test_distilling_without_its_extension(
    empty: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ner.cli.train.declared", lambda what: {})
    arguments = ["--seeds", "1,2", "--distill", "--out", "r"]
    outcome = run("train", "--data", tiny_folder, *BRIEF, *arguments)
    assert "--distill needs an extension that this ner lacks; leave it out" in outcome.complaint()
    assert outcome.code == 2
    assert not tree(empty)


def test_set_goes_over_the_file_and_the_file_over_the_default(
    empty: Path, tiny_folder: Path
) -> None:
    Path("my settings.toml").write_text(
        "[model]\nhidden = 8\nword_dim = 9\ncell = 'gru'\n[train]\nepochs = 1\nthreads = 1\n"
    )
    settings = sets("model.hidden=6", "model.cell=rnn", "model.cell=lstm")
    arguments = ["--config", "my settings.toml", *settings, "--out", "r"]
    run("train", "--data", tiny_folder, *arguments).good()
    config = load_bundle("r").config
    assert (config.model.hidden, config.model.word_dim, config.model.cell) == (6, 9, "lstm")
    assert config.train.epochs == 1
    assert config.train.batch_sentences == Config().train.batch_sentences


@pytest.mark.slow
def test_the_settings_of_a_run_make_the_same_run_again(empty: Path, tiny_folder: Path) -> None:
    run("train", "--data", tiny_folder, *BRIEF, "--set", "train.seed=7", "--out", "a").good()
    run("train", "--data", tiny_folder, "--config", "a/config.toml", "--out", "b").good()
    same = ("config.toml", "model/weights.safetensors", "model/words.json")
    assert all((empty / "a" / n).read_bytes() == (empty / "b" / n).read_bytes() for n in same)
    for record, again in zip(_records(empty / "a"), _records(empty / "b"), strict=True):
        assert record["loss"] == again["loss"]


def test_list_settings_names_each_with_default_and_meaning() -> None:
    outcome = run("train", "--list-settings").good()
    for key, default, meaning in Config.describe():
        assert f"{key} = {default!r}\n    {meaning}\n" in outcome.out
    assert outcome.err == ""


def test_reading_options_reach_the_corpus(empty: Path) -> None:
    Path("c").mkdir()
    lines = "# a note\nJosé\tPER\tx\nging\tO\tx\n\nRom\tLOC\tx\n\n"
    for split in ("train", "dev"):
        Path("c", f"{split}.tsv").write_text(lines, encoding="latin-1")
    options = ["--tag-column", "1", "--scheme", "io", "--encoding", "latin-1", "--comments"]
    run("train", "--data", "c", *options, *BRIEF, "--out", "r").good()
    bundle = load_bundle("r")
    assert bundle.labels == ["LOC", "PER"]
    assert "josé" in bundle.model.indexer.words.tables[0].words
    run("evaluate", "--data", "c", "--model", "r", "--split", "valid").good()


def test_a_corpus_without_valid_says_what_was_cut(empty: Path, tiny_folder: Path) -> None:
    arguments = ["--data", tiny_folder / "train.conll", *BRIEF, "--out", "r"]
    outcome = run("train", *arguments).good()
    said = "train.conll: no validation split: 2 of 24 training sentences set apart"
    assert outcome.err.splitlines()[0].startswith(said)
    assert outcome.out.splitlines()[0].startswith("valid scores of the best model")
    assert "no validation split" in Path("r/model/README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_library_and_command_train_the_same_model(
    empty: Path, tiny_folder: Path, model: Path
) -> None:
    config = Config.load(None, [*SMALL, *TINY[1::2]])
    tagger = ner.train(load_corpus(tiny_folder), out="r", config=config, device="cpu")
    assert tagger.labels == ["LOC", "PER"]
    weights = "model/weights.safetensors"
    assert (empty / "r" / weights).read_bytes() == (model / weights).read_bytes()


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_here(
    device: str, empty: Path, tiny_folder: Path, tiny_run: Path
) -> None:
    import torch

    if getattr(torch, device).is_available():
        pytest.skip(f"{device} is here")
    for arguments in (["train", "--out", "r"], ["evaluate", "--model", tiny_run]):
        outcome = run(*arguments, "--data", tiny_folder, "--device", device)
        assert outcome.code == 2
        assert f"device '{device}' is not to be had here; use --device auto" in outcome.complaint()
    assert list(empty.iterdir()) == []


# --- vectors, clusters, word lists -------------------------------------------------


def _write_features(folder: Path) -> list[str]:
    """Write vectors, clusters and word lists into ``folder/lists``; the options that use them."""
    lists = folder / "lists"
    lists.mkdir()
    rows = [f"{w} {n} 0.5 -0.5\n" for n, w in enumerate(["anna", "paris", "visited", "zanzibar"])]
    (lists / "my.vec").write_text("4 3\n" + "".join(rows))
    (lists / "my cased.vec").write_text("Anna 1 2\nParis 3 4\nOslo 5 6\n")
    (lists / "people.txt").write_text("Anna\nBerta\nCarl Maria\n")
    (lists / "more people.txt").write_text("Dora\n")
    (lists / "places.txt").write_text("Rome\nNew York\n")
    (lists / "clusters.txt").write_text("0010\tRome\t9\n0010\tParis\t8\n0111\tvisited\t3\n")
    return [
        *("--vectors", "lists/my.vec", "--vectors", "lists/my cased.vec"),
        *("--gazetteer", "PER=lists/people.txt", "--gazetteer", "PER=lists/more people.txt"),
        *("--gazetteer", "LOC=lists/places.txt", "--clusters", "lists/clusters.txt"),
    ]


@pytest.mark.slow
def test_features_from_files_are_learnt_from_in_a_process(empty: Path, tiny_folder: Path) -> None:
    options = _write_features(empty)
    outcome = warm("train", "--data", tiny_folder, *TINY, *options, "--out", "r", cwd=empty)
    assert outcome.good().out.splitlines()[-2] == "test F1 100.00"
    assert outcome.err.splitlines()[:2] == [
        "lists/my.vec: vectors of 3 numbers for 4 words, in lower case; "
        "25.0 % of 12 training words have one",
        "lists/my cased.vec: vectors of 2 numbers for 3 words, as they are written; "
        "16.7 % of 12 training words have one",
    ]
    shutil.rmtree(empty / "lists")  # the model has what it needs of them
    bundle = load_bundle("r")
    indexer = bundle.model.indexer
    gazetteers = indexer.find(Gazetteers)
    assert gazetteers is not None
    assert [part.label for part in gazetteers.lists] == ["PER", "LOC"]
    assert ("Dora",) in gazetteers.lists[0].entries
    assert indexer.find(Clusters) is not None
    text = b"Anna visited New York.\n"
    tagged = run("tag", "-", "--model", "r", "--format", "jsonl", stdin=text).good()
    found = json.loads(tagged.out)["entities"]
    assert [(entity["text"], entity["label"]) for entity in found] == [
        ("Anna", "PER"),
        ("New York", "LOC"),
    ]
    again = run("evaluate", "--data", tiny_folder, "--model", "r").good()
    assert "weighted avg     100.00    100.00    100.00" in again.out


@pytest.mark.slow
def test_lists_that_cover_a_corpus_in_part(empty: Path) -> None:
    """The demo corpus, in a process of its own, with lists and clusters made of its names."""
    names = [span_text(s, span) for s in load_corpus("demo").train[:60] for span in s.spans]
    Path("names.txt").write_text("\n".join(names), encoding="utf-8")
    words = sorted({word for name in names for word in name.split()})
    rows = [f"{number % 8:03b}\t{word}\t1\n" for number, word in enumerate(words)]
    Path("clusters.txt").write_text("".join(rows), encoding="utf-8")
    options = ["--gazetteer", "NAME=names.txt", "--clusters", "clusters.txt", "--out", "r"]
    warm("train", "--data", "demo", *BRIEF, *options, cwd=empty).good()
    indexer = load_bundle("r").model.indexer
    clusters, gazetteers = indexer.find(Clusters), indexer.find(Gazetteers)
    assert clusters is not None
    assert gazetteers is not None
    assert set(clusters.words) == {*words}
    [listed] = gazetteers.lists
    assert len(listed.entries) >= len({*names})
    run("evaluate", "--data", "demo", "--model", "r", "--split", "valid").good()


def span_text(sentence: Sentence, span: Span) -> str:
    """What a span stands over, with spaces between its tokens."""
    return " ".join(sentence.tokens[span.start : span.end])


@pytest.mark.slow
def test_a_model_says_names_of_files_and_never_where_they_lay(
    empty: Path, tiny_folder: Path
) -> None:
    options = [text.replace("lists/", f"{empty}/lists/") for text in _write_features(empty)]
    run("train", "--data", tiny_folder, *BRIEF, *options, "--out", "r").good()
    assert load_bundle("r").about["resources"] == {
        "vectors": ["my.vec", "my cased.vec"],
        "clusters": ["clusters.txt"],
        "gazetteers": ["PER=people.txt", "PER=more people.txt", "LOC=places.txt"],
    }
    for path in (empty / "r" / "model").iterdir():
        assert str(empty).encode() not in path.read_bytes(), path
    assert Config.load("r/config.toml").resources.clusters == f"{empty}/lists/clusters.txt"


def test_options_of_features_go_over_settings(empty: Path, tiny_folder: Path) -> None:
    _write_features(empty)
    Path("my.toml").write_text(
        '[resources]\nvectors = ["lists/my.vec", "none.vec"]\ngazetteers = ["LOC=none.txt"]\n'
    )
    options = ["--vectors", "lists/my cased.vec", "--gazetteer", "LOC=lists/places.txt"]
    more = sets("resources.clusters=lists/clusters.txt")
    arguments = [*BRIEF, "--config", "my.toml", *options, *more, "--out", "r"]
    run("train", "--data", tiny_folder, *arguments).good()
    config = Config.load("r/config.toml").resources
    assert config.vectors == ("lists/my cased.vec",)
    assert config.gazetteers == ("LOC=lists/places.txt",)
    assert config.clusters == "lists/clusters.txt"


@pytest.mark.parametrize("mode", ["frozen", "projected"])
def test_vectors_may_stay_as_they_are(mode: str, empty: Path, tiny_folder: Path) -> None:
    options = [*_write_features(empty)[:4], *sets(f"model.vectors={mode}")]
    run("train", "--data", tiny_folder, *BRIEF, *options, "--out", "r").good()
    model = load_bundle("r").model
    assert list(model.indexer.words.tables[2].words) == ["Anna", "Paris", "Oslo"]
    spare = model.weights["embedder.words.2.spare"]
    assert spare.tolist() == [[1, 2], [3, 4], [5, 6]]


@pytest.mark.slow
def test_a_run_is_not_gone_on_with_from_other_lists(empty: Path, tiny_folder: Path) -> None:
    options = ["train", "--data", tiny_folder, *BRIEF, *_write_features(empty), "--out", "r"]
    run(*options).good()
    for name in ("places.txt", "clusters.txt", "my cased.vec"):
        path = empty / "lists" / name
        before = path.read_text()
        path.write_text(before.replace("Rome", "Oslo").replace("Paris", "Rome"))
        outcome = run(*options, "--resume")
        assert outcome.code == 1
        assert "the content of files of vectors, clusters or word lists" in outcome.complaint()
        path.write_text(before)
    run(*options, "--resume").good()


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--gazetteer", "lists/people.txt"], 2, "'lists/people.txt' is not LABEL=FILE"),
        (["--gazetteer", "PER="], 2, "'PER=' is not LABEL=FILE"),
        (["--gazetteer", "PER=none.txt"], 2, "none.txt: no such file"),
        (["--gazetteer", "PER=lists/empty.txt"], 1, "lists/empty.txt: has no entry"),
        (["--clusters", "none.txt"], 2, "none.txt: no such file"),
        (["--clusters", "lists/empty.txt"], 1, "lists/empty.txt: has no word"),
        (["--clusters", "lists/places.txt"], 1, "lists/places.txt:1: is not path, word and count"),
        (["--vectors", "lists/my.vec", "--vectors", "none.vec"], 2, "none.vec: no such file"),
        (["--vectors", "lists/places.txt"], 1, "lists/places.txt:1: is no line"),
    ],
)
def test_files_of_words_that_will_not_do(
    options: list[str], code: int, said: str, empty: Path, tiny_folder: Path
) -> None:
    _write_features(empty)
    Path("lists/empty.txt").write_text(" \n\n")
    outcome = run("train", "--data", tiny_folder, *BRIEF, *options, "--out", "r")
    assert said in outcome.complaint()
    assert outcome.code == code
    assert not (empty / "r").exists()


# --- unknown tags, weights of types ------------------------------------------------


def _hide(folder: Path, split: str, tag: str = "?") -> None:
    """Make every third tag of a split unknown."""
    file = folder / f"{split}.conll"
    lines = file.read_text().splitlines()
    lines[::3] = [f"{line.split()[0]}\t{tag}" if line else "" for line in lines[::3]]
    file.write_text("\n".join(lines))


@pytest.mark.slow
def test_unknown_tags_may_stand_in_train(empty: Path, tiny_folder: Path) -> None:
    shutil.copytree(tiny_folder, empty / "mine")
    _hide(empty / "mine", "train", "_")
    options = (*sets("train.epochs=9", "train.type_weights=PER=2,LOC=0.5"), "--unknown-tag", "_")
    outcome = run("train", "--data", "mine", *TINY, *options).good()
    assert outcome.out.splitlines()[-2] == "test F1 100.00"
    config = Config.load("runs/mine/config.toml")
    assert (config.data.unknown_tag, config.train.type_weights) == ("_", "PER=2,LOC=0.5")


@pytest.mark.parametrize("split", ["valid", "test"])
def test_unknown_tags_may_not_stand_where_scores_come_from(
    split: str, empty: Path, tiny_folder: Path
) -> None:
    shutil.copytree(tiny_folder, empty / "mine")
    _hide(empty / "mine", split)
    outcome = run("train", "--data", "mine", *BRIEF)
    assert outcome.code == 1
    complaint = outcome.complaint()
    assert re.match(rf"ner: error: mine/{split}\.conll:\d+: has tokens with an unknown", complaint)
    assert complaint.endswith("; label them fully, or move them to train")
    assert not (empty / "runs" / "mine").exists()


def test_only_fully_labelled_sentences_are_set_apart(empty: Path, tiny_folder: Path) -> None:
    (empty / "mine").mkdir()
    shutil.copy(tiny_folder / "train.conll", empty / "mine")
    _hide(empty / "mine", "train")
    config = Config().replace({"data.valid_fraction": 0.3}).data
    assert not any(sentence.partial for sentence in load_corpus("mine", config).valid)
    outcome = run("train", "--data", "mine", *BRIEF, *sets("data.valid_fraction=0.8"))
    assert outcome.code == 1
    assert "too few fully labelled sentences or documents to set one apart" in outcome.complaint()


@pytest.mark.parametrize("weights", ["MISC=2", "PER=0", "PER"])
def test_weights_that_will_not_do(weights: str, empty: Path, tiny_folder: Path) -> None:
    options = sets(f"train.type_weights={weights}")
    outcome = run("train", "--data", tiny_folder, *BRIEF, *options)
    assert outcome.code == 2
    assert f"setting train.type_weights: '{weights}' will not do; " in outcome.complaint()
    assert not (empty / "runs").exists()


def test_how_columns_are_read_is_remembered(empty: Path) -> None:
    rows = "1;New York;B\n2;sleeps;O\n\n1;Oslo;B\n2;too;O\n\n"
    for split in ("learn", "choose", "score"):
        Path(f"{split}.txt").write_text(rows.replace("sleeps", f"{split}s"))
    files = ["--train", "learn.txt", "--valid", "choose.txt"]
    options = ["--separator", "semicolon", "--label", "CITY"]
    said = run("train", *files, *options, *BRIEF, "--out", "r").good().err
    assert "warning: learn.txt: column 0 counts the tokens (1, 2, 3 …)" in said
    assert load_bundle("r").labels == ["CITY"]
    assert load_bundle("r").config.data.separator == "semicolon"
    run("evaluate", "--test", "score.txt", "--model", "r").good()
    run("train", *files, *options, *BRIEF, "--out", "r", "--resume").good()
    refused = run("train", *files, "--tag-column", "1,2,2", *BRIEF, "--out", "q")
    assert (refused.code, Path("q").exists()) == (2, False)
    assert "'2' will not do; write numbers or names of columns, each once" in refused.complaint()


def test_what_hints_at_a_wrong_reading_is_said_before_training(empty: Path) -> None:
    rows = "".join(f"de:{i} B-LOC\nde:x{i} B-loc\n\n" for i in range(30))
    Path("c.txt").write_text(rows)
    said = run("train", "--data", "c.txt", *BRIEF, "--out", "r").good().err
    assert "warning: c.txt: train: all tokens begin with 'de:'" in said
    assert "warning: c.txt: types that differ in case only: 'LOC', 'loc'" in said


# --- several corpora ------------------------------------------------------------------------------


@pytest.fixture
def persons(empty: Path, tiny_folder: Path) -> Path:
    """The tiny corpus with other names for its types, of which places are called `geo`."""
    folder = empty / "persons"
    folder.mkdir()
    for file in tiny_folder.iterdir():
        text = file.read_text(encoding="utf-8").replace("-LOC", "-geo").replace("-PER", "-person")
        (folder / file.name).write_text(text, encoding="utf-8")
    return folder


def test_several_corpora_and_their_types(persons: Path, tiny_folder: Path) -> None:
    both = ("--data", tiny_folder, "--data", persons)
    maps = ("--label-map", "persons:person=PER", "--label-map", "persons:geo=")
    outcome = run("train", *both, *maps, "--share", "persons=0.3", *TINY).good()
    assert outcome.out.endswith("model: runs/tiny+persons\n")
    assert "persons does not label LOC: such predictions are left out there" in outcome.out
    assert re.search(r"^test F1 [\d.]+ \(tiny [\d.]+, persons [\d.]+\)$", outcome.out, re.M)
    assert load_bundle("runs/tiny+persons").model.outputs[1:] == tuple(
        f"{prefix}-{label}" for label in ("LOC", "PER") for prefix in "BIES"
    )
    config = Config.load(Path("runs/tiny+persons/config.toml"))
    assert config.train.shares == "persons=0.3"
    assert run("train", *both, *maps, "--share", "persons=0.3", *TINY, "--resume", "--out",
               "runs/tiny+persons").good().out == outcome.out  # fmt: skip


def test_several_seeds_have_a_mean_for_each_corpus(persons: Path, tiny_folder: Path) -> None:
    both = ("--data", tiny_folder, "--data", persons)
    outcome = run("train", *both, "--seeds", "1,2", *BRIEF).good()
    for split in ("valid", "test"):
        lines = [line for line in outcome.out.splitlines() if line.startswith(f"{split} F1")]
        assert len(lines) == 3
        assert re.fullmatch(rf"{split} F1 of tiny [\d.]+ ± [\d.]+", lines[1])
        assert lines[2].startswith(f"{split} F1 of persons ")


def test_a_corpus_may_be_named(persons: Path) -> None:
    both = ("--data", f"a={persons}", "--data", f"b={persons}")
    outcome = run("train", *both, "--label-map", "b:geo=", *BRIEF).good()
    assert outcome.out.endswith("model: runs/a+b\n")


def test_a_single_corpus_needs_no_name_in_its_map(persons: Path) -> None:
    outcome = run("train", "--data", persons, "--label-map", "geo=LOC,person=", *BRIEF).good()
    assert "LOC" in outcome.out
    assert "person " not in outcome.out


def test_a_path_with_an_equals_sign_is_a_path(persons: Path) -> None:
    persons.rename("a=b")
    assert run("train", "--data", "a=b", *BRIEF).good().out.endswith("model: runs/a=b\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--data", "persons"], "two corpora have the name 'persons'; name each, as --data NAME="),
        (["--label-map", "geo=LOC"], "--label-map geo=LOC: begins with the name of no corpus; "
         "write NAME:OLD=NEW,… with one of the names persons, tiny"),
        (["--label-map", "other:geo=LOC"], "begins with the name of no corpus"),
        (["--label-map", "persons:loc=LOC"], "persons: has no type 'loc' to map; its types are "
         "geo, person"),
        (["--label-map", "persons:geo"], "label map: 'geo' will not do; write OLD=NEW"),
        (["--share", "other=0.3"], "'other=0.3' will not do; its corpus is one of persons, tiny"),
        (["--share", "tiny=2"], "'tiny=2' will not do; a share is a number between 0 and 1"),
        (["--share", "tiny=0.5", "--share", "persons=0.4"], "and one corpus has none"),
        (["--train", "persons/train.conll"], "--train, --valid and --test are of one corpus; give"),
    ],
)  # fmt: skip
def test_corpora_that_will_not_do_together(
    persons: Path, tiny_folder: Path, options: list[str], said: str
) -> None:
    outcome = run("train", "--data", "persons", "--data", tiny_folder, *options, *BRIEF)
    assert outcome.code == 2
    assert said in outcome.complaint()
    assert not Path("runs").exists()


# --- going on from a model ----------------------------------------------------------------------


@pytest.fixture
def renamed(here: Path, tiny_corpus: Corpus) -> Path:
    """A corpus of places and of cities, and of no persons."""
    for split, sentences in tiny_corpus.splits().items():
        kept = [
            replace(s, spans=tuple(replace(x, label="CITY") for x in s.spans if x.label == "LOC"))
            for s in sentences
        ]
        write_file(here / "cities" / f"{split}.conll", kept)
    return here / "cities"


@pytest.mark.slow
def test_a_start_model_is_told_and_stands_on_the_card(here: Path, tiny_folder: Path) -> None:
    outcome = run(
        "train", "--data", tiny_folder, "--out", "r", "--start-from", "runs/tiny",
        *sets("train.epochs=1"),
    ).good()  # fmt: skip
    assert "goes on from tiny (SHA-256 " in outcome.err
    assert "; types kept: LOC, PER; new: none; dropped: none" in outcome.err
    assert "before the first step: valid F1 100.00" in outcome.err
    assert "goes on from tiny" in Path("r/model/README.md").read_text()
    assert load_bundle("r").config.model == load_bundle("runs/tiny").config.model
    again = run("train", "--data", tiny_folder, "--out", "r", "--resume", *sets("train.epochs=1"))
    assert (again.code, "--start-from)" in again.complaint()) == (1, True)


@pytest.mark.slow
def test_types_are_kept_or_learnt_from_the_old_corpus_again(
    renamed: Path, tiny_folder: Path
) -> None:
    start = ["--start-from", "runs/tiny", *sets("train.epochs=2", "train.batch_sentences=4")]
    cases = {
        "dropped": (["--data", renamed], ["CITY"]),
        "kept": (["--data", renamed, "--keep-types"], ["CITY", "LOC", "PER"]),
        "replayed": (
            ["--data", renamed, "--data", f"old={tiny_folder}", "--share", "old=0.5"],
            ["CITY", "LOC", "PER"],
        ),
    }
    for name, (options, labels) in cases.items():
        outcome = run("train", *options, *start, "--out", name).good()
        assert load_bundle(name).labels == labels
        new = "kept: none; new: CITY; dropped: LOC, PER"
        told = new if name == "dropped" else "kept: LOC, PER; new: CITY; dropped: none"
        assert told in outcome.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (sets("model.hidden=16"), "model.hidden: with --start-from, the network is that of the"),
        (["--seeds", "1,2", "--distill"], "--distill trains new models; leave it or --start-from"),
        (["--clusters", "paths"], "resources.clusters: a start model brings its own or has none"),
        (["--charlm", "lm"], "resources.token_embedders: a start model brings its own or has none"),
        (["--gazetteer", "LOC=names"], "resources.gazetteers: a start model brings its own or has"),
    ],
)
def test_what_does_not_go_with_a_start_model_is_refused(
    options: list[str], said: str, here: Path, tiny_folder: Path
) -> None:
    outcome = run(
        "train", "--data", tiny_folder, "--out", "r", "--start-from", "runs/tiny", *options
    )
    assert outcome.code == 2
    assert said in outcome.complaint()
    assert not Path("r").exists()


def test_a_start_model_that_will_not_do_is_refused(here: Path, tiny_folder: Path) -> None:
    for options, said in (
        (["--start-from", "nothing"], "nothing: no such model folder"),
        (["--start-from", "runs/tiny", "--out", "runs/tiny", "--overwrite"], "name another folder"),
        (["--keep-types"], "--keep-types is for the types of a start model; add --start-from"),
    ):
        outcome = run("train", "--data", tiny_folder, "--out", "r", *options)
        assert (outcome.code, said in outcome.complaint()) == (2, True)

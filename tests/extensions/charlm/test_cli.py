"""``ner charlm``: training, measuring and sampling character language models; bad input."""

import dataclasses
import gzip
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from ner.extensions.charlm.config import CharLMConfig
from ner.extensions.charlm.folder import load_model, save_model
from tests.cli import command
from tests.cli.command import run, sets, shell, stopped, warm

pytestmark = pytest.mark.slow

LINE = "the cat sat on the mat and the dog sat on the log"
TINY = sets(
    "model.hidden=16", "model.embedding=8", "train.batch=4", "train.segment=25", "train.epochs=6",
    "train.learning_rate=0.03", "train.threads=1",
)  # fmt: skip


@pytest.fixture(scope="module")
def lm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of models of both directions, which know `LINE`; not to be changed."""
    folder = tmp_path_factory.mktemp("lm")
    (folder / "text.txt.gz").write_bytes(gzip.compress(f"{LINE}\n".encode() * 100))
    arguments = ["text.txt.gz", "--out", "lm", "--direction", "both", *TINY]
    done = warm("charlm", "train", *arguments, cwd=folder).good()
    last = done.out.splitlines()
    assert last[0].startswith("forward: ")
    assert last[1].startswith("backward: ")
    assert last[2:] == ["model: lm"]
    assert all(float(line.split()[1]) < 1.0 for line in last[:2])
    assert "bits per character in training" in done.err
    return folder / "lm"


@pytest.fixture
def text(empty: Path) -> Path:
    path = empty / "text.txt"
    path.write_text(f"{LINE}\n" * 20, encoding="utf-8")
    return path


def test_evaluate_prints_each_direction(lm: Path, text: Path) -> None:
    found = json.loads(run("charlm", "evaluate", text, "--model", lm, "--json").good().out)
    assert list(found) == ["forward", "backward"]
    plain = run("charlm", "evaluate", text, "--model", lm / "model").good()
    assert plain.err == ""
    for line, (direction, bits) in zip(plain.out.splitlines(), found.items(), strict=True):
        assert bits["bits_per_character"] < 1.0
        assert line == (
            f"{direction}: {bits['bits_per_character']:.4f} bits per character "
            "(1,000 characters, 0 unknown)"
        )


def test_generate_goes_on_after_the_prompt(lm: Path, empty: Path) -> None:
    arguments = ["charlm", "generate", "--model", lm, "--prompt", "the cat ", "--length", "40"]
    greedy = run(*arguments, "--temperature", "0").good().out
    assert greedy.startswith(LINE[:19])
    assert len(greedy) == 49
    drawn = [run(*arguments, "--temperature", "3", "--seed", seed).good().out for seed in "112"]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(out.startswith("the cat ") and len(out) == 49 for out in drawn)


def test_a_tagger_reads_with_language_models(
    tiny_charlm: Path, tiny_folder: Path, empty: Path
) -> None:
    arguments = ["train", "--data", tiny_folder, "--charlm", tiny_charlm, *command.TINY]
    told = run(*arguments, "--out", "r").good().err
    assert re.search(r"language models read \d+ tokens, once: kept in .*no cache", told)
    assert "language models read" not in run(*arguments, "--seed", "2", "--out", "s").good().err
    shutil.rmtree(empty / "no cache")  # all that a tagger needs is in its bundle
    text = b"Anna visited Rome.\nDora left Paris.\n"
    found = [
        run("tag", "-", "--model", "r", "--format", "jsonl", "--set", f"predict.engine={engine}",
            stdin=text).good().out
        for engine in ("native", "torch")
    ]  # fmt: skip
    assert [entity["label"] for entity in json.loads(found[0].splitlines()[0])["entities"]] == [
        "PER", "LOC"
    ]  # fmt: skip
    assert found[0].count('"label"') == found[1].count('"label"') == 4
    assert not (empty / "no cache").exists()
    scores = json.loads((empty / "r" / "result.json").read_text())["scores"]["test"]
    again = json.loads(run("evaluate", "--model", "r", "--data", tiny_folder, "--json").good().out)
    assert again["f1"] == scores["f1"]


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_tagger_needs_not_both_directions(
    direction: str, tiny_charlm: Path, tiny_folder: Path, empty: Path
) -> None:
    model = load_model(tiny_charlm)
    one = dataclasses.replace(model, weights={direction: model.weights[direction]})
    save_model(one, empty / "one")
    arguments = ["--charlm", "one", *command.BRIEF, "--out", "r"]
    outcome = run("train", "--data", tiny_folder, *arguments).good()
    other = {"forward": "backward", "backward": "forward"}[direction]
    assert f"one: has no {other} model, which would tell of the other side of each token" in (
        outcome.err
    )


def test_language_models_that_a_tagger_cannot_read(
    lm: Path, tiny_folder: Path, model: Path, empty: Path
) -> None:
    train = ["train", "--data", tiny_folder, "--out", "r"]
    for folder, told in [("nowhere", "nowhere: no such model folder"), (model, "language model")]:
        outcome = run(*train, "--charlm", folder)
        assert outcome.code == 2
        assert told in outcome.complaint()
        assert not (empty / "r").exists()
    (empty / "cyrillic.txt").write_text("жук и жаба\n" * 100, encoding="utf-8")
    run("charlm", "train", "cyrillic.txt", "--out", "other", *TINY).good()
    outcome = run(*train, "--charlm", "other")
    assert outcome.code == 1
    assert "of the characters of the training split, so it is of another alphabet" in (
        outcome.complaint()
    )
    assert not (empty / "r").exists()


def test_settings_are_listed() -> None:
    listed = run("charlm", "train", "--list-settings").good().out
    for key, default, meaning in CharLMConfig.describe():
        assert f"{key} = {default!r}\n    {meaning}\n" in listed


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message", "code"),
    [
        ("", "text.txt: no text in it; name another file", 1),
        ("\n\n", "text.txt: no text in it; name another file", 1),
        ("short\n", "the text has 6 characters, too few for segments of 25", 1),
        ("a\0b\n", "text.txt:1: holds a NUL byte", 1),
    ],
)
def test_a_text_that_nothing_can_be_learnt_from(
    empty: Path, content: str, message: str, code: int
) -> None:
    (empty / "text.txt").write_text(content, encoding="utf-8")
    outcome = run("charlm", "train", "text.txt", "--out", "lm", *TINY)
    assert outcome.code == code
    assert message in outcome.complaint()
    assert not (empty / "lm").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "model.hiden=3"], "unknown setting 'model.hiden'; did you mean 'model.hidden'?"),
        (["--set", "data.scheme=io"], "'data.scheme'; did you mean 'train.schedule'?"),
        (["--set", "data.columns=1"], "the settings of data are encoding, tokenizer"),
        (["--set", "predict.engine=x"], "the sections are data, model, train"),
        (["--set", "train.segment=0"], "setting train.segment is 0, but must be 1 or more"),
        (["--set", "model.cell=lstn"], "must be one of lstm, gru, rnn"),
        (["--direction", "sideways"], "'sideways' is not one of 'forward', 'backward', 'both'"),
        (["--encoding", "utf-9"], "unknown encoding 'utf-9'"),
        (["--resume", "--overwrite"], "choose one"),
        (["--resume"], "lm: holds no run to go on with; name its folder with --out"),
        (["missing.txt"], "missing.txt: no such file"),
    ],
)
def test_wrong_use(text: Path, arguments: list[str], message: str) -> None:
    outcome = run("charlm", "train", text, "--out", "lm", *arguments)
    assert outcome.code == 2
    assert message in outcome.complaint()
    assert not Path("lm").exists()


def test_a_temperature_that_is_no_number(lm: Path) -> None:
    outcome = run("charlm", "generate", "--model", lm, "--temperature", "nan")
    assert outcome.code == 2
    assert "'nan' is not a number" in outcome.complaint()


def test_a_loss_that_is_no_number(text: Path) -> None:
    high = sets("train.learning_rate=1e38", "train.clip=1e30", "train.schedule=constant")
    outcome = run("charlm", "train", text, "--out", "lm", *TINY, *high)
    assert outcome.code == 1
    assert "the learning rate is too high for this text" in outcome.complaint()


def test_characters_that_were_never_seen_are_named(lm: Path, text: Path) -> None:
    text.write_text(f"{LINE}\nж {LINE} 中中\n", encoding="utf-8")
    done = run("charlm", "evaluate", text, "--model", lm).good()
    assert done.err == ("warning: characters that the model does not know: '中' (2), 'ж' (1)\n")
    assert "(105 characters, 3 unknown)" in done.out
    done = run("charlm", "generate", "--model", lm, "--prompt", "ж", "--length", "1").good()
    assert "warning: the prompt has characters that the model does not know: 'ж'" in done.err


def test_a_text_of_another_alphabet(lm: Path, text: Path) -> None:
    text.write_text("Мама мыла раму\n", encoding="utf-8")
    outcome = run("charlm", "evaluate", text, "--model", lm)
    assert outcome.code == 1
    assert "so this is of another alphabet" in outcome.complaint()


def test_a_model_of_another_direction(text: Path) -> None:
    arguments = ["--out", "lm", "--direction", "backward", *TINY, *sets("train.epochs=1")]
    run("charlm", "train", text, *arguments).good()
    outcome = run("charlm", "generate", "--model", "lm")
    assert outcome.code == 2
    assert "is backward only, and this needs a forward one" in outcome.complaint()
    outcome = run("charlm", "train", text, *arguments, "--direction", "forward", "--resume")
    assert "started with other settings (--direction)" in outcome.complaint()


def test_what_is_no_language_model(lm: Path, model: Path, text: Path) -> None:
    for folder, told in [
        ("none", "none: no such model folder; train one with: ner charlm"),
        (model, "is not of a language model"),
    ]:
        outcome = run("charlm", "evaluate", text, "--model", folder)
        assert outcome.code == 2
        assert told in outcome.complaint()
    outcome = run("tag", text, "--model", lm)
    assert outcome.code == 2
    assert "is of a character language model, and this takes a tagger" in outcome.complaint()


# --- Ctrl-C -------------------------------------------------------------------------------------


def test_ctrl_c_says_how_to_go_on(empty: Path) -> None:
    Path("text.txt").write_text(f"{LINE}\n" * 2000, encoding="utf-8")
    endless = sets("train.epochs=100000", "train.checkpoint_minutes=0")
    ask = ["charlm", "train", "text.txt", "--out", "my lm", *TINY, *endless]
    outcome = stopped(*ask, when=Path("my lm/checkpoint").exists)
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err.splitlines()[-1] == "ner: stopped; go on with --out 'my lm' --resume"


def test_bars_move_on_a_terminal(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What they show; they are not drawn here."""
    from ner.cli import progress

    shown: dict[str, Any] = {}

    class Bars:
        def __enter__(self) -> "Bars":
            return self

        def __exit__(self, *_: object) -> None: ...

        def add_task(self, name: str, **_: object) -> str:
            return name

        def update(self, task: str, **values: object) -> None:
            shown[task] = values

    monkeypatch.setattr(progress, "Progress", lambda *_, **__: Bars())
    run("charlm", "train", text, "--out", "lm", *TINY, *sets("train.epochs=1")).good()
    assert shown.keys() == {"forward"}
    assert shown["forward"]["completed"] == 1.0
    assert shown["forward"]["note"].endswith(" characters/s")
    assert " bits per character, " in shown["forward"]["note"]


@pytest.mark.parametrize("command", ["charlm", "vectors"])
def test_a_full_temporary_folder_is_named(command: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("Anna saw Bob in Rome.\n" * 4000, encoding="utf-8")
    limited = f'ulimit -f 20; export TMPDIR={tmp_path} PYTHONDONTWRITEBYTECODE=1; exec "$@"'
    arguments = (command, "train", "text", "--out", "out")
    outcome = shell(limited, *arguments, cwd=tmp_path)
    assert outcome.code == 1
    assert f"{tmp_path}: cannot hold temporary files" in outcome.complaint()
    assert [path.name for path in tmp_path.iterdir()] == ["text"]

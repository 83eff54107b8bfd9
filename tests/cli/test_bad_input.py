"""Bad input: one line that says what, where and what to do; no traceback, nothing lost."""

import gzip
import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ner.corpus.lines import LONGEST
from tests.cli.command import BRIEF, Outcome, process, run, sets, shell, tree

GOOD = b"Anna B-PER\nleft O\n\nBerta B-PER\nstayed O\n\n" * 10
BINARY = b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(5000)

# Name, what train.conll holds, what the complaint says. Each also gets a good valid.conll.
BAD_TRAIN = [
    ("empty", b"", "train.conll: has no sentence; a labelled file cannot be empty"),
    ("blank lines", b"\n \n\t\n\r\n\n", "train.conll: has no sentence"),
    ("documents only", b"-DOCSTART- O\n\n-DOCSTART- O\n", "train.conll: has no sentence"),
    ("binary", BINARY, "train.conll:1: byte 0x89 at offset 0 is not utf-8; save the file as UTF-8"),
    ("latin-1", GOOD + b"Jos\xe9 O\n", f"train.conll:61: byte 0xE9 at offset {len(GOOD) + 3}"),
    ("NUL", b"Anna B-PER\nx\0y O\n", "train.conll:2: holds a NUL byte, so this is no text file"),
    ("utf-16", GOOD.decode().encode("utf-16"), "train.conll:1: byte 0xFF at offset 0 is not utf-8"),
    ("gigantic line", GOOD + b"a" * (LONGEST + 1),
     f"train.conll:61: the line is longer than {LONGEST:,} bytes"),
    ("one column", GOOD + b"Anna\n", "train.conll:61: one column only ('Anna')"),
    ("more columns", GOOD + b"a b O\n", "train.conll:61: 3 columns where line 1 has 2"),
    ("no prefix", b"Anna PER\nleft O\n",
     "train.conll:1: 'PER' is not a tag; tags are O or like B-PER"),
    ("underscore", GOOD + b"Anna B_PER\n", "train.conll:61: 'B_PER' is not a tag; a hyphen stands"),
    ("no entity", b"Anna O\nleft O\n",
     "train.conll: no token of the training split is in an entity"),
]  # fmt: skip


@pytest.fixture
def corpus(empty: Path) -> Path:
    folder = empty / "c"
    folder.mkdir()
    (folder / "train.conll").write_bytes(GOOD)
    (folder / "valid.conll").write_bytes(GOOD.replace(b" O", b"! O"))
    return folder


def _refused(*arguments: object, code: int = 1) -> str:
    """The complaint of a command that must fail and leave everything as it was."""
    before = tree(Path())
    outcome = run(*arguments)
    complaint = outcome.complaint()
    assert outcome.code == code, outcome
    assert tree(Path()) == before
    return complaint


@pytest.mark.parametrize(
    ("content", "said"), [case[1:] for case in BAD_TRAIN], ids=[case[0] for case in BAD_TRAIN]
)
def test_a_bad_training_file(content: bytes, said: str, corpus: Path) -> None:
    (corpus / "train.conll").write_bytes(content)
    assert f"c/{said}" in _refused("train", "--data", "c", *BRIEF, "--out", "r")


@pytest.mark.parametrize(
    ("content", "said"), [case[1:] for case in BAD_TRAIN[:12]], ids=[c[0] for c in BAD_TRAIN[:12]]
)
def test_a_bad_file_to_evaluate_on_or_to_convert(content: bytes, said: str, here: Path) -> None:
    Path("train.conll").write_bytes(content)
    assert said in _refused("evaluate", "--data", "train.conll")
    assert said in _refused("data", "convert", "train.conll", "out.conll", "--to", "iobes")


def test_a_truncated_gz_file(corpus: Path) -> None:
    (corpus / "train.conll").unlink()
    noise = random.Random(1).randbytes(20_000).hex(" ").replace(" ", " O\n").encode() + b" B-X\n"
    packed = gzip.compress(noise)
    (corpus / "train.conll.gz").write_bytes(packed[: len(packed) // 2])
    complaint = _refused("train", "--data", "c", *BRIEF, "--out", "r")
    assert re.search(r"c/train.conll.gz:\d+: the .gz file is truncated or damaged", complaint)
    (corpus / "train.conll.gz").write_bytes(GOOD)
    complaint = _refused("train", "--data", "c", *BRIEF, "--out", "r")
    assert "c/train.conll.gz:1: the .gz file is truncated or damaged" in complaint


def test_a_single_sentence(empty: Path) -> None:
    Path("one.conll").write_text("Anna B-PER\nleft O\n")
    complaint = _refused("train", "--data", "one.conll", *BRIEF, "--out", "r")
    assert "one.conll: has 1 training sentence(s) and no validation split" in complaint
    assert "add sentences, or a file valid.txt" in complaint


@pytest.mark.slow
def test_a_single_sentence_with_a_valid_split_is_enough(corpus: Path) -> None:
    for split in ("train", "valid", "test"):
        (corpus / f"{split}.conll").write_text("\n\nAnna B-PER\nleft O\n")
    run("train", "--data", "c", *BRIEF, "--out", "r").good()


@pytest.mark.slow
def test_zero_length_sentences_are_no_sentences(corpus: Path) -> None:
    lines = b"\n\n-DOCSTART- O\n\n\n" + GOOD.replace(b"\n\n", b"\n\n \n\t\n\n-DOCSTART- O\n\n\n")
    (corpus / "train.conll").write_bytes(lines)
    run("train", "--data", "c", *BRIEF, "--out", "r").good()
    stats = json.loads(run("data", "stats", "c", "--json").good().out)["splits"]["train"]
    assert (stats["sentences"], stats["lengths"]["0"]) == (20, 2)


@pytest.mark.slow
def test_a_test_split_with_unseen_types_is_scored_and_said_once(corpus: Path) -> None:
    (corpus / "test.conll").write_text("Anna B-PER\nleft O\nRome B-CITY\n\nBonn B-CITY\nX B-ODD\n")
    outcome = run("train", "--data", "c", *BRIEF, "--out", "r").good()
    warnings = [line for line in outcome.err.splitlines() if line.startswith("warning: ")]
    assert warnings == [
        "warning: c: types that the training split lacks count as missed in test: CITY, ODD"
    ]
    scores = json.loads(Path("r/result.json").read_text())["scores"]["test"]
    assert (scores["support"], scores["per_type"]["CITY"]["recall"]) == (4, 0.0)


def test_valid_and_test_splits_without_entities_get_an_answer(corpus: Path) -> None:
    for split in ("valid", "test"):
        (corpus / f"{split}.conll").write_text("nothing O\n")
    outcome = run("train", "--data", "c", *BRIEF, "--out", "r").good()
    assert "test F1 0.00" in outcome.out


def test_illegal_tags_are_repaired_in_one_warning_or_refused(corpus: Path) -> None:
    illegal = GOOD + b"left O\nAnna I-PER\nBonn B-LOC\nAnna I-PER\n"
    (corpus / "train.conll").write_bytes(illegal)
    outcome = run("train", "--data", "c", *BRIEF, "--out", "r").good()
    warnings = [line for line in outcome.err.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1
    assert "(illegal tags in this file: 2); repaired as the CoNLL scorer reads" in warnings[0]
    complaint = _refused("train", "--data", "c", *BRIEF, "--out", "s", "--strict")
    assert "c/train.conll:62: 'I-PER' between 'O' and 'B-LOC' is illegal in iob2" in complaint


@pytest.mark.parametrize("name", ["nowhere", "no/such/file.conll", "conll2033", "-"])
def test_a_corpus_that_is_not_there(name: str, here: Path) -> None:
    for arguments in (["train", "--out", "r"], ["evaluate"]):
        complaint = _refused(*arguments, "--data", name, code=2)
        assert f"no corpus '{name}'" in complaint
        assert "put train, valid and test files" in complaint
        assert ("/" in name) or f"data/{name}" in complaint
        assert "NER_DATA (not set)" in complaint
    if name == "conll2033":
        assert "did you mean 'conll2003'?" in complaint


def test_a_folder_without_splits(empty: Path) -> None:
    Path("c").mkdir()
    Path("c/notes.txt").write_text("Anna B-PER\n")
    complaint = _refused("train", "--data", "c", "--out", "r")
    assert "c: no file in this folder is a split; it holds 'notes.txt'; expected are" in complaint
    assert "are train, valid (or dev, testa, validation) and test (or testb)" in complaint


# ---------------------------------------------------------------- model folders

Damage = Callable[[Path], object]


def _cut(name: str) -> Damage:
    def damage(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return damage


def _newer(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {"format": 99, "version": "9.9.0"}
    (folder / "config.json").write_text(json.dumps(config))


BAD_MODELS: list[tuple[str, Damage, int, str]] = [
    ("gone", shutil.rmtree, 2, "r: is no model folder"),
    ("without config", lambda f: (f / "config.json").unlink(), 2, "r: is no model folder"),
    ("without weights", lambda f: (f / "weights.safetensors").unlink(), 1,
     "r/model/weights.safetensors: is missing; copy the model again"),
    ("without tags", lambda f: (f / "tags.json").unlink(), 1,
     "r/model/tags.json: is missing; copy the model again"),
    ("without words", lambda f: (f / "words.json").unlink(), 1,
     "r/model/words.json: is missing; copy the model again"),
    ("half a config", _cut("config.json"), 1, "r/model/config.json: is damaged (not JSON)"),
    ("half the words", _cut("words.json"), 1,
     "r/model/words.json: is damaged (it is not the file that checksums.json lists)"),
    ("half the weights", _cut("weights.safetensors"), 1, "r/model/weights.safetensors: is damaged"),
    ("of another", lambda f: (f / "tags.json").write_text('["O"]'), 1, "r/model/"),
    ("newer", _newer, 1,
     "r/model/config.json: has format 99 of ner 9.9.0, newer than this ner 0.1.0 can read; "
     "upgrade with pip install --upgrade bilstm-ner"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "code", "said"), [case[1:] for case in BAD_MODELS], ids=[c[0] for c in BAD_MODELS]
)
def test_a_bad_model_folder(
    damage: Damage, code: int, said: str, here: Path, tiny_folder: Path
) -> None:
    shutil.copytree("runs/tiny", "r")
    damage(Path("r/model"))
    Path("t.txt").write_text("Anna left.\n")
    assert said in _refused("tag", "t.txt", "--model", "r", "--out", "out.txt", code=code)
    assert said in _refused("evaluate", "--data", tiny_folder, "--model", "r", code=code)


def test_a_model_folder_that_is_not_there(empty: Path, tiny_folder: Path) -> None:
    Path("file").write_text("")
    for arguments in (["tag", "-"], ["evaluate", "--data", tiny_folder]):
        complaint = _refused(*arguments, "--model", "nowhere", code=2)
        assert "nowhere: no such model folder; train one with: ner train" in complaint
        assert "or take one by name (en" in complaint
        assert "file: is no model folder" in _refused(*arguments, "--model", "file", code=2)
    complaint = _refused("evaluate", "--data", tiny_folder, code=2)
    assert "no finished run under runs/ here; give --model DIR, or train one" in complaint


def test_a_half_written_run_is_not_taken_by_itself(here: Path) -> None:
    """What a killed process leaves behind: hidden temporaries and runs without a result."""
    Path("runs/x/.model.1-ab.part").mkdir(parents=True)
    Path("runs/y").mkdir()
    shutil.copytree("runs/tiny/model", "runs/y/model")
    outcome = run("tag", "-", stdin=b"Anna left.\n").good()
    assert outcome.out == "[Anna](PER) left.\n"
    assert "runs/x: is no model folder" in _refused("tag", "-", "--model", "runs/x", code=2)
    run("tag", "-", "--model", "runs/y", stdin=b"Anna left.\n").good()


# ------------------------------------------------------------ settings and files


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("model.hiden=3", "unknown setting 'model.hiden'; did you mean 'model.hidden'?"),
        ("hidden=3", "unknown setting 'hidden'; did you mean 'model.hidden'?"),
        ("modle.hidden=3", "did you mean 'model.hidden'?"),
        ("model.colour=red", "unknown setting 'model.colour'; the settings of model are scheme,"),
        ("x=1", "unknown setting 'x'; the sections are data, model, train"),
        ("=1", "unknown setting ''"),
        ("model.hidden=many", "setting model.hidden takes a whole number, not 'many'; its default"),
        ("model.hidden=2.5", "setting model.hidden takes a whole number, not 2.5"),
        ("model.hidden=", "setting model.hidden takes a whole number, not ''"),
        ("model.hidden=0", "setting model.hidden is 0, but must be 1 or more"),
        ("model.fold_case=2", "setting model.fold_case takes true or false, not 2"),
        ("train.clip=fast", "setting train.clip takes a number, not 'fast'"),
        ("train.learning_rate=fast", "train.learning_rate takes a number or auto, not 'fast'"),
        ("model.cell=transformer", "but must be one of lstm, gru, rnn"),
        ("model.dropout=1.5", "setting model.dropout is 1.5, but must be at least 0 and below 1"),
        ("model.hidden", "--set 'model.hidden' lacks a value; write --set section.key=value"),
        ("", "lacks a value; write --set section.key=value"),
    ],
)
def test_a_bad_setting(assignment: str, said: str, corpus: Path) -> None:
    arguments = ["train", "--data", "c", "--out", "r", "--set", assignment]
    assert said in _refused(*arguments, code=2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[model]\nhiden = 3\n", "s.toml: unknown setting 'model.hiden'; did you mean"),
        (b"[modle]\nhidden = 3\n", "s.toml: unknown section 'modle'; the sections are data, model"),
        (b"[model]\nhidden = 'x'\n", "s.toml: setting model.hidden takes a whole number"),
        (b"hidden = 3\n", "s.toml: unknown setting 'hidden'"),
        (b"[model\n", "s.toml: is not TOML: "),
        (BINARY, "s.toml: is not TOML: "),
        (None, "s.toml: no such file; check the name"),
    ],
)
def test_a_bad_settings_file(content: bytes | None, said: str, corpus: Path) -> None:
    if content is not None:
        Path("s.toml").write_bytes(content)
    complaint = _refused("train", "--data", "c", "--out", "r", "--config", "s.toml", code=2)
    assert said in complaint


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (None, 2, "v.vec: no such file"),
        (b"", 1, "v.vec:1: is no line 'word number number"),
        (BINARY, 1, "v.vec:1: is no line 'word number number"),
        (b"Anna 1 2\nleft 1\n", 1, "v.vec:2: "),
        (b"9 2\nAnna 1 2\n", 1, "v.vec: breaks off after 1 of the 9 vectors"),
        (b"haus 1 2\nbaum 1 2\n", 1, "v.vec: has no vector for any word of the corpus"),
    ],
)
def test_bad_vectors(content: bytes | None, code: int, said: str, corpus: Path) -> None:
    if content is not None:
        Path("v.vec").write_bytes(content)
    arguments = ["train", "--data", "c", *BRIEF, "--out", "r", "--vectors", "v.vec"]
    assert said in _refused(*arguments, code=code)


# ----------------------------------------------------------------------- output


@pytest.mark.parametrize("place", ["file", "file/r", "/proc/nowhere/r"])
def test_a_run_folder_that_cannot_be_written(place: str, corpus: Path) -> None:
    Path("file").write_text("mine")
    complaint = _refused("train", "--data", "c", *BRIEF, "--out", place)
    assert re.search(f"{place}.*: cannot be written .*; choose another place or free it", complaint)


@pytest.mark.parametrize("place", ["folder", "file/out.txt", "/proc/nowhere/out.txt", "/dev/full"])
def test_an_output_file_that_cannot_be_written(place: str, here: Path) -> None:
    Path("folder").mkdir()
    Path("file").write_text("mine")
    Path("t.txt").write_text("Anna left.\n")
    complaint = _refused("tag", "t.txt", "--out", place)
    assert f"{place}: cannot be written" in complaint


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("nowhere.txt", 2, "nowhere.txt: no such file; check the name"),
        ("folder", 2, "folder: is a folder, not a file; name a file in it"),
        ("", 2, "is a folder, not a file"),
        ("binary", 1, "binary:1: byte 0x89 at offset 0 is not utf-8"),
        ("nul", 1, "nul:2: holds a NUL byte"),
        ("long", 1, "long:1: the line is longer than "),
        ("broken.gz", 1, "broken.gz:2: the .gz file is truncated or damaged"),
    ],
)
def test_a_text_that_cannot_be_read(name: str, code: int, said: str, here: Path) -> None:
    Path("folder").mkdir()
    Path("binary").write_bytes(BINARY)
    Path("nul").write_bytes(b"Anna\nx\0y\n")
    Path("long").write_bytes(b"a" * (LONGEST + 1) if name == "long" else b"")
    Path("broken.gz").write_bytes(gzip.compress(b"Anna\n" + BINARY.hex().encode())[:1000])
    assert said in _refused("tag", name, "--out", "out.txt", code=code)


def test_bad_standard_input(here: Path) -> None:
    outcome = run("tag", "-", stdin=b"Anna\nJos\xe9\n")
    assert outcome.code == 1
    said = "standard input:2: byte 0xE9 at offset 8 is not utf-8; save the file as UTF-8 or name"
    assert said in outcome.complaint()


def test_an_unknown_encoding_or_tokenizer(here: Path) -> None:
    Path("t.txt").write_text("Anna left.\n")
    complaint = _refused("tag", "t.txt", "--encoding", "utf-9", code=2)
    assert "unknown encoding 'utf-9'; --encoding takes names like utf-8" in complaint
    complaint = _refused("tag", "t.txt", "--tokenizer", "letters", code=2)
    assert "must be one of auto, words, words-en, pieces, characters" in complaint


# --------------------------------------------------------- the same, as processes


def _alone(outcome: Outcome, code: int, said: str) -> None:
    assert said in outcome.complaint()
    assert (outcome.code, outcome.err.count("\n")) == (code, 1)


@pytest.mark.slow
def test_real_processes_end_like_that(corpus: Path) -> None:
    (corpus / "train.conll").write_bytes(b"Anna B_PER\n")
    train = ["train", "--data", "c", "--out", "r"]
    _alone(process(*train, cwd=Path()), 1, "c/train.conll:1: 'B_PER' is not a tag")
    outcome = process(*train, *sets("model.hiden=1"), cwd=Path())
    _alone(outcome, 2, "did you mean 'model.hidden'?")
    _alone(process("tag", "none.txt", cwd=Path()), 2, "none.txt: no such file")
    _alone(process("evaluate", "--data", "c", cwd=Path()), 2, "no finished run under runs/ here")
    outcome = shell('"$@" >/dev/full', "data", "convert", "-", "-", "--to", "io", cwd=Path())
    _alone(outcome, 1, "has no sentence")
    assert sorted(Path().iterdir()) == [Path("c")]

"""``ner vectors train`` and ``ner vectors info``."""

import gzip
import json
import lzma
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import ner.extensions.vectors.skipgram
from ner.corpus import NAMED
from ner.extensions.vectors.cli import detect_tokenizer
from tests.cli.command import LIMIT, Outcome, command, environment, process, run

STORY = "Anna doesn't like\nthe Rome of 1996.\n\nThe end of the story.\n"
QUICK = ("--dim", "4", "--epochs", "1", "--min-count", "1")


def train(*arguments: str | Path) -> Outcome:
    return run("vectors", "train", *arguments)


def words_of(path: Path) -> list[str]:
    return [line.split(" ")[0] for line in path.read_text("utf-8").splitlines()[1:]]


def test_train_tells_what_it_has_done(empty: Path) -> None:
    Path("t.txt").write_text(STORY * 3)
    outcome = train("t.txt", "--out", "v.vec", *QUICK[:4], "--min-count", "4").good()
    assert outcome.out == "v.vec: 3 words with 4 numbers each\n"
    assert outcome.err.splitlines() == [
        "tokenizer: words-en, by the text; --tokenizer names another",
        "45 tokens, 11 different words; 3 of them occur 4 times or more",
    ]
    assert words_of(Path("v.vec")) == ["the", ".", "of"]


@pytest.mark.parametrize(
    ("options", "some"),
    [
        ((), {"anna", "does", "n't", "0000", "the"}),
        (("--cased",), {"Anna", "does", "n't", "0000", "The", "the"}),
        (("--tokenizer", "words"), {"anna", "doesn't"}),
        (("--subword",), {"anna", "does"}),
        (("--threads", "2", "--window", "2", "--seed", "3"), {"anna", "does"}),
    ],
)
def test_train_has_the_words_of_the_text(
    empty: Path, options: tuple[str, ...], some: set[str]
) -> None:
    Path("t.txt").write_text(STORY)
    train("t.txt", "--out", "v.vec", *QUICK, *options).good()
    assert some <= {*words_of(Path("v.vec"))}


def test_several_texts_are_one_whatever_they_are_packed_with(empty: Path) -> None:
    Path("one.txt").write_text(STORY * 3)
    Path("a.txt").write_text(STORY)
    Path("b.txt.gz").write_bytes(gzip.compress(STORY.encode()))
    train("one.txt", "--out", "one.vec", *QUICK).good()
    Path("c.txt.xz").write_bytes(lzma.compress(STORY.encode()))
    train("a.txt", "b.txt.gz", "c.txt.xz", "--out", "two.vec", *QUICK).good()
    assert Path("one.vec").read_bytes() == Path("two.vec").read_bytes()


def test_a_sentence_goes_on_in_the_next_line_but_not_beyond_a_blank_one(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, ...]] = []

    def collect(sentences: list[tuple[str, ...]], *_: object) -> int:
        seen.extend(sentences)
        return 0

    monkeypatch.setattr(ner.extensions.vectors.skipgram, "train_vectors", collect)
    Path("t.txt").write_text("HEAD\n\nAnna likes\nRome. Bob\n\nleft.\n")
    train("t.txt", "--out", "v.vec").good()
    assert seen == [("HEAD",), ("Anna", "likes", "Rome", "."), ("Bob",), ("left", ".")]


@pytest.mark.slow
def test_other_processes_give_the_same(empty: Path) -> None:
    Path("t.txt").write_text(STORY * 50)
    done = subprocess.run(
        command("vectors", "train", "t.txt", "--out", "1.vec", *QUICK),
        env=environment(PYTHONHASHSEED="1"),
        capture_output=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    train("t.txt", "--out", "here.vec", *QUICK).good()
    assert Path("1.vec").read_bytes() == Path("here.vec").read_bytes()


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", (), "the text has no words"),
        (b" \n\n \n", (), "the text has no words"),
        (b"one two two\n", ("--min-count", "3"), "no word that occurs 3 times; lower --min-count"),
        (b"one\ntw\xf6\n", (), "t.txt:2: byte 0xF6 at offset 6 is not utf-8"),
        (b"one\n", ("--encoding", "klingon"), "unknown encoding 'klingon'"),
        (b"one\n\0\n", (), "t.txt:2: holds a NUL byte"),
        (b"one\n", ("--dim", "1"), "--dim"),
        (b"one\n", ("--tokenizer", "wrods"), "wrods"),
    ],
)
def test_bad_text_and_wrong_use_leave_nothing(
    empty: Path, content: bytes, options: tuple[str, ...], message: str
) -> None:
    Path("t.txt").write_bytes(content)
    outcome = train("t.txt", "--out", "out/v.vec", *options)
    assert outcome.code in (1, 2)
    assert message in outcome.complaint()
    assert not list(empty.rglob("*v.vec*"))


@pytest.mark.parametrize("name", ["missing.txt", "missing.txt.gz", "."])
def test_a_text_that_is_not_there_is_missed_before_the_others_are_read(
    empty: Path, name: str
) -> None:
    Path("t.txt").write_bytes(STORY.encode() + b"\xf6\n")
    outcome = train(*(["t.txt"] if name != "." else []), name, "--out", "v.vec")
    assert outcome.code == 2
    assert outcome.complaint().startswith(f"ner: error: {name}: ")
    assert not Path("v.vec").exists()


def test_a_text_is_not_replaced_by_its_vectors(empty: Path) -> None:
    Path("t.txt").write_text(STORY)
    outcome = train("t.txt", "--out", "./t.txt", *QUICK)
    assert outcome.code == 2
    assert "t.txt: is what is read, and would be replaced" in outcome.complaint()
    assert Path("t.txt").read_text() == STORY


def test_other_encodings_are_read(empty: Path) -> None:
    Path("t.txt").write_bytes("Köln groß\n".encode("latin-1"))
    train("t.txt", "--out", "v.vec", "--encoding", "latin-1", *QUICK).good()
    assert {*words_of(Path("v.vec"))} == {"köln", "groß"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="wants a pipe with a name")
@pytest.mark.parametrize("lines", [10, 4_000], ids=["reading", "training"])
def test_ctrl_c_leaves_nothing(empty: Path, lines: int) -> None:
    """While more text is awaited, or in the first of very many epochs."""
    os.mkfifo("pipe")
    Path("temporary").mkdir()
    arguments = ["pipe", "--out", "v.vec", "--epochs", "1000"]
    child = subprocess.Popen(
        command("vectors", "train", *arguments),
        env=environment(TMPDIR=str(empty / "temporary")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        with open("pipe", "w", encoding="utf-8") as pipe:
            pipe.write(STORY * lines)
            pipe.flush()
            if lines == 10:  # it has opened the pipe, and waits
                child.send_signal(signal.SIGINT)
                child.wait(LIMIT)
        err = ""
        if lines > 10:
            assert child.stderr
            err = child.stderr.readline() + child.stderr.readline()
            assert "occur 5 times or more" in err
            child.send_signal(signal.SIGINT)
        out, rest = child.communicate(timeout=LIMIT)
    finally:
        child.kill()
    assert (child.returncode, out, rest) == (130, "", "\nner: stopped\n")
    assert sorted(path.name for path in empty.rglob("*")) == ["pipe", "temporary"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "glue", "style"),
    [
        ("conll2003", " ", "words-en"),
        ("wnut17", " ", "words-en"),
        ("conll2002-es", " ", "words"),
        ("conll2002-nl", " ", "words"),
        ("resume-zh", "", "words"),  # its Latin words are not to be cut
    ],
)
def test_the_style_of_a_text_is_seen(
    real_data: Callable[[str], Path], name: str, glue: str, style: str
) -> None:
    from ner.config import DataConfig
    from ner.corpus import read_corpus

    assert name in NAMED
    sentences = read_corpus(real_data(name), DataConfig()).train[:2000]
    assert (
        detect_tokenizer("\n".join(glue.join(sentence.tokens) for sentence in sentences)) == style
    )


def test_a_text_of_characters() -> None:
    assert detect_tokenizer("他在北京工作" * 50) == "characters"
    assert detect_tokenizer("") == "words"


@pytest.fixture
def file(empty: Path) -> Path:
    """A file of vectors in lower case; of the tiny corpus, `Carl` and `loved` are not there."""
    words = ["anna", "berta", "dora", "maria", "rome", "paris", "new", "york"]
    words += ["visited", "left", ".", "!", "?"]
    rows = [f"{word} {number + 1} {(number % 3) - 1}\n" for number, word in enumerate(words)]
    Path("v.vec").write_text(f"{len(words)} 2\n" + "".join(rows))
    return Path("v.vec")


def test_info_prints_a_table(file: Path, tiny_folder: Path) -> None:
    outcome = run("vectors", "info", file, "--data", tiny_folder, "--words", "Anna, zzz").good()
    lines = outcome.out.splitlines()
    assert lines[:2] == [
        "v.vec: 13 words with 2 numbers each",
        "words are looked up in lower case, digits as they are",
    ]
    assert [line.split() for line in lines[4:7]] == [
        ["train", "91.7%", "94.5%", "90.3%"],
        ["valid", "90.9%", "94.5%", "90.3%"],
        ["test", "83.3%", "83.6%", "90.3%"],
    ]
    assert lines[8] == "most frequent without a vector: Carl (15), loved (12)"
    assert lines[10].startswith("anna: ")
    assert len(lines) == 11
    assert outcome.err == "warning: 'zzz' has no vector\n"


def test_info_as_json_chooses_words_of_each_type(file: Path, tiny_folder: Path) -> None:
    value = json.loads(run("vectors", "info", file, "--data", tiny_folder, "--json").good().out)
    assert (value["words"], value["dim"], value["fold_case"]) == (13, 2, True)
    assert value["uncovered"] == {"Carl": 15, "loved": 12}
    assert len(value["neighbours"]) == 4
    assert {*value["neighbours"]} & {"anna", "berta", "dora", "maria"}
    assert {*value["neighbours"]} & {"rome", "paris", "new", "york"}
    assert all(len(near) == 5 for near in value["neighbours"].values())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("2 2\nanna 1 2\nrome 1 nan\n", "v.vec:3: 'nan' is no finite 32-bit number"),
        ("2 3\nanna 1 2\nrome 1 2\n", "v.vec:2: has 2 numbers after its word"),
        ("haus 1 2\n", "v.vec: has no vector for any word of the corpus"),
        ("no vectors here", "v.vec:1: is no line"),
    ],
)
def test_info_of_a_bad_file(file: Path, tiny_folder: Path, content: str, message: str) -> None:
    file.write_text(content)
    outcome = run("vectors", "info", file, "--data", tiny_folder)
    assert outcome.code == 1
    assert message in outcome.complaint()


def test_info_of_a_missing_file(empty: Path, tiny_folder: Path) -> None:
    outcome = run("vectors", "info", "no.vec", "--data", tiny_folder)
    assert (outcome.code, outcome.complaint()) == (
        2,
        "ner: error: no.vec: no such file; check the name",
    )


@pytest.mark.slow
def test_from_a_text_to_what_it_is_worth(empty: Path, tiny_folder: Path) -> None:
    Path("t.txt").write_text("Anna visited Rome. Berta left Paris.\n" * 20)
    process("vectors", "train", "t.txt", "--out", "v.vec.gz", *QUICK, cwd=empty).good()
    arguments = ("vectors", "info", "v.vec.gz", "--data", tiny_folder, "--json")
    splits = json.loads(run(*arguments).good().out)["splits"]
    assert splits["train"]["types"] == pytest.approx(7 / 12)

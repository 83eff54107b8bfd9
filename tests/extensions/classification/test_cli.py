"""``ner classify``: from files to labels, and bad input."""

import gzip
import itertools
import json
from pathlib import Path

import pytest

from ner.corpus import Corpus, write_file
from ner.text import Sentence
from tests.cli.command import Outcome, run, sets, stopped, warm

pytestmark = pytest.mark.slow

WORDS = {
    "weather": ["rain", "snow", "wind", "sun", "fog"],
    "sport": ["goal", "match", "team", "coach", "player"],
}
TINY = sets(
    "model.hidden=8", "model.word_dim=8", "model.char_hidden=8", "train.epochs=6",
    "train.learning_rate=0.03", "train.ema=0.9", "train.batch_sentences=4", "train.threads=1",
)  # fmt: skip


def texts(end: str) -> list[tuple[str, str]]:
    return [
        (f"{one} and {other} {end}", label)
        for label, words in WORDS.items()
        for one, other in itertools.permutations(words, 2)
    ]


def tsv(end: str) -> str:
    return "".join(f"{text}\t{label}\n" for text, label in texts(end))


def jsonl(end: str) -> str:
    return "".join(json.dumps({"text": t, "label": label}) + "\n" for t, label in texts(end))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """A folder with a classifier, made from two formats, and what was said; not to be changed."""
    folder = tmp_path_factory.mktemp("classify")
    (folder / "train.tsv.gz").write_bytes(gzip.compress(tsv(".").encode()))
    (folder / "valid.jsonl").write_text(jsonl("?"))
    (folder / "test.tsv").write_text(tsv(";"))
    files = ["--train", "train.tsv.gz", "--valid", "valid.jsonl", "--test", "test.tsv"]
    return folder, warm("classify", "train", *files, "--out", "kinds", *TINY, cwd=folder)


@pytest.fixture
def model(trained: tuple[Path, Outcome]) -> Path:
    return trained[0] / "kinds"


@pytest.fixture
def file(empty: Path) -> Path:
    path = empty / "texts.tsv"
    path.write_text(tsv("!"))
    return path


def test_train_says_how_good_it_is(trained: tuple[Path, Outcome]) -> None:
    done = trained[1].good()
    for split in ("valid", "test"):
        assert f"{split} scores of the best model (epoch " in done.out
    assert done.out.count("accuracy 100.00 %, macro F1 100.00 %") == 2
    assert done.out.splitlines()[-1] == "model: kinds"
    assert "valid accuracy " in done.err


def test_evaluate(model: Path, file: Path) -> None:
    found = json.loads(run("classify", "evaluate", file, "--model", model, "--json").good().out)
    assert found["accuracy"] == found["f1"] == 1.0
    assert found["per_label"]["sport"]["support"] == 20
    plain = run("classify", "evaluate", file, "--model", model / "model").good()
    assert plain.out.splitlines()[-1] == "accuracy 100.00 %, macro F1 100.00 %"
    assert plain.err == ""


def test_evaluate_says_what_is_known_and_what_is_not(model: Path, file: Path) -> None:
    file.write_text(tsv(".") + "rain\tmusic\n")
    done = run("classify", "evaluate", file, "--model", model).good()
    assert "warning: 40 of 41 texts are among those that the model has learnt from" in done.err
    assert "labels that the model does not know count as missed: music" in done.err


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_predict(form: str, model: Path, empty: Path) -> None:
    lines = ["rain and fog !", "", "team and goal"]
    given = lines if form == "text" else [json.dumps({"text": line}) for line in lines]
    content = "".join(f"{line}\n" for line in given).encode()
    done = run("classify", "predict", "-", "--model", model, stdin=content).good()
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [record["text"] for record in found] == lines
    assert [record["label"] for record in found] == ["weather", None, "sport"]
    assert found[1]["probability"] is None
    assert all(0.5 < record["probability"] <= 1 for record in (found[0], found[2]))
    (empty / "in").write_bytes(content)
    assert run("classify", "predict", "in", "--model", model).good().out == done.out


def test_a_share_is_set_apart(file: Path) -> None:
    done = run("classify", "train", "--train", file, "--out", "x", "--seed", "3", *TINY).good()
    assert "no validation split: 4 of 40" in done.err
    assert "seed = 3" in Path("x/config.toml").read_text()
    again = run("classify", "train", "--train", file, "--out", "x", *TINY)
    assert again.code == 2
    assert "x: holds a run already" in again.complaint()
    more = ["--seed", "3", "--resume", *TINY, "--set", "train.epochs=7"]
    assert (
        "other settings (train.epochs"
        in run("classify", "train", "--train", file, "--out", "x", *more).complaint()
    )


# --- from a corpus ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_labels(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Corpus) -> Path:
    """A classifier made from a corpus with one command; not to be changed."""
    folder = tmp_path_factory.mktemp("two")
    for split, mark in (("train", "."), ("valid", "!")):
        without = [
            Sentence(("It", verb, day, mark))
            for verb in ("rained", "snowed", "hailed")
            for day in ("today", "again", "here", "there", "twice")
        ]
        sentences = [*tiny_corpus.splits()[split], *without * 2]
        write_file(folder / "corpus" / f"{split}.conll", sentences)
    done = warm(
        "classify", "train", "--from-corpus", "corpus", "--out", "two", *TINY,
        *sets("train.epochs=10"), cwd=folder,
    ).good()  # fmt: skip
    assert "      entity " in done.out
    assert "\n        none " in done.out
    return folder / "two"


def test_a_small_classifier_is_made_of_a_corpus(two_labels: Path) -> None:
    config = (two_labels / "config.toml").read_text()
    assert "hidden = 8" in config  # --set counts
    assert "char_dim = 30" in config  # what is not set is small


def test_a_classifier_is_no_tagger(model: Path, empty: Path) -> None:
    Path("in.txt").write_text("Anna\n")
    outcome = run("tag", "in.txt", "--model", model)
    assert outcome.code == 2
    assert "is of a sequence classifier, and this takes a tagger" in outcome.complaint()


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "told", "code"),
    [
        ("", "texts.tsv: has no text with a label", 1),
        ("rain\n", "texts.tsv:1: has 1 column(s), not 2", 1),
        ("rain\tx\n\ty\n", "texts.tsv:2: the text '' has no word in it", 1),
        ("rain\tx\nsnow\tx\nsun\tx\n", "all 2 texts to learn from have the label 'x'", 1),
        ("rain\tx\n", "1 text(s) are too few to set some apart as valid", 1),
        ('{"text": "rain"}\n', "texts.tsv:1: lacks the field 'label'", 1),
    ],
)
def test_bad_texts(content: str, told: str, code: int, empty: Path) -> None:
    Path("texts.tsv").write_text(content)
    outcome = run("classify", "train", "--train", "texts.tsv", "--out", "x", *TINY)
    assert outcome.code == code
    assert told in outcome.complaint()
    assert not Path("x").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name the texts with --train FILE (and --valid, --test), or --from-corpus"),
        (["--valid", "a"], "name the texts with --train FILE"),
        (["--train", "a", "--from-corpus", "b"], "name the texts with --train FILE"),
        (["--train", "none.tsv"], "none.tsv: no such file"),
        (["--from-corpus", "none"], "no corpus 'none'"),
        (["--train", "a", "--set", "model.hiden=3"], "did you mean 'model.hidden'?"),
        (["--train", "texts.tsv", "--set", "model.head=softmax"], "model.head is for taggers"),
        (["--train", "texts.tsv", "--set", "model.head=crf"], "model.head is for taggers"),
        (
            ["--train", "texts.tsv", "--set", "data.scheme=io"],
            "data.scheme is for the corpus of a tagger",
        ),
        (["--train", "texts.tsv", "--encoding", "utf-9"], "unknown encoding 'utf-9'"),
        (["--train", "texts.tsv", "--resume", "--overwrite"], "choose one"),
    ],
)
def test_wrong_use(arguments: list[str], told: str, file: Path) -> None:
    outcome = run("classify", "train", "--out", "x", *arguments)
    assert outcome.code == 2
    assert told in outcome.complaint()


def test_wrong_use_of_a_classifier(model: Path, file: Path) -> None:
    for command in ("predict", "evaluate"):
        for name, where, told in [
            (file, "none", "none: no such model folder; train one with: ner classify train"),
            (Path("none.tsv"), model, "none.tsv: no such file"),
        ]:
            outcome = run("classify", command, name, "--model", where)
            assert outcome.code == 2
            assert told in outcome.complaint()
    file.write_bytes(b"Jos\xe9\tx\n")
    for command in ("predict", "evaluate"):
        outcome = run("classify", command, file, "--model", model)
        assert outcome.code == 1
        assert "texts.tsv:1: byte 0xE9 at offset 3 is not utf-8" in outcome.complaint()


def _has_an_epoch() -> bool:
    metrics = Path("my run/metrics.jsonl")
    return metrics.exists() and metrics.stat().st_size > 0


def test_ctrl_c_keeps_the_best_model(file: Path) -> None:
    ask = ["classify", "train", "--train", "texts.tsv", "--out", "my run", *TINY]
    endless = sets("train.epochs=100000", "train.patience=100000")
    outcome = stopped(*ask, *endless, when=_has_an_epoch)
    assert (outcome.code, outcome.out) == (130, "")
    last = outcome.err.splitlines()[-1]
    assert last.startswith("ner: stopped; the best model so far (epoch ")
    assert last.endswith("is in my run; go on with --out 'my run' --resume")

"""``ner tag``: inputs, outputs, streams."""

import gzip
import html
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from ner.scale.bulk import CHUNK
from ner.tagger import Tagger
from tests.cli.command import (
    BRIEF,
    LIMIT,
    command,
    environment,
    process,
    run,
    shell,
    tree,
)

TEXT = "Anna visited New York.\n\nDora left Rome. Berta saw Paris.\n"
MARKED = (
    "[Anna](PER) visited [New York](LOC).\n\n"
    "[Dora](PER) left [Rome](LOC). [Berta](PER) saw [Paris](LOC).\n"
)


def _tag(*arguments: object, stdin: bytes = b"") -> str:
    outcome = run("tag", *arguments, stdin=stdin).good()
    assert outcome.err == ""
    return outcome.out


def _records(*arguments: object, stdin: bytes = b"") -> list[dict[str, Any]]:
    lines = _tag(*arguments, "--format", "jsonl", stdin=stdin).splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture
def text(here: Path) -> Path:
    path = here / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_text_is_the_default(text: Path) -> None:
    assert _tag(text) == _tag(text, "--format", "text") == MARKED


@pytest.mark.slow
def test_a_real_process(text: Path) -> None:
    outcome = process("tag", "text.txt", "--model", "runs/tiny", cwd=text.parent).good()
    assert (outcome.out, outcome.err) == (MARKED, "")


def test_jsonl_has_exact_offsets_and_scores(text: Path) -> None:
    records = _records(text)
    assert [record["text"] for record in records] == TEXT.splitlines()
    assert [len(record["entities"]) for record in records] == [2, 0, 4]
    for record in records:
        for entity in record["entities"]:
            assert entity.keys() == {"start", "end", "label", "score", "text"}
            assert record["text"][entity["start"] : entity["end"]] == entity["text"]
            assert 0 < entity["score"] <= 1
    assert records[0]["entities"][1]["text"] == "New York"


def test_offsets_count_characters_whatever_stands_before(here: Path) -> None:
    prefix = "🙂 e\u0301 中文 \u00a0\u200b\u2028 ﬀ A\u030a. "
    record = _records("-", stdin=f"{prefix}Anna visited Paris.\n".encode())[0]
    found = {entity["text"]: entity["start"] for entity in record["entities"]}
    assert record["text"] == f"{prefix}Anna visited Paris."
    assert found["Anna"] == len(prefix)
    assert all(record["text"][e["start"] : e["end"]] == e["text"] for e in record["entities"])


def test_conll_is_read_back_as_a_corpus(text: Path) -> None:
    output = _tag(text, "--format", "conll", "--out", "tagged.conll")
    assert output == ""
    lines = Path("tagged.conll").read_text(encoding="utf-8")
    assert lines.startswith("Anna B-PER\nvisited O\nNew B-LOC\nYork I-LOC\n. O\n\nDora B-PER\n")
    run("data", "check", "tagged.conll").good()
    again = [f"{line} {line.split(' ')[1]}" if line else "" for line in lines.splitlines()]
    assert _tag("tagged.conll", "--format-in", "conll", "--format", "conll").splitlines() == again


def test_html_is_one_page_with_a_legend(text: Path) -> None:
    page = _tag(text, "--format", "html")
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>\n")
    assert f"<title>Entities in {text}</title>" in page
    assert re.findall(r"<li><mark[^>]*>(\w+)</mark></li>", page) == ["LOC", "PER"]
    assert not re.search(r"https?:|src=|href=", page)
    paragraphs = re.findall(r"<p [^>]*>(.*?)</p>", page, re.DOTALL)
    plain = [html.unescape(re.sub("<[^>]*>", "", paragraph)) for paragraph in paragraphs]
    assert plain == TEXT.splitlines()


def test_standard_input(text: Path) -> None:
    assert _tag("-", stdin=TEXT.encode()) == MARKED
    assert "<title>Entities in standard input</title>" in _tag("-", "--format", "html")


@pytest.mark.parametrize("form", ["text", "jsonl", "conll"])
def test_an_empty_file_has_an_empty_output(form: str, here: Path) -> None:
    Path("empty.txt").touch()
    assert _tag("empty.txt", "--format", form) == ""
    assert _tag("/dev/null", "--format", form) == ""


def test_an_empty_file_is_a_whole_page(here: Path) -> None:
    assert _tag("/dev/null", "--format", "html").endswith("</html>\n")


def test_blank_lines_are_kept(here: Path) -> None:
    given = "\n\n  \nAnna left.\n\n\t\n"
    assert _tag("-", stdin=given.encode()) == given.replace("Anna", "[Anna](PER)")
    assert [record["text"] for record in _records("-", stdin=given.encode())] == given.split("\n")[
        :-1
    ]


@pytest.mark.parametrize(
    "given",
    [
        TEXT.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.encode().removesuffix(b"\n"),
    ],
    ids=["crlf", "bom", "no last line end"],
)
def test_line_ends_and_byte_order_mark(given: bytes, here: Path) -> None:
    Path("odd.txt").write_bytes(given)
    assert _tag("odd.txt") == MARKED


def test_gz_in_and_out(text: Path) -> None:
    Path("text.txt.gz").write_bytes(gzip.compress(TEXT.encode()))
    assert _tag("text.txt.gz") == MARKED
    assert _tag("text.txt.gz", "--out", "out.txt.gz") == ""
    assert gzip.decompress(Path("out.txt.gz").read_bytes()).decode() == MARKED


def test_another_encoding(here: Path) -> None:
    for encoding in ("latin-1", "utf-16"):
        Path("text.txt").write_text("Anna visited Paris près de José.\n", encoding=encoding)
        output = _tag("text.txt", "--encoding", encoding)
        assert output.startswith("[Anna](PER) visited [Paris](LOC) ")
        assert "près" in output


def test_pretokenized_keeps_the_tokens(here: Path) -> None:
    given = b"Anna visited  New\tYork .\n\nU.S.A. don't ;-) Dora\n"
    output = _tag("-", "--pretokenized", "--format", "conll", stdin=given)
    tokens = [line.split(" ")[0] for line in output.splitlines() if line]
    assert tokens == given.decode().split()
    assert output.startswith("Anna B-PER\nvisited O\nNew B-LOC\nYork I-LOC\n")
    assert _records("-", "--pretokenized", stdin=given)[0]["entities"][1]["text"] == "New\tYork"


def test_columns_as_input(here: Path) -> None:
    given = "-DOCSTART- O\n\n# note\n1 Anna X\n2 left X\n\n\n1 Don't X\n"
    arguments = ["--format-in", "conll", "--token-column", "1", "--comments"]
    output = _tag("-", *arguments, "--format", "conll", stdin=given.encode())
    assert output.startswith("1 Anna X B-PER\n2 left X O\n\n1 Don't X ")
    assert [r["text"] for r in _records("-", *arguments, stdin=given.encode())] == [
        "Anna left",
        "Don't",
    ]


def test_numbers_of_tokens_are_noticed(here: Path) -> None:
    Path("x.conll").write_text("1 Anna O\n2 ran O\n\n")
    outcome = run("tag", "x.conll", "--format", "conll").good()
    assert "x.conll:1: the tokens are the numbers 1, 2, 3" in outcome.err
    assert "--token-column 1" in outcome.err
    output = _tag("x.conll", "--format", "conll", "--token-column", "1")
    assert output == "1 Anna O B-PER\n2 ran O O\n\n"


def test_the_separator_of_columns_is_kept(here: Path) -> None:
    Path("x.conll").write_text("Anna|NNP\nvisited|VBD\n\n")
    output = _tag("x.conll", "--format", "conll", "--separator", "pipe")
    assert output == "Anna|NNP|B-PER\nvisited|VBD|O\n\n"


def test_formats_are_taken_by_the_names_that_training_has_for_them(here: Path) -> None:
    rest = "\t_" * 8
    Path("words").write_text(f"# sent_id = 1\n1\tAnna{rest}\n1.1\tx{rest}\n2\tvisited{rest}\n\n")
    lines = _tag("words", "--from", "conllu", "--format", "conll").splitlines()
    assert lines == [f"1\tAnna{rest}\tB-PER", f"2\tvisited{rest}\tO", ""]
    Path("tasks").write_text(json.dumps([{"id": 7, "data": {"text": "Anna ran.", "n": 1}}]))
    [record] = map(
        json.loads, _tag("tasks", "--from", "label-studio", "--format", "jsonl").splitlines()
    )
    assert (record["text"], record["n"], record["entities"][0]["label"]) == ("Anna ran.", 1, "PER")


def test_tokenizer_option(here: Path) -> None:
    given = b"Anna left.\n"
    output = _tag("-", "--tokenizer", "characters", "--format", "conll", stdin=given)
    assert [line[0] for line in output.splitlines() if line] == list("Annaleft.")


def test_out_is_written_whole(text: Path) -> None:
    for place in (Path("out.txt"), Path("new/folder/ü x.txt")):
        assert _tag(text, "--out", place) == ""
        assert place.read_text(encoding="utf-8") == MARKED
        assert [path.name for path in place.parent.glob("*.part")] == []
    assert _tag(text, "--out", "-") == MARKED
    assert not Path("-").exists()


def test_a_file_may_be_tagged_into_itself(text: Path) -> None:
    assert _tag(text, "--out", text) == ""
    assert text.read_text(encoding="utf-8") == MARKED


def test_out_is_left_alone_if_the_input_breaks_off(here: Path) -> None:
    Path("out.txt").write_text("before")
    good = b"Anna left and so on and so on and on .\n" * (1 + CHUNK // 39)
    Path("bad.txt").write_bytes(good + b"Jos\xe9\n")
    before = tree(here)
    outcome = run("tag", "bad.txt", "--out", "out.txt")
    assert outcome.code == 1
    place = f"bad.txt:{good.count(10) + 1}: byte 0xE9 at offset {len(good) + 3}"
    assert f"{place} is not utf-8" in outcome.complaint()
    assert "--encoding" in outcome.err
    assert tree(here) == before


def test_the_newest_finished_run_is_the_default_model(here: Path) -> None:
    for number, name in enumerate(("older", "newest", "unfinished", "middle")):
        shutil.copytree("runs/tiny", f"runs/{name}")
        time = 2_000_000_000 + (9 if name == "newest" else number)
        os.utime(f"runs/{name}/result.json", (time, time))
    Path("runs/unfinished/result.json").unlink()
    for name in ("tiny", "older", "unfinished", "middle"):
        shutil.rmtree(f"runs/{name}/model")
    assert _tag("-", stdin=TEXT.encode()) == MARKED


def test_another_folder_to_stand_in(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    outcome = run("tag", "-", stdin=TEXT.encode()).good()
    assert outcome.out.startswith("[Anna](PERSON) visited [New York](GPE).\n")
    assert outcome.err == "model: en, the English one that ships; --model names another\n"
    for model in ("../runs/tiny", "../runs/tiny/model", here / "runs" / "tiny"):
        assert _tag("-", "--model", model, stdin=TEXT.encode()) == MARKED


@pytest.mark.slow
def test_head_ends_quietly(here: Path) -> None:
    """Far more output than a pipe holds, so that `tag` writes where nobody reads any more."""
    Path("big.txt").write_text("Anna visited New York. And so on, for quite a while.\n" * 20_000)
    outcome = shell('"$@" | head -n 1', "tag", "big.txt", cwd=here)
    assert outcome.err == ""
    assert outcome.out.startswith("[Anna](PER) visited [New York](LOC). ")
    assert outcome.out.count("\n") == 1
    assert outcome.code == 0


@pytest.mark.slow
def test_output_comes_while_input_is_still_open(here: Path) -> None:
    """What was read is tagged and written before the end of the input, so memory is bounded."""
    tagging = subprocess.Popen(
        command("tag", "-"),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    watchdog = threading.Timer(LIMIT, tagging.kill)  # a reader of too much would wait for ever
    watchdog.start()
    try:
        assert tagging.stdin
        assert tagging.stdout
        lines = 1 + CHUNK // 23  # of 23 characters each
        tagging.stdin.write(b"Anna visited New York.\n" * lines)
        tagging.stdin.flush()
        assert tagging.stdout.readline().decode() == "[Anna](PER) visited [New York](LOC).\n"
        tagging.stdin.close()
        assert tagging.stdout.read().count(b"\n") == lines - 1
        assert tagging.wait() == 0
    finally:
        watchdog.cancel()
        tagging.kill()


@pytest.mark.slow
def test_a_broken_disk_is_one_line(text: Path) -> None:
    outcome = shell('"$@" >/dev/full', "tag", "text.txt", cwd=text.parent)
    assert outcome.code == 1
    assert "No space left on device" in outcome.complaint()


def test_how_the_training_files_were_encoded_does_not_matter(
    empty: Path, tiny_folder: Path
) -> None:
    for split in ("train", "valid"):
        content = (tiny_folder / f"{split}.conll").read_text(encoding="utf-8")
        Path(f"{split}.conll").write_text(f"Zoë B-PER\n\n{content}", encoding="latin-1")
    run("train", "--data", ".", "--encoding", "latin-1", "--out", "r", *BRIEF).good()
    output = run("tag", "-", "--model", "r", stdin="Zoë visited Café.\n".encode()).good().out
    assert output.replace("[", "").replace("](PER)", "").replace("](LOC)", "").startswith("Zoë v")


# ------------------------------------------------------- settings and alternatives


def test_nbest_adds_alternatives_for_each_sentence(text: Path) -> None:
    plain, records = _records(text), _records(text, "--nbest", "3")
    assert [list(record) for record in records] == [["text", "entities", "nbest"]] * 3
    assert [{name: record[name] for name in ("text", "entities")} for record in records] == plain
    first, blank, last = _records(text, "--nbest", "2")
    assert (len(first["nbest"]), blank["nbest"], len(last["nbest"])) == (1, [], 2)
    for record in (first, last):
        best = []
        for sentence in record["nbest"]:
            assert sentence.keys() == {"start", "end", "alternatives"}
            place = record["text"][sentence["start"] : sentence["end"]]
            assert place in ("Anna visited New York.", "Dora left Rome.", "Berta saw Paris.")
            one, other = sentence["alternatives"]
            assert one.keys() == {"probability", "entities"}
            assert 1 > one["probability"] >= other["probability"] > 0
            best += one["entities"]
        for entity, expected in zip(best, record["entities"], strict=True):
            assert entity["score"] == pytest.approx(expected["score"], abs=1e-6)
            assert entity | {"score": 0} == expected | {"score": 0}


@pytest.mark.parametrize("form", ["text", "conll", "html"])
def test_only_jsonl_has_a_place_for_alternatives(text: Path, form: str) -> None:
    outcome = run("tag", text, "--nbest", "2", "--format", form)
    said = f"--format {form} has no place for what --nbest finds; add --format jsonl"
    assert said in outcome.complaint()
    assert outcome.code == 2


def test_options_trade_precision_for_recall(text: Path) -> None:
    counts = [
        sum(len(record["entities"]) for record in _records(text, *options))
        for options in (
            ["--o-bias", "1e4"],
            ["--min-score", "0.999"],
            [],
            ["--o-bias", "-1e4", "--min-score", "0"],
        )
    ]
    assert counts[:3] == [0, 0, 6]
    assert counts[3] > 6
    lowest = sorted(e["score"] for record in _records(text) for e in record["entities"])[3]
    kept = [e for record in _records(text, "--min-score", str(lowest)) for e in record["entities"]]
    assert len(kept) == 3
    assert all(entity["score"] >= lowest for entity in kept)


@pytest.mark.slow
def test_settings_by_name(text: Path) -> None:
    setting = ["--set", "predict.o_bias=1e4"]
    assert _tag(text, *setting) == TEXT
    assert _tag(text, *setting, "--o-bias", "0") == MARKED  # an option has the last word
    assert _tag(text, "--set", "predict.engine=torch", "--set", "predict.cache_mb=1") == MARKED


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--min-score", "1.5"], "setting predict.min_score is 1.5, but must be at least 0 and"),
        (["--min-score", "high"], "Invalid value for '--min-score'"),
        (["--o-bias", "nan"], "setting predict.o_bias takes a number, not nan"),
        (["--set", "predict.o_bia=1"], "did you mean 'predict.o_bias'?"),
        (["--set", "predict.o_bias"], "lacks a value; write --set section.key=value"),
        (["--set", "train.seed=2"], "setting train.seed belongs to training; tagging takes those"),
        (["--nbest", "0"], "Invalid value for '--nbest': 0 is not in the range x>=1"),
        (["--workers", "0"], "'--workers': 0 is not in the range x>=1; or write auto"),
        (["--workers", "all"], "'--workers': 'all' is not a valid integer range; or write auto"),
    ],
)
def test_wrong_settings(text: Path, arguments: list[str], said: str) -> None:
    outcome = run("tag", text, *arguments)
    assert said in outcome.complaint()
    assert outcome.code == 2


def test_one_worker_for_each_core(text: Path) -> None:
    assert _tag(text, "--workers", "auto") == MARKED


# --- forced word lists ----------------------------------------------------------------------------


@pytest.fixture
def lists(text: Path) -> Path:
    """Places and verbs, beside a text."""
    folder = text.parent
    (folder / "places.txt").write_text("Anna\nBerta saw\n", encoding="utf-8")
    (folder / "more.txt.gz").write_bytes(gzip.compress(b"Dora\n"))
    (folder / "verbs.txt").write_text("visited\nleft\nsaw\n", encoding="utf-8")
    return text


def test_forced_lists_overrule_the_model(lists: Path) -> None:
    options = [
        f"--force={name}" for name in ("LOC=places.txt", "VERB=verbs.txt", "LOC=more.txt.gz")
    ]
    assert _tag(lists, *options) == (
        "[Anna](LOC) [visited](VERB) [New York](LOC).\n\n"
        "[Dora](LOC) [left](VERB) [Rome](LOC). [Berta saw](LOC) [Paris](LOC).\n"
    )


def test_forced_entities_have_the_score_1_and_alternatives_are_the_models(lists: Path) -> None:
    options = ["--nbest", "2", "--min-score", "0.05"]
    own = _records(lists, *options)
    forced = _records(lists, *options, "--force", "VERB=verbs.txt")
    assert [record["nbest"] for record in forced] == [record["nbest"] for record in own]
    scores = [e["score"] for record in forced for e in record["entities"] if e["label"] == "VERB"]
    assert scores == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("spec", "code", "said"),
    [
        ("places.txt", 2, "word list 'places.txt' is not LABEL=FILE; write it as in PER=names.txt"),
        ("=places.txt", 2, "word list '=places.txt' is not LABEL=FILE"),
        ("LOC=none.txt", 2, "none.txt: no such file"),
        ("LOC=empty.txt", 1, "empty.txt: has no entry; "),
        ("LOC=latin.txt", 1, "latin.txt:2: byte 0xE9 is not UTF-8; "),
    ],
)
def test_forced_lists_that_will_not_do(lists: Path, spec: str, code: int, said: str) -> None:
    (lists.parent / "empty.txt").write_text("\n", encoding="utf-8")
    (lists.parent / "latin.txt").write_bytes(b"Rome\nOrl\xe9ans\n")
    outcome = run("tag", lists, "--force", spec, "--out", "tagged.txt")
    assert said in outcome.complaint()
    assert outcome.code == code
    assert not Path("tagged.txt").exists()


def test_a_file_may_be_one_document(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which matters to models with document context only; these are told what is a document."""
    told: list[bool] = []
    tag_sentences = Tagger.tag_sentences

    def telling(self: Tagger, *given: Any, together: bool = False) -> Any:
        told.append(together)
        return tag_sentences(self, *given, together=together)

    monkeypatch.setattr(Tagger, "tag_sentences", telling)
    assert _tag(text) == _tag(text, "--document") == MARKED
    assert told == [False, True]


def test_tagging_loads_nothing_that_it_does_not_need(tiny_run: Path, tmp_path: Path) -> None:
    """The first answer takes as long as the imports."""
    heavy = {"torch", "rich", "safetensors", "multiprocessing", "numpy.random", "lzma", "secrets"}
    heavy |= {"html", "tomllib", "difflib", "importlib.metadata", "importlib.resources"}
    heavy |= {"ner.corpus.formats.base", "ner.features.batch", "ner.render.html", "ner.training"}
    code = "import sys; from ner.cli import run; run(sys.argv[1:]); print(*sys.modules)"
    Path(tmp_path, "text").write_text("Anna visited New York.\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", code, "tag", "text", "--model", str(tiny_run)],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    tagged, loaded = done.stdout.splitlines()
    assert tagged == "[Anna](PER) visited [New York](LOC)."
    assert not heavy & {*loaded.split()}

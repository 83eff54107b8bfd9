import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from ner.cli.data import data
from ner.cli.reading import data_config, reading_options
from ner.corpus import NAMED, Decision, Head, do_line, read_file, read_queue
from ner.errors import ConfigError, CorpusError, NerError, UsageError
from ner.text import Span
from tests.cli.command import run

IOB2 = "Paris B-LOC\n. O\n\nAngela B-PER\nMerkel I-PER\n\n"


def _run(*arguments: object, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(data, [str(argument) for argument in arguments], input=stdin)


def _good(*arguments: object, stdin: str | bytes | None = None) -> str:
    result = _run(*arguments, stdin=stdin)
    assert result.exception is None, result.exception
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "train.conll"
    path.write_text(IOB2)
    return path


def test_list_shows_every_name_with_licence_and_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wnut17").mkdir()
    monkeypatch.setenv("NER_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path / "wnut17")
    output = _good("list")
    for corpus in NAMED.values():
        assert f"{corpus.name}\n  {corpus.about}\n  licence: {corpus.licence}\n" in output
    assert f"  licence: CC BY 4.0\n  {tmp_path}/wnut17\n" in output
    assert "not here; would come from the Hub (lhoestq/conll2003)" in output


def test_check_prints_findings_and_exits_0_without_errors(file: Path) -> None:
    output = _good("check", file)
    assert "info: labels: train: LOC 1, PER 1 (2)" in output
    assert output.endswith("train.conll: 0 kinds of error, 0 of warning\n")


def test_check_exits_1_if_there_are_errors_and_says_how_many_more(tmp_path: Path) -> None:
    path = tmp_path / "bad.conll"
    path.write_text(IOB2 + "one\n" * 30)
    result = _run("check", path)
    assert result.exit_code == 1
    assert "error: unreadable: train: cannot be read (30)\n" in result.stdout
    assert f"    {path}:7: one column only ('one')" in result.stdout
    assert (
        "one column only ('one'); a line is a token and a tag with a space between "
        + ("(and 29 times more)\n")
        in result.stdout
    )


def test_check_as_json(tmp_path: Path, file: Path) -> None:
    value = json.loads(_good("check", file, "--json"))
    assert value["errors"] is False
    file.write_text("one\n")
    result = _run("check", file, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["findings"][0]["severity"] == "error"


def test_stats_as_table_and_json(tmp_path: Path, file: Path) -> None:
    (tmp_path / "test.conll").write_text("Paris B-LOC\nBonn B-LOC\n")
    rows = [line.split() for line in _good("stats", tmp_path).split("\n")]
    assert ["train", "test"] in rows
    assert ["LOC", "1", "2"] in rows
    assert ["unseen", "tokens", "-", "50.0%"] in rows
    assert json.loads(_good("stats", file, "--json"))["splits"]["train"]["tokens"] == 4


def test_convert_between_all_formats(tmp_path: Path, file: Path) -> None:
    chain = [("a.txt", "iobes"), ("b.jsonl", "jsonl"), ("c.conll.gz", "bmewo"), ("d.tsv", "bio")]
    for name, form in chain:
        assert _good("convert", file, tmp_path / name, "--to", form) == ""
        file = tmp_path / name
    assert "Paris\tS-LOC\n" in (tmp_path / "a.txt").read_text()
    assert b"Paris\tW-LOC\n" in gzip.decompress((tmp_path / "c.conll.gz").read_bytes())
    assert file.read_text() == IOB2.replace(" ", "\t")


def test_convert_through_standard_input_and_output() -> None:
    output = _good("convert", "-", "-", "--to", "jsonl", stdin=IOB2)
    assert [json.loads(line)["text"] for line in output.splitlines()] == [
        "Paris .",
        "Angela Merkel",
    ]
    assert _good("convert", "-", "-", "--to", "iob2", stdin=output) == IOB2.replace(" ", "\t")


def test_convert_writes_utf8_whatever_the_terminal(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "ner", "data", "convert", "-", "-", "--to", "iobes"],
        input="Orléans B-LOC\n".encode(),
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
        check=True,
    )
    assert result.stdout == "Orléans\tS-LOC\n\n".encode()


def test_reading_options_reach_the_reader(tmp_path: Path, file: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_bytes("# note\n1\tJosé\tPER\tX\n\n".encode("latin-1"))
    options = ["--token-column", "1", "--tag-column", "2", "--scheme", "io", "--comments"]
    options += ["--encoding", "latin-1"]
    output = _good("convert", path, "-", "--to", "iob2", *options)
    assert output == "José\tB-PER\n\n"
    strict = _run("convert", "-", "-", "--to", "iob2", "--strict", stdin="a B-X\nb O\nc I-X\nd O\n")
    assert isinstance(strict.exception, CorpusError)
    record = '{"text": "Parisian", "entities": [{"start": 0, "end": 5, "label": "LOC"}]}'
    jsonl = ("convert", "-", "-", "--to", "iob2", "--tokenizer", "words")
    assert isinstance(_run(*jsonl, stdin=record).exception, CorpusError)
    assert _good(*jsonl, "--align", "expand", stdin=record) == "Parisian\tB-LOC\n\n"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["convert", "nowhere", "-", "--to", "iob2"], NerError, "nowhere: no such file"),
        (["convert", "-", "-", "--to", "iobx"], UsageError, "unknown tag scheme 'iobx'"),
        (["convert", "-", "x.jsonl", "--to", "iob2"], UsageError, "columns do not go into"),
        (["convert", "-", "/proc/no/x.conll", "--to", "iob2"], NerError, "cannot be written"),
        (["check", "nowhere"], UsageError, "no corpus 'nowhere'"),
        (["stats", "nowhere", "--scheme", "x"], ConfigError, "data.scheme is 'x', but must be"),
    ],
)
def test_mistakes_are_one_line_errors(
    arguments: list[str],
    error: type[NerError],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = _run(*arguments, stdin=IOB2)
    assert isinstance(result.exception, error)
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)
    assert result.stdout == ""


def test_only_what_was_given_becomes_a_setting() -> None:
    seen = []

    @click.command()
    @click.option("--other", default=1)
    @reading_options()
    def command(reading: dict[str, Any], other: int) -> None:
        """Do nothing."""
        seen.append((reading, other))

    CliRunner().invoke(command, [], catch_exceptions=False)
    CliRunner().invoke(command, ["--scheme", "io", "--strict", "--token-column", "-2"])
    assert seen == [
        ({}, 1),
        ({"data.scheme": "io", "data.strict": True, "data.token_column": -2}, 1),
    ]
    assert data_config(seen[1][0]).token_column == -2
    assert data_config({}).scheme == "auto"


# --- unknown tags ------------------------------------------------------------------

PARTIAL = "Angela B-PER\nMerkel ?\nflew O\nto ?\n\n"


def test_stats_count_unknown_tokens_where_there_are_any(tmp_path: Path, file: Path) -> None:
    assert "unknown" not in _good("stats", file)
    assert json.loads(_good("stats", file, "--json"))["splits"]["train"]["unknown"] == 0
    file.write_text(PARTIAL)
    (tmp_path / "test.conll").write_text(IOB2)
    rows = [line.split() for line in _good("stats", tmp_path).split("\n")]
    assert ["unknown", "tokens", "2", "0"] in rows
    assert json.loads(_good("stats", file, "--json"))["splits"]["train"]["unknown"] == 2


def test_unknown_tags_are_converted_as_far_as_they_are_known() -> None:
    for form, tag in (("iob2", "B-PER"), ("io", "I-PER"), ("iob1", "I-PER"), ("iobes", "?")):
        expected = PARTIAL.replace(" ", "\t").replace("B-PER", tag)
        assert _good("convert", "-", "-", "--to", form, stdin=PARTIAL) == expected


def test_the_unknown_tag_is_kept(tmp_path: Path) -> None:
    given = PARTIAL.replace("?", "_")
    options = ("--to", "iob2", "--unknown-tag", "_")
    assert _good("convert", "-", "-", *options, stdin=given) == given.replace(" ", "\t")
    (tmp_path / "a.conll").write_text(given)
    assert _good("convert", tmp_path / "a.conll", tmp_path / "b.conll", *options) == ""
    assert (tmp_path / "b.conll").read_text() == given.replace(" ", "\t")
    assert _good("check", tmp_path / "a.conll", "--unknown-tag", "_")
    assert _run("check", tmp_path / "a.conll").exit_code == 1


def test_unknown_tags_do_not_go_into_json_lines() -> None:
    result = _run("convert", "-", "-", "--to", "jsonl", stdin=IOB2 + PARTIAL)
    assert isinstance(result.exception, CorpusError)
    assert str(result.exception) == (
        "<stream>:7: has tokens with an unknown tag, which JSON Lines cannot hold; "
        "write columns instead, or label them"
    )
    assert result.stdout == ""


# --- files by split, layers of tags --------------------------------------------------


def test_files_are_named_by_split(tmp_path: Path, file: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("Rome B-LOC\n")
    stats = json.loads(_good("stats", "--train", file, "--test", other, "--json"))
    assert (stats["name"], list(stats["splits"])) == ("train.conll", ["train", "test"])
    stats = json.loads(_good("stats", file, "--valid", other, "--json"))
    assert list(stats["splits"]) == ["train", "valid"]
    assert "train: LOC 1, PER 1" in _good("check", "--train", file)
    with pytest.raises(UsageError, match="nowhere: no such file"):
        raise _run("stats", "--train", "nowhere").exception or AssertionError
    assert _run("stats").exit_code == 2


LAYERS = "1\tTate\tB-ORG\tO\n2\tLondon\tI-ORG\tB-LOC\n"


def test_each_layer_of_tags_is_a_corpus(tmp_path: Path) -> None:
    path = tmp_path / "layers.tsv"
    path.write_text(LAYERS)
    shown = _good("check", path, "--tag-column", "2,3")
    assert "tag column 2:\n" in shown
    assert shown.index("train: ORG 1") < shown.index("tag column 3:") < shown.index("LOC 1")
    counted = json.loads(_good("stats", path, "--tag-column", "2,-1", "--json"))
    assert [layer["labels"] for layer in counted.values()] == [["ORG"], ["LOC"]]
    assert list(counted) == ["2", "-1"]
    one = run("search", "--data", path, "--tag-column", "2,3").complaint()
    assert one == (
        "ner: error: this command reads one layer of tags; "
        "run it for each: --tag-column 2 and --tag-column 3"
    )
    assert _good("convert", path, tmp_path / "a.conll", "--to", "iob2", "--tag-column", "2,3") == ""
    written = [(tmp_path / f"a-{column}.conll").read_text() for column in (2, 3)]
    assert written == ["Tate\tB-ORG\nLondon\tI-ORG\n\n", "Tate\tO\nLondon\tB-LOC\n\n"]
    assert _run("check", path, "--tag-column", "2,2").exit_code == 2
    assert _run("check", path, "--tag-column", "2,").exit_code == 2
    assert "columns 2 and 3 hold entity tags, of which 3 is read" in _good("check", path)


def test_problems_are_not_followed_by_their_consequences(tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_text("a XY\n" * 1500)
    shown = _run("check", path).stdout
    assert f"    {path}:1: 'XY' is not a tag" in shown
    assert "(and 1,499 times more)\n" in shown
    assert "has no sentence" not in shown
    assert shown.count("\n") == 3


NESTED = """{"text": "Bank of Oslo", "entities": [{"start": 8, "end": 12, "label": "LOC"},
{"start": 0, "end": 12, "label": "ORG"}]}""".replace("\n", " ")


def test_each_layer_of_overlapping_entities_is_a_corpus(tmp_path: Path) -> None:
    path = tmp_path / "nested.jsonl"
    path.write_text(NESTED + "\n")
    assert _run("check", path).exit_code == 1
    shown = _good("check", path, "--overlaps", "layers")
    assert shown.index("layer-1:\n") < shown.index("train: ORG 1") < shown.index("layer-2:\n")
    assert shown.index("layer-2:\n") < shown.index("train: LOC 1")
    counted = json.loads(_good("stats", path, "--overlaps", "layers", "--json"))
    assert {name: layer["labels"] for name, layer in counted.items()} == {
        "layer-1": ["ORG"],
        "layer-2": ["LOC"],
    }
    to = ("--to", "iob2", "--overlaps", "layers")
    assert _good("convert", path, tmp_path / "a.conll", *to) == ""
    assert (tmp_path / "a-1.conll").read_text() == "Bank\tB-ORG\nof\tI-ORG\nOslo\tI-ORG\n\n"
    assert (tmp_path / "a-2.conll").read_text() == "Bank\tO\nof\tO\nOslo\tB-LOC\n\n"
    for arguments, said in [
        ((path, "-", *to), "standard output takes one text"),
        (("-", "x.conll", *to), "standard input is read once"),
        ((path, "x.conll", *to, "--tag-column", "1,2"), "is for entities by offsets"),
    ]:
        assert said in str(_run("convert", *arguments).exception)
    refused = run("search", "--data", path, "--overlaps", "layers").complaint()
    assert refused.endswith("run it for each: --overlaps layer-1 and --overlaps layer-2")
    assert "LOC 1" in _good("check", path, "--overlaps", "layer-2")


def test_a_corpus_is_converted_split_by_split(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "train.conll").write_text(IOB2)
    (tmp_path / "in" / "dev.conll").write_text("Ada B-PER\n")
    assert _good("convert", tmp_path / "in", tmp_path / "out", "--to", "jsonl") == ""
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "train.jsonl",
        "valid.jsonl",
    ]
    assert "PER 1" in _good("check", tmp_path / "out" / "valid.jsonl")
    named = ("--train", tmp_path / "in" / "dev.conll", "--test", tmp_path / "in" / "train.conll")
    assert _good("convert", tmp_path / "new", *named, "--to", "hf") == ""
    assert {file.name for file in (tmp_path / "new").iterdir()} == {"train.jsonl", "test.jsonl"}
    for arguments, said in [
        ((tmp_path / "in", tmp_path / "out"), "is a folder that holds something; name a new one"),
        ((tmp_path / "in", "-"), "standard output takes one text"),
        ((tmp_path / "in",), "two paths are wanted, IN and OUT"),
    ]:
        assert said in str(_run("convert", *arguments, "--to", "jsonl").exception)


def test_a_folder_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text(IOB2)
    refused = _run("convert", tmp_path / "a.conll", tmp_path, "--to", "brat").exception
    assert "is a folder that holds something" in str(refused)
    for _ in range(2):
        assert _good("convert", tmp_path / "a.conll", tmp_path / "b", "--to", "brat") == ""
    assert (tmp_path / "b" / "00001.ann").exists()


# --- label maps -----------------------------------------------------------------------------------


def test_types_are_mapped_before_they_are_counted_checked_or_written(file: Path) -> None:
    mapped = ("--label-map", "LOC=place", "--label-map", "PER=")
    counted = json.loads(_good("stats", file, *mapped, "--json"))
    assert counted["labels"] == ["place"]
    assert "info: labels: train: place 1\n" in _good("check", file, *mapped)
    written = _good("convert", file, "-", "--to", "iob2", *mapped)
    assert written == "Paris\tB-place\n.\tO\n\nAngela\tO\nMerkel\tO\n\n"
    target = file.parent / "out"
    _good("convert", file.parent, target, "--to", "iob2", *mapped)
    assert (target / "train.conll").read_text() == written


@pytest.mark.parametrize("command", [["stats"], ["check"], ["convert", "--to", "iob2"]])
def test_a_type_that_is_not_there_is_not_mapped(file: Path, command: list[str]) -> None:
    target = ["-"] if command[0] == "convert" else []
    outcome = run("data", *command, file, *target, "--label-map", "geo=LOC")
    assert outcome.code == 2
    assert "has no type 'geo' to map; its types are LOC, PER" in outcome.complaint()


# --- two annotators -------------------------------------------------------------------------------


@pytest.fixture
def annotators(tmp_path: Path) -> tuple[Path, Path]:
    """Two files of the same sentences: one of columns, one of JSON Lines."""
    first, second = tmp_path / "a.conll", tmp_path / "b.jsonl"
    first.write_text(IOB2)
    rows = [(["Paris", "."], ["B-LOC", "O"]), (["Angela", "Merkel"], ["O", "B-PER"])]
    second.write_text("".join(json.dumps({"tokens": t, "tags": g}) + "\n" for t, g in rows))
    return first, second


def test_agreement_of_two_files_of_different_formats(annotators: tuple[Path, Path]) -> None:
    lines = _good("agreement", *annotators).splitlines()
    assert lines[0].split() == ["A", "B", "both", "F1", "kappa"]
    assert [line.split()[0] for line in lines[1:4]] == ["LOC", "PER", "overall"]
    assert lines[2].split()[1:] == ["1", "1", "0", "0.00", "0.5000"]
    assert lines[-2] == "disagreements: 1 (boundary 1)"
    assert lines[-1] == (
        f"    {annotators[0]}:4: boundary: A labels PER (Angela Merkel), B labels PER (Merkel)"
    )


def test_agreement_as_json_has_the_figures_and_the_places(annotators: tuple[Path, Path]) -> None:
    found = json.loads(_good("agreement", *annotators, "--json"))
    assert found["overall"] == {
        "f1": 0.5, "kappa": pytest.approx(7 / 11), "first": 2, "second": 2, "both": 1
    }  # fmt: skip
    assert (found["sentences"], found["tokens"], found["kinds"]["boundary"]) == (2, 4, 1)
    (place,) = found["disagreements"]
    assert (place["line"], place["kind"]) == (4, "boundary")
    assert place["labelled"] == {"start": 0, "end": 2, "label": "PER"}
    assert place["proposed"] == {"start": 1, "end": 2, "label": "PER"}


def test_agreement_writes_a_queue_of_the_first_file(annotators: tuple[Path, Path]) -> None:
    queue = annotators[0].parent / "queue.jsonl"
    text = _good("agreement", *annotators, "--out", queue)
    assert "a.conll:4" not in text, "it stands in the queue"
    (item,) = read_queue(queue)
    assert (item.source, item.line) == (str(annotators[0]), 4)
    assert item.tokens == list(read_file(annotators[0]))[1].tokens
    assert (item.kind, item.reason[:8], item.score) == ("boundary", "A labels", 1.0)


@pytest.mark.parametrize("number", [0, 1])
def test_agreement_never_takes_the_place_of_its_files(
    annotators: tuple[Path, Path], number: int
) -> None:
    before = annotators[number].read_bytes()
    result = _run("agreement", *annotators, "--out", annotators[number])
    assert isinstance(result.exception, UsageError)
    assert "is one of the two files" in str(result.exception)
    assert annotators[number].read_bytes() == before


def test_agreement_says_where_the_sentences_differ(annotators: tuple[Path, Path]) -> None:
    annotators[0].write_text(IOB2.replace("Merkel", "merkel"))
    outcome = run("data", "agreement", *annotators)
    assert "a.conll:4: A and B have different tokens, first 'merkel' at" in outcome.complaint()
    assert outcome.complaint().endswith("give two files of the same sentences")
    assert outcome.code == 1


def test_agreement_of_two_journals(annotators: tuple[Path, Path]) -> None:
    corpus = annotators[0]
    head = Head.of([corpus], read_file(corpus), {}, unlabelled=False)
    journals = [corpus.parent / name for name in ("a.journal", "b.journal")]
    for label, journal in zip(("PER", "LOC"), journals, strict=True):
        decision = Decision((Span(0, 6, label),), accepted=True)
        lines = head.to_dict(), do_line({1: decision}, "now")
        journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    queue = corpus.parent / "queue.jsonl"
    _good("agreement", *journals, "--out", queue)
    (item,) = read_queue(queue)
    assert (item.source, item.line) == (str(corpus), 4)
    assert item.tokens == list(read_file(corpus))[1].tokens
    assert item.kind == "type"
    outcome = run("data", "agreement", journals[0], corpus)
    assert outcome.code == 2
    assert "are a journal and something else; give two of a kind" in outcome.complaint()


def test_agreement_by_tag_layer(tmp_path: Path) -> None:
    first, second = tmp_path / "a.conll", tmp_path / "b.conll"
    first.write_text("New B-LOC O\nYork I-LOC B-LOC\n")
    second.write_text("New B-LOC O\nYork I-LOC O\n")
    asked = ("agreement", first, second, "--json", "--tag-column", "outer=1,inner=2")
    found = json.loads(_good(*asked))
    assert {name: row["f1"] for name, row in found["per_type"].items()} == {
        "inner:LOC": 0.0, "outer:LOC": 1.0
    }  # fmt: skip
    assert found["disagreements"][0]["labelled"]["layer"] == "inner"


FORMATS = {
    "iob1": "a.conll", "iobes": "a.conll.gz", "bmes": "a.txt", "jsonl": "a.jsonl",
    "doccano": "a.jsonl", "prodigy": "a.jsonl", "conllu": "a.conllu", "spacy": "a.spacy",
}  # fmt: skip


@pytest.mark.parametrize(("format", "name"), FORMATS.items(), ids=FORMATS)
def test_an_annotator_agrees_with_the_same_in_any_format(
    annotators: tuple[Path, Path], format: str, name: str
) -> None:
    other = annotators[0].parent / "other" / name
    if format == "spacy":
        pytest.importorskip("spacy")
    _good("convert", annotators[0], other, "--to", format)
    found = json.loads(_good("agreement", annotators[0], other, "--json"))
    assert (found["overall"]["f1"], found["overall"]["kappa"]) == (1.0, 1.0)
    assert found["disagreements"] == []


def test_agreement_is_the_same_from_either_side_but_for_what_is_missed(
    annotators: tuple[Path, Path],
) -> None:
    first, second = annotators
    first.write_text(IOB2.replace("B-LOC", "O"))
    there = json.loads(_good("agreement", first, second, "--json"))
    back = json.loads(_good("agreement", second, first, "--json"))
    for key in ("f1", "kappa"):
        assert there["overall"][key] == back["overall"][key]
    assert (there["kinds"]["spurious"], back["kinds"]["missed"]) == (1, 1)
    (place,) = [each for each in there["disagreements"] if each["kind"] == "spurious"]
    assert (place["labelled"], place["reason"]) == (None, "B labels LOC (Paris), and A nothing")


@pytest.mark.parametrize(
    ("content", "said", "code"),
    [
        (b"", "has no sentence; a labelled file cannot be empty", 1),
        (b"\x7fELF\xd0\xff" * 9, "is not utf-8", 1),
        (b"Paris B-LOC\n. O\n\n", "of which the first too many is", 1),
        (b"Paris ?\n. O\n\nAngela O\nMerkel O\n", "has tokens with an unknown tag", 1),
        (IOB2.replace("B-LOC", "LOC").encode(), "is not a tag", 1),
        (None, "is a folder", 2),
    ],
    ids=["empty", "binary", "short", "unknown", "no tag", "folder"],
)
@pytest.mark.parametrize("turned", [False, True])
def test_agreement_of_a_file_that_will_not_do_is_one_line(
    annotators: tuple[Path, Path], content: bytes | None, said: str, code: int, turned: bool
) -> None:
    good, wrong = annotators[0], annotators[0].parent / "wrong.conll"
    if content is None:
        wrong.mkdir()
    else:
        wrong.write_bytes(content)
    outcome = run("data", "agreement", *([wrong, good] if turned else [good, wrong]))
    assert said in outcome.complaint()
    assert outcome.code == code


def test_agreement_of_hostile_types_steers_no_terminal(annotators: tuple[Path, Path]) -> None:
    label = "A\x1b[31m\u202e"
    rows = [{"tokens": ["x", "y"], "tags": [f"B-{label}", "O"]}]
    annotators[0].write_text("".join(json.dumps(row) + "\n" for row in rows))
    annotators[1].write_text(json.dumps({"tokens": ["x", "y"], "tags": ["O", "O"]}) + "\n")
    text = _good("agreement", *annotators)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert r"A labels A\x1b[31m\u202e (x), and B nothing" in text


def test_agreement_does_not_write_through_a_link_to_its_files(
    annotators: tuple[Path, Path],
) -> None:
    link = annotators[0].parent / "link.jsonl"
    link.symlink_to(annotators[1])
    result = _run("agreement", *annotators, "--out", link)
    assert isinstance(result.exception, UsageError)
    assert json.loads(annotators[1].read_text().splitlines()[0])["tokens"] == ["Paris", "."]

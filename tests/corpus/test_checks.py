import json
from pathlib import Path

import pytest

from ner.config import DataConfig
from ner.corpus.checks import CheckReport, check, check_content
from ner.corpus.corpus import Corpus
from ner.corpus.plausibility import Finding
from ner.errors import UsageError
from ner.text import PartialLabel, Sentence, Span


def _sentence(text: str, *spans: tuple[int, int, str], line: int = 1) -> Sentence:
    found = tuple(Span(*span) for span in spans)
    return Sentence(tuple(text.split(" ")), found, source="f", line=line)


def _kind(corpus: Corpus, kind: str) -> list[Finding]:
    return [finding for finding in check_content(corpus) if finding.kind == kind]


def _check(tmp_path: Path, config: DataConfig | None = None, **files: str | bytes) -> CheckReport:
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / f"{name}.txt").write_bytes(data)
    return check(tmp_path, config)


def test_clean_corpus_has_facts_only(tmp_path: Path) -> None:
    report = _check(tmp_path, train="Bonn B-LOC\n. O\n", test="Paris B-LOC\n! O\n")
    assert {finding.severity for finding in report.findings} == {"info"}
    assert not report.has_errors
    assert [f.message for f in report.findings if f.kind == "labels"] == [
        "train: LOC 1",
        "test: LOC 1",
    ]
    assert [f.message for f in report.findings if f.kind == "scheme"] == [
        "train: iob2",
        "test: iob2",
    ]
    assert report.stats.splits["train"].tokens == 2


def test_all_unreadable_lines_are_collected(tmp_path: Path) -> None:
    lines = "Paris B-LOC\nBonn\nx B_PER\n" + "y\n" * 100 + "Berlin B-LOC\n"
    report = _check(tmp_path, train=lines + "z \xe9 O\n", test=b"a O\n\xff O\nb O\n")
    train, test = (f for f in report.findings if f.kind == "unreadable")
    assert (train.severity, train.count, len(train.places)) == ("error", 103, 4)
    assert train.places[0].startswith(f"{tmp_path}/train.txt:2: one column only ('Bonn')")
    assert train.places[1].startswith(f"{tmp_path}/train.txt:4: one column only ('y')")
    assert train.places[1].endswith(" (and 99 times more)")
    assert "'B_PER' is not a tag" in train.places[2]
    assert (test.count, report.stats.splits["test"].tokens) == (1, 2)
    assert report.findings[:2] == (train, test)
    assert report.has_errors


def test_files_that_cannot_be_read_at_all_are_errors(tmp_path: Path) -> None:
    report = _check(tmp_path, train="Paris B-LOC\n", valid="", test=b"a\0 O\n")
    messages = [f.places[0] for f in report.findings if f.severity == "error"]
    assert messages[0].startswith(f"{tmp_path}/valid.txt: has no sentence")
    assert messages[1].startswith(f"{tmp_path}/test.txt:1: holds a NUL byte")
    assert list(report.stats.splits) == ["train"]


def test_missing_corpus_is_not_a_finding(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no corpus"):
        check(tmp_path / "nowhere")


def test_illegal_transitions_are_warnings_and_errors_if_strict(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train = "Paris B-LOC\nin O\nBonn I-LOC\n. O\nRom B-LOC\n"
    (found,) = (f for f in _check(tmp_path, train=train).findings if f.kind == "illegal")
    assert (found.severity, found.count) == ("warning", 1)
    assert found.places[0].startswith(f"{tmp_path}/train.txt:3: 'I-LOC' between 'O' and 'O'")
    assert _check(tmp_path, DataConfig(strict=True)).has_errors
    assert not caplog.messages


def test_bad_and_widened_records_are_listed(tmp_path: Path) -> None:
    records = [
        {"text": "Parisian", "entities": [{"start": 0, "end": 5, "label": "LOC"}]},
        {"text": "ok", "entities": []},
    ]
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    (error,) = (f for f in check(path).findings if f.severity == "error")
    assert "ends inside the token 'Parisian'" in error.places[0]
    (found,) = (f for f in check(path, DataConfig(align="expand")).findings if f.kind == "widened")
    assert (found.count, found.severity) == (1, "warning")


def test_words_labelled_in_different_ways_are_counted() -> None:
    train = (
        _sentence("in New York", (1, 3, "LOC"), line=1),
        _sentence("the New York Times", (1, 4, "ORG"), line=2),
        _sentence("New York won", (0, 2, "ORG"), line=3),
        _sentence("New York", line=4),
        _sentence("Bonn", (0, 1, "LOC"), line=5),
        _sentence("York is York", (2, 3, "LOC"), line=6),
    )
    corpus = Corpus("x", train=train, test=(_sentence("New York", line=7),))
    (found,) = _kind(corpus, "inconsistent")
    assert found.count == 2
    assert found.places == (
        "'New York': O 2 (f:4), LOC 1 (f:1), ORG 1 (f:3)",
        "'York': O 3 (f:4), LOC 1 (f:6)",
    )


def test_repeated_sentences_are_grouped_and_leaks_named() -> None:
    train = (
        _sentence("a b", line=1),
        _sentence("c", line=2),
        _sentence("c", (0, 1, "X"), line=3),
        _sentence("a b", line=4),
        _sentence("c", line=5),
    )
    corpus = Corpus("x", train=train, test=(_sentence("c", (0, 1, "Y"), line=9),))
    (found,) = _kind(corpus, "duplicate")
    assert found.message == "train: sentences repeated, 1 of them labelled otherwise"
    assert found.count == 3
    assert found.places == ("f:3 and 1 more: as f:2: 'c'", "f:4: as f:1: 'a b'")
    (leak,) = _kind(corpus, "leakage")
    assert leak.message == "sentences of test also in train, 1 of them labelled otherwise"
    assert leak.places == ("f:9: as f:2: 'c'",)


def test_types_of_one_split_only_and_unseen_types_are_named() -> None:
    corpus = Corpus(
        "x",
        train=(_sentence("a", (0, 1, "A")),),
        valid=(_sentence("b", (0, 1, "B")),),
        test=(_sentence("c d", (0, 1, "B"), (1, 2, "C")),),
    )
    kinds = ("label in one split", "unseen label")
    assert [(f.kind, f.message) for f in check_content(corpus) if f.kind in kinds] == [
        ("label in one split", "the type 'A' occurs in train only"),
        ("unseen label", "the type 'B' occurs in valid and test, not in train"),
        ("label in one split", "the type 'C' occurs in test only"),
    ]


def test_split_without_entities_is_named() -> None:
    (found,) = _kind(Corpus("x", train=(_sentence("a"),)), "no entities")
    assert found.message == "train: has no entity at all"


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("a\u00a0b", "a space of some kind"),
        ("\u3000", "a space of some kind"),
        ("zero\u200bwidth", "an invisible character"),
        ("\x85", "a control character"),
        ("a\x07", "a control character"),
        ("caf\ufffd", "the character that replaces damaged ones"),
        ("\ue000", "a private character"),
        ("\U000e1234", "an unassigned character"),
        ("x" * 100, "100 characters or more"),
    ],
)
def test_odd_tokens_are_listed_by_reason(token: str, reason: str) -> None:
    sentence = Sentence(("fine", "日本", "é", token), source="f", line=3)
    (found,) = _kind(Corpus("x", test=(sentence,)), "odd token")
    assert found.message == f"test: tokens with {reason}"
    assert found.places[0].startswith("f:3: ")


def test_longest_sentence_is_named() -> None:
    corpus = Corpus("x", train=(_sentence("a"), _sentence("b c d", line=8), _sentence("e f g")))
    (found,) = _kind(corpus, "longest sentence")
    assert (found.message, found.places) == ("train: 3 tokens", ("f:8: 'b c d'",))


def test_mixed_schemes_are_a_warning(tmp_path: Path) -> None:
    report = _check(tmp_path, train="a B-X\nb I-X\n", test="a B-X\nb E-X\n")
    (found,) = (f for f in report.findings if f.kind == "mixed schemes")
    assert found.message == "the splits differ in tag scheme: train iob2, test iobes"


def test_report_is_json(tmp_path: Path) -> None:
    report = _check(tmp_path, train="Bonn\n")
    value = json.loads(json.dumps(report.to_dict()))
    assert value["errors"] is True
    assert value["findings"][0]["kind"] == "unreadable"
    assert value["stats"]["splits"] == {}


# --- partly labelled ---------------------------------------------------------------


def test_unknown_tags_are_nothing_illegal_in_train(tmp_path: Path) -> None:
    report = _check(tmp_path, train="Bonn B-LOC\n. ?\n\nin ?\nRom I-LOC\n! O\n")
    assert {finding.severity for finding in report.findings} == {"info"}
    (found,) = (f for f in report.findings if f.kind == "unknown")
    assert found.message == "train: sentences with unknown tags"
    assert (found.count, found.places) == (1, (f"{tmp_path}/train.txt:1",))


def test_unknown_tags_are_errors_where_scores_come_from(tmp_path: Path) -> None:
    report = _check(tmp_path, train="Bonn B-LOC\n", test="Rom B-LOC\n\nRom ?\n! O\n")
    (found,) = (f for f in report.findings if f.severity == "error")
    assert found.message == "test: sentences with unknown tags, which cannot be scored"
    assert found.places == (f"{tmp_path}/test.txt:3",)


def test_unknown_tokens_are_not_labelled_in_a_different_way() -> None:
    partial = [
        PartialLabel("", "no"),
        PartialLabel(None, "no"),
        PartialLabel("", "no"),
        PartialLabel("", "no"),
        PartialLabel(None, "no"),
    ]
    train = (
        _sentence("Bonn", (0, 1, "LOC"), line=1),
        Sentence(("Bonn", "Bonn", "is", "Bonn", "Bonn"), (), None, 0, "f", 2, tuple(partial)),
    )
    (found,) = _kind(Corpus("x", train=train), "inconsistent")
    assert found.places == ("'Bonn': O 2 (f:2), LOC 1 (f:1)",)


def test_a_type_is_there_if_no_whole_entity_of_it_is(tmp_path: Path) -> None:
    report = _check(tmp_path, train="New B-LOC\nYork ?\n", test="Rom B-LOC\n! O\n")
    assert not [f for f in report.findings if f.kind in ("no entities", "unseen label")]


def test_copies_that_are_known_to_a_different_degree_differ() -> None:
    partly = Sentence(("c",), partial=(PartialLabel(None, "no"),))
    (found,) = _kind(Corpus("x", train=(_sentence("c"), partly)), "duplicate")
    assert "1 of them labelled otherwise" in found.message

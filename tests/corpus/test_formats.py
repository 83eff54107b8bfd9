import gzip
import io
import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.corpus import formats
from ner.corpus.diagnostics import Diagnostics
from ner.corpus.formats import read, read_columns, read_file, read_jsonl, write_file
from ner.corpus.loading import load_corpus
from ner.errors import CorpusError, NerError, UsageError
from ner.text import Sentence, Span

GOLDEN = Path(__file__).parents[1] / "golden" / "corpus"
CASES = sorted(path.name.removesuffix(".json") for path in GOLDEN.glob("*.json"))


@pytest.mark.parametrize("name", CASES)
def test_golden_files_read_as_written_beside_them(name: str) -> None:
    expected = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    config = DataConfig(**expected.get("config", {}))
    diagnostics = Diagnostics(strict=config.strict)
    if "error" in expected:
        with pytest.raises(CorpusError) as caught:
            read(GOLDEN / name, config, diagnostics)
        message = str(caught.value)
        assert message.removeprefix(f"{GOLDEN}/") == expected["error"]
        assert "\n" not in message
        return
    reading = read(GOLDEN / name, config, diagnostics)
    assert reading.scheme == expected["scheme"]
    assert diagnostics.repairs.total == expected["repairs"]
    assert [
        {
            "line": s.line,
            "document": s.document,
            "tokens": list(s.tokens),
            "spans": [[span.start, span.end, span.label] for span in s.spans],
            **({"partial": [list(label) for label in s.partial]} if s.partial else {}),
        }
        for s in reading.sentences
    ] == expected["sentences"]
    assert {sentence.source for sentence in reading.sentences} == {str(GOLDEN / name)}


def test_every_golden_file_has_an_expectation() -> None:
    files = {p.name for p in GOLDEN.iterdir() if p.suffix != ".json" and p.name[0] != "."}
    assert files == set(CASES)


def test_missing_file_and_folder_are_one_line_errors(tmp_path: Path) -> None:
    with pytest.raises(NerError, match=r"nowhere\.conll: no such file"):
        read_file(tmp_path / "nowhere.conll")
    with pytest.raises(NerError, match="is a folder"):
        read_file(tmp_path)


def test_endless_line_is_refused_with_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ner.corpus.lines.LONGEST", 1000)
    with pytest.raises(CorpusError, match=r"<stream>:2: the line is longer than 1,000 bytes"):
        read_file(io.BytesIO(b"a O\n" + b"x" * 2000))


def test_gigantic_token_or_tag_is_shortened_in_the_message() -> None:
    for line in (b"x" * 100_000, b"x " * 50_000, b"Paris " + b"x" * 100_000):
        with pytest.raises(CorpusError) as caught:
            read_file(io.BytesIO(line))
        assert len(str(caught.value)) < 400
        assert str(caught.value).startswith("<stream>:1: ")


def test_truncated_gz_keeps_nothing_and_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "train.conll.gz"
    path.write_bytes(gzip.compress(b"Paris B-LOC\n\n" * 1000)[:-9])
    with pytest.raises(CorpusError, match=r"train\.conll\.gz:\d+: the \.gz file is truncated"):
        read_file(path)


def test_repairs_are_one_warning_with_file_count_and_first_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "ner"):
        read_file(GOLDEN / "illegal-iob2.conll")
    (message,) = caplog.messages
    assert "illegal-iob2.conll:1: 'I-ORG' between the start and 'O' is illegal in iob2" in message
    assert "(illegal tags in this file: 2)" in message


def test_legal_file_gives_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    read_file(GOLDEN / "late-iob1.conll")
    assert not caplog.messages


def test_unknown_encoding_is_wrong_use() -> None:
    for name in ("utf-9", "hex"):
        with pytest.raises(UsageError, match=f"unknown encoding '{name}'"):
            read_file(io.BytesIO(b"a O\n"), DataConfig(encoding=name))


def test_text_that_is_not_the_named_wide_encoding_is_an_error() -> None:
    with pytest.raises(CorpusError, match="is not utf-16"):
        read_file(io.BytesIO(b"a O\n\n"), DataConfig(encoding="utf-16"))


def test_json_lines_are_known_by_braces_or_by_name(tmp_path: Path) -> None:
    record = b'\xef\xbb\xbf{"text": "Bonn", "entities": []}\n'
    assert read_file(io.BytesIO(record))[0].tokens == ("Bonn",)
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(b"Bonn B-LOC\n"))
    with pytest.raises(CorpusError, match=r"x\.jsonl\.gz:1: is not JSON"):
        read_file(path)
    assert read_file(io.BytesIO(b"{ O\n} O\n"))[0].tokens == ("{", "}")
    assert read_columns(io.BytesIO(b"{ I-}"))[0].spans == (Span(0, 1, "}"),)
    with pytest.raises(CorpusError, match="is not JSON"):
        read_jsonl(io.BytesIO(b"Bonn B-LOC\n"))


def test_written_files_read_back_packed_or_not(tmp_path: Path) -> None:
    sentences = [Sentence(("Bonn", "."), (Span(0, 1, "LOC"),))]
    for name, format in (("a.conll", "iobes"), ("a.conll.gz", "bmes"), ("a.jsonl.gz", "jsonl")):
        write_file(tmp_path / name, sentences, format)
        (back,) = read_file(tmp_path / name)
        assert (back.tokens, back.spans) == (sentences[0].tokens, sentences[0].spans)
    assert (tmp_path / "a.conll").read_text() == "Bonn\tS-LOC\n.\tO\n\n"


def test_failed_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_text("old")
    with pytest.raises(CorpusError, match="'New York' cannot stand in a column file"):
        write_file(path, [Sentence(("Bonn",)), Sentence(("New York",))])
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.conll"]


def test_columns_do_not_go_into_a_jsonl_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"columns do not go into a \.jsonl file"):
        write_file(tmp_path / "a.jsonl", [], "iob2")
    with pytest.raises(UsageError, match="unknown tag scheme 'iobx'"):
        write_file(tmp_path / "a.conll", [], "iobx")


def test_merged_neighbours_are_counted_when_writing_io(caplog: pytest.LogCaptureFixture) -> None:
    sentence = Sentence(("a", "b", "c"), (Span(0, 1, "X"), Span(1, 2, "X"), Span(2, 3, "Y")))
    stream = io.StringIO()
    formats.write_stream(stream, [sentence], "io")
    assert stream.getvalue() == "a\tI-X\nb\tI-X\nc\tI-Y\n\n"
    assert "as in any IO file: 1" in caplog.text


@given(st.binary(max_size=200) | st.text(' \tab-BIO\r\n{}"#', max_size=60).map(str.encode))
def test_any_bytes_are_sentences_or_a_one_line_error(data: bytes) -> None:
    message = ""
    try:
        sentences = read_file(io.BytesIO(data))
    except NerError as error:
        sentences, message = [], str(error)
    assert bool(sentences) != bool(message)
    assert "\n" not in message
    assert all(len(sentence) for sentence in sentences)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sizes", "scheme", "labels"),
    [
        ("conll2003", (14041, 3250, 3453), "iob2", 4),
        ("conll2002-es", (8323, 1915, 1517), "iob2", 4),
        ("conll2002-nl", (15806, 2895, 5195), "iob2", 4),
        ("wnut17", (3394, 1009, 1287), "iob2", 6),
        ("resume-zh", (3821, 463, 477), "bmes", 8),
        ("bc5cdr", (4560, 4581, 4797), "iob2", 2),
    ],
)
def test_real_corpora_have_their_published_sizes(
    real_data: Callable[[str], Path], name: str, sizes: tuple[int, ...], scheme: str, labels: int
) -> None:
    folder = real_data(name)
    readings = [
        read(folder / f"{split}.txt", DataConfig(), Diagnostics())
        for split in ("train", "valid", "test")
    ]
    assert tuple(len(reading.sentences) for reading in readings) == sizes
    assert {reading.scheme for reading in readings} == {scheme}
    found = {span.label for sentence in readings[0].sentences for span in sentence.spans}
    assert len(found) == labels


@pytest.mark.slow
def test_folder_of_original_evaluation_files_loads_without_train(
    real_data: Callable[[str], Path],
) -> None:
    corpus = load_corpus(real_data("conll2003-iob1"))
    assert [len(split) for split in corpus.splits().values()] == [0, 3250, 3453]


@pytest.mark.slow
def test_original_iob1_files_have_the_same_spans_as_iob2(real_data: Callable[[str], Path]) -> None:
    old, new = real_data("conll2003-iob1"), real_data("conll2003")
    for one, other in (("eng.testa", "valid.txt"), ("eng.testb", "test.txt")):
        original = read(old / one, DataConfig(), Diagnostics())
        copy = read(new / other, DataConfig(), Diagnostics())
        assert (original.scheme, copy.scheme) == ("iob1", "iob2")
        assert [(s.tokens, s.spans, s.document) for s in original.sentences] == [
            (s.tokens, s.spans, s.document) for s in copy.sentences
        ]


# --- unknown tags ------------------------------------------------------------------


PARTIAL = "a\tB-X\nb\t?\nc\tO\n\n"


def test_unknown_tags_are_written_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sentences = read_file(io.BytesIO(PARTIAL.encode()))
    write_file(tmp_path / "a.conll", sentences, "iob2")
    assert (tmp_path / "a.conll").read_text() == PARTIAL
    write_file(tmp_path / "b.conll", sentences, "io", unknown="_")
    assert (tmp_path / "b.conll").read_text() == "a\tI-X\nb\t_\nc\tO\n\n"
    assert not caplog.messages


def test_what_gaps_in_another_scheme_cannot_say_is_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stream = io.StringIO()
    formats.write_stream(stream, read_file(io.BytesIO(PARTIAL.encode())), "iobes")
    assert stream.getvalue() == "a\t?\nb\t?\nc\tO\n\n"
    assert caplog.messages == ["tokens of which iobes tags with gaps say less than was known: 1"]


def test_json_lines_hold_no_unknown_tags(tmp_path: Path) -> None:
    sentences = read_file(io.BytesIO(b"d O\n\n" + PARTIAL.encode()))
    with pytest.raises(CorpusError, match="<stream>:3: has tokens with an unknown tag, which JSON"):
        write_file(tmp_path / "a.jsonl", sentences, "jsonl")

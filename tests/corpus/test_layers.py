"""Several tag layers of one text: read, written, and refused where they do not go."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from ner.config import DataConfig
from ner.corpus import (
    FORMATS,
    Corpus,
    check,
    checksum,
    count,
    load_corpus,
    merge_corpora,
    read_columns,
    read_corpus,
    read_file,
    read_jsonl,
    with_layers,
    write_file,
    write_stream,
)
from ner.errors import ConfigError, CorpusError, NerError, UsageError
from ner.text import Sentence, Span

GERMEVAL = """#\thttp://de.wikipedia.org/wiki/Beispiel [2010-01-02]
1\tDer\tO\tO
2\tFC\tB-ORG\tO
3\tKickers\tI-ORG\tO
4\tUlm\tI-ORG\tB-LOC
5\tgewann\tO\tO

#\thttp://de.wikipedia.org/wiki/Zwei [2010-01-03]
1\tIn\tO\tO
2\tUlm\tB-LOC\tO
"""
OUTER, INNER = Span(1, 4, "ORG", "outer"), Span(3, 4, "LOC", "inner")


@pytest.fixture
def germeval(tmp_path: Path) -> Path:
    path = tmp_path / "germeval.tsv"
    path.write_text(GERMEVAL)
    return path


def _named(**more: Any) -> DataConfig:
    return DataConfig(tag_column="outer=2,inner=3", **more)


def test_tag_columns_are_layers_of_one_text(germeval: Path) -> None:
    first, second = read_file(germeval, _named())
    assert first.tokens == ("Der", "FC", "Kickers", "Ulm", "gewann")
    assert first.spans == (OUTER, INNER)
    assert second.spans == (Span(1, 2, "LOC", "outer"),)
    numbers = read_file(germeval, DataConfig(tag_column="2,-1"))
    assert [span.layer for span in numbers[0].spans] == ["2", "-1"]
    with germeval.open("rb") as stream:
        assert read_columns(stream, _named()) == [first, second]


def test_each_layer_has_a_scheme_of_its_own() -> None:
    text = b"token outer inner\na B-X I-X\nb B-X I-X\n"
    (sentence,) = read_columns(io.BytesIO(text), DataConfig(tag_column="outer,inner"))
    assert sentence.spans == (
        Span(0, 2, "X", "inner"),
        Span(0, 1, "X", "outer"),
        Span(1, 2, "X", "outer"),
    )


def test_notes_on_a_file_of_layers_are_said_once(
    germeval: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read_file(germeval, _named())
    assert caplog.text.count("column 0 counts the tokens") == 1
    assert caplog.text.count("lines read as comments: 2") == 1


def test_a_corpus_knows_the_order_of_its_layers(germeval: Path) -> None:
    corpus = read_corpus(germeval, DataConfig(tag_column="inner=3,outer=2"))
    assert corpus.layers == ("inner", "outer")
    assert "tag layers inner, outer" in corpus.notes
    assert read_corpus(germeval, DataConfig(tag_column=2)).layers == ()
    plain = read_corpus(germeval, DataConfig(tag_column=2)).train
    assert checksum(plain) == checksum([sentence.of_layer("outer") for sentence in corpus.train])
    assert checksum(plain) != checksum(corpus.train)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("outer=2,inner=2", "name a column twice"),
        ("a=2,a=3", "'a=3' will not do"),
        ("2,", "'' will not do"),
        ("=2,3", "'=2' will not do"),
    ],
)
def test_tag_columns_that_will_not_do(germeval: Path, columns: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_file(germeval, DataConfig(tag_column=columns))


def test_what_layers_do_not_go_with(germeval: Path) -> None:
    with pytest.raises(UsageError, match="name one --tag-column"):
        read_file(germeval, _named(split_sentences=True))
    with pytest.raises(CorpusError, match=":1: has tokens with an unknown tag"):
        read_columns(io.BytesIO(b"1\ta\t?\tO\n2\tb\tO\tO\n"), _named())
    layered = read_corpus(germeval, _named())
    with pytest.raises(UsageError, match="has the tag layers outer, inner"):
        merge_corpora([layered, Corpus("other")])
    mixed = Corpus("mixed", (Sentence(("a", "b"), (Span(0, 1, "X"), Span(1, 2, "Y", "outer"))),))
    with pytest.raises(UsageError, match="has an entity without a tag layer"):
        with_layers(mixed)
    path = germeval.with_suffix(".csv")
    path.write_text("token,tag\na,B-X\n")
    with pytest.raises(UsageError, match="the corpus has the layers outer, inner"):
        read_corpus(path, _named())


# --- records --------------------------------------------------------------------------------------

RECORD = {
    "text": "FC Ulm",
    "entities": [
        {"start": 3, "end": 6, "label": "LOC", "layer": "inner"},
        {"start": 0, "end": 6, "label": "ORG", "layer": "outer"},
    ],
}


def _read(record: object, **config: Any) -> list[Sentence]:
    return read_jsonl(io.BytesIO(json.dumps(record).encode()), DataConfig(**config))


def test_entities_of_records_name_their_layer() -> None:
    (sentence,) = _read(RECORD)
    assert sentence.spans == (Span(0, 2, "ORG", "outer"), Span(1, 2, "LOC", "inner"))
    with pytest.raises(CorpusError, match="'layer' is '3', not a name"):
        _read({"text": "a", "entities": [{"start": 0, "end": 1, "label": "X", "layer": 3}]})
    same = [{**entity, "layer": "one"} for entity in RECORD["entities"]]  # type: ignore[dict-item]
    with pytest.raises(CorpusError, match="0-6 and 3-6 overlap"):
        _read({**RECORD, "entities": same})


def test_overlapping_entities_become_layers() -> None:
    entities = [{k: v for k, v in e.items() if k != "layer"} for e in RECORD["entities"]]  # type: ignore[attr-defined]
    (sentence,) = _read({**RECORD, "entities": entities * 2}, overlaps="layers")
    assert sentence.spans == (Span(0, 2, "ORG", "layer-1"), Span(1, 2, "LOC", "layer-2"))


# --- written --------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["jsonl", "iob2", "iobes"])
def test_layers_are_written_and_read_back(germeval: Path, tmp_path: Path, format: str) -> None:
    written = read_file(germeval, _named())
    path = tmp_path / ("out.jsonl" if format == "jsonl" else "out.conll")
    write_file(path, written, format, layers=("outer", "inner"))
    back = read_file(path, DataConfig(tag_column="outer=1,inner=2"))
    assert [(s.tokens, s.spans) for s in back] == [(s.tokens, s.spans) for s in written]


@pytest.mark.parametrize(
    "name", sorted(name for name, format in FORMATS.items() if not format.holds_layers)
)
def test_formats_with_place_for_one_layer_refuse(germeval: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"has place for one tag layer|is only read"):
        write_file(tmp_path / "out", read_file(germeval, _named()), name)
    assert not (tmp_path / "out").exists()


def test_a_layer_without_entities_keeps_its_column() -> None:
    stream = io.StringIO()
    write_stream(stream, [Sentence(("a",), (Span(0, 1, "X", "one"),)), Sentence(("b",))])
    assert stream.getvalue() == "a\tB-X\n\nb\tO\n\n"


# --- checked and counted --------------------------------------------------------------------------


def test_a_corpus_of_layers_is_checked_and_counted(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text(json.dumps(RECORD) + "\n")
    report = check(tmp_path)
    assert not report.has_errors
    assert any(f.message == "train: inner:LOC 1, outer:ORG 1" for f in report.findings)
    assert report.stats.labels == ("inner:LOC", "outer:ORG")
    assert count(load_corpus(tmp_path)).splits["train"].entities == {
        "inner:LOC": 1,
        "outer:ORG": 1,
    }
    outer = [e for e in RECORD["entities"] if e["layer"] == "outer"]  # type: ignore[index]
    (tmp_path / "test.jsonl").write_text(json.dumps({**RECORD, "entities": outer}) + "\n")
    said = [finding.message for finding in check(tmp_path).findings]
    assert "layer inner: test: has no entity at all" in said
    assert "layer inner: the type 'LOC' occurs in train only" in said


def test_an_error_in_one_layer_is_found_by_a_check(tmp_path: Path) -> None:
    path = tmp_path / "bad.tsv"
    path.write_text(GERMEVAL.replace("I-ORG\tB-LOC", "I-ORG\tLOC?"))
    assert check(path, _named()).has_errors
    with pytest.raises(NerError, match=":5: "):
        read_file(path, _named())

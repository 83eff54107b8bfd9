"""Files as annotation tools and libraries write them, with what each should read as."""

import io
import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.corpus import load_corpus
from ner.corpus.diagnostics import Diagnostics
from ner.corpus.formats import FORMATS, is_readable_folder, read, read_file, write_file
from ner.corpus.formats.registry import RECORDS
from ner.errors import CorpusError, NerError, UsageError
from ner.text import Sentence, Span

FILES = Path(__file__).parents[2] / "data" / "formats"
EXPECTED = json.loads((FILES / "expected.json").read_text(encoding="utf-8"))


def shown(sentence: Sentence) -> list[str]:
    """The tokens of a sentence and its entities, to be compared at a glance."""
    spans = [f"{s.label}: {' '.join(sentence.tokens[s.start : s.end])}" for s in sentence.spans]
    return [" ".join(sentence.tokens), *spans]


@pytest.mark.parametrize(
    "case", EXPECTED, ids=lambda case: f"{case['file']}-{'-'.join(case.get('config', {}))}"
)
def test_files_read_as_written_beside_them(case: dict[str, Any]) -> None:
    config = DataConfig(**case.get("config", {}))
    if "error" in case:
        with pytest.raises(NerError) as caught:
            read(FILES / case["file"], config, Diagnostics())
        assert str(caught.value).replace(f"{FILES}/", "") == case["error"]
        assert "\n" not in str(caught.value)
        return
    result = read(FILES / case["file"], config, Diagnostics())
    assert [shown(sentence) for sentence in result.sentences] == case["sentences"]
    assert [sentence.document for sentence in result.sentences] == case["documents"]
    assert [sentence.line for sentence in result.sentences] == case["lines"]
    assert [note.replace(f"{FILES}/", "") for note in result.notes] == case.get("notes", [])


def test_every_file_has_an_expectation() -> None:
    assert {path.name for path in FILES.iterdir()} == {case["file"] for case in EXPECTED} | {
        "expected.json"
    }


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
def test_packed_files_are_recognised(tmp_path: Path, suffix: str) -> None:
    for format in sorted(FORMATS.keys() - {"docbin", "brat", "columns", "hf-disk"}):
        path = tmp_path / f"x.{format}"
        write_file(path, [Sentence(("Mina", "left"), (Span(0, 1, "PER"),))], format)
        module = __import__({".gz": "gzip", ".xz": "lzma"}[suffix])
        packed = path.with_name(f"{path.name}{suffix}")
        packed.write_bytes(module.compress(path.read_bytes()))
        assert [shown(s) for s in read_file(packed)] == [["Mina left", "PER: Mina"]], format


def test_brat_documents_are_named_with_their_own_lines() -> None:
    places = [Path(sentence.place).name for sentence in read_file(FILES / "brat")]
    assert places == ["a.txt:1", "b.txt:1", "b.txt:2"]
    assert len(read_file(FILES / "brat" / "b.ann")) == 2
    assert len(read_file(FILES / "brat" / "b.txt")) == 2


def test_a_wrong_entity_of_brat_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text("Mina left.\n")
    for line, message in [
        ("T2\tPER 5 40\tleft", r"d\.ann:2: the entity 5-40 .* does not lie in the text"),
        ("T2\tPER 5\tleft", r"d\.ann:2: .* is no entity of brat"),
        ("T2\tPER 5 8\tleft", r"d\.ann:2: the entity 5-8 is 'lef' but says 'left'"),
    ]:
        (tmp_path / "d.ann").write_text(f"T1\tPER 0 4\tMina\n{line}\n")
        with pytest.raises(CorpusError, match=message):
            read_file(tmp_path)


def test_folders_of_brat_are_splits_too(tmp_path: Path) -> None:
    shutil.copytree(FILES / "brat", tmp_path / "train")
    shutil.copytree(FILES / "brat", tmp_path / "dev")
    assert is_readable_folder(tmp_path / "train")
    assert [len(split) for split in load_corpus(tmp_path).splits().values()] == [3, 3, 0]


def test_pairs_of_brat_that_are_called_so_are_splits(tmp_path: Path) -> None:
    for name in ("train", "dev"):
        for suffix in (".txt", ".ann"):
            shutil.copy(FILES / "brat" / f"b{suffix}", tmp_path / f"{name}{suffix}")
    assert [len(split) for split in load_corpus(tmp_path).splits().values()] == [2, 2, 0]


def test_a_chosen_format_is_not_asked_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text('{"tokens": ["Mina"], "ner_tags": ["B-PER"]}\n')
    assert [shown(s) for s in read_file(path)] == [["Mina", "PER: Mina"]]
    with pytest.raises(CorpusError, match=r"x\.txt:1: lacks the field 'entities'|'text'"):
        read_file(path, DataConfig(format="jsonl"))
    with pytest.raises(UsageError, match=r"unknown format 'docano' \(did you mean 'doccano'\?\)"):
        read_file(path, DataConfig(format="docano"))
    with pytest.raises(CorpusError, match="is neither Parquet nor Arrow"):
        read_file(path, DataConfig(format="parquet"))


_KEYS = (
    *("text", "data", "label", "labels", "entities", "annotations", "spans", "answer", "tokens"),
    *("start", "end", "start_offset", "end_offset", "result", "value", "type", "ner_tags", "ents"),
    *("paragraphs", "sentences", "orth", "ner", "doc_annotation", "token_annotation", "ORTH"),
)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 4)
    | st.sampled_from(["", "a b", "O", "B-X", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner),
    max_leaves=15,
)


@pytest.mark.parametrize("format", ["auto", *(format.name for format in RECORDS)])
@given(value=_JSON)
def test_any_json_is_sentences_or_a_one_line_error(format: str, value: Any) -> None:
    body = io.BytesIO(json.dumps([value]).encode() + b"\n" + json.dumps(value).encode())
    message = ""
    try:
        sentences = read_file(body, DataConfig(format=format))
    except NerError as error:
        sentences, message = [], str(error)
    assert bool(sentences) != bool(message)
    assert "\n" not in message
    assert all(len(sentence) for sentence in sentences)


@given(
    rows=st.lists(st.text("ab,\t\"'[]O-_=|#1.\r ", max_size=20), max_size=5),
    head=st.sampled_from(["token,tag", "sentence\ttoken\ttag", "# global.columns = ID FORM NER"]),
)
def test_any_rows_are_sentences_or_a_one_line_error(head: str, rows: list[str]) -> None:
    message = ""
    try:
        sentences = read_file(io.BytesIO("\n".join([head, *rows]).encode()))
    except NerError as error:
        sentences, message = [], str(error)
    assert bool(sentences) != bool(message)
    assert "\n" not in message
    assert all(len(sentence) for sentence in sentences)


def test_errors_that_are_collected_bring_no_others(tmp_path: Path) -> None:
    diagnostics = Diagnostics(collect=True)
    result = read(FILES / "empty-label.jsonl", DataConfig(), diagnostics)
    assert (result.sentences, diagnostics.errors.total) == ((), 1)


def test_a_whole_file_on_one_long_line_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ner.corpus.lines.LONGEST", 100)
    record = {"text": "Mina left.", "entities": [{"start": 0, "end": 4, "label": "PER"}]}
    (tmp_path / "x.json").write_text(json.dumps([record] * 9))
    assert len(read_file(tmp_path / "x.json")) == 9


def test_names_of_numbered_tags_come_from_the_metadata_of_a_table(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    features = {"ner_tags": {"feature": {"names": ["O", "B-PER"]}, "_type": "List"}}
    table = arrow.table({"tokens": [["Mina", "left"], ["x"]], "ner_tags": [[1, 0], [7]]})
    named = {"huggingface": json.dumps({"info": {"features": features}})}
    parquet.write_table(table.slice(0, 1).replace_schema_metadata(named), tmp_path / "a.parquet")
    assert [shown(s) for s in read_file(tmp_path / "a.parquet")] == [["Mina left", "PER: Mina"]]
    parquet.write_table(table, tmp_path / "b.parquet")
    with pytest.raises(CorpusError, match=r"b\.parquet:1: the labels are numbers; .* --labels"):
        read_file(tmp_path / "b.parquet")
    with pytest.raises(CorpusError, match=r"b\.parquet:2: the label 7 has no name"):
        read_file(tmp_path / "b.parquet", DataConfig(labels="O,B-PER"))
    for opened, name in [("new_file", "c.arrow"), ("new_stream", "d.arrow")]:
        with (
            (tmp_path / name).open("wb") as file,
            getattr(arrow.ipc, opened)(file, table.schema.with_metadata(named)) as writer,
        ):
            writer.write_table(table.slice(0, 1))
        assert [shown(s) for s in read_file(tmp_path / name)] == [["Mina left", "PER: Mina"]]


def _saved(folder: Path, features: dict[str, Any], *tables: Any) -> None:
    """Write what ``datasets.Dataset.save_to_disk`` writes."""
    ipc = pytest.importorskip("pyarrow.ipc")
    folder.mkdir(parents=True)
    names = [f"data-{number:05}.arrow" for number in range(len(tables))]
    for name, table in zip(names, tables, strict=True):
        with (folder / name).open("wb") as file, ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
    (folder / "cache-0.arrow").write_bytes(b"of another time")
    (folder / "state.json").write_text(
        json.dumps({"_data_files": [{"filename": n} for n in names]})
    )
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))


_FEATURES = {
    "tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "List"},
    "ner_tags": {"feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}, "_type": "List"},
}


def test_a_saved_data_set_is_a_corpus(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    one = arrow.table({"tokens": [["Mina", "left"]], "ner_tags": [[1, 0]]})
    other = arrow.table({"tokens": [["Ada", "did"], ["No"]], "ner_tags": [[1, 0], [0]]})
    _saved(tmp_path / "train", _FEATURES, one, other)
    _saved(tmp_path / "validation", _FEATURES, one)
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "validation"]}')
    train = load_corpus(tmp_path).train
    assert [shown(s) for s in train] == [
        ["Mina left", "PER: Mina"],
        ["Ada did", "PER: Ada"],
        ["No"],
    ]
    assert [sentence.line for sentence in train] == [1, 2, 3]
    assert [len(split) for split in load_corpus(tmp_path).splits().values()] == [3, 1, 0]
    assert read_file(tmp_path / "train", DataConfig(format="hf-disk")) == list(train)
    with pytest.raises(UsageError, match="hf-disk is only read, not written; choose a format"):
        write_file(tmp_path / "x", train, "hf-disk")


def test_damaged_saved_data_sets_are_one_line(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"tokens": [["Mina"]], "ner_tags": [[1]]})
    _saved(tmp_path / "x", {}, table)
    with pytest.raises(CorpusError, match=r"x:1: the labels are numbers; .* --labels"):
        read_file(tmp_path / "x")
    for text, message in [
        ('{"_data_files": [{"filename": "../y.arrow"}]}', r"names the file '\.\./y\.arrow'"),
        ('{"_data_files": [{"filename": "y.arrow"}]}', r"y\.arrow"),
        ('{"_data_files": []}', "has no sentence"),
        ("{", "is not JSON"),
        ("[]", "is no object"),
    ]:
        (tmp_path / "x" / "state.json").write_text(text)
        with pytest.raises(NerError, match=message):
            read_file(tmp_path / "x")
    with pytest.raises(CorpusError, match="is no folder of save_to_disk"):
        read_file(tmp_path, DataConfig(format="hf-disk"))


def test_labels_of_pages_and_pictures_are_not_left_out_in_silence() -> None:
    task = {"data": {"text": "a"}, "annotations": [{"result": [{"type": "hypertextlabels"}]}]}
    with pytest.raises(CorpusError, match="<stream>:1: a region of the kind 'hypertextlabels'"):
        read_file(io.BytesIO(json.dumps(task).encode()))


def test_a_damaged_table_is_one_line(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(CorpusError, match=r"a\.parquet: cannot be read"):
        read_file(tmp_path / "a.parquet")


def test_a_shift_that_meets_no_error_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "\\ud83c\\udf0d A b c", "label": [[3, 6, "X"]]}\n')
    with caplog.at_level(logging.WARNING, "ner"):
        assert [shown(s) for s in read_file(path)] == [["🌍 A b c", "X: b"]]
    assert caplog.messages == [f"{path}: the offsets fit as UTF-16 units: give --offsets utf16"]
    assert shown(read_file(path, DataConfig(offsets="utf16"))[0]) == ["🌍 A b c", "X: A b"]

"""Patched copies: corrected tags change, as the file spells them, and no other byte."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ner.config import Config, DataConfig
from ner.corpus import QueueItem, patch_file, read_file
from ner.errors import CorpusError, UsageError
from ner.text import Sentence, Span

DATA = Config().data
TWO_COLUMNS = "# id = 1\nNew\tB-LOC\nYork\tI-LOC\nis\tO\nbig\tO\n\nAnna\tB-PER\nleft\tO\n"


def item(sentence: Sentence, labelled: Span | None, proposed: Span | None) -> QueueItem:
    return QueueItem(
        sentence.source,
        sentence.line,
        sentence.tokens,
        "type",
        0.9,
        "",
        labelled,
        proposed,
    )


def patched(
    folder: Path,
    raw: str | bytes,
    changes: Callable[[list[Sentence]], list[QueueItem]],
    data: DataConfig = DATA,
) -> bytes:
    """The bytes of the copy of a file, with the corrections that its sentences get."""
    path = folder / "x.conll"
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    items = changes(read_file(path, data))
    assert patch_file(path, folder / "y.conll", items, data) == len(items)
    assert path.read_bytes() == (raw if isinstance(raw, bytes) else raw.encode())
    return (folder / "y.conll").read_bytes()


def first_to(label: str) -> Callable[[list[Sentence]], list[QueueItem]]:
    """Give the first entity of the first sentence another type."""

    def change(sentences: list[Sentence]) -> list[QueueItem]:
        span = sentences[0].spans[0]
        return [item(sentences[0], span, replace(span, label=label))]

    return change


def test_another_type(tmp_path: Path) -> None:
    found = patched(tmp_path, TWO_COLUMNS, first_to("ORG"))
    assert found.decode() == TWO_COLUMNS.replace("B-LOC", "B-ORG").replace("I-LOC", "I-ORG")


def test_dropped_invented_and_moved(tmp_path: Path) -> None:
    def change(sentences: list[Sentence]) -> list[QueueItem]:
        first, second = sentences
        return [
            item(first, first.spans[0], Span(1, 3, "LOC")),
            item(second, second.spans[0], None),
            item(second, None, Span(1, 2, "MISC")),
        ]

    found = patched(tmp_path, TWO_COLUMNS, change).decode()
    assert found == ("# id = 1\nNew\tO\nYork\tB-LOC\nis\tI-LOC\nbig\tO\n\nAnna\tO\nleft\tB-MISC\n")


def test_a_proposal_takes_the_place_of_all_that_it_overlaps(tmp_path: Path) -> None:
    raw = "New B-LOC\nYork B-LOC\nTimes O\n"
    found = patched(tmp_path, raw, lambda s: [item(s[0], s[0].spans[1], Span(0, 3, "ORG"))])
    assert found.decode() == "New B-ORG\nYork I-ORG\nTimes I-ORG\n"


@pytest.mark.parametrize(
    ("raw", "wanted", "data"),
    [
        ("a  X   B-LOC  \r\nb  Y I-LOC\r\n", "a  X   B-ORG  \r\nb  Y I-ORG\r\n", {}),
        ("\ufeffa B-LOC\nb O", "\ufeffa B-ORG\nb O", {}),
        ("a I-LOC\nb I-LOC\nc O\n", "a I-ORG\nb I-ORG\nc O\n", {}),
        ("a S-LOC\nb O\nc S-ORG\n", "a S-ORG\nb O\nc S-ORG\n", {}),
        ("a,x y,B-LOC\nb,z,O\n", "a,x y,B-ORG\nb,z,O\n", {"separator": "comma"}),
        ("B-LOC a\nO b\n", "B-ORG a\nO b\n", {"tag_column": 0, "token_column": 1}),
        ("LOC a\nO b\nORG c\n", "ORG a\nO b\nORG c\n",
         {"tag_column": 0, "token_column": 1, "scheme": "io"}),
        ("word tag\na B-LOC\nb O\n", "word tag\na B-ORG\nb O\n", {}),
        ("a b-loc\nb O\nc b-org\n", "a b-ORG\nb O\nc b-org\n", {}),
        ("a B-LOC\nb O\n\n\n-DOCSTART- O\n\nc O\n", "a B-ORG\nb O\n\n\n-DOCSTART- O\n\nc O\n", {}),
        ("1 a B-LOC\n2 b O\n", "1 a B-ORG\n2 b O\n", {}),
    ],
)  # fmt: skip
def test_the_rest_of_a_line_stays(
    tmp_path: Path, raw: str, wanted: str, data: dict[str, object]
) -> None:
    config = Config().replace({f"data.{name}": value for name, value in data.items()}).data
    found = patched(tmp_path, raw, first_to("ORG"), config).decode()
    assert found.lower() == wanted.lower()


def test_another_encoding(tmp_path: Path) -> None:
    config = Config().replace({"data.encoding": "latin-1"}).data
    found = patched(tmp_path, "Zürich B-LOC\nist O\n".encode("latin-1"), first_to("ORG"), config)
    assert found == "Zürich B-ORG\nist O\n".encode("latin-1")


def test_tags_are_spelled_as_the_file_spells_them(tmp_path: Path) -> None:
    raw = "a LOC-B\nb LOC-I\nc O\nd PER-B\n"
    assert patched(tmp_path, raw, first_to("PER")).decode() == raw.replace("LOC", "PER")


def test_what_tags_cannot_say_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    path.write_text("a I-X\nb O\nc O\n")
    config = Config().replace({"data.scheme": "io"}).data
    sentence = read_file(path, config)[0]
    with pytest.raises(CorpusError, match="cannot be patched"):
        patch_file(path, tmp_path / "y", [item(sentence, None, Span(1, 2, "X"))], config)


def test_a_file_that_has_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    path.write_text(TWO_COLUMNS)
    first = read_file(path)[0]
    moved = replace(item(first, first.spans[0], None), line=7)
    with pytest.raises(CorpusError, match=r"x\.conll:7: no sentence “New York is big” begins here"):
        patch_file(path, tmp_path / "y", [moved], DATA)
    other = item(first, Span(0, 1, "LOC"), None)
    with pytest.raises(CorpusError, match=r"x\.conll:2: has no entity LOC at the tokens \[0, 1\)"):
        patch_file(path, tmp_path / "y", [other], DATA)
    twice = [item(first, first.spans[0], None)] * 2
    with pytest.raises(CorpusError, match="another line of the queue"):
        patch_file(path, tmp_path / "y", twice, DATA)
    assert not (tmp_path / "y").exists()


@pytest.mark.parametrize(
    "raw",
    [
        '[{"text": "a", "entities": []}]\n',
        '[["a"]]\n',
        '{"text": "a", "label": [[0, 1, "X"]]}\n',
        '{"tokens": ["a"], "ner_tags": ["B-X"]}\n',
    ],
)
def test_other_formats_are_refused(tmp_path: Path, raw: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(raw)
    with pytest.raises(UsageError, match="only columns and our JSON Lines"):
        patch_file(path, tmp_path / "y", [], DATA)


WORDS = st.sampled_from(["a", "b", "#", "I-X", "é"])
TAGS = st.sampled_from(["O", "O", "B-X", "I-X", "B-Y", "I-Y"])


@given(
    st.lists(st.lists(st.tuples(WORDS, TAGS), min_size=1, max_size=6), min_size=1, max_size=4),
    st.data(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_patched_as_wanted_or_refused(
    tmp_path: Path, drawn: list[list[tuple[str, str]]], data: st.DataObject
) -> None:
    raw = "\n".join("".join(f"{word} x {tag}\n" for word, tag in rows) for rows in drawn)
    path = tmp_path / "x.conll"
    path.write_text(raw, encoding="utf-8")
    sentences = read_file(path)
    with_spans = [sentence for sentence in sentences if sentence.spans]
    if not with_spans:
        return
    chosen = data.draw(st.sampled_from(with_spans))
    span = data.draw(st.sampled_from(chosen.spans))
    new = data.draw(st.sampled_from([None, replace(span, label="Z"), replace(span, label="Y")]))
    (tmp_path / "y.conll").unlink(missing_ok=True)
    try:
        patch_file(path, tmp_path / "y.conll", [item(chosen, span, new)], DATA)
    except CorpusError:  # a repaired tag would join what is proposed
        assert not (tmp_path / "y.conll").exists()
        return
    found = read_file(tmp_path / "y.conll") if "B-" in (tmp_path / "y.conll").read_text() else []
    lines = zip(
        raw.splitlines(), (tmp_path / "y.conll").read_text("utf-8").splitlines(), strict=True
    )
    assert all(one.rpartition(" ")[0] == other.rpartition(" ")[0] for one, other in lines)
    for old, now in zip(sentences, found, strict=False):
        kept = {s for s in old.spans if (old, s) != (chosen, span)}
        assert kept <= {*now.spans} or old.line == chosen.line


FOUR = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\n"


def test_of_several_columns_the_last_changes(tmp_path: Path) -> None:
    assert patched(tmp_path, FOUR, first_to("LOC")).decode() == FOUR.replace("B-ORG", "B-LOC")


def test_another_tag_column(tmp_path: Path) -> None:
    data = Config().replace({"data.tag_column": 2}).data
    found = patched(tmp_path, FOUR, first_to("VP"), data).decode()
    assert found == FOUR.replace("EU NNP B-NP", "EU NNP B-VP")


def test_unknown_tags_stay_where_nothing_is_known(tmp_path: Path) -> None:
    raw = "a B-X\nb O\n\nc ?\nd B-X\n"
    found = patched(tmp_path, raw, first_to("Y")).decode()
    assert found == "a B-Y\nb O\n\nc ?\nd B-X\n"


def test_neighbours_of_one_type_stay_apart_in_iob1(tmp_path: Path) -> None:
    raw = "a I-X\nb B-X\nc O\nd I-Y\n"
    found = patched(tmp_path, raw, lambda s: [item(s[0], s[0].spans[0], None)]).decode()
    assert found == "a O\nb I-X\nc O\nd I-Y\n"


def test_no_corrections_give_the_same_bytes(tmp_path: Path) -> None:
    raw = "\n\na\tB-X  \r\n\r\n\r\nb\tO"
    assert patched(tmp_path, raw, lambda _: []).decode() == raw


def test_repaired_tags_that_are_not_corrected_stay_as_they_are(tmp_path: Path) -> None:
    raw = "a B-X\nb I-Y\nc O\n\nd B-X\ne I-X\n"
    found = patched(
        tmp_path, raw, lambda s: [item(s[1], s[1].spans[0], replace(s[1].spans[0], label="Y"))]
    )
    assert found.decode() == "a B-X\nb I-Y\nc O\n\nd B-Y\ne I-Y\n"


def test_sentences_that_are_split_by_us(tmp_path: Path) -> None:
    data = Config().replace({"data.split_sentences": True}).data
    raw = "Anna B-PER\nleft O\n. O\nRome B-LOC\nfell O\n. O\n"

    def change(sentences: list[Sentence]) -> list[QueueItem]:
        last = sentences[-1]
        return [item(last, last.spans[-1], replace(last.spans[-1], label="ORG"))]

    assert patched(tmp_path, raw, change, data).decode() == raw.replace("LOC", "ORG")


@pytest.mark.parametrize("missing", ["none.conll", ""])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    with pytest.raises(UsageError):
        patch_file(tmp_path / missing, tmp_path / "y", [], DATA)


RECORDS = (
    '{"text": "New York is big", "id": 7, "entities": [{"start": 0, "end": 8, "label": "LOC"}]}\n'
    '{"entities": [ ],"text":"Anna left. Rome fell."}\r\n\n'
    '{"text": "Bonn", "entities": [{"start": 0, "end": 4, "label": "LOC"}]}'
)


def patched_records(
    folder: Path, changes: Callable[[list[Sentence]], list[QueueItem]], raw: str = RECORDS
) -> list[str]:
    path = folder / "x.jsonl"
    path.write_bytes(raw.encode())
    patch_file(path, folder / "y.jsonl", changes(read_file(path, DATA)), DATA)
    return (folder / "y.jsonl").read_bytes().decode().split("\n")


def test_a_record_gets_other_entities_and_keeps_the_rest(tmp_path: Path) -> None:
    found = patched_records(tmp_path, first_to("ORG"))
    assert found[0] == RECORDS.split("\n")[0].replace("LOC", "ORG")
    assert found[1:] == RECORDS.split("\n")[1:]


def test_a_record_of_several_sentences(tmp_path: Path) -> None:
    def change(sentences: list[Sentence]) -> list[QueueItem]:
        rome = next(one for one in sentences if "Rome" in one.tokens)
        anna = next(one for one in sentences if "Anna" in one.tokens)
        assert (rome.line, anna.line) == (2, 2)
        return [item(rome, None, Span(0, 1, "LOC")), item(anna, None, Span(0, 1, "PER"))]

    found = patched_records(tmp_path, change)
    assert [found[0], *found[2:]] == [RECORDS.split("\n")[i] for i in (0, 2, 3)]
    assert found[1] == (
        '{"entities": [{"start": 0, "end": 4, "label": "PER"}, '
        '{"start": 11, "end": 15, "label": "LOC"}], "text": "Anna left. Rome fell."}\r'
    )


def test_a_named_format_that_is_of_no_use_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "a", "label": [[0, 1, "X"]]}\n')
    data = Config().replace({"data.format": "doccano"}).data
    with pytest.raises(UsageError, match="only columns and our JSON Lines"):
        patch_file(path, tmp_path / "y", [], data)


def test_no_correction_of_records_gives_the_same_bytes(tmp_path: Path) -> None:
    assert patched_records(tmp_path, lambda _: []) == RECORDS.split("\n")


def test_a_spurious_entity_goes_from_its_record(tmp_path: Path) -> None:
    found = patched_records(tmp_path, lambda s: [item(s[-1], s[-1].spans[0], None)])
    assert found[-1] == '{"text": "Bonn", "entities": []}'


def test_offsets_of_another_unit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "😀 Bonn", "entities": [{"start": 3, "end": 7, "label": "LOC"}]}\n')
    data = Config().replace({"data.offsets": "utf16"}).data
    [one] = read_file(path, data)
    with pytest.raises(CorpusError, match="cannot be patched"):
        patch_file(path, tmp_path / "y", [item(one, one.spans[0], None)], data)

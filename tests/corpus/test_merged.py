"""Several corpora as one: types renamed, names, what each sentence says of types it lacks."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus import Corpus, read_file, write_file
from ner.corpus.merged import map_labels, merge_corpora, parse_label_map, with_unannotated
from ner.corpus.partial import possible_tags, read_partial_labels, with_partial_labels
from ner.errors import CorpusError, UsageError
from ner.tags import TAG_UNKNOWN, parse_tag, spans_of, tag_set, tags_of
from ner.text import Sentence, Span

GOLDEN = Path(__file__).parents[1] / "golden" / "merged"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))


def corpus(name: str, *labels: str) -> Corpus:
    """A corpus of one sentence, with an entity of a token for each type."""
    tokens = tuple(f"{name}-{label}" for label in labels)
    spans = tuple(Span(i, i + 1, label) for i, label in enumerate(labels))
    return Corpus(name, (Sentence(tokens, spans),))


@pytest.fixture
def golden() -> list[Corpus]:
    """The corpora beside the expectation, their types mapped as it says."""
    names, maps = EXPECTED["name"].split("+"), EXPECTED["label_maps"]
    read = [Corpus(name, tuple(read_file(GOLDEN / f"{name}.conll"))) for name in names]
    return [map_labels(c, parse_label_map(maps[c.name]) if c.name in maps else {}) for c in read]


def test_golden_corpora_merge_as_written_beside_them(golden: list[Corpus]) -> None:
    merged = merge_corpora(golden)
    tags = tag_set(merged.labels, "iobes")
    assert merged.name == EXPECTED["name"]
    assert list(merged.notes) == EXPECTED["notes"]
    assert [
        {
            "corpus": sentence.corpus,
            "unannotated": sorted(sentence.unannotated),
            "spans": [[span.start, span.end, span.label] for span in sentence.spans],
            "possible": [
                " ".join(tag for tag, possible in zip(tags, row, strict=True) if possible)
                for row in possible_tags(sentence, tags, "iobes") or ()
            ],
        }
        for sentence in merged.train
    ] == EXPECTED["sentences"]


# --- label maps -----------------------------------------------------------------------------------


def test_a_label_map_renames_and_drops() -> None:
    assert parse_label_map("geo=LOC, gpe = LOC,tim=") == {"geo": "LOC", "gpe": "LOC", "tim": ""}


@pytest.mark.parametrize("text", ["", "geo", "=LOC", "geo=LOC,", "geo=A B", "geo=\x07"])
def test_text_that_is_no_label_map(text: str) -> None:
    with pytest.raises(UsageError, match=r"^label map: .* will not do; write OLD=NEW"):
        parse_label_map(text)


def test_a_type_is_mapped_once() -> None:
    with pytest.raises(UsageError, match=r"^label map: has the type 'geo' twice"):
        parse_label_map("geo=LOC,geo=")


def test_types_are_mapped_in_all_splits_and_said() -> None:
    one = Sentence(("a", "b", "c"), (Span(0, 1, "geo"), Span(1, 2, "gpe"), Span(2, 3, "tim")))
    mapped = map_labels(
        Corpus("x", (one,), (one,), (one,)), {"geo": "LOC", "gpe": "LOC", "tim": ""}
    )
    for split in mapped.splits().values():
        assert split == (replace(one, spans=(Span(0, 1, "LOC"), Span(1, 2, "LOC"))),)
    assert mapped.notes == ("types mapped: geo to LOC, gpe to LOC, tim to O",)


def test_types_may_be_swapped() -> None:
    mapped = map_labels(corpus("x", "A", "B"), {"A": "B", "B": "A"})
    assert [span.label for span in mapped.train[0].spans] == ["B", "A"]


def test_no_map_changes_nothing() -> None:
    assert map_labels(corpus("x", "A"), {}) == corpus("x", "A")


def test_a_type_that_the_corpus_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(UsageError) as caught:
        map_labels(corpus("x", "geo", "per"), {"geo": "LOC", "loc": "LOC"})
    assert str(caught.value) == "x: has no type 'loc' to map; its types are geo, per"


TAGS = st.lists(
    st.sampled_from(["O", "?", "B-geo", "I-geo", "B-tim", "I-tim", "B-per"]), min_size=1, max_size=5
)


@given(TAGS)
def test_partial_labels_are_mapped_as_their_tags_are(tags: list[str]) -> None:
    parsed = [TAG_UNKNOWN if tag == "?" else parse_tag(tag) for tag in tags]
    sentence = Sentence(tuple(map(str, range(len(tags)))))
    read = read_partial_labels(parsed, "iob2").labels
    sentence = with_partial_labels(sentence, read)
    if not sentence.labels >= {"geo", "tim"}:
        return
    mapped = map_labels(Corpus("x", (sentence,)), {"geo": "LOC", "tim": ""}).train[0]
    assert mapped.labels == {"LOC"} | ({"per"} & sentence.labels)
    expected = [
        Span(span.start, span.end, {"geo": "LOC", "per": "per"}[span.label])
        for span in sentence.spans
        if span.label != "tim"
    ]
    assert set(expected) <= {*mapped.spans}
    for before, after in zip(read, mapped.partial, strict=False):
        assert (before.label is None) == (after.label is None)
        assert after.label != "" or after.continues == "no"


# --- corpora merged -------------------------------------------------------------------------------


def test_what_each_corpus_lacks() -> None:
    merged = merge_corpora([corpus("a", "PER", "MISC"), corpus("b", "PER"), corpus("c", "LOC")])
    assert merged.name == "a+b+c"
    assert merged.labels == ("LOC", "MISC", "PER")
    assert [(s.corpus, {*s.unannotated}) for s in merged.train] == [
        ("a", {"LOC"}),
        ("b", {"LOC", "MISC"}),
        ("c", {"MISC", "PER"}),
    ]


def test_types_count_in_whatever_split_they_are() -> None:
    with_test = replace(corpus("a", "PER"), test=corpus("a", "MISC").train)
    merged = merge_corpora([with_test, corpus("b", "PER", "MISC")])
    assert not any(sentence.unannotated for sentence in merged.train)


def test_corpora_of_the_same_types_lack_nothing() -> None:
    merged = merge_corpora([corpus("a", "PER"), corpus("b", "PER")])
    assert all(possible_tags(s, ["O", "B-PER", "I-PER"], "iob2") is None for s in merged.train)


def test_corpora_of_one_name_are_refused_with_a_remedy() -> None:
    with pytest.raises(UsageError) as caught:
        merge_corpora([corpus("a", "PER"), corpus("b", "PER"), corpus("a", "LOC")])
    assert str(caught.value).startswith(
        "two corpora have the name 'a'; name each, as --data NAME=PATH, or in Python with "
    )


def test_a_corpus_that_is_merged_already_keeps_what_it_knows() -> None:
    inner = merge_corpora([corpus("a", "PER", "MISC"), corpus("b", "PER")])
    merged = merge_corpora([inner, corpus("c", "LOC")])
    assert [(s.corpus, {*s.unannotated}) for s in merged.train] == [
        ("a", {"LOC"}),
        ("b", {"LOC", "MISC"}),
        ("c", {"MISC", "PER"}),
    ]


def test_notes_name_size_types_and_licence() -> None:
    known = replace(corpus("wnut17", "PER"), notes=("train: 1 sentences",))
    merged = merge_corpora([known, corpus("b", "LOC")])
    assert merged.notes == (
        "wnut17: sentences 1 train; types PER; does not label LOC; licence CC BY 4.0",
        "wnut17: train: 1 sentences",
        "b: sentences 1 train; types LOC; does not label PER; licence not known here",
    )


def test_a_corpus_that_teaches_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    scored = Corpus("b", test=corpus("b", "PER").train)
    with caplog.at_level(logging.WARNING, "ner"):
        merge_corpora([corpus("a", "PER"), scored])
    assert caplog.messages == ["b: has no training split, so it is scored and not learnt from"]


def test_checksums_are_of_each_corpus_and_of_what_it_lacks() -> None:
    one, other = corpus("a", "PER"), corpus("b", "LOC")
    sums = merge_corpora([one, other]).checksums()
    assert [*sums] == ["train of a", "train of b"]
    again = merge_corpora([one, corpus("b", "LOC", "MISC")]).checksums()
    assert sums["train of a"] != again["train of a"]  # MISC is not known of it now
    assert one.checksums()["train"] not in {*sums.values()}


def test_no_file_can_tell_what_a_merged_corpus_lacks(tmp_path: Path) -> None:
    merged = merge_corpora([corpus("a", "PER"), corpus("b", "LOC")])
    with pytest.raises(CorpusError, match="a does not label LOC, which no file can tell"):
        write_file(tmp_path / "x.conll", merged.train)


def test_one_corpus_beside_the_types_of_a_model() -> None:
    one = with_unannotated(corpus("a", "PER"), ["PER", "MISC"])
    assert {*one.train[0].unannotated} == {"MISC"}
    assert one.train[0].corpus == "a"


@given(st.lists(st.sampled_from(["O", "B-A", "I-A"]), min_size=1, max_size=4))
def test_known_spans_stay_exact(tags: list[str]) -> None:
    spans = tuple(spans_of(tags))
    sentence = Sentence(tuple("abcd"[: len(tags)]), spans, unannotated=frozenset("X"))
    every = tag_set("AX", "iobes")
    possible = possible_tags(sentence, every, "iobes")
    assert possible is not None
    for tag, row in zip(tags_of(spans, len(tags), "iobes"), possible, strict=True):
        allowed = {t for t, one in zip(every, row, strict=True) if one}
        assert allowed == {tag} if tag != "O" else {"O"} <= allowed <= {*tag_set("X", "iobes")}

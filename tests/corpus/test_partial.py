"""Partly labelled sentences: everything known is kept, and nothing else, by brute force."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.corpus.partial import (
    agreeing_tags,
    certain_spans,
    count_lost_labels,
    known_tags,
    partial_labels_within,
    possible_tags,
    read_partial_labels,
    with_partial_labels,
)
from ner.tags import (
    TAG_UNKNOWN,
    Tag,
    illegal_positions,
    parse_tag,
    spans_of,
    tag_set,
    tags_of,
)
from ner.text import PartialLabel, Sentence, Span

MODEL_SCHEMES = ["iobes", "iob2", "io"]
FAMILIES = ["iob1", "iob2", "io", "iobes", "bmes"]  # the others differ from these in letters only
ANY_TAG = st.sampled_from(["O", *(f"{prefix}-{label}" for prefix in "BIES" for label in "AB")])
Spans = tuple[Span, ...]


def parsed(tags: Sequence[str | None]) -> list[Tag]:
    return [TAG_UNKNOWN if tag in (None, "?") else parse_tag(tag) for tag in tags]


def legal(length: int, scheme: str, labels: str = "AB") -> list[tuple[str, ...]]:
    """Every legal sequence of tags."""
    every = itertools.product(tag_set(labels, scheme), repeat=length)
    return [tags for tags in every if not illegal_positions(parsed(tags), scheme)]


def hidings(length: int, scheme: str) -> Iterator[tuple[list[str], set[Spans]]]:
    """Tags with every possible set of gaps, and the labellings that they leave possible."""
    left: dict[tuple[str, ...], set[Spans]] = {}
    for tags in legal(length, scheme):
        for gaps in itertools.product([False, True], repeat=length):
            hidden = tuple("?" if gap else tag for tag, gap in zip(tags, gaps, strict=True))
            left.setdefault(hidden, set()).add(tuple(spans_of(tags)))
    return ((list(hidden), possible) for hidden, possible in left.items())


def paths(choices: list[tuple[bool, ...]], tags: list[str], scheme: str) -> set[Spans]:
    """The labellings of all legal paths through the chosen tags."""
    each = [[tag for tag, chosen in zip(tags, row, strict=True) if chosen] for row in choices]
    return {
        tuple(spans_of(path))
        for path in itertools.product(*each)
        if not illegal_positions(parsed(path), scheme)
    }


def fits(spans: Spans, partial: Sequence[PartialLabel]) -> bool:
    """Decide if a labelling agrees with partial labels, by the meaning that they document."""
    label = dict.fromkeys(range(-1, len(partial)), "")
    label |= {i: span.label for span in spans for i in range(span.start, span.end)}
    goes_on = {i for span in spans for i in range(span.start + 1, span.end)}
    for i, token in enumerate(partial):
        same = token.continues == "same" and label[i - 1] == label[i]
        if token.label not in (None, label[i]):
            return False
        if (token.continues == "yes" or same) and i not in goes_on:
            return False
        if token.continues == "no" and i in goes_on:
            return False
    return True


def touching(spans: Spans) -> bool:
    """Whether neighbours are of one type."""
    return any(a.end == b.start and a.label == b.label for a, b in itertools.pairwise(spans))


@pytest.mark.parametrize("scheme", FAMILIES)
def test_partial_labels_leave_what_legal_fillings_leave(scheme: str) -> None:
    everything = {length: {tuple(spans_of(t)) for t in legal(length, "iobes")} for length in (1, 3)}
    for length, all_spans in everything.items():
        for tags, possible in hidings(length, scheme):
            partial = read_partial_labels(parsed(tags), scheme)
            assert partial.illegal == ()
            kept = {spans for spans in all_spans if fits(spans, partial.labels)}
            if scheme == "io":  # an IO file never has neighbours of one type; the truth may
                kept = {spans for spans in kept if not touching(spans)}
            assert kept == possible, tags


@pytest.mark.parametrize("scheme", FAMILIES)
def test_certain_spans_are_those_of_every_filling(scheme: str) -> None:
    for tags, possible in hidings(3, scheme):
        found = certain_spans(read_partial_labels(parsed(tags), scheme).labels)
        assert {*found} == set.intersection(*map(set, possible)), tags


@pytest.mark.parametrize("model_scheme", MODEL_SCHEMES)
@pytest.mark.parametrize("scheme", FAMILIES)
def test_paths_through_agreeing_tags(scheme: str, model_scheme: str) -> None:
    """Just the possible labellings, but where two tokens are linked, or the model has only IO."""
    tags_of_model = tag_set("AB", model_scheme)
    for tags, possible in hidings(3, scheme):
        partial = read_partial_labels(parsed(tags), scheme).labels
        found = paths(
            agreeing_tags(partial, tags_of_model, model_scheme), tags_of_model, model_scheme
        )
        if model_scheme == "io":
            merged = {tuple(spans_of(tags_of(spans, 3, "io"))) for spans in possible}
            assert merged <= found, tags
            continue
        assert possible <= found, tags
        if scheme == "io":
            found = {spans for spans in found if not touching(spans)}
        assert found == possible or any(token.continues == "same" for token in partial), tags


@st.composite
def hidden_tags(draw: st.DrawFn, scheme: str) -> tuple[list[str], list[str]]:
    """Legal tags of a scheme, and the same with gaps."""
    spans, end = [], 0
    for gap, size, label in draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.sampled_from("AB")), max_size=5)
    ):
        spans.append(Span(end + gap, end + gap + size, label))
        end += gap + size
    tags = tags_of(spans, max(1, end + draw(st.integers(0, 2))), scheme)
    gaps = draw(st.lists(st.booleans(), min_size=len(tags), max_size=len(tags)))
    return tags, ["?" if gap else tag for tag, gap in zip(tags, gaps, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("model_scheme", MODEL_SCHEMES)
@pytest.mark.parametrize("scheme", FAMILIES)
@settings(max_examples=50)
@given(data=st.data())
def test_the_truth_is_always_among_the_choices(
    scheme: str, model_scheme: str, data: st.DataObject
) -> None:
    tags, hidden = data.draw(hidden_tags(scheme))
    names = tag_set("AB", model_scheme)
    choices = agreeing_tags(read_partial_labels(parsed(hidden), scheme).labels, names, model_scheme)
    true = tags_of(spans_of(tags), len(tags), model_scheme)
    assert all(row[names.index(tag)] for row, tag in zip(choices, true, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("model_scheme", MODEL_SCHEMES)
@pytest.mark.parametrize("scheme", FAMILIES)
@settings(max_examples=50)
@given(data=st.data())
def test_whatever_stands_in_a_file_there_is_a_legal_path(
    scheme: str, model_scheme: str, data: st.DataObject
) -> None:
    """Letters of other schemes and impossible neighbours, too."""
    tags = parsed(data.draw(st.lists(ANY_TAG | st.just("?"), min_size=1, max_size=5)))
    names = tag_set("AB", model_scheme)
    partial = read_partial_labels(tags, scheme).labels
    assert paths(agreeing_tags(partial, names, model_scheme), names, model_scheme)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", FAMILIES)
@given(tags=st.lists(ANY_TAG, min_size=1))
def test_without_gaps_partial_labels_are_what_spans_of_reads(scheme: str, tags: list[str]) -> None:
    partial = read_partial_labels(parsed(tags), scheme)
    assert certain_spans(partial.labels) == tuple(spans_of(tags))
    assert [*partial.illegal] == illegal_positions(parsed(tags), scheme)
    assert with_partial_labels(Sentence(tuple(tags)), partial.labels).partial == ()


@pytest.mark.parametrize(
    ("scheme", "tags", "illegal", "read"),
    [
        ("iobes", "B-A ? E-B", (2,), "A:no A:yes B:no"),
        ("iobes", "I-A ?", (0,), "A:no A:yes"),
        ("iobes", "? B-A", (1,), "?:no A:no"),
        ("iobes", "O I-A ? E-A", (1,), ":no A:no A:yes A:yes"),
        ("iob2", "O I-A ?", (1,), ":no A:no ?:open"),
        ("iob2", "B-A I-B ?", (1,), "A:no B:no ?:open"),
        ("iob1", "O B-A ?", (1,), ":no A:no ?:open"),
        ("iob1", "? B-A ?", (), "A:no A:no ?:open"),
        ("iob1", "? I-A ?", (), "?:no A:same ?:open"),
        ("iob2", "? I-A ?", (), "A:no A:yes ?:open"),
        ("io", "? I-A ? I-A", (), "?:no A:same ?:open A:same"),
        ("io", "? S-A ?", (1, 2), "?:no A:no ?:no"),
    ],
)
def test_illegal_tags_are_repaired(
    scheme: str, tags: str, illegal: tuple[int, ...], read: str
) -> None:
    partial = read_partial_labels(parsed(tags.split()), scheme)
    assert partial.illegal == illegal
    assert [
        f"{'?' if c.label is None else c.label}:{c.continues}" for c in partial.labels
    ] == read.split()


# --- sentences -------------------------------------------------------------------------------


def sentence(tags: Sequence[str], scheme: str) -> Sentence:
    tokens = tuple(f"w{i}" for i in range(len(tags)))
    return with_partial_labels(Sentence(tokens), read_partial_labels(parsed(tags), scheme).labels)


def test_gaps_that_can_only_be_filled_in_one_way_are_none() -> None:
    found = sentence(["B-A", "?", "E-A", "O"], "iobes")
    assert (found.spans, found.partial) == ((Span(0, 3, "A"),), ())
    assert sentence(["B-A", "?", "?", "E-A"], "iobes").partial


@pytest.mark.slow
@pytest.mark.parametrize("target", FAMILIES)
@pytest.mark.parametrize("scheme", FAMILIES)
@settings(max_examples=40)
@given(data=st.data())
def test_no_tag_is_written_that_may_be_another(
    scheme: str, target: str, data: st.DataObject
) -> None:
    """Of the truth, whatever it is: a written tag is the one that the truth has there."""
    tags, hidden = data.draw(hidden_tags(scheme))
    true = tags_of(spans_of(tags), len(tags), target)
    given = sentence(hidden, scheme)
    written = known_tags(given, target)
    assert all(tag in (None, there) for tag, there in zip(written, true, strict=True))
    if scheme == target:
        assert count_lost_labels(given, target) == 0
        if given.partial:
            assert read_partial_labels(parsed(written), target).labels == given.partial
        assert all(
            before == "?" or before == tag for before, tag in zip(hidden, written, strict=True)
        )


@pytest.mark.parametrize(
    ("scheme", "tags", "target", "written", "lost"),
    [
        ("iob2", "O B-A ? O", "iob2", "O B-A ? O", 0),
        ("iob2", "O B-A ? O", "iobes", "O ? ? O", 1),
        ("iob2", "O B-A ? O", "io", "O I-A ? O", 0),
        ("iobes", "O B-A ? O", "iob2", "O B-A I-A O", 0),
        ("iobes", "S-A ? O", "iob2", "B-A ? O", 1),
        ("iob2", "? ? I-A O", "bilou", "? ? L-A O", 0),
        ("iob2", "? B-A O", "iob1", "? ? O", 1),
        ("iob1", "? B-A O ?", "iobes", "S-A S-A O ?", 0),
        ("iob1", "O ? I-A O", "iob2", "O ? ? O", 1),
    ],
)
def test_other_schemes_get_what_they_can_say(
    scheme: str, tags: str, target: str, written: str, lost: int
) -> None:
    given = sentence(tags.split(), scheme)
    assert " ".join(tag or "?" for tag in known_tags(given, target)) == written
    assert count_lost_labels(given, target) == lost


def test_a_piece_begins_and_ends_no_entity_of_its_neighbours() -> None:
    partial = read_partial_labels(parsed(["B-A", "?", "I-A", "?"]), "iob2").labels
    assert partial_labels_within(partial, 2, 4) == (
        PartialLabel("A", "no"),
        PartialLabel(None, "open"),
    )
    assert partial_labels_within(partial, 0, 1) == (PartialLabel("A", "no"),)


# --- types that the corpus does not label ---------------------------------------------------------


def of_types(spans: Spans, types: str) -> Spans:
    return tuple(span for span in spans if span.label in types)


@pytest.mark.parametrize("scheme", MODEL_SCHEMES)
def test_outside_may_be_of_an_unannotated_type_and_nothing_else_changes(scheme: str) -> None:
    """Just the labellings whose entities of annotated types are those of the sentence."""
    tags = tag_set("AX", scheme)
    everything = {tuple(spans_of(path)) for path in legal(3, scheme, "AX")}
    for spans in {of_types(every, "A") for every in everything}:
        sentence = Sentence(("a", "b", "c"), spans, unannotated=frozenset("X"))
        choices = possible_tags(sentence, tags, scheme)
        assert choices is not None
        assert paths(choices, tags, scheme) == {
            every for every in everything if of_types(every, "A") == spans
        }


@pytest.mark.parametrize("model_scheme", ["iobes", "iob2"])
@pytest.mark.parametrize("scheme", ["iob2", "iobes"])
def test_unknown_tags_beside_an_unannotated_type(scheme: str, model_scheme: str) -> None:
    """The labellings whose annotated types fill the gaps as without the others."""
    tags = tag_set("AX", model_scheme)
    everything = {tuple(spans_of(path)) for path in legal(3, "iobes", "AX")}
    for hidden, possible in _hidings_of_one_type(3, scheme):
        partial = read_partial_labels(parsed(hidden), scheme).labels
        sentence = with_partial_labels(Sentence(("a", "b", "c")), partial)
        choices = possible_tags(replace(sentence, unannotated=frozenset("X")), tags, model_scheme)
        assert choices is not None
        assert paths(choices, tags, model_scheme) == {
            every for every in everything if of_types(every, "A") in possible
        }, hidden


def _hidings_of_one_type(length: int, scheme: str) -> Iterator[tuple[list[str], set[Spans]]]:
    for hidden, possible in hidings(length, scheme):
        if not any(tag.endswith("-B") for tag in hidden):
            yield hidden, {spans for spans in possible if of_types(spans, "A") == spans}


def test_all_tags_known_needs_no_mask() -> None:
    assert possible_tags(Sentence(("a",)), ["O"], "iobes") is None

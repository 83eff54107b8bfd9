"""Tags and spans: golden cases, brute force, and the CoNLL scorer as the judge."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from ner.errors import CorpusError, UsageError
from ner.tags import (
    ALIASES,
    SCHEMES,
    TAG_OUTSIDE,
    TAG_UNKNOWN,
    SchemeCounts,
    Tag,
    allowed_transitions,
    boundary_constraint,
    illegal_positions,
    may_follow,
    parse_tag,
    scheme_named,
    spans_of,
    tag_set,
    tags_of,
)
from ner.text import Span

GOLDEN = Path(__file__).parent / "golden" / "schemes"
LOSSLESS = [name for name in SCHEMES if name != "io"]


# --- golden cases -------------------------------------------------------------------------------


class Case(NamedTuple):
    """One block of a golden file."""

    scheme: str
    title: str
    tags: list[str]
    spans: list[Span]
    illegal: list[int]
    repair: list[str]


def read_cases(path: Path) -> Iterator[Case]:
    """The blocks of a golden file, once for each name of its scheme."""
    head, *blocks = path.read_text(encoding="utf-8").split("\n\n")
    for block, scheme in itertools.product(blocks, head.removeprefix("schemes:").split()):
        title, *lines = block.strip().splitlines()
        row = {key: rest.split() for key, _, rest in (line.partition(":") for line in lines)}
        assert row.keys() <= {"tokens", "tags", "spans", "illegal", "repair"}, block
        assert len(row["tokens"]) == len(row["tags"]), block
        spans = [span.split(":") for span in row["spans"]]
        yield Case(
            scheme,
            title.removeprefix("== "),
            row["tags"],
            [Span(int(start), int(end), label) for start, end, label in spans],
            [int(position) for position in row["illegal"]],
            row.get("repair", row["tags"]),
        )


CASES = [case for path in sorted(GOLDEN.glob("*.txt")) for case in read_cases(path)]


def test_every_name_of_every_scheme_has_golden_cases() -> None:
    assert {case.scheme for case in CASES} == {*SCHEMES, *ALIASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.scheme}-{case.title}")
def test_golden_tags_are_read_and_written(case: Case) -> None:
    assert spans_of(case.tags) == case.spans
    assert tags_of(case.spans, len(case.tags), case.scheme) == case.repair
    assert illegal_positions([parse_tag(tag) for tag in case.tags], case.scheme) == case.illegal


# --- tags and spans, both ways ------------------------------------------------------------------


@st.composite
def span_lists(draw: st.DrawFn, least_gap: int = 0) -> tuple[list[Span], int]:
    """Spans in order, without overlap, and a length they fit into."""
    pieces = st.tuples(
        st.integers(least_gap, 3),
        st.integers(1, 4),
        st.sampled_from(["PER", "LOC", "creative-work", "人名"]),
    )
    spans, end = [], 0
    for gap, size, label in draw(st.lists(pieces, max_size=6)):
        spans.append(Span(end + gap, end + gap + size, label))
        end += gap + size
    return spans, end + draw(st.integers(0, 3))


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [*LOSSLESS, *ALIASES])
@given(given_spans=span_lists())
def test_spans_survive_tags(scheme: str, given_spans: tuple[list[Span], int]) -> None:
    spans, length = given_spans
    tags = tags_of(spans, length, scheme)
    assert len(tags) == length
    assert spans_of(tags) == spans
    assert illegal_positions([parse_tag(tag) for tag in tags], scheme) == []


@given(given_spans=span_lists(least_gap=1))
def test_spans_apart_survive_io(given_spans: tuple[list[Span], int]) -> None:
    spans, length = given_spans
    assert spans_of(tags_of(spans, length, "io")) == spans


@given(given_spans=span_lists())
def test_touching_spans_merge_in_io_and_nothing_else_changes(
    given_spans: tuple[list[Span], int],
) -> None:
    spans, length = given_spans
    read = spans_of(tags_of(spans, length, "io"))
    covered = [(i, span.label) for span in spans for i in range(span.start, span.end)]
    assert [(i, span.label) for span in read for i in range(span.start, span.end)] == covered
    assert all(a.end < b.start or a.label != b.label for a, b in itertools.pairwise(read))


letters_and_types = st.sampled_from(
    [*(f"{letter}-{type_}" for letter in "BIESMLUW" for type_ in "AB")]
)


@given(tags=st.lists(st.just("O") | letters_and_types, max_size=12))
def test_any_tags_give_spans_that_can_be_written(tags: list[str]) -> None:
    spans = spans_of(tags)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    assert all(0 <= span.start < span.end <= len(tags) for span in spans)
    for scheme in LOSSLESS:
        assert spans_of(tags_of(spans, len(tags), scheme)) == spans


def test_tags_of_takes_spans_in_any_order() -> None:
    spans = [Span(2, 3, "A"), Span(0, 1, "B"), Span(1, 2, "A")]
    assert tags_of(spans, 3, "iob1") == ["I-B", "I-A", "B-A"]


def test_spans_of_reads_text_and_parsed_tags_alike() -> None:
    assert spans_of(tag for tag in ("B-A", Tag("I", "A"), "O")) == [Span(0, 2, "A")]


@pytest.mark.parametrize(
    "spans",
    [
        [Span(0, 2, "A"), Span(1, 3, "B")],
        [Span(0, 1, "A"), Span(0, 1, "A")],
        [Span(2, 4, "A")],
        [Span(1, 1, "A")],
        [Span(-1, 1, "A")],
    ],
)
def test_tags_of_asserts_what_readers_promise(spans: list[Span]) -> None:
    with pytest.raises(AssertionError):
        tags_of(spans, 3)


# --- what is legal, by brute force --------------------------------------------------------------


def all_sequences(alphabet: Sequence[str], longest: int) -> Iterator[tuple[str, ...]]:
    """Every sequence over the alphabet, from the empty one on."""
    for length in range(longest + 1):
        yield from itertools.product(alphabet, repeat=length)


def all_span_lists(start: int, length: int, labels: str) -> Iterator[list[Span]]:
    """Every list of spans in ``[start, length)`` that do not overlap."""
    yield []
    for first in range(start, length):
        for end in range(first + 1, length + 1):
            for label, rest in itertools.product(labels, all_span_lists(end, length, labels)):
                yield [Span(first, end, label), *rest]


def test_all_span_lists_is_complete() -> None:
    """One token: nothing, A or B. Two: O or one of 2 types on each, or one of 2 types on both."""
    assert len(list(all_span_lists(0, 1, "AB"))) == 3
    assert len(list(all_span_lists(0, 2, "AB"))) == 3 * 3 + 2


def all_written(scheme: str) -> set[tuple[str, ...]]:
    """Every sequence of up to four tags that some spans have in a scheme."""
    return {
        tuple(tags_of(spans, length, scheme))
        for length in range(5)
        for spans in all_span_lists(0, length, "AB")
    }


@pytest.mark.parametrize("scheme", SCHEMES)
def test_legal_is_what_tags_of_writes_and_what_the_transitions_allow(scheme: str) -> None:
    """For io this means that every sequence is legal, as spans that touch are merged."""
    alphabet = tag_set(["A", "B"], scheme)
    allowed = allowed_transitions(alphabet, scheme)
    written = all_written(scheme)
    for tags in all_sequences(alphabet, 4):
        ids = [alphabet.index(tag) for tag in tags]
        by_steps = (
            all(allowed.start[i] for i in ids[:1])
            and all(allowed.between[i][j] for i, j in itertools.pairwise(ids))
            and all(allowed.end[i] for i in ids[-1:])
        )
        by_positions = illegal_positions([parse_tag(tag) for tag in tags], scheme) == []
        assert by_steps == by_positions == (tags in written), tags
    assert (scheme == "io") == (written == set(all_sequences(alphabet, 4)))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_transitions_are_those_of_each_pair(scheme: str) -> None:
    tags = tag_set(["B", "-", "A", "O", "A-B"], scheme)[::-1]
    between = allowed_transitions(tags, scheme).between
    pairs = [[may_follow(scheme, parse_tag(a), parse_tag(b)) for b in tags] for a in tags]
    assert between == pairs


@pytest.mark.parametrize("scheme", SCHEMES)
def test_illegal_positions_are_the_neighbours_never_written(scheme: str) -> None:
    written = all_written(scheme)
    neighbours = {pair for tags in written for pair in itertools.pairwise(("^", *tags))}
    ends = {tags[-1] for tags in written if tags}
    for tags in all_sequences(tag_set(["A", "B"], scheme), 4):
        wrong = {
            i for i, pair in enumerate(itertools.pairwise(("^", *tags))) if pair not in neighbours
        }
        wrong |= {len(tags) - 1} if tags and tags[-1] not in ends else set()
        assert illegal_positions([parse_tag(tag) for tag in tags], scheme) == sorted(wrong), tags


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_letter_of_another_scheme_is_never_legal(scheme: str) -> None:
    own = set(SCHEMES[scheme].letters.values())
    for letter in {"B", "I", "E", "S"} - own:
        assert not may_follow(scheme, None, Tag(letter, "A"))
        assert not may_follow(scheme, Tag(letter, "A"), None)


def test_tag_sets_have_the_letters_of_their_scheme() -> None:
    assert tag_set(["X"], "io") == ["O", "I-X"]
    assert tag_set(["X", "Y"], "bio") == ["O", "B-X", "I-X", "B-Y", "I-Y"]
    assert tag_set(["X"], "bilou") == ["O", "B-X", "I-X", "L-X", "U-X"]
    assert tag_set(["X"], "bmes") == ["O", "B-X", "M-X", "E-X", "S-X"]
    assert tag_set([], "iobes") == ["O"]


# --- the CoNLL scorer ---------------------------------------------------------------------------

# Pairs of prefixes (of one type) between which conlleval.pl ends and starts a chunk. The script
# knows O, B, I and E; it has no rule for E before B of the same type.
CHUNK_ENDS = {"BB", "BO", "IB", "IO", "EE", "EI", "EO"}
CHUNK_STARTS = {"BB", "IB", "OB", "OI", "EE", "EI", "OE"}


def conlleval(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """Chunks as (type, start, end), found as the main loop of conlleval.pl finds them."""
    chunks, start, inside = [], 0, False
    before, type_before = "O", ""
    for position, tag in enumerate([*tags, "O"]):
        letter, _, type_ = tag.partition("-")
        pair = before + letter
        if inside and (pair in CHUNK_ENDS or (before != "O" and type_before != type_)):
            chunks.append((type_before, start, position))
            inside = False
        if pair in CHUNK_STARTS or (letter != "O" and type_before != type_):
            start, inside = position, True
        before, type_before = letter, type_
    return chunks


def test_spans_are_those_of_conlleval() -> None:
    alphabet = ["O", *(f"{letter}-{type_}" for letter in "BIE" for type_ in "AB")]
    compared = 0
    for tags in all_sequences(alphabet, 4):
        if not any(a[0] + b[0] == "EB" and a[1:] == b[1:] for a, b in itertools.pairwise(tags)):
            assert [(s.label, s.start, s.end) for s in spans_of(tags)] == conlleval(tags), tags
            compared += 1
    assert compared > 2000


def test_spans_are_those_of_seqeval() -> None:
    """Seqeval carries the rules of conlleval on to S and to E before B."""
    alphabet = ["O", *(f"{letter}-{type_}" for letter in "BIES" for type_ in "AB")]
    for tags in all_sequences(alphabet, 4):
        theirs = [(label, start, last + 1) for label, start, last in get_entities(list(tags))]
        assert [(s.label, s.start, s.end) for s in spans_of(tags)] == theirs, tags


# --- single tags --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("O", Tag("O", "")),
        ("B-PER", Tag("B", "PER")),
        ("M-PER", Tag("I", "PER")),
        ("L-PER", Tag("E", "PER")),
        ("U-PER", Tag("S", "PER")),
        ("W-PER", Tag("S", "PER")),
        ("B-creative-work", Tag("B", "creative-work")),
        ("I-人名", Tag("I", "人名")),
    ],
)
def test_parse_tag(text: str, tag: Tag) -> None:
    assert parse_tag(text) == tag
    assert parse_tag(text, bare=True) == tag


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("B_PER", "a hyphen stands between prefix and type: B-PER"),
        ("I:PER", "a hyphen stands between prefix and type: I-PER"),
        ("S/creative-work", "a hyphen stands between prefix and type: S-creative-work"),
        ("PER", "--scheme io"),
        ("BROWN", "--scheme io"),
        ("U.S.", "--tag-column"),
        ("", "--tag-column"),
        ("-", "--tag-column"),
        ("-PER", "tags are O or like B-PER"),
        ("B-", "tags are O or like B-PER"),
        ("B", "tags are O or like B-PER"),
        ("B_", "tags are O or like B-PER"),
        ("b-PER", "tags are O or like B-PER"),
        ("X-PER", "tags are O or like B-PER"),
        ("o", "tags are O or like B-PER"),
    ],
)
def test_what_is_no_tag_is_refused_with_a_remedy(text: str, remedy: str) -> None:
    for call in (parse_tag, lambda text: spans_of(["O", text]), lambda text: spans_of([text])):
        with pytest.raises(CorpusError) as caught:
            call(text)
        message = str(caught.value)
        assert message.startswith(f"{text!r} is not a tag; ")
        assert remedy in message
        assert "\n" not in message


def test_bare_types_are_inside() -> None:
    assert parse_tag("PER", bare=True) == Tag("I", "PER")
    assert parse_tag("U.S.", bare=True) == Tag("I", "U.S.")
    with pytest.raises(CorpusError):
        parse_tag("", bare=True)


# --- names of schemes ---------------------------------------------------------------------------


def test_scheme_names() -> None:
    assert scheme_named("BIOES") is SCHEMES["iobes"]
    assert scheme_named("bio") is SCHEMES["iob2"]
    assert {name for name, scheme in SCHEMES.items() if scheme.closes} == {
        "iobes",
        "bilou",
        "bmes",
        "bmewo",
    }


@pytest.mark.parametrize(
    "use",
    [
        scheme_named,
        lambda name: tags_of([], 1, name),
        lambda name: tag_set(["A"], name),
        lambda name: may_follow(name, None, None),
    ],
)
def test_an_unknown_scheme_is_an_error_that_lists_the_known(use: Callable[[str], object]) -> None:
    with pytest.raises(UsageError, match=r"unknown tag scheme 'ioe'; choose one of iob1, .*bioes"):
        use("ioe")


# --- which scheme a file has --------------------------------------------------------------------


def scheme_of(*sentences: str) -> str:
    counts = SchemeCounts()
    for sentence in sentences:
        counts.add(sentence.split())
    return counts.scheme()


@pytest.mark.parametrize(
    ("sentences", "scheme"),
    [
        (["B-A I-A O", "O B-B B-B"], "iob2"),
        (["I-A I-A O", "O I-B B-B"], "iob1"),
        (["I-A I-A O", "O I-B I-B"], "io"),
        (["B-A O B-A"], "iob2"),
        (["B-A I-A E-A", "S-B"], "iobes"),
        (["B-A E-A"], "iobes"),
        (["S-A O"], "iobes"),
        (["B-A I-A L-A", "U-B"], "bilou"),
        (["U-A O"], "bilou"),
        (["B-A L-A O"], "bilou"),
        (["B-A M-A E-A", "S-B"], "bmes"),
        (["B-A M-A E-A", "W-B"], "bmewo"),
        (["O O", "O"], "iob2"),
        ([], "iob2"),
        ([""], "iob2"),
    ],
)
def test_scheme_of_a_file(sentences: list[str], scheme: str) -> None:
    assert scheme_of(*sentences) == scheme
    assert scheme_of(*reversed(sentences)) == scheme


def test_one_clue_at_the_end_of_a_file_decides() -> None:
    same = ["I-A I-A O", "O I-B O"] * 500
    assert scheme_of(*same) == "io"
    assert scheme_of(*same, "O I-B B-B") == "iob1"
    assert scheme_of(*same, "O S-B O") == "iobes"


def test_a_few_slips_do_not_change_the_scheme() -> None:
    assert scheme_of(*["B-A I-A O"] * 20, "O I-A") == "iob2"
    assert scheme_of(*["I-A I-A B-A"] * 20, "O B-A") == "iob1"


def test_a_file_is_refused_for_what_is_no_tag() -> None:
    with pytest.raises(CorpusError, match="'B_A' is not a tag"):
        scheme_of("O B-A", "B_A")


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("conll2003-iob1/eng.testa", "iob1"),
        ("conll2003-iob1/eng.testb", "iob1"),
        ("conll2003/valid.txt", "iob2"),
        ("conll2003/test.txt", "iob2"),
        ("conll2002-es/test.txt", "iob2"),
        ("wnut17/test.txt", "iob2"),
        ("resume-zh/test.txt", "bmes"),
    ],
)
def test_schemes_of_real_files(real_data: Callable[[str], Path], name: str, scheme: str) -> None:
    assert scheme_of(*tag_lines(real_data(name))) == scheme


def test_one_corpus_in_two_schemes_has_the_same_spans(real_data: Callable[[str], Path]) -> None:
    old = tag_lines(real_data("conll2003-iob1/eng.testa"))
    new = tag_lines(real_data("conll2003/valid.txt"))
    assert [spans_of(tags.split()) for tags in old] == [spans_of(tags.split()) for tags in new]
    for line in old:
        assert tags_of(spans_of(line.split()), len(line.split()), "iob1") == line.split()


def tag_lines(path: Path) -> list[str]:
    """The last column of a file, one line for each sentence."""
    lines = path.read_text(encoding="utf-8").split("\n")
    column = ["" if line.startswith("-DOCSTART-") else line for line in lines]
    blocks = "\n".join(line.rpartition(" ")[2].rpartition("\t")[2] for line in column).split("\n\n")
    return [" ".join(block.split()) for block in blocks if block.split()]


# --- unknown tags ------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
def test_beside_an_unknown_tag_every_tag_of_the_scheme_may_stand(scheme: str) -> None:
    for tag in map(parse_tag, tag_set("AB", scheme)):
        assert may_follow(scheme, TAG_UNKNOWN, tag)
        assert may_follow(scheme, tag, TAG_UNKNOWN)
    assert may_follow(scheme, None, TAG_UNKNOWN)
    assert may_follow(scheme, TAG_UNKNOWN, None)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_neighbours_tell_of_the_boundary_between_them(scheme: str) -> None:
    """Known ones: whether a span goes through. With an unknown one: what every neighbour tells."""
    alphabet = [parse_tag(tag) for tag in tag_set("AB", scheme)]
    for before, after in itertools.product(alphabet, repeat=2):
        through = any((span.start, span.end) == (0, 2) for span in spans_of([before, after]))
        assert boundary_constraint(before, after, scheme) == ("yes" if through else "no")

    def told(pairs: Iterator[tuple[Tag, Tag]]) -> set[str]:
        return {boundary_constraint(*pair, scheme) for pair in pairs if may_follow(scheme, *pair)}

    for tag in alphabet:
        for pairs, said in (
            ([(other, tag) for other in alphabet], boundary_constraint(TAG_UNKNOWN, tag, scheme)),
            ([(tag, other) for other in alphabet], boundary_constraint(tag, TAG_UNKNOWN, scheme)),
        ):
            possible = told(iter(pairs))
            assert said in (possible if len(possible) == 1 else {"open", "same"})
    assert boundary_constraint(TAG_UNKNOWN, TAG_UNKNOWN, scheme) == "open"
    assert boundary_constraint(TAG_UNKNOWN, TAG_OUTSIDE, scheme) == "no"


def test_unknown_tags_show_no_scheme() -> None:
    counts = SchemeCounts("?")
    counts.add(["?", "I-A", "I-A"])
    counts.add(["I-A", "?", "B-A"])
    assert counts.scheme() == "iob1"
    counts.add(["B-A", "?"])
    counts.add(["B-A"])
    assert counts.scheme() == "iob2"
    with pytest.raises(CorpusError):
        SchemeCounts().add(["?"])

"""Agreement of two annotators, by hand, against scikit-learn, and by properties."""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from ner.errors import CorpusError, NerError, UsageError
from ner.evaluation import AnnotatorAgreement, compare_annotators, format_agreement
from ner.evaluation.agreement import cohens_kappa
from ner.text import PartialLabel, Sentence, Span

WORDS = ("Ann", "Lee", "saw", "New", "York", ".")
ANN, ANN_LEE = Span(0, 1, "PER"), Span(0, 2, "PER")
YORK, NEW_YORK = Span(3, 5, "ORG"), Span(3, 5, "LOC")


def one(*spans: Span | None) -> list[Sentence]:
    """A sentence with those of the spans that are there."""
    return [Sentence(WORDS, tuple(filter(None, spans)), source="a.conll", line=4)]


def kinds_and_reasons(found: AnnotatorAgreement) -> list[tuple[str, str]]:
    return [(each.match.kind, each.reason) for each in found.disagreements]


# --- by hand --------------------------------------------------------------------------------------


def test_by_hand() -> None:
    found = compare_annotators(one(ANN_LEE, NEW_YORK), one(ANN, NEW_YORK))
    person, place = found.per_type["PER"], found.per_type["LOC"]
    assert (person.first, person.second, person.both, person.f1) == (1, 1, 0, 0.0)
    # In a person or not, of 6 tokens: both 1, A alone 1, neither 4; by chance 2*1 + 4*5 of 36.
    assert person.kappa == pytest.approx((5 / 6 - 22 / 36) / (1 - 22 / 36))
    assert (place.f1, place.kappa) == (1.0, 1.0)
    assert (found.overall.first, found.overall.second, found.overall.both) == (2, 2, 1)
    assert found.overall.f1 == 0.5
    # PER 2 and 1, LOC 2 and 2, O 2 and 3.
    assert found.overall.kappa == pytest.approx((5 / 6 - 12 / 36) / (1 - 12 / 36))
    assert (found.sentences, found.tokens) == (1, 6)
    assert found.kinds == {
        "boundary": 1, "type": 0, "boundary and type": 0, "missed": 0, "spurious": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "kind", "reason"),
    [
        (ANN_LEE, ANN, "boundary", "A labels PER (Ann Lee), B labels PER (Ann)"),
        (NEW_YORK, YORK, "type", "A labels LOC (New York), B labels ORG (New York)"),
        (Span(4, 5, "LOC"), YORK, "boundary and type", "A labels LOC (York), B labels ORG (New Y"),
        (ANN, None, "missed", "A labels PER (Ann), and B nothing"),
        (None, ANN, "spurious", "B labels PER (Ann), and A nothing"),
    ],
)
def test_each_kind_in_words(
    first: Span | None, second: Span | None, kind: str, reason: str
) -> None:
    found = compare_annotators(one(first), one(second))
    ((said, words),) = kinds_and_reasons(found)
    assert said == kind
    assert words.startswith(reason)
    assert (found.disagreements[0].match.gold, found.disagreements[0].match.predicted) == (
        first, second,
    )  # fmt: skip


def test_nothing_labelled_has_no_kappa() -> None:
    found = compare_annotators(one(), one())
    assert (found.overall.f1, found.overall.kappa, found.per_type) == (0.0, None, {})
    assert cohens_kappa(Counter()) is None
    assert " 0.00      -" in format_agreement(found)
    assert format_agreement(found).endswith("disagreements: 0\n")


def test_entities_that_touch_are_apart_in_f1_alone() -> None:
    """As the module says of kappa over tokens."""
    apart = one(ANN, Span(1, 2, "PER"))
    found = compare_annotators(one(ANN_LEE), apart)
    assert (found.overall.f1, found.overall.kappa) == (0.0, 1.0)
    assert len(found.disagreements) == 2


def test_layers_are_judged_apart() -> None:
    outer, inner = Span(3, 5, "LOC", "outer"), Span(3, 4, "LOC", "inner")
    found = compare_annotators(one(outer, inner), one(outer))
    assert found.per_type["outer:LOC"].kappa == 1.0
    assert found.per_type["inner:LOC"].kappa == 0.0
    assert found.tokens == 2 * len(WORDS)
    assert kinds_and_reasons(found) == [("missed", "A labels inner:LOC (New), and B nothing")]


def test_of_layers_a_type_that_both_have_has_its_own_tokens() -> None:
    outer, inner = Span(3, 5, "LOC", "outer"), Span(0, 1, "LOC", "inner")
    found = compare_annotators(one(outer, inner), one(outer, Span(1, 2, "LOC", "inner")))
    assert found.per_type["outer:LOC"].kappa == 1.0
    assert found.per_type["inner:LOC"].kappa == pytest.approx(-0.2)


@pytest.mark.parametrize(
    ("second", "said", "kind"),
    [
        ([], "1 sentences in A but 0 in B, of which the first too many is a.conll:4", NerError),
        (
            [Sentence((*WORDS[:5], "!"))],
            "a.conll:4: A and B have different tokens, first",
            NerError,
        ),
        (
            [Sentence(WORDS, partial=(PartialLabel(None, "no"),) * 6, source="b", line=2)],
            "b:2: has tokens with an unknown tag",
            CorpusError,
        ),
        (one(Span(0, 1, "PER", "inner")), "the tag layers", UsageError),
    ],
)
def test_files_that_do_not_fit(
    second: Sequence[Sentence], said: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=said):
        compare_annotators(one(ANN), second)


def test_the_table() -> None:
    assert format_agreement(compare_annotators(one(ANN_LEE, NEW_YORK), one(ANN, NEW_YORK))) == (
        "         A  B  both      F1   kappa\n"
        "LOC      1  1     1  100.00  1.0000\n"
        "PER      1  1     0    0.00  0.5714\n"
        "overall  2  2     1   50.00  0.7500\n"
        "\n"
        "kappa: Cohen's, over 6 tokens, each of the type of its entity or of none\n"
        "disagreements: 1 (boundary 1)\n"
    )


# --- of any annotators ----------------------------------------------------------------------------

Row = list[Sentence]


@st.composite
def annotated(draw: st.DrawFn) -> tuple[Row, Row]:
    """The same sentences, labelled twice."""
    lengths = draw(st.lists(st.integers(1, 6), min_size=1, max_size=5))
    first, second = (
        [Sentence(WORDS[:length], draw(spans(length))) for length in lengths] for _ in range(2)
    )
    return first, second


@st.composite
def spans(draw: st.DrawFn, length: int) -> tuple[Span, ...]:
    """Spans that do not overlap, in order."""
    found, end = [], 0
    while end < length:
        start = end + draw(st.integers(0, 2))
        end = start + draw(st.integers(1, 3))
        if end <= length:
            found.append(Span(start, end, draw(st.sampled_from(["PER", "LOC", "ORG"]))))
    return tuple(found)


def token_types(sentences: Row) -> list[str]:
    """The type of each token, the long way."""
    return [
        next((s.label for s in sentence.spans if s.start <= number < s.end), "O")
        for sentence in sentences
        for number in range(len(sentence))
    ]


@pytest.mark.slow
@given(annotated())
def test_kappa_is_that_of_scikit_learn(pair: tuple[Row, Row]) -> None:
    found = compare_annotators(*pair)
    first, second = map(token_types, pair)
    rows = {"overall": (first, second)} | {
        label: ([t == label for t in first], [t == label for t in second])
        for label in found.per_type
    }
    for name, row in {**found.per_type, "overall": found.overall}.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a value that is undefined
            wanted = cohen_kappa_score(*rows[name])
        if row.kappa is None:
            assert rows[name][0] == rows[name][1]
            assert wanted != wanted or wanted in (0.0, 1.0)
        else:
            assert row.kappa == pytest.approx(wanted)


@pytest.mark.slow
@given(annotated())
def test_it_is_the_same_from_either_side(pair: tuple[Row, Row]) -> None:
    there, back = compare_annotators(*pair), compare_annotators(*reversed(pair))
    assert there.per_type.keys() == back.per_type.keys()
    for one_way, other_way in zip(
        [there.overall, *there.per_type.values()], [back.overall, *back.per_type.values()],
        strict=True,
    ):  # fmt: skip
        assert one_way.f1 == pytest.approx(other_way.f1)
        assert one_way.kappa == other_way.kappa
        assert (one_way.first, one_way.second) == (other_way.second, other_way.first)
    assert there.kinds["missed"] == back.kinds["spurious"]


@given(annotated())
def test_disagreements_are_what_f1_misses(pair: tuple[Row, Row]) -> None:
    found = compare_annotators(*pair)
    whole = found.overall
    assert sum(found.kinds.values()) == len(found.disagreements)
    with_first = sum(each.match.gold is not None for each in found.disagreements)
    with_second = sum(each.match.predicted is not None for each in found.disagreements)
    assert (whole.first - whole.both, whole.second - whole.both) == (with_first, with_second)
    same = [s.spans for s in pair[0]] == [s.spans for s in pair[1]]
    assert same == (not found.disagreements)
    assert found.overall.kappa is None or -1 <= found.overall.kappa <= 1


@given(annotated())
def test_an_annotator_agrees_with_itself(pair: tuple[Row, Row]) -> None:
    found = compare_annotators(pair[0], pair[0])
    assert found.disagreements == ()
    for row in (found.overall, *found.per_type.values()):
        assert row.f1 == (1.0 if row.first else 0.0)
        assert row.kappa in (1.0, None)


@given(annotated())
def test_names_of_types_do_not_matter(pair: tuple[Row, Row]) -> None:
    names = {"PER": "LOC", "LOC": "ORG", "ORG": "PER"}
    turned = [
        [replace(s, spans=tuple(replace(p, label=names[p.label]) for p in s.spans)) for s in row]
        for row in pair
    ]
    found, other = compare_annotators(*pair), compare_annotators(*turned)
    assert other.overall == found.overall
    assert other.per_type == {names[label]: row for label, row in sorted(found.per_type.items())}


@pytest.mark.slow
@given(annotated(), annotated())
def test_two_layers_are_two_texts(one_pair: tuple[Row, Row], other_pair: tuple[Row, Row]) -> None:
    """The agreement on a text with two layers is that on the text twice, once with each."""
    size = min(len(one_pair[0]), len(other_pair[0]))
    both = Sentence(WORDS, (Span(0, 1, "PER", "outer"), Span(0, 1, "PER", "inner")))
    texts: tuple[Row, Row] = ([both], [both])
    for side, (outers, inners) in enumerate(zip(one_pair, other_pair, strict=True)):
        for outer, inner in zip(outers[:size], inners[:size], strict=True):
            spans = [replace(s, layer="outer") for s in outer.spans]
            spans += [replace(s, layer="inner") for s in inner.spans]
            texts[side].append(Sentence(WORDS, tuple(spans)))
    layered = compare_annotators(*texts)
    for name in ("outer", "inner"):
        own = [[s.of_layer(name) for s in text] for text in texts]
        alone = compare_annotators(*own)
        assert {
            label.removeprefix(f"{name}:"): row
            for label, row in layered.per_type.items()
            if label.startswith(f"{name}:")
        } == alone.per_type
    assert layered.tokens == 2 * (size + 1) * len(WORDS)


@pytest.mark.parametrize(
    ("pairs", "kappa"),
    [
        # Fleiss, Levin and Paik 2003, table 18.1 in counts of 100: 0.70 / 0.55 expected.
        ({("a", "a"): 75, ("a", "b"): 1, ("a", "c"): 4, ("b", "a"): 5, ("b", "b"): 4,
          ("b", "c"): 1, ("c", "a"): 0, ("c", "b"): 0, ("c", "c"): 10}, 0.676),
        ({("a", "a"): 20, ("a", "b"): 5, ("b", "a"): 10, ("b", "b"): 15}, 0.4),
        ({("a", "a"): 25, ("a", "b"): 25, ("b", "a"): 25, ("b", "b"): 25}, 0.0),
        ({("a", "b"): 5, ("b", "a"): 5}, -1.0),
        ({("a", "a"): 9}, None),
    ],
    ids=["fleiss", "fifty", "chance", "opposite", "one"],
)  # fmt: skip
def test_kappas_that_others_have_published(
    pairs: dict[tuple[str, str], int], kappa: float | None
) -> None:
    found = cohens_kappa(Counter(pairs))
    assert found == (kappa if kappa is None else pytest.approx(kappa, abs=5e-4))

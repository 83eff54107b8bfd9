"""What annotation tools read: every entity, token and tag is where the text has it."""

import sys
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import MissingExtra
from ner.interchange import (
    Offsets,
    brat_line,
    conllu_line,
    doccano_record,
    fits_conllu,
    label_studio_region,
    load_spacy,
    prodigy_task,
    triples,
)
from ner.text import Entity, Span

TEXT = st.text("ab\n\r \u00e9😀|=\t", min_size=1, max_size=20)


@st.composite
def cut_texts(draw: st.DrawFn) -> tuple[str, list[Offsets], list[Span]]:
    """A text, the ranges of its tokens, and entities of whole tokens in their order."""
    text = draw(TEXT)
    places = st.sets(st.integers(0, len(text)), min_size=2)
    ends = sorted(draw(places))
    tokens = list(zip(ends[::2], ends[1::2], strict=False))
    chosen = draw(st.lists(st.booleans(), min_size=len(tokens), max_size=len(tokens)))
    entities = [Span(*ends, "PER") for ends, is_one in zip(tokens, chosen, strict=True) if is_one]
    return text, tokens, entities


@given(cut_texts())
def test_offsets_are_those_of_the_entities(drawn: tuple[str, list[Offsets], list[Span]]) -> None:
    text, _, entities = drawn
    expected = [[span.start, span.end, span.label] for span in entities]
    assert triples(entities) == expected
    assert doccano_record(text, entities) == {"text": text, "label": expected}
    for span in entities:
        region = label_studio_region(text, span, score=0.5)
        assert (region["score"], region["from_name"], region["to_name"]) == (0.5, "label", "text")
        assert region["value"] == {
            "start": span.start,
            "end": span.end,
            "text": text[span.start : span.end],
            "labels": ["PER"],
        }


def test_a_region_has_only_what_it_is_given() -> None:
    assert "score" not in label_studio_region("Ada", Span(0, 3, "PER"))
    entity = Entity(0, 3, "PER", "Ada")
    assert label_studio_region("Ada", entity) == label_studio_region("Ada", Span(0, 3, "PER"))


@given(cut_texts())
def test_spans_of_prodigy_name_their_tokens(drawn: tuple[str, list[Offsets], list[Span]]) -> None:
    text, ranges, entities = drawn
    task = prodigy_task(text, ranges, entities)
    assert [(token["start"], token["end"]) for token in task["tokens"]] == ranges
    assert [token["id"] for token in task["tokens"]] == [*range(len(ranges))]
    for token in task["tokens"]:
        assert token["text"] == text[token["start"] : token["end"]]
        assert token["ws"] == text[token["end"] :].startswith(" ")
    for span, written in zip(entities, task["spans"], strict=True):
        first, last = (task["tokens"][written[f"token_{end}"]] for end in ("start", "end"))
        assert (first["start"], last["end"]) == (span.start, span.end)
        assert (written["start"], written["end"], written["label"]) == (span.start, span.end, "PER")


def test_spans_of_prodigy_without_tokens() -> None:
    [span] = prodigy_task("Ada", [], [Span(0, 3, "PER")])["spans"]
    assert (span["token_start"], span["token_end"]) == (None, None)


@given(token=st.text(min_size=1), tag=st.text(), joined=st.booleans(), number=st.integers(1, 99))
def test_a_word_of_conllu_can_be_taken_apart(
    token: str, tag: str, joined: bool, number: int
) -> None:
    fits = not any(mark in token + tag for mark in "\t\r\n\0") and "|" not in tag
    assert fits_conllu(token, tag) == fits
    if not fits:
        return
    line = conllu_line(number, token, tag, joined=joined)
    cells = line.removesuffix("\n").split("\t")
    assert (len(cells), cells[:2]) == (10, [str(number), token])
    assert set(cells[2:9]) == {"_"}
    misc = [] if cells[9] == "_" else cells[9].split("|")
    assert misc == [f"NER={tag}"] * bool(tag) + ["SpaceAfter=No"] * joined or tag == "_"


@given(cut_texts(), st.integers(0, 99), st.integers(1, 9))
def test_fragments_of_brat_cover_an_entity_but_for_its_line_ends(
    drawn: tuple[str, list[Offsets], list[Span]], position: int, number: int
) -> None:
    text, _, entities = drawn
    for span in entities:
        line = brat_line(number, span, text, position)
        name, place, quoted = line.removesuffix("\n").split("\t", 2)
        label, _, fragments = place.partition(" ")
        assert (name, label) == (f"T{number}", "PER")
        ends = [fragment.split() for fragment in fragments.split(";") if fragment]
        parts = [text[int(start) - position : int(end) - position] for start, end in ends]
        own = text[span.start : span.end]
        assert "".join(parts) == own.replace("\n", "")
        assert quoted == own.replace("\n", " ").replace("\r", " ")


def test_spacy_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(MissingExtra, match=r"^DocBin needs a package: pip install 'spacy>=3'$"):
        load_spacy()
    package = ModuleType("spacy")
    for name in ("language", "scorer", "tokens", "util", "vocab"):
        monkeypatch.setitem(sys.modules, f"spacy.{name}", ModuleType(f"spacy.{name}"))
    monkeypatch.setitem(sys.modules, "spacy", package)
    assert load_spacy() is package

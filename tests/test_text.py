"""The words of the library."""

import copy
import dataclasses
import json
import pickle
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.text import (
    CASES,
    Alternative,
    Case,
    Document,
    Entity,
    NBest,
    Offsets,
    PartialLabel,
    Sentence,
    Span,
    entities_of,
    layers_of,
    pieces,
    recased,
)

PARIS = "🦊 Angela Merkel visited Paris."
SENTENCE = Sentence(
    tokens=("🦊", "Angela", "Merkel", "visited", "Paris", "."),
    spans=(Span(1, 3, "PER"), Span(4, 5, "LOC")),
    offsets=((0, 1), (2, 8), (9, 15), (16, 23), (24, 29), (29, 30)),
)


def test_entities_have_the_characters_of_their_tokens() -> None:
    assert entities_of(PARIS, SENTENCE, [0.5, 0.25]) == [
        Entity(2, 15, "PER", "Angela Merkel", 0.5),
        Entity(24, 29, "LOC", "Paris", 0.25),
    ]
    assert entities_of(PARIS, dataclasses.replace(SENTENCE, spans=()), []) == []


@given(words=st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=8), data=st.data())
def test_any_entity_is_the_text_it_points_at(words: list[str], data: st.DataObject) -> None:
    gaps = [data.draw(st.sampled_from(["", " ", "\u3000\n"])) for _ in words]
    text, offsets = "", []
    for gap, word in zip(gaps, words, strict=True):
        offsets.append((len(text + gap), len(text + gap + word)))
        text += gap + word
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    sentence = Sentence(tuple(words), (Span(start, end, "X"),), tuple(offsets))
    (entity,) = entities_of(text, sentence, [1.0])
    inner = [gap + word for gap, word in zip(gaps[start:end], words[start:end], strict=True)]
    assert text[entity.start : entity.end] == entity.text == "".join(inner)[len(gaps[start]) :]


@pytest.mark.parametrize(
    ("case", "tokens"),
    [
        ("lower", ("mcdonald's", "nato", "straße", "σίσυφος", "i\u0307zmir", "王", "3.5")),
        ("upper", ("MCDONALD'S", "NATO", "STRASSE", "ΣΊΣΥΦΟΣ", "İZMIR", "王", "3.5")),
        ("title", ("Mcdonald's", "Nato", "Straße", "Σίσυφος", "İzmir", "王", "3.5")),
    ],
)
def test_another_case_leaves_tokens_one_by_one(case: Case, tokens: tuple[str, ...]) -> None:
    here = Sentence(
        ("McDonald's", "NATO", "Straße", "Σίσυφος", "İzmir", "王", "3.5"),
        (Span(0, 1, "ORG"),),
        offsets=((0, 10),) * 7,
        line=4,
    )
    assert here.recased(case) == dataclasses.replace(here, tokens=tokens, offsets=None)


@given(tokens=st.lists(st.text(min_size=1)), case=st.sampled_from(CASES))
def test_any_tokens_have_another_case(tokens: list[str], case: Case) -> None:
    found = recased(tokens, case)
    assert len(found) == len(tokens)
    assert all(found)


@pytest.mark.parametrize("scores", [[], [0.5], [0.5, 0.5, 0.5]])
def test_every_span_needs_its_score(scores: list[float]) -> None:
    with pytest.raises(ValueError, match="argument 2"):
        entities_of(PARIS, SENTENCE, scores)


def test_a_sentence_without_offsets_has_no_characters() -> None:
    with pytest.raises(AssertionError, match="without offsets"):
        entities_of(PARIS, Sentence(("Paris",), (Span(0, 1, "LOC"),)), [1.0])


def test_a_sentence_knows_its_length_and_place() -> None:
    assert len(SENTENCE) == 6
    assert Sentence(("a",), source="train.txt", line=17).place == "train.txt:17"
    assert Sentence(("a",), line=17).place == "<memory>:17"


def test_spans_sort_by_place() -> None:
    spans = [Span(2, 3, "A"), Span(0, 2, "B"), Span(0, 1, "B"), Span(0, 1, "A")]
    assert sorted(spans) == spans[::-1]


@pytest.mark.parametrize(
    "word", [Span(0, 1, "A"), Entity(0, 1, "A", "x"), SENTENCE, Document("x", ())]
)
def test_words_are_values(word: Span | Entity | Sentence | Document) -> None:
    """Frozen, comparable and usable as keys; a misspelt field is refused."""
    assert {word: 1}[dataclasses.replace(word)] == 1
    for name in (dataclasses.fields(word)[0].name, "misspelt"):
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            setattr(word, name, None)


def test_labels_are_those_of_whole_entities_and_of_parts() -> None:
    assert SENTENCE.labels == {"PER", "LOC"}
    partial = (PartialLabel("PER", "no"), PartialLabel(None, "open"), PartialLabel("", "no"))
    assert Sentence(("a", "b", "c"), partial=partial).labels == {"PER"}


# --- how they are shown ---------------------------------------------------------------------------

VISIT = Document(
    PARIS, (Entity(2, 15, "PER", "Angela Merkel", 0.5), Entity(24, 29, "LOC", "Paris")), (SENTENCE,)
)


def test_entities_sort_by_place() -> None:
    assert sorted({*VISIT.entities}) == [*VISIT.entities]


def test_entities_print_as_what_they_are() -> None:
    assert str(VISIT.entities[1]) == "Paris (LOC)"
    assert repr(VISIT.entities[1]) == (
        "Entity(start=24, end=29, label='LOC', text='Paris', score=1.0)"
    )


def test_a_document_prints_as_its_marked_text() -> None:
    assert str(VISIT) == "🦊 [Angela Merkel](PER) visited [Paris](LOC)."
    assert str(Document("", ())) == ""
    assert repr(VISIT) == f"<Document {PARIS!r}: 'Angela Merkel' PER, 'Paris' LOC>"
    assert repr(Document("", ())) == "<Document '': no entities>"


def test_the_repr_of_a_long_document_is_short() -> None:
    entities = tuple(Entity(2 * i, 2 * i + 1, "X", "a") for i in range(1000))
    assert repr(Document("a " * 1000, entities)) == (
        f"<Document '{'a ' * 30}…': 'a' X, 'a' X, 'a' X, 'a' X, 'a' X, 995 more>"
    )


def test_a_repr_steers_no_terminal() -> None:
    text = "\x1b[31mred\n\u202e"
    assert repr(Document(text, (Entity(0, len(text), "X", text),))).isprintable()


def test_a_sentence_prints_as_its_marked_tokens() -> None:
    assert str(SENTENCE) == "🦊 [Angela Merkel](PER) visited [Paris](LOC) ."
    assert str(Sentence(("Rome", "fell"), (Span(0, 1, "LOC"),))) == "[Rome](LOC) fell"
    assert str(Sentence(("to", "Rome"), (Span(1, 2, "LOC"),))) == "to [Rome](LOC)"
    assert str(Sentence(())) == ""


def test_layers_are_told_where_there_are_any() -> None:
    outer, inner = Span(0, 2, "ORG", "outer"), Span(1, 2, "LOC", "inner")
    assert repr(inner) == "Span(start=1, end=2, label='LOC', layer='inner')"
    assert eval(repr(Span(1, 2, ", layer='')"))) == Span(1, 2, ", layer='')")
    assert inner.to_dict() == {"start": 1, "end": 2, "label": "LOC", "layer": "inner"}
    sentence = Sentence(("FC", "Ulm"), (outer, inner), ((0, 2), (3, 6)))
    assert str(sentence) == "[FC [Ulm](inner:LOC)](outer:ORG)"
    assert sentence.layers == {"outer", "inner"}
    assert sentence.of_layer("inner").spans == (Span(1, 2, "LOC"),)
    document = Document("FC Ulm", tuple(entities_of("FC Ulm", sentence, [1.0, 0.5])))
    assert document.entities[1] == Entity(3, 6, "LOC", "Ulm", 0.5, "inner")
    assert document.entities[1].to_dict()["layer"] == "inner"
    assert str(document) == str(sentence)
    assert document._repr_html_().count("<mark") == sentence._repr_html_().count("<mark") == 2
    assert "inner:LOC, score 0.500" in document._repr_html_()


def test_layers_stand_in_the_order_of_their_first_entities() -> None:
    sentences = [Sentence(("a",), (Span(0, 1, "X", name),)) for name in ("outer", "inner", "outer")]
    assert layers_of(sentences) == ("outer", "inner")
    assert layers_of([*sentences, Sentence(("a",), (Span(0, 1, "X"),))])[-1] == ""
    assert layers_of([Sentence(("a",), (Span(0, 1, "X"),))]) == layers_of([]) == ()


@given(st.lists(st.sampled_from("ab"), max_size=6), st.integers(0, 99))
def test_the_repr_of_a_sentence_makes_it_again(tokens: list[str], line: int) -> None:
    sentence = Sentence(tuple(tokens), (Span(0, 1, "X"),) * bool(tokens), line=line)
    assert eval(repr(sentence)) == sentence
    assert ("line" in repr(sentence)) == (line > 0)


def test_dictionaries_are_json() -> None:
    entity = {"start": 2, "end": 15, "label": "PER", "score": 0.5, "text": "Angela Merkel"}
    assert VISIT.entities[0].to_dict() == entity
    assert VISIT.to_dict() == {
        "text": PARIS,
        "entities": [
            entity,
            {"start": 24, "end": 29, "label": "LOC", "score": 1.0, "text": "Paris"},
        ],
    }
    nbest = NBest(0, 30, (Alternative(0.25, VISIT.entities[:1]),))
    assert dataclasses.replace(VISIT, nbest=(nbest,)).to_dict()["nbest"] == [
        {"start": 0, "end": 30, "alternatives": [{"probability": 0.25, "entities": [entity]}]}
    ]
    partial = dataclasses.replace(SENTENCE, partial=(PartialLabel(None, "open"),) * 6)
    words: list[Document | Entity | Sentence | Span] = [*VISIT.entities, VISIT, SENTENCE, partial]
    for word in (*words, Sentence(("a",)), Span(0, 1, "X")):
        assert json.loads(json.dumps(word.to_dict())) == word.to_dict()


def test_the_dictionary_of_a_sentence_has_all_its_fields() -> None:
    found = SENTENCE.to_dict()
    assert [*found] == [field.name for field in dataclasses.fields(Sentence)]
    assert found["tokens"] == ["🦊", "Angela", "Merkel", "visited", "Paris", "."]
    assert found["spans"][0] == {"start": 1, "end": 3, "label": "PER"}
    assert found["offsets"][1] == [2, 8]
    assert Sentence(("a",)).to_dict()["offsets"] is None


def test_notebooks_show_entities_in_colours() -> None:
    for shown in (VISIT, SENTENCE, VISIT.entities[0]):
        page = shown._repr_html_()
        assert page.startswith("<p")
        assert (
            page.count("<mark")
            == page.count("</mark>")
            == (1 if shown is not VISIT else 2) + (shown is SENTENCE)
        )
        assert ">Angela Merkel <small" in page
        assert ">PER</small>" in page


def test_a_label_has_one_colour() -> None:
    def style(label: str) -> str:
        return Entity(0, 1, label, "x")._repr_html_().partition("title")[0]

    assert style("PER") == style("PER") != style("LOC")


@pytest.mark.parametrize("odd", ["<script>alert(1)</script>", "\"'&", "\0", "\ud800", "\r"])
def test_what_notebooks_show_is_escaped(odd: str) -> None:
    clean = {"<": "&lt;", ">": "&gt;", "'": "&#x27;", "&": "&amp;", '"': "&quot;", "\r": "&#13;"}
    clean |= {"\0": "\ufffd", "\ud800": "\ufffd"}
    expected = "".join(clean.get(character, character) for character in odd)
    entity = Entity(0, len(odd), odd, odd)
    document = Document(odd * 2, (entity,))
    sentence = Sentence((odd, odd), (Span(0, 1, odd),))
    for shown in (entity, document, sentence):
        page = shown._repr_html_()
        page.encode()
        assert odd not in page
        assert page.count(expected) >= 3
    assert document._repr_html_().endswith(f"</mark>{expected}</p>")


@given(st.lists(st.tuples(st.text(), st.text(min_size=1)), max_size=4))
def test_pieces_leave_nothing_out(parts: list[tuple[str, str]]) -> None:
    text, entities = "", []
    for gap, word in parts:
        start = len(text + gap)
        entities.append(Entity(start, start + len(word), "X", word))
        text += gap + word
    found = list(pieces(Document(text, tuple(entities))))
    assert "".join(part for part, _ in found if isinstance(part, str)) == text
    assert [entity for _, entity in found if entity] == entities


# --- offsets --------------------------------------------------------------------------------------


def test_offsets_are_a_sequence_of_pairs() -> None:
    offsets = Offsets(("Anna", "left", "."), array("I", [4, 9, 10]))
    pairs = ((0, 4), (5, 9), (9, 10))
    assert offsets == pairs
    assert tuple(offsets) == pairs
    assert hash(offsets) == hash(pairs)
    assert repr(offsets) == repr(pairs)
    assert len(offsets) == 3
    assert (offsets[0], offsets[-1], offsets[1:]) == (pairs[0], pairs[-1], pairs[1:])
    assert pickle.loads(pickle.dumps(offsets)) == offsets == copy.deepcopy(offsets)
    assert offsets != pairs[:2]
    with pytest.raises(IndexError):
        offsets[3]

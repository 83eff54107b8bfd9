import io
import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.corpus.formats import read_jsonl, write_stream
from ner.errors import CorpusError, NerError
from ner.text import Sentence, Span
from tests.corpus.test_columns import corpora


def _read(*records: Any, **config: Any) -> list[Sentence]:
    lines = "\n".join(json.dumps(record) for record in records)
    return read_jsonl(io.BytesIO(lines.encode()), DataConfig(**config))


def _record(text: str, *entities: tuple[Any, ...], **more: Any) -> dict[str, Any]:
    keys = ("start", "end", "label")
    return {"text": text, "entities": [dict(zip(keys, e, strict=True)) for e in entities], **more}


@pytest.mark.slow
@given(corpora())
def test_what_is_written_is_read_back(written: list[Sentence]) -> None:
    stream = io.StringIO()
    write_stream(stream, written, "jsonl")
    back = read_jsonl(io.BytesIO(stream.getvalue().encode()))
    assert [(s.tokens, s.spans, s.document) for s in back] == [
        (s.tokens, s.spans, s.document) for s in written
    ]
    for sentence, line in zip(back, stream.getvalue().split("\n"), strict=False):
        text = json.loads(line)["text"]
        assert sentence.offsets is not None
        assert sentence.tokens == tuple(text[start:end] for start, end in sentence.offsets)


def test_offsets_count_code_points_and_point_into_the_text() -> None:
    text = "😀 é\u00a0 Orléans."
    (sentence,) = _read(_record(text, (5, 12, "LOC")))
    assert sentence.spans == (Span(2, 3, "LOC"),)
    assert sentence.offsets is not None
    assert [text[a:b] for a, b in sentence.offsets] == list(sentence.tokens)


def test_records_are_documents_and_are_cut_into_sentences() -> None:
    back = _read(_record("He came. She left."), _record(""), _record("Bonn."))
    assert [(s.document, s.tokens[0], s.line) for s in back] == [
        (0, "He", 1),
        (0, "She", 1),
        (1, "Bonn", 3),
    ]


def test_sentences_with_one_document_number_are_one_document() -> None:
    back = _read(*(_record("a", document=number) for number in (7, 7, 8)), _record("b"))
    assert [s.document for s in back] == [0, 0, 1, 2]


def test_sentences_that_an_entity_links_are_joined() -> None:
    text = "We saw Stop! Now or never. It was good."
    (first, second) = _read(_record(text, (7, 26, "ART"), (27, 29, "X")))
    assert first.spans == (Span(2, 8, "ART"),)
    assert second.tokens[0] == "It"
    assert second.spans == (Span(0, 1, "X"),)


def test_entity_may_take_spaces_around_it_along() -> None:
    (sentence,) = _read(_record("in  Bonn  now", (2, 10, "LOC")))
    assert sentence.spans == (Span(1, 2, "LOC"),)


def test_script_of_the_texts_chooses_the_tokenizer() -> None:
    (chinese,) = _read(_record("高勇，男，1970年生于ABC", (0, 2, "NAME")))
    assert chinese.tokens[:5] == ("高", "勇", "，", "男", "，")
    assert chinese.tokens[-3:] == ("A", "B", "C")
    (english,) = _read(_record("I don't know."))
    assert english.tokens == ("I", "do", "n't", "know", ".")
    (french,) = _read(_record("Le 1970 aujourd'hui."))
    assert "aujourd'hui" in french.tokens
    (chosen,) = _read(_record("I am", tokenizer="x"), tokenizer="characters")
    assert chosen.tokens == ("I", "a", "m")


def test_entity_that_ends_inside_a_token_is_an_error_with_line_and_token() -> None:
    with pytest.raises(CorpusError) as caught:
        _read(_record("ok"), _record("in Parisian style", (3, 8, "LOC")))
    assert str(caught.value).startswith(
        "<stream>:2: the entity 3-8 ('Paris' as 'LOC') ends inside the token 'Parisian'; "
    )
    assert "--align expand" in str(caught.value)
    with pytest.raises(CorpusError, match="inside the token 'Parisian'"):
        _read(_record("in Parisian style", (5, 11, "LOC")))


def test_expanding_takes_whole_tokens_and_counts_them(caplog: pytest.LogCaptureFixture) -> None:
    records = [_record("in Parisian style", (3, 8, "LOC")), _record("abc", (1, 2, "X"))]
    with caplog.at_level(logging.WARNING, "ner"):
        one, two = _read(*records, align="expand")
    assert one.spans == (Span(1, 2, "LOC"),)
    assert two.spans == (Span(0, 1, "X"),)
    (message,) = caplog.messages
    assert message.startswith("<stream>:1: ")
    assert message.endswith("(entities in this file widened to whole tokens: 2)")


def test_dropping_leaves_out_what_fits_no_tokens_and_counts_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    records = [
        _record("in Parisian style", (3, 8, "LOC"), (12, 17, "X")),
        _record("a   b", (1, 3, "X"), (0, 1, "Y")),
        _record("ab", (0, 9, "X"), (-1, 1, "X")),
    ]
    with caplog.at_level(logging.WARNING, "ner"):
        sentences = _read(*records, align="drop")
    assert [s.spans for s in sentences] == [(Span(2, 3, "X"),), (Span(0, 1, "Y"),), ()]
    (message,) = caplog.messages
    assert message == (
        "<stream>:1: entities that fit no tokens of their text left out (--align drop) "
        "(in this file: 4)"
    )
    with pytest.raises(CorpusError, match="has an empty label"):
        _read(_record("a", (0, 1, "")), align="drop")


def test_expanded_entities_must_not_meet_in_a_token() -> None:
    with pytest.raises(CorpusError, match=r"<stream>:1: .* shares a token with the entity before"):
        _read(_record("abcdef", (0, 2, "X"), (3, 5, "Y")), align="expand")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("7", "is a whole number, not an object"),
        ("{}", "lacks the field 'text'"),
        ('{"text": "a"}', "lacks the field 'entities'"),
        ('{"text": 7, "entities": []}', "'text' is a whole number, not text"),
        ('{"text": "a", "entities": {}}', "'entities' is an object, not a list"),
        ('{"text": "a", "entities": [null]}', "an entity is null, not an object"),
        ('{"text": "a", "entities": [{"start": 0, "end": 1}]}', "lacks the field 'label'"),
        (json.dumps(_record("a", (0, True, "X"))), "'end' is True, not a whole number"),
        (json.dumps(_record("a", (0, 1.0, "X"))), "'end' is 1.0, not a whole number"),
        (json.dumps(_record("a", (0, 1, ""))), "the entity 0-1 has an empty label"),
        (json.dumps(_record("a", (0, 2, "X"))), "does not lie in the text of 1 characters"),
        (json.dumps(_record("a", (-1, 1, "X"))), "does not lie in the text"),
        (json.dumps(_record("a", (0, 0, "X"))), "does not lie in the text"),
        (json.dumps(_record("a b", (2, 1, "X"))), "does not lie in the text"),
        (json.dumps(_record("a   b", (1, 3, "X"))), "covers no token"),
        (json.dumps(_record("a b c", (0, 3, "X"), (2, 5, "Y"))), "0-3 and 2-5 overlap"),
        (json.dumps(_record("a", (0, 1, "X"), (0, 1, "Y"))), "overlap"),
        (r'{"text": "\ud800", "entities": []}', "half a surrogate pair"),
        (json.dumps(_record("a b", tokens=7)), "'tokens' is a whole number"),
        (json.dumps(_record("a b", tokens=[[0, 0]])), r"the token \[0, 0\] is no \[start, end\]"),
        (json.dumps(_record("a b", tokens=[[0, 2], [1, 3]])), r"the token \[1, 3\] is no"),
        (json.dumps(_record("a b", tokens=[[0, 4]])), r"the token \[0, 4\] is no"),
        (json.dumps(_record("a b", tokens=[[False, 1]])), r"the token \[False, 1\] is no"),
        (json.dumps(_record("a b", document="x")), "'document' is text, not a whole number"),
        (
            '{"text": "é Bonn", "entities":[{"start": 3, "end": 6, "label": "X", "text": "Bonn"}]}',
            "the entity 3-6 is 'onn' but says 'Bonn'",
        ),
    ],
)
def test_bad_records_are_errors_with_their_line(line: str, message: str) -> None:
    good = json.dumps(_record("fine", (0, 4, "X")))
    with pytest.raises(CorpusError, match=message) as caught:
        read_jsonl(io.BytesIO(f"{good}\n{line}\n".encode()))
    assert str(caught.value).startswith("<stream>:2: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_tokens_are_joined_as_their_script_asks() -> None:
    stream = io.StringIO()
    write_stream(stream, [Sentence(tuple("高勇，男"), (Span(0, 2, "NAME"),))], "jsonl")
    record = json.loads(stream.getvalue())
    assert record["text"] == "高勇，男"
    assert record["entities"] == [{"start": 0, "end": 2, "label": "NAME"}]


def test_offsets_keep_tokens_apart_as_they_were() -> None:
    stream = io.StringIO()
    write_stream(
        stream, [Sentence(("Bonn", ".", "Oh"), offsets=((10, 14), (14, 15), (17, 19)))], "jsonl"
    )
    assert json.loads(stream.getvalue())["text"] == "Bonn.  Oh"


def test_empty_token_is_not_written() -> None:
    with pytest.raises(CorpusError, match="an empty token cannot be written"):
        write_stream(io.StringIO(), [Sentence(("a", ""))], "jsonl")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 4) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["text", "entities", "start", "end", "label", "tokens", "document"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
_NEARLY = st.fixed_dictionaries(
    {"text": st.text(max_size=4) | _JSON, "entities": st.lists(_JSON, max_size=2)},
    optional={"tokens": _JSON, "document": _JSON},
)


@given(_JSON | _NEARLY)
def test_any_json_is_sentences_or_a_one_line_error(value: Any) -> None:
    message = ""
    try:
        sentences = _read(value)
    except NerError as error:
        sentences, message = [], str(error)
    assert bool(sentences) != bool(message)
    assert "\n" not in message
    assert all(len(sentence) for sentence in sentences)

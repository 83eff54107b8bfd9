import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import Config
from ner.corpus import read_columns
from ner.errors import NerError, UsageError
from ner.render import renderer
from ner.tags import spans_of
from ner.text import Document, Origin, Sentence, Span


@st.composite
def sentences(draw: st.DrawFn) -> Sentence:
    character = st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n\r\0")
    token = st.sampled_from(["#", "\ufeff", "O"]) | st.text(character, min_size=1, max_size=4)
    tokens = draw(st.lists(token, min_size=1, max_size=8))
    cuts = sorted(draw(st.sets(st.integers(0, len(tokens)))))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    spans = tuple(Span(start, end, draw(st.sampled_from(["PER", "LOC"]))) for start, end in pairs)
    return Sentence(tuple(tokens), spans)


@given(st.lists(sentences(), max_size=4))
def test_conll_reads_back(given_sentences: list[Sentence]) -> None:
    written = renderer("conll").document(Document("", (), tuple(given_sentences)))
    blocks = written.split("\n\n")
    assert blocks.pop() == ""
    assert len(blocks) == len(given_sentences)
    for block, sentence in zip(blocks, given_sentences, strict=True):
        rows = [re.split("[ \t]", line) for line in block.removeprefix("\n").split("\n")]
        assert tuple(token for token, _ in rows) == sentence.tokens
        assert tuple(spans_of(tag for _, tag in rows)) == sentence.spans


@given(st.lists(sentences(), min_size=1, max_size=4))
def test_the_reader_of_columns_reads_the_same(given_sentences: list[Sentence]) -> None:
    written = renderer("conll").document(Document("", (), tuple(given_sentences)))
    config = Config().replace({"data.scheme": "iob2", "data.comments": True}).data
    read = read_columns(io.BytesIO(written.encode()), config)
    assert [s.tokens for s in read] == [s.tokens for s in given_sentences]
    assert [s.spans for s in read] == [s.spans for s in given_sentences]


@pytest.mark.parametrize("format", ["conll", "conllu"])
@pytest.mark.parametrize("token", ["a\rb", "a\tb", "a\nb", "a\0b"])
def test_tokens_that_no_column_can_hold(token: str, format: str) -> None:
    sentence = Sentence(("Anna", token), source="in.txt", line=3)
    with pytest.raises(NerError, match=r"^in\.txt:3: .* cannot stand .*; choose --format jsonl"):
        renderer(format).document(Document("", (), (sentence,)))


def test_a_document_mark_cannot_be_a_token_in_columns() -> None:
    document = Document("", (), (Sentence(("Anna", "-DOCSTART-"), source="in.txt", line=3),))
    with pytest.raises(NerError, match=r"^in\.txt:3: '-DOCSTART-' cannot stand in a column file"):
        renderer("conll").document(document)
    assert "2\t-DOCSTART-\t_" in renderer("conllu").document(document)


def test_columns_of_the_input_are_kept() -> None:
    sentence = Sentence(("Anna", "#"), (Span(0, 1, "PER"),))
    document = Document("Anna #", (), (sentence,))
    spaces = renderer("conll").document(document, Origin(1, rows=["Anna NNP B-PER", "# X O "]))
    assert spaces == "Anna NNP B-PER B-PER\n# X O O\n\n"
    tabs = renderer("conll").document(document, Origin(1, rows=["Anna\tNNP", "#\t"]))
    assert tabs == "Anna\tNNP\tB-PER\n#\t\tO\n\n"


def test_a_separator_of_the_input_is_kept() -> None:
    document = Document("Anna of", (), (Sentence(("Anna", "of"), (Span(0, 1, "a,b"),)),))
    rows = ["Anna|NNP", " of |"]
    written = renderer("conll").document(document, Origin(1, rows=rows, separator="|"))
    assert written == "Anna|NNP|B-a,b\n of ||O\n\n"
    with pytest.raises(NerError, match="'B-a,b' cannot stand in a column, as ',' ends one"):
        renderer("conll").document(document, Origin(1, rows=rows, separator=","))


def test_columns_refuse_a_type_with_a_space() -> None:
    with pytest.raises(UsageError, match="columns cannot hold the type 'job title'"):
        renderer("conll", ["PER", "job title"])

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import UsageError
from ner.render import renderer
from ner.tags import spans_of
from ner.text import Document, Sentence, Span


@st.composite
def sentences(draw: st.DrawFn) -> Sentence:
    character = st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n")
    tokens = draw(st.lists(st.text(character, min_size=1, max_size=4), min_size=1, max_size=8))
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
        rows = [line.split(" ") for line in block.split("\n")]
        assert tuple(token for token, _ in rows) == sentence.tokens
        assert tuple(spans_of(tag for _, tag in rows)) == sentence.spans


def test_columns_refuse_a_type_with_a_space() -> None:
    with pytest.raises(UsageError, match="columns cannot hold the type 'job title'"):
        renderer("conll", ["PER", "job title"])

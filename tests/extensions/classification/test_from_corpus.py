"""A tagger's corpus as texts with two labels."""

from ner.corpus import Corpus
from ner.extensions.classification.from_corpus import ENTITY, NONE, with_or_without
from ner.extensions.classification.reading import label_of
from ner.text import PartialLabel, Sentence, Span


def test_a_corpus_with_and_without_entities() -> None:
    sentences = (
        Sentence(("a", "b"), (Span(0, 1, "X"),), document=2, source="f", line=3),
        Sentence(("c",)),
        Sentence(("d",), partial=(PartialLabel(None, "open"),)),
        Sentence(("e",), partial=(PartialLabel("X", "open"),)),
    )
    told = with_or_without(Corpus("c", train=sentences, schemes={"train": "io"}))
    assert [(s.tokens, label_of(s)) for s in told.train] == [
        (("a", "b"), ENTITY), (("c",), NONE), (("e",), ENTITY),
    ]  # fmt: skip
    assert (told.train[0].document, told.train[0].place) == (2, "f:3")
    assert told.name == "c"

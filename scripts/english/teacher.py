"""What spaCy finds in sentences of tokens."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ner.text import Span

NEEDLESS = ("tagger", "parser", "senter", "attribute_ruler", "lemmatizer")
BATCH = 256


def load_spacy(name: str) -> Any:
    """A pipeline of spaCy with nothing that its entities have no need of."""
    import spacy

    return spacy.load(name, exclude=NEEDLESS)


def spans_of_tokens(nlp: Any, sentences: Iterable[Sequence[str]]) -> list[Sequence[Span]]:
    """The spans that a pipeline finds in each sentence."""
    return list(_found(nlp, sentences))


def _found(nlp: Any, sentences: Iterable[Sequence[str]]) -> Iterator[Sequence[Span]]:
    from spacy.tokens import Doc

    documents = (Doc(nlp.vocab, words=list(tokens)) for tokens in sentences)
    for document in nlp.pipe(documents, batch_size=BATCH):
        yield tuple(Span(e.start, e.end, e.label_) for e in document.ents)

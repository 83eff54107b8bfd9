"""spaCy's DocBin: documents with tokens and entities in one binary file."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ner.errors import MissingExtra
from ner.files import write_binary
from ner.render.base import NOWHERE, Renderer, Write
from ner.render.jsonl import json_line
from ner.text import Document, Origin


class SpacyRenderer(Renderer):
    """A file for ``spacy train`` and ``DocBin.from_disk``, with our tokens; scores are lost."""

    extension = ".spacy"
    as_text = False

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The document for `output`, in JSON on one line."""
        words = [token for sentence in document.sentences for token in sentence.tokens]
        entities = [[e.start, e.end, e.label] for e in document.entities]
        return json_line([document.text, words, entities])

    @classmethod
    @contextmanager
    def output(cls, path: Path) -> Iterator[Write]:
        """The file, made of all documents at the end. Raises `MissingExtra` without spaCy."""
        spacy = _package()
        vocabulary, documents = spacy.vocab.Vocab(), spacy.tokens.DocBin()

        def write(lines: str) -> None:
            for line in lines.splitlines():
                documents.add(_doc(spacy, vocabulary, *json.loads(line)))

        with write_binary(path) as file:
            yield write
            file.write(documents.to_bytes())


def _package() -> Any:
    try:
        import spacy.tokens
        import spacy.util
        import spacy.vocab
    except ImportError:
        raise MissingExtra("--format spacy needs a package: pip install spacy") from None
    return spacy


def _doc(spacy: Any, vocabulary: Any, text: str, words: list[str], entities: list[Any]) -> Any:
    words, spaces = spacy.util.get_words_and_spaces(words, text)
    doc = spacy.tokens.Doc(vocabulary, words=words, spaces=spaces)
    first = {token.idx: token.i for token in doc}
    end = {token.idx + len(token): token.i + 1 for token in doc}
    spans = [spacy.tokens.Span(doc, first[a], end[b], label=label) for a, b, label in entities]
    doc.set_ents(spans)
    return doc

"""spaCy's DocBin (``.spacy``): documents with tokens, entities and, mostly, sentences.

Documents without any annotation of entities are left out, and counted.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import IO, Any

from ner.corpus.formats.base import (
    BinaryWriter,
    Format,
    Input,
    Output,
    Skipped,
    by_document,
    parse_records,
)
from ner.corpus.records import CharacterSpan, ParseResult, TextRecord
from ner.errors import CorpusError, reason_of
from ner.interchange import load_spacy

_MESSAGE = re.compile(rb"[\x80-\x8f](?:\xa7version|\xa5attrs)")
"""The beginning of what is packed in a DocBin: a MessagePack map and its first key."""


class DocBinFormat(Format, BinaryWriter):
    """Serialised documents of spaCy 3."""

    name = "docbin"
    extension = ".spacy"
    makers = "spaCy 3 (DocBin, .spacy)"
    by_offsets = True

    def recognises(self, given: Input) -> bool:
        """Tell by the first bytes: MessagePack, packed by zlib."""
        try:
            inside = zlib.decompressobj().decompress(given.start, 64)
        except zlib.error:
            return False
        return bool(_MESSAGE.match(inside))

    def read(self, given: Input) -> ParseResult:
        """Read the sentences of all documents. Raises `MissingExtra` without spaCy."""
        spacy = load_spacy()
        try:
            binary = spacy.tokens.DocBin().from_bytes(given.stream.read())
            documents = list(binary.get_docs(spacy.blank("xx").vocab))
        except Exception as error:  # the library raises what it likes
            reason = reason_of(error)
            raise CorpusError(
                f"{given.source}: is no DocBin that spaCy {spacy.__version__} can read ({reason})"
            ) from None
        makers = (
            (number, partial(_record, part, number, whole))
            for number, document in enumerate(documents, 1)
            for part, whole in _parts(document)
        )
        return parse_records(given, makers)

    def write(self, sentences: Sequence[Output], stream: IO[bytes]) -> None:
        """Write a document for each, with its sentences."""
        spacy = load_spacy()
        vocab = spacy.blank("xx").vocab
        binary = spacy.tokens.DocBin(attrs=["ENT_IOB", "ENT_TYPE", "SENT_START", "SPACY"])
        for document in by_document(sentences):
            binary.add(_doc(spacy, vocab, document))
        stream.write(binary.to_bytes())


def _parts(document: Any) -> Iterator[tuple[Any, bool]]:
    """The sentences of a document where it has some, else all of it, to be cut."""
    if document.has_annotation("SENT_START"):
        yield from ((sentence, False) for sentence in document.sents)
    else:
        yield document, True


def _record(part: Any, number: int, whole: bool) -> TextRecord:
    """A document, or a sentence of one. Raises `Skipped` where entities are unknown."""
    document = part if whole else part.doc
    if not document.has_annotation("ENT_IOB"):
        raise Skipped("documents without annotation of entities left out")
    first = 0 if whole else part.start_char
    tokens = [(t.idx - first, t.idx - first + len(t)) for t in part if not t.text.isspace()]
    entities = [
        CharacterSpan(e.start_char - first, e.end_char - first, e.label_) for e in part.ents
    ]
    return TextRecord(number, part.text, entities, tokens, number, has_sentences=whole)


def _doc(spacy: Any, vocab: Any, sentences: list[Output]) -> Any:
    """A document of spaCy from its sentences."""
    words, spaces, starts = list[str](), list[bool](), list[bool]()
    entities: list[tuple[int, int, str]] = []
    for sentence in sentences:
        for span in sentence.spans:
            entities.append((len(words) + span.start, len(words) + span.end, span.label))
        starts += [True] + [False] * (len(sentence.tokens) - 1)
        words += sentence.tokens
        spaces += [not joined for joined in sentence.joined()]
    document = spacy.tokens.Doc(vocab, words, spaces, sent_starts=starts)
    document.ents = [spacy.tokens.Span(document, *entity) for entity in entities]
    return document

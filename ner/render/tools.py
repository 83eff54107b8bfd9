"""Files for annotation tools and libraries, in which people correct what a model found.

Scores are lost, but for Label Studio and Prodigy. How each format is written is the business of
`ner.interchange`.
"""

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ner.errors import NerError
from ner.files import write_binary, write_text
from ner.interchange import (
    brat_line,
    conllu_line,
    doccano_record,
    fits_conllu,
    label_studio_region,
    load_spacy,
    prodigy_task,
    triples,
)
from ner.render.base import (
    NOWHERE,
    Renderer,
    Write,
    json_line,
    kept_fields,
    refuse_labels,
    refuse_layers,
    writable,
)
from ner.tags import OUTSIDE, tags_of
from ner.text import Document, Origin, Sentence, Span

_BLANK = re.compile(r"\s+")


class DoccanoRenderer(Renderer):
    """doccano's JSONL, for the import of sequence labelling; other fields become metadata."""

    extension = ".jsonl"

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The object on one line."""
        record = doccano_record(document.text, document.entities)
        return json_line(record | kept_fields(origin, record))


class LabelStudioRenderer(Renderer):
    """Label Studio's list of tasks, each with one prediction, to be imported and corrected.

    Offsets count code points, and scores go with the entities; other fields go into ``data``.
    """

    extension = ".json"
    separator = ","

    def begin(self) -> str:
        """The start of the list."""
        return "[\n"

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The task on one line."""
        results = [
            {"id": f"e{number}"} | label_studio_region(document.text, entity, score=entity.score)
            for number, entity in enumerate(document.entities)
        ]
        prediction: dict[str, Any] = {"model_version": "ner", "result": results}
        if results:
            prediction["score"] = min(entity.score for entity in document.entities)
        data = {"text": document.text} | kept_fields(origin, ("text",))
        return json_line({"data": data, "predictions": [prediction]})

    def end(self) -> str:
        """The end of the list."""
        return "]\n"


class ProdigyRenderer(Renderer):
    """Prodigy's JSONL: one task a line, with tokens; other fields go into ``meta``."""

    extension = ".jsonl"

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The task on one line."""
        offsets = [place for sentence in document.sentences for place in sentence.offsets or ()]
        task = prodigy_task(document.text, offsets, document.entities)
        scored = zip(task["spans"], document.entities, strict=True)
        task["spans"] = [span | {"score": entity.score} for span, entity in scored]
        return json_line(task | ({"meta": dict(origin.fields)} if origin.fields else {}))


class ConlluRenderer(Renderer):
    """CoNLL-U: tokens and IOB2 tags (``NER=B-PER``), a comment with the text of each sentence.

    Raises `UsageError` for a type with a separator of the last column.
    """

    extension = ".conllu"

    @classmethod
    def check(cls, labels: Sequence[str], layers: Sequence[str]) -> None:
        """Raise `UsageError` for what would be read as something else."""
        refuse_labels(labels, " \t|", "CoNLL-U")
        refuse_layers(layers, "CoNLL-U")

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The sentences of the document. Raises `NerError` for a token that no column can hold."""
        sentences = "".join(_conllu(document.text, one) for one in document.sentences)
        return writable(f"# newdoc\n{sentences}") if sentences else ""


def _conllu(text: str, sentence: Sentence) -> str:
    offsets = sentence.offsets or ()
    whole = _BLANK.sub(" ", text[offsets[0][0] : offsets[-1][1]]) if offsets else ""
    tags = tags_of(sentence.spans, len(sentence))
    ends = [end == start for (_, end), (start, _) in itertools.pairwise(offsets)]
    joined = [*ends, False] if offsets else [False] * len(sentence)
    lines = [f"# text = {whole}\n"]
    for number, (token, tag, is_joined) in enumerate(
        zip(sentence.tokens, tags, joined, strict=True), 1
    ):
        if not fits_conllu(token, tag):
            raise NerError(
                f"{sentence.place}: {token!r} cannot stand in CoNLL-U (a separator in it, or in "
                "its type); choose --format jsonl"
            )
        lines.append(conllu_line(number, token, "" if tag == OUTSIDE else tag, joined=is_joined))
    return "".join(lines) + "\n"


class BratRenderer(Renderer):
    """brat: ``NAME.txt`` with a document in each line, ``NAME.ann`` with a line for each entity.

    Offsets count code points from the start of the file. An entity over a line end is in parts.
    Raises `UsageError` for a type with a blank.
    """

    extension = ".ann"
    as_text = False

    @classmethod
    def check(cls, labels: Sequence[str], layers: Sequence[str]) -> None:
        """Raise `UsageError` for what would be read as something else."""
        refuse_labels(labels, " \t", "brat")

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The document for `output`: its text and entities in JSON on one line."""
        return json_line([document.text, triples(document.entities)])

    @classmethod
    def outputs(cls, path: Path) -> tuple[Path, ...]:
        """The text and its annotation."""
        return path.with_suffix(".txt"), path

    @classmethod
    @contextmanager
    def output(cls, path: Path) -> Iterator[Write]:
        """Both files, which number entities and characters from the start of the text."""
        position = number = 0
        with write_text(path.with_suffix(".txt")) as text_file, write_text(path) as ann_file:

            def write(lines: str) -> None:
                nonlocal position, number
                for line in lines.splitlines():
                    text, entities = json.loads(line)
                    text_file.write(f"{text}\n")
                    for entity in entities:
                        number += 1
                        ann_file.write(brat_line(number, Span(*entity), text, position))
                    position += len(text) + 1

            yield write


class SpacyRenderer(Renderer):
    """A DocBin for ``spacy train`` and ``DocBin.from_disk``, with our tokens."""

    extension = ".spacy"
    as_text = False

    @classmethod
    def check(cls, labels: Sequence[str], layers: Sequence[str]) -> None:
        """Raise `UsageError` for several tag layers."""
        refuse_layers(layers, "a DocBin")

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The document for `output`, in JSON on one line."""
        words = [token for sentence in document.sentences for token in sentence.tokens]
        return json_line([document.text, words, triples(document.entities)])

    @classmethod
    @contextmanager
    def output(cls, path: Path) -> Iterator[Write]:
        """The file, made of all documents at the end. Raises `MissingExtra` without spaCy."""
        spacy = load_spacy()
        vocabulary, documents = spacy.vocab.Vocab(), spacy.tokens.DocBin()

        def write(lines: str) -> None:
            for line in lines.splitlines():
                documents.add(_doc(spacy, vocabulary, *json.loads(line)))

        with write_binary(path) as file:
            yield write
            file.write(documents.to_bytes())


def _doc(spacy: Any, vocabulary: Any, text: str, words: list[str], entities: list[Any]) -> Any:
    words, spaces = spacy.util.get_words_and_spaces(words, text)
    doc = spacy.tokens.Doc(vocabulary, words=words, spaces=spaces)
    first = {token.idx: token.i for token in doc}
    end = {token.idx + len(token): token.i + 1 for token in doc}
    spans = [spacy.tokens.Span(doc, first[a], end[b], label=label) for a, b, label in entities]
    doc.set_ents(spans)
    return doc

"""Documents to be rendered: golden ones, and drawn ones full of characters that do harm."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from ner.text import Document, Entity, Sentence, Span, entities_of

GOLDEN = Path(__file__).parents[1] / "golden" / "render"
NASTY = "[](){}\\<>&\"'#; \t\r\n\0\x0b\x0c\x1c\x85\xa0\u200f\u2028\u2029\ufeff\ud800\udfff😀"
LABELS = ["PER", "LOC", "a)b\\", "<\"&'>\r", "(", "\ud800"]


def golden_documents() -> list[Document]:
    lines = (GOLDEN / "documents.jsonl").read_text(encoding="utf-8").split("\n")
    return [golden_document(json.loads(line)) for line in lines if line]


def golden_document(record: dict[str, Any]) -> Document:
    sentences: list[Sentence] = []
    entities: list[Entity] = []
    position = 0
    for given_sentence in record["sentences"]:
        offsets = []
        for token in given_sentence["tokens"]:
            start = record["text"].index(token, position)
            position = start + len(token)
            offsets.append((start, position))
        spans = tuple(Span(start, end, label) for start, end, label, _ in given_sentence["spans"])
        sentence = Sentence(tuple(given_sentence["tokens"]), spans, tuple(offsets))
        sentences.append(sentence)
        scores = [score for *_, score in given_sentence["spans"]]
        entities += entities_of(record["text"], sentence, scores)
    return Document(record["text"], tuple(entities), tuple(sentences))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(st.text(st.one_of(st.characters(), st.sampled_from(NASTY))))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    entities = []
    for start, end in itertools.pairwise(cuts):
        label = draw(st.sampled_from(["", *LABELS]))
        score = draw(st.floats(0, 1))
        if label:
            entities.append(Entity(start, end, label, text[start:end], score))
    return Document(text, tuple(entities))


def writable(text: str) -> str:
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def ranges(document: Document) -> list[tuple[int, int, str]]:
    return [(one.start, one.end, writable(one.label)) for one in document.entities]

"""Texts with labels, read from files: JSON Lines or two columns.

::

    {"text": "Rain in the north.", "label": "weather"}      JSON Lines, an object a line
    Rain in the north.<TAB>weather                          TSV: the text, a tab, the label

A text is one sequence of tokens, whatever sentences are in it: a `Sentence` with one span, which
covers all of it and bears its label. So it goes through corpora and counts as any other.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, NamedTuple

from ner.config import DataConfig
from ner.corpus import (
    Corpus,
    InvalidRecord,
    field_of,
    in_braces,
    is_jsonl,
    kind_of,
    parse_json,
    text_lines,
    with_valid,
)
from ner.errors import CorpusError, shorten
from ner.files import open_binary
from ner.text import SURROGATE, Sentence, Span
from ner.tokenize import detect_text_style, tokenize

ENTITY, NONE = "entity", "none"
FIELDS = "text and label"
_SHOWN = 1000  # texts that are looked at to choose the tokenizer


class Record(NamedTuple):
    """A text, its label if it has one, and the line that it stands on."""

    text: str
    label: str
    line: int


def label_of(sentence: Sentence) -> str:
    """The label of a whole sequence."""
    (span,) = sentence.spans
    return span.label


def labelled(sentence: Sentence, label: str) -> Sentence:
    """The same tokens with a label for all of them."""
    span = Span(0, len(sentence), label)
    return replace(sentence, spans=(span,), offsets=None, partial=())


def with_or_without(corpus: Corpus) -> Corpus:
    """Sentences of a corpus as texts with an entity or without; where that is unknown, left out."""
    train, valid, test = (
        tuple(
            labelled(sentence, ENTITY if sentence.labels else NONE)
            for sentence in sentences
            if sentence.labels or not sentence.partial
        )
        for sentences in (corpus.train, corpus.valid, corpus.test)
    )
    return replace(corpus, train=train, valid=valid, test=test, schemes={})


def read_texts(files: Mapping[str, Path], config: DataConfig) -> tuple[Corpus, DataConfig]:
    """Read the files of the splits as a corpus; also the settings with the tokenizer chosen.

    Without a valid split one is cut from train. Raises `NerError` with ``file:line``.
    """
    records = {split: read_records(path, config.encoding) for split, path in files.items()}
    if config.tokenizer == "auto":
        texts = [record.text for record in records["train"][:_SHOWN]]
        config = replace(config, tokenizer=detect_text_style(texts))
    splits = {
        split: tuple(sentences_of(read, config.tokenizer, str(files[split])))
        for split, read in records.items()
    }
    corpus = Corpus(
        files["train"].name,
        splits["train"],
        splits.get("valid", ()),
        splits.get("test", ()),
        tuple(f"{split}: {len(read)} texts" for split, read in splits.items()),
    )
    return with_valid(corpus, config.valid_fraction), config


def sentences_of(records: Iterable[Record], style: str, source: str) -> Iterator[Sentence]:
    """Records as sequences of tokens. Raises `CorpusError` for one without a token."""
    for number, (text, label, line) in enumerate(records):
        tokens = tokens_of(text, style)
        if not tokens:
            raise CorpusError(
                f"{source}:{line}: the text {shorten(text)} has no word in it; "
                "leave the line out, or write some text"
            )
        yield labelled(Sentence(tokens, document=number, source=source, line=line), label)


def tokens_of(text: str, style: str) -> tuple[str, ...]:
    """The tokens of a text, as one sequence."""
    return tuple(text[start:end] for start, end in tokenize(text, style))


def read_records(path: Path, encoding: str) -> list[Record]:
    """The texts of a file, with labels. Raises `NerError`, also for a file without any."""
    with open_binary(path) as stream:
        records = list(parse_records(stream, str(path), encoding))
    if not records:
        raise CorpusError(
            f"{path}: has no text with a label; each line is an object with {FIELDS}, "
            "or a text, a tab and its label"
        )
    return records


def parse_records(
    stream: IO[bytes], source: str, encoding: str, *, with_labels: bool = True
) -> Iterator[Record]:
    """The records of a stream, as they come; blank lines are left out.

    They are JSON objects by the name of the source, or if the first line that is not blank is one.
    Otherwise, without labels, every line is a text, even a blank one. Raises `CorpusError` with
    ``source:line`` for anything but a record.
    """
    lines = text_lines(stream, source, encoding)
    first = _up_to_text(lines)
    as_json = is_jsonl(source) or in_braces(first[-1][1] if first else "")
    for number, line in itertools.chain(first, lines):
        if not line.strip() and (with_labels or as_json):
            continue
        try:
            if as_json:
                yield _from_json(line, number, with_labels)
            elif with_labels:
                yield _from_columns(line, number)
            else:
                yield Record(line, "", number)
        except InvalidRecord as error:
            raise CorpusError(f"{source}:{number}: {error}") from None


def _up_to_text(lines: Iterator[tuple[int, str]]) -> list[tuple[int, str]]:
    """The blank lines at the start, and the first that is not blank."""
    taken: list[tuple[int, str]] = []
    for number, line in lines:
        taken.append((number, line))
        if line.strip():
            break
    return taken


def _from_json(line: str, number: int, with_labels: bool) -> Record:
    fields = FIELDS if with_labels else "text"
    value = parse_json(line, fields)
    if not isinstance(value, dict):
        raise InvalidRecord(f"is {kind_of(value)}, not an object with {fields}")
    text = field_of(value, "text", str)
    if SURROGATE.search(text):
        raise InvalidRecord("the text holds half a surrogate pair; write whole characters or pairs")
    return Record(text, _check_label(field_of(value, "label", str)) if with_labels else "", number)


def _from_columns(line: str, number: int) -> Record:
    columns = line.split("\t")
    if len(columns) != 2:
        raise InvalidRecord(
            f"has {len(columns)} column(s), not 2; a line is a text, a tab and its label "
            "(texts with tabs need JSON Lines)"
        )
    text, label = columns
    return Record(text, _check_label(label.strip()), number)


def _check_label(label: str) -> str:
    """A label that can be printed in a line. Raises `InvalidRecord` for any other."""
    if not label.strip():
        raise InvalidRecord("the label is empty; give the text one, or leave the line out")
    if not label.isprintable() or label != label.strip():
        raise InvalidRecord(
            f"the label {shorten(label)} has blanks at its ends, or characters that cannot be "
            "printed; correct it"
        )
    return label

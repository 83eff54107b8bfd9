"""Text as a teacher has labelled it, and a training set made of it."""

import hashlib
import logging
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import NamedTuple

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import TrainingError, UsageError
from ner.extensions.distillation.cache import LabelCache
from ner.extensions.distillation.labels import (
    Labels,
    LabelTable,
    PackedLabels,
    TableTarget,
    TagMap,
    joined,
)
from ner.extensions.distillation.teacher import Teacher, types_of
from ner.text import SegmentedText, Sentence
from ner.training import PreparedCorpus, SoftLabelExample, SoftLabels, split_long

_log = logging.getLogger("ner")

HELD_OUT, MOST_HELD_OUT = 0.05, 2000  # share and number of sentences that are not learnt from
_MANY = 0.1  # share of sentences without labels that deserves a warning


class LabelledText(NamedTuple):
    """Sentences that a teacher has labelled, without those that it left out.

    `numbers` are theirs in `labels`, which have the teacher's tags.
    """

    sentences: list[Sentence]
    numbers: list[int]
    labels: PackedLabels
    note: str


class DistillationSet(NamedTuple):
    """The material of a student: a corpus with the teacher's spans, and soft labels.

    `held_out` are sentences of the text with the teacher's spans that are not in its training
    split.
    """

    prepared: PreparedCorpus
    soft_labels: SoftLabels
    held_out: tuple[Sentence, ...]


def label_text(cache: LabelCache, name: str, documents: Iterable[SegmentedText]) -> LabelledText:
    """Have text labelled by the teacher of that name.

    Raises `TrainingError` where it fails, or has no labels for any of the text.
    """
    _log.info("%s labels text, once: kept in %s", name, cache.folder)
    words: dict[str, str] = {}  # each once in memory
    sentences, numbers, parts, total = list[Sentence](), list[int](), list[PackedLabels](), 0
    for part in cache.label(documents):
        known = part.labels.lengths > 0
        numbers += (total + known.nonzero()[0]).tolist()
        for sentence in compress(part.sentences, known.tolist()):
            tokens = tuple([words.setdefault(token, token) for token in sentence.tokens])
            sentences.append(replace(sentence, tokens=tokens, offsets=None))
        parts.append(part.labels)
        total += len(part.sentences)
    if not sentences:
        raise TrainingError(
            f"{name}: has no labels for any of {total:,} sentences drawn from --unlabelled text; "
            "name the text that they are for"
        )
    labels = joined(parts)
    note = (
        f"{len(sentences):,} sentences of {len(labels.tags):,} tokens labelled; left out "
        f"{total - len(sentences):,} sentences without labels, because of "
        f"{labels.misfits.sum():,} entities that do not fit the tokens"
    )
    many = total - len(sentences) > _MANY * total
    _log.log(logging.WARNING if many else logging.INFO, "%s: %s", name, note)
    return LabelledText(sentences, numbers, labels, note)


def check_types(gold: Corpus, teacher: Teacher, types: Mapping[str, str]) -> None:
    """Refuse labelled sentences and a teacher of different types. Raises `UsageError`.

    Types that only an evaluated split has count as missed, as they do for any model.
    """
    known = _types(teacher, types)
    given = {label for split in gold.splits().values() for s in split for label in s.labels}
    if given and (more := sorted(known - given)):
        raise UsageError(
            f"{gold.name} lacks types of the teacher ({', '.join(more)}) and calls their entities "
            "O; rename the teacher's with --teacher-types OLD=NEW,*= (which drops all others)"
        )
    if fewer := sorted({*gold.labels} - known):
        raise UsageError(
            f"{gold.name} has types that the teacher lacks ({', '.join(fewer)}) and calls O; "
            "rename those of the teacher with --teacher-types OLD=NEW, or leave these out of the "
            "corpus"
        )


def _types(teacher: Teacher, types: Mapping[str, str]) -> set[str]:
    """The types of a teacher by their names for the student."""
    return {types.get(label, label) for label in types_of(teacher)} - {""}


def distillation_set(
    text: LabelledText, gold: Corpus, teacher: Teacher, types: Mapping[str, str], config: Config
) -> DistillationSet:
    """Put labelled text and sentences with gold labels together, with settings as resolved.

    Valid is that of `gold` if it has one, else a held-out part of the text. Raises `TrainingError`
    where the teacher finds nothing, and `UsageError` for partly labelled sentences.
    """
    scheme = config.model.scheme
    every = TagMap(teacher.tags, types, sorted(_types(teacher, types)), scheme)
    spans, pairs = every.spans(text.labels), zip(text.sentences, text.numbers, strict=True)
    marked = [replace(sentence, spans=spans[number]) for sentence, number in pairs]
    held = _held_out(marked)
    learnt = [number for number in range(len(marked)) if number not in held]
    held_out = tuple(marked[number] for number in sorted(held))
    own = _gold_segments(gold)
    train = (*own, *(marked[number] for number in learnt))
    corpus = replace(gold, name=_name(gold, text), train=train, valid=gold.valid or held_out)
    _check_found(corpus, teacher.name, len(learnt))
    tags = TagMap(teacher.tags, types, corpus.labels, scheme)
    targets = _targets(text, own, learnt, tags, config)
    examples = list(map(SoftLabelExample, (sentence.tokens for sentence in train), targets))
    copies = _copies(len(own), len(learnt), config)
    examples += (copies - 1) * examples[: len(own)]
    notes = [f"taught by {_title(teacher)}", text.note]
    notes += _notes(len(own), copies, gold, len(held_out))
    soft_labels = SoftLabels(examples, _sources(teacher, types), tuple(notes))
    return DistillationSet(PreparedCorpus.of(corpus, train, config.data), soft_labels, held_out)


def _held_out(sentences: Sequence[Sentence]) -> set[int]:
    """Choose sentences of each file that are not learnt from: the first, in whole paragraphs."""
    wanted = min(MOST_HELD_OUT, HELD_OUT * len(sentences))
    of: dict[str, list[int]] = defaultdict(list)
    for number, sentence in enumerate(sentences):
        of[sentence.source].append(number)
    held: set[int] = set()
    for numbers in of.values():
        end = math.ceil(wanted * len(numbers) / len(sentences))
        lines = [sentences[number].line for number in numbers]
        whole = (n for n in range(end, len(numbers)) if lines[n] != lines[end - 1])
        held.update(numbers[: next(whole, end)])
    return held


def _gold_segments(gold: Corpus) -> tuple[Sentence, ...]:
    """The sentences of the training split, cut to size. Raises `UsageError`."""
    if lacking := [sentence for sentence in gold.train if sentence.unannotated]:
        types = ", ".join(sorted(lacking[0].unannotated))
        raise UsageError(
            f"{lacking[0].corpus}: does not label {types}; with "
            "--teacher, all corpora must have the same types: rename with --label-map, or leave "
            "this one out"
        )
    if partly := [sentence for sentence in gold.train if sentence.partial]:
        raise UsageError(
            f"{partly[0].place}: has tokens with an unknown tag, which do not go with --teacher "
            f"(sentences like this: {len(partly)}); label them fully, or leave them out"
        )
    return tuple(split_long(gold.train))


def _check_found(corpus: Corpus, name: str, learnt: int) -> None:
    if not learnt:
        raise TrainingError(f"{name}: one paragraph is too little to learn from; name more text")
    if not corpus.labels:
        raise TrainingError(
            f"{name}: finds no entity in {learnt:,} sentences; name other text with --unlabelled, "
            "or draw more of it with --set train.unlabelled_sentences=N"
        )


def _targets(
    text: LabelledText,
    gold: Sequence[Sentence],
    learnt: Sequence[int],
    tags: TagMap,
    config: Config,
) -> list[TableTarget]:
    """The targets of gold sentences, and of those of the text that are learnt from."""
    parts = [tags.translated(text.labels)]
    if gold:
        labels, lengths = (Labels(sentence.spans) for sentence in gold), map(len, gold)
        own = PackedLabels.of(labels, lengths, tags.tags, config.model.scheme)
        parts.append(tags.own().translated(own))
    table = LabelTable(joined(parts), tags, config.train.doubt_discount)
    first = len(text.labels.lengths)  # of gold sentences in the table
    numbers = [*range(first, first + len(gold)), *(text.numbers[number] for number in learnt)]
    return [TableTarget(table, number) for number in numbers]


def _copies(gold: int, others: int, config: Config) -> int:
    """Choose how often gold sentences are learnt from in an epoch."""
    share = config.train.gold_share
    if share == "auto" or not gold:
        return 1
    return max(1, math.ceil(share / (1 - share) * others / gold))


def _name(gold: Corpus, text: LabelledText) -> str:
    """The name of all that is learnt from, for the card of the model."""
    files = dict.fromkeys(Path(sentence.source).name for sentence in text.sentences)
    return ", ".join([*([gold.name] if gold.train else []), *files])


def _title(teacher: Teacher) -> str:
    """The name of a teacher without folders, which are nobody's business but its owner's."""
    parts = [name.rpartition(":") for name in teacher.name.split(", ")]
    return ", ".join(
        f"{kind}{colon}{Path(place).name if Path(place).exists() else place}"
        for kind, colon, place in parts
    )


def _notes(segments: int, copies: int, gold: Corpus, held_out: int) -> Iterator[str]:
    if segments:
        times = f", each {copies} times an epoch" if copies > 1 else ""
        yield f"{segments:,} gold sentences{times}"
    if not gold.valid:
        yield f"valid: {held_out:,} sentences of the text, labelled by the teacher"


def _sources(teacher: Teacher, types: Mapping[str, str]) -> dict[str, str]:
    """Tell the run from others by what teaches it."""
    known = hashlib.sha256(teacher.identity.encode()).hexdigest()
    return {"the teacher": known, "--teacher-types": ",".join(map("=".join, sorted(types.items())))}

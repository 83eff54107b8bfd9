"""Several corpora as one, each with types and guidelines of its own.

A corpus that lacks a type says nothing of it: its tokens outside entities may be of that type. So a
model learns each type from the corpora that label it (Greenberg et al. 2018).
"""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence

from ner.corpus.corpus import Corpus
from ner.corpus.diagnostics import LOG
from ner.corpus.named import NAMED
from ner.corpus.partial import with_partial_labels
from ner.errors import UsageError
from ner.text import PartialLabel, Sentence

# --- types renamed ------------------------------------------------------------------------------


def parse_label_map(text: str) -> dict[str, str]:
    """Read ``geo=LOC,gpe=LOC,tim=``: types and their new names, empty for a type to be dropped.

    Raises `UsageError` for other text, and a type that is named twice.
    """
    label_map: dict[str, str] = {}
    for item in text.split(","):
        old, equals, new = (part.strip() for part in item.partition("="))
        if not old or not equals or " " in new or not new.isprintable():
            raise UsageError(
                f"label map: {item.strip()!r:.80} will not do; write OLD=NEW, or OLD= to drop a "
                "type, with commas between"
            )
        if old in label_map:
            raise UsageError(f"label map: has the type {old!r:.80} twice; name it once")
        label_map[old] = new
    return label_map


def map_labels(corpus: Corpus, label_map: Mapping[str, str]) -> Corpus:
    """The corpus with types renamed, and those with an empty name dropped: their tokens are O.

    A line of `Corpus.notes` says so. Raises `UsageError` for a type that the corpus lacks.
    """
    known = corpus.types
    for old in label_map:
        if old not in known:
            raise UsageError(
                f"{corpus.name}: has no type {old!r:.80} to map; its types are "
                f"{', '.join(known) or 'none'}"
            )
    if not label_map:
        return corpus
    mapped = corpus.map(lambda sentence: _mapped(sentence, label_map))
    pairs = ", ".join(f"{old} to {new or 'O'}" for old, new in label_map.items())
    return dataclasses.replace(mapped, notes=(*corpus.notes, f"types mapped: {pairs}"))


def _mapped(sentence: Sentence, label_map: Mapping[str, str]) -> Sentence:
    if sentence.partial:
        return with_partial_labels(sentence, _mapped_labels(sentence.partial, label_map))
    named = ((span, label_map.get(span.label, span.label)) for span in sentence.spans)
    spans = (dataclasses.replace(span, label=label) for span, label in named if label)
    return dataclasses.replace(sentence, spans=tuple(spans))


def _mapped_labels(
    labels: Iterable[PartialLabel], label_map: Mapping[str, str]
) -> tuple[PartialLabel, ...]:
    """Partial labels with types renamed; no entity goes through the borders of a dropped one."""
    mapped: list[PartialLabel] = []
    for label, continues in labels:
        new = None if label is None else label_map.get(label, label)
        outside = new == "" or (bool(mapped) and mapped[-1].label == "")
        mapped.append(PartialLabel(new, "no" if outside else continues))
    return tuple(mapped)


# --- corpora merged -----------------------------------------------------------------------------


def merge_corpora(corpora: Sequence[Corpus]) -> Corpus:
    """Merge corpora into one whose sentences know their `corpus`, and the types that it lacks.

    The types of a corpus are those of its entities in any split, after `map_labels`. What is
    outside entities in it is outside those types alone. Scores are counted for each corpus, too,
    without predictions of types that it lacks. Raises `UsageError` for corpora of one name.
    """
    _check_names([corpus.name for corpus in corpora])
    for corpus in corpora:
        if corpus.layers:
            raise UsageError(
                f"{corpus.name}: has the tag layers {', '.join(corpus.layers)}, and these do not "
                "go with several corpora; name one, or one --tag-column"
            )
        if not corpus.train:
            LOG.warning(
                "%s: has no training split, so it is scored and not learnt from", corpus.name
            )
    types = {label for corpus in corpora for label in corpus.types}
    parts = [with_unannotated(corpus, types) for corpus in corpora]
    for part in parts:
        LOG.info("%s", part.notes[0])
    return Corpus(
        "+".join(part.name for part in parts),
        train=tuple(sentence for part in parts for sentence in part.train),
        valid=tuple(sentence for part in parts for sentence in part.valid),
        test=tuple(sentence for part in parts for sentence in part.test),
        notes=tuple(note for part in parts for note in part.notes),
    )


def with_unannotated(corpus: Corpus, types: Collection[str]) -> Corpus:
    """The corpus as one of several: its sentences know it, and those of all `types` that it lacks.

    Its notes begin with its name, size, types and licence.
    """
    missing = frozenset(types).difference(corpus.types)

    def told(sentence: Sentence) -> Sentence:
        name, unannotated = sentence.corpus or corpus.name, sentence.unannotated | missing
        return dataclasses.replace(sentence, corpus=name, unannotated=unannotated)

    return dataclasses.replace(corpus.map(told), notes=_notes(corpus, missing))


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"two corpora have the name {name!r}; name each, as --data NAME=PATH, or in "
                "Python with dataclasses.replace(corpus, name=NAME)"
            )


def _notes(corpus: Corpus, missing: Collection[str]) -> tuple[str, ...]:
    """Lines about one of several corpora: size, types, licence, and its own notes."""
    sizes = ", ".join(f"{len(part):,} {split}" for split, part in corpus.splits().items() if part)
    licence = NAMED[corpus.name].licence if corpus.name in NAMED else "not known here"
    lacks = f"; does not label {', '.join(sorted(missing))}" if missing else ""
    own = [f"{corpus.name}: {note}" for note in corpus.notes]
    types = ", ".join(corpus.types) or "none"
    return f"{corpus.name}: sentences {sizes}; types {types}{lacks}; licence {licence}", *own

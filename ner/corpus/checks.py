"""Everything questionable about a corpus: what ``ner data check`` lists."""

import dataclasses
import itertools
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ner.config import DataConfig
from ner.corpus.corpus import Corpus
from ner.corpus.diagnostics import SHOWN, Diagnostics, Problem, ProblemCounts
from ner.corpus.loading import Files, read_corpus
from ner.corpus.merged import map_labels
from ner.corpus.plausibility import ERROR, INFO, WARNING, Finding, implausible
from ner.corpus.stats import CorpusStats, count
from ner.errors import shorten
from ner.text import Sentence, layered_label

LONG_TOKEN = 100
"""Characters from which on a token is called odd."""
RANKED = 20
"""Most words and sentences that are listed by how often they are questionable."""

Tokens = tuple[str, ...]
Splits = dict[str, tuple[Sentence, ...]]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All findings, errors first, and the figures of the corpus."""

    name: str
    findings: tuple[Finding, ...]
    stats: CorpusStats

    @property
    def has_errors(self) -> bool:
        """True if the corpus cannot be used as it is."""
        return any(finding.severity == ERROR for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Plain nested dictionaries, ready for JSON."""
        return dataclasses.asdict(self) | {"errors": self.has_errors}


def check(
    name: str | Path | None = None,
    config: DataConfig | None = None,
    *,
    files: Files | None = None,
    label_map: Mapping[str, str] | None = None,
) -> CheckReport:
    """Read a corpus by name, folder or file and list everything questionable about it.

    `files` are files by split in place of those of the corpus `name`, if any. Files that cannot be
    read are findings, too. Raises `NerError` only if there is no such corpus, or it lacks a type of
    the `label_map`.
    """
    config = config or DataConfig()
    diagnostics = {
        split: Diagnostics(config.strict, collect=True) for split in ("train", "valid", "test")
    }
    corpus = map_labels(read_corpus(name, config, diagnostics, files), label_map or {})
    findings = [*_diagnosed(diagnostics), *check_content(corpus)]
    findings.sort(key=lambda finding: (ERROR, WARNING, INFO).index(finding.severity))
    return CheckReport(corpus.name, tuple(findings), count(corpus))


def check_content(corpus: Corpus) -> Iterator[Finding]:
    """List what is questionable about sentences that have been read."""
    splits = {name: split for name, split in corpus.splits().items() if split}
    yield from implausible(splits)
    for layer in corpus.layers or ("",):
        own = {name: tuple(s.of_layer(layer) for s in split) for name, split in splits.items()}
        prefix = f"layer {layer}: " if layer else ""
        for finding in (*_labels(own), *_inconsistencies(own)):
            yield dataclasses.replace(finding, message=prefix + finding.message)
    yield from _duplicates(splits)
    yield from _leaks(splits)
    yield from _odd_tokens(splits)
    yield from _unknown(splits)
    yield from _facts(corpus, splits)


def _diagnosed(diagnostics: dict[str, Diagnostics]) -> Iterator[Finding]:
    for split, found in diagnostics.items():
        yield from _counted(ERROR, "unreadable", f"{split}: cannot be read", found.errors)
        yield from _counted(
            WARNING,
            "illegal",
            f"{split}: illegal tag transitions, read as the CoNLL scorer does",
            found.repairs,
        )
        yield from _counted(
            WARNING, "widened", f"{split}: entities widened to whole tokens", found.widened
        )
        for kind, counts in found.counted.items():
            yield from _counted(INFO, "note", f"{split}: {kind}", counts)
        yield from _noted(found.notes)


def _noted(notes: list[Problem]) -> Iterator[Finding]:
    """List in what a file was understood otherwise than it says."""
    for note in notes:
        yield Finding(WARNING, "understood", note.message, 1, (note.place,))


def _counted(severity: str, kind: str, message: str, counts: ProblemCounts) -> Iterator[Finding]:
    if counts.total:
        yield Finding(severity, kind, message, counts.total, tuple(counts.lines()))


def _listed(severity: str, kind: str, message: str, places: list[str]) -> Iterator[Finding]:
    """A finding for a list of places, if there is any."""
    if places:
        left = len(places) - len(places[:SHOWN])
        yield Finding(severity, kind, message, len(places), tuple(places[:SHOWN]), left)


def _labels(splits: Splits) -> Iterator[Finding]:
    """Types that occur in one split only or not in train, and splits without entities."""
    first: dict[str, dict[str, str]] = {split: {} for split in splits}
    for split, sentences in splits.items():
        for sentence in sentences:
            for label in sentence.labels:
                first[split].setdefault(label, sentence.place)
        if not first[split]:
            yield Finding(WARNING, "no entities", f"{split}: has no entity at all")
    for label in sorted({label for labels in first.values() for label in labels}):
        having = [split for split in splits if label in first[split]]
        places = tuple(first[split][label] for split in having)
        if len(having) == 1 < len(splits):
            message = f"the type {shorten(label)} occurs in {having[0]} only"
            yield Finding(WARNING, "label in one split", message, 1, places)
        elif "train" in splits and "train" not in having:
            message = f"the type {shorten(label)} occurs in {' and '.join(having)}, not in train"
            yield Finding(WARNING, "unseen label", message, 1, places)


def _inconsistencies(splits: Splits) -> Iterator[Finding]:
    """Words that are an entity of one type here and of another type, or none, there."""
    sentences = [sentence for split in splits.values() for sentence in split]
    questionable = []
    for words, seen in _label_counts(sentences).items():
        if len(seen) > 1:
            total = sum(number for number, _ in seen.values())
            questionable.append((total, words, seen))
    questionable.sort(key=lambda item: (-item[0], item[1]))
    places = []
    for _, words, seen in questionable[:RANKED]:
        counts = sorted(seen.items(), key=lambda item: (-item[1][0], item[0]))
        each = ", ".join(f"{label} {number} ({place})" for label, (number, place) in counts)
        places.append(f"{shorten(' '.join(words))}: {each}")
    if questionable:
        message = "words labelled in different ways, the most frequent first"
        left = len(questionable) - len(places)
        yield Finding(WARNING, "inconsistent", message, len(questionable), tuple(places), left)


def _label_counts(sentences: list[Sentence]) -> dict[Tokens, dict[str, tuple[int, str]]]:
    """Count by type (``O``: none) how often the words of each entity occur, with the first place.

    Words within a longer entity are not counted.
    """
    found: dict[Tokens, dict[str, tuple[int, str]]] = defaultdict(dict)

    def add(words: Tokens, label: str, sentence: Sentence) -> None:
        number, place = found[words].get(label, (0, sentence.place))
        found[words][label] = (number + 1, place)

    lengths: dict[str, set[int]] = defaultdict(set)
    for sentence in sentences:
        for span in sentence.spans:
            words = sentence.tokens[span.start : span.end]
            lengths[words[0]].add(len(words))
            add(words, span.label, sentence)
    for sentence in sentences:
        for words in _outside(sentence, lengths):
            if words in found:
                add(words, "O", sentence)
    return found


def _outside(sentence: Sentence, lengths: dict[str, set[int]]) -> Iterator[Tokens]:
    """Stretches of a sentence outside its entities that begin and are as long as an entity."""
    tokens = sentence.tokens
    for begin, stop in _gaps(sentence):
        for position in range(begin, stop):
            for length in lengths.get(tokens[position], ()):
                if position + length <= stop:
                    yield tokens[position : position + length]


def _gaps(sentence: Sentence) -> Iterator[tuple[int, int]]:
    """The ranges between the entities of a sentence; unknown tokens are in none."""
    if sentence.partial:
        outside = (i for i, token in enumerate(sentence.partial) if token.label == "")
        for _, run in itertools.groupby(enumerate(outside), lambda item: item[1] - item[0]):
            positions = [position for _, position in run]
            yield positions[0], positions[-1] + 1
        return
    starts = [span.start for span in sentence.spans] + [len(sentence)]
    ends = [0] + [span.end for span in sentence.spans]
    yield from zip(ends, starts, strict=True)


def _duplicates(splits: Splits) -> Iterator[Finding]:
    for split, sentences in splits.items():
        groups = _grouped(sentences)
        again = [copy for group in groups.values() for copy in group[1:]]
        pairs = [(groups[sentence.tokens][0], sentence) for sentence in again]
        yield from _repeated("duplicate", f"{split}: sentences repeated", pairs)


def _leaks(splits: Splits) -> Iterator[Finding]:
    groups = {split: _grouped(sentences) for split, sentences in splits.items()}
    for one, other in itertools.combinations(splits, 2):
        common = [sentence for sentence in splits[other] if sentence.tokens in groups[one]]
        pairs = [(groups[one][sentence.tokens][0], sentence) for sentence in common]
        yield from _repeated("leakage", f"sentences of {other} also in {one}", pairs)


def _grouped(sentences: Iterable[Sentence]) -> dict[Tokens, list[Sentence]]:
    groups: dict[Tokens, list[Sentence]] = defaultdict(list)
    for sentence in sentences:
        groups[sentence.tokens].append(sentence)
    return groups


def _repeated(kind: str, message: str, pairs: list[tuple[Sentence, Sentence]]) -> Iterator[Finding]:
    """A finding for pairs of a sentence and a later copy, the most frequent sentence first."""
    if not pairs:
        return
    times = Counter(copy.tokens for _, copy in pairs)
    first = {copy.tokens: (earlier, copy) for earlier, copy in reversed(pairs)}
    places = []
    for words, number in times.most_common(RANKED):
        earlier, copy = first[words]
        more = f" and {number - 1} more" if number > 1 else ""
        places.append(f"{copy.place}{more}: as {earlier.place}: {_quote(copy)}")
    differing = sum(
        (earlier.spans, earlier.partial) != (copy.spans, copy.partial) for earlier, copy in pairs
    )
    message += f", {differing} of them labelled otherwise"
    left = len(times) - len(places)
    yield Finding(WARNING, kind, message, len(pairs), tuple(places), left)


def _quote(sentence: Sentence) -> str:
    return shorten(" ".join(sentence.tokens))


def _odd_tokens(splits: Splits) -> Iterator[Finding]:
    """Tokens with characters that do not show, that stand for damage, or far too many of them."""
    for split, sentences in splits.items():
        places: dict[str, list[str]] = defaultdict(list)
        reasons: dict[str, str] = {}
        for sentence in sentences:
            for token in sentence.tokens:
                reason = reasons.get(token)
                if reason is None:
                    reason = reasons[token] = _oddity(token)
                if reason:
                    places[reason].append(f"{sentence.place}: {shorten(token)}")
        for reason, where in sorted(places.items()):
            yield from _listed(WARNING, "odd token", f"{split}: tokens with {reason}", where)


def _unknown(splits: Splits) -> Iterator[Finding]:
    """Partly labelled sentences: welcome in train, but nothing can be scored against them."""
    for split, sentences in splits.items():
        places = [sentence.place for sentence in sentences if sentence.partial]
        scored = split != "train"
        message = f"{split}: sentences with unknown tags" + scored * ", which cannot be scored"
        yield from _listed(ERROR if scored else INFO, "unknown", message, places)


_ODD = {"Cc": "a control character", "Cf": "an invisible character", "Co": "a private character"}
_ODD |= dict.fromkeys(("Zs", "Zl", "Zp"), "a space of some kind")
_ODD |= dict.fromkeys(("Cn", "Cs"), "an unassigned character")


def _oddity(token: str) -> str:
    """The reason to call a token odd, or ""."""
    if len(token) >= LONG_TOKEN:
        return f"{LONG_TOKEN} characters or more"
    if token.isascii() and token.isprintable():
        return ""
    if "\ufffd" in token:
        return "the character that replaces damaged ones"
    categories: Iterable[str] = (unicodedata.category(character) for character in token)
    return next((_ODD[category] for category in categories if category in _ODD), "")


def _facts(corpus: Corpus, splits: Splits) -> Iterator[Finding]:
    """Facts worth knowing: types, longest sentence and tag scheme of each split."""
    for split, sentences in splits.items():
        labels = Counter(layered_label(span) for sentence in sentences for span in sentence.spans)
        each = ", ".join(f"{label} {number}" for label, number in sorted(labels.items()))
        yield Finding(INFO, "labels", f"{split}: {each or 'none'}", labels.total())
        longest = max(sentences, key=len)
        yield Finding(
            INFO,
            "longest sentence",
            f"{split}: {len(longest)} tokens",
            places=(f"{longest.place}: {_quote(longest)}",),
        )
        if corpus.schemes.get(split):
            yield Finding(INFO, "scheme", f"{split}: {corpus.schemes[split]}")
    mixed = corpus.mixed_schemes()
    if mixed:
        yield Finding(WARNING, "mixed schemes", f"the splits differ in tag scheme: {mixed}")

"""The page of an audit: sums by part of the corpus, and the places in their sentences."""

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ner.corpus import Corpus, QueueItem
from ner.markup import escaped
from ner.render import TABLES, html_table, scripted_page
from ner.text import Sentence
from ner.tokenize import joined

MOST = 3000
"""Places that are on the page, the likeliest ones; all are in the queue."""
LIKELY = 0.5
"""Probability from which on a label is rather wrong than right."""
_SCRIPT = Path(__file__).with_name("audit.js")
_SELECTS = {"kind": "Kind", "type": "Type", "split": "Split", "file": "File"}
_STYLE = f"""\
{TABLES}
article .reason {{ line-height: 1.5; }}
summary {{ cursor: pointer; }}
"""


class Part(NamedTuple):
    """A part of a corpus: a file in a split."""

    split: str
    file: str  # below the folder that holds all files


def audit_page(
    corpus: Corpus,
    judged: Collection[int],
    items: Sequence[QueueItem],
    differences: Sequence[str],
) -> str:
    """The page, which needs no other file.

    `judged` are the numbers of the sentences, over all splits, that models have judged;
    `differences` are those between parts of the corpus, in words.
    """
    shown = _short({each.source for own in corpus.splits().values() for each in own})
    pairs = [
        (Part(split, shown[each.source]), each)
        for split, own in corpus.splits().items()
        for each in own
    ]
    # A line of a file may hold several sentences.
    place = {(each.source, each.line, each.tokens): (part, each) for part, each in pairs}
    sentences = Counter(part for number, (part, _) in enumerate(pairs) if number in judged)
    found = [(*place[item.source, item.line, item.tokens], item) for item in items]
    rows = [_row(*each) for each in found[:MOST]]
    types = sorted({span["label"] for row in rows for span in _spans(row)})
    above = "\n".join(_above(sentences, [(part, item) for part, _, item in found], differences))
    data = {"types": [{"layer": "", "label": label} for label in types], "rows": rows}
    return scripted_page(
        f"Audit of {corpus.name}", data, _SCRIPT, _SELECTS, above=above, style=_STYLE
    )


def _short(files: Collection[str]) -> dict[str, str]:
    """Paths without the folder that is common to all."""
    folder = os.path.commonpath([os.path.abspath(Path(file).parent) for file in files])
    return {file: os.path.relpath(file, folder) for file in files}


def _row(part: Part, sentence: Sentence, item: QueueItem) -> dict[str, Any]:
    spans = [span for span in (item.labelled, item.proposed) if span]
    return {
        "place": sentence.place,
        "split": part.split,
        "file": part.file,
        "tokens": list(sentence.tokens),
        "joined": joined(sentence),
        "gold": [span.to_dict() for span in sentence.spans],
        "labelled": item.labelled and item.labelled.to_dict(),
        "proposed": item.proposed and item.proposed.to_dict(),
        "types": sorted({span.label for span in spans}),
        "kind": item.kind,
        "probability": item.score,
        "reason": item.reason,
    }


def _spans(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from row["gold"]
    yield from filter(None, (row["labelled"], row["proposed"]))


def _above(
    sentences: Counter[Part], found: Sequence[tuple[Part, QueueItem]], differences: Sequence[str]
) -> Iterator[str]:
    """The sums, and the differences between parts."""
    yield (
        f"<p>{sentences.total():,} sentences were judged by models that have not learnt from them. "
        "A label looks wrong where that is likelier than that it is right.</p>"
    )
    yield html_table(_sums(sentences, found), {0, 1})
    if differences:
        told = "".join(f"<li>{escaped(line)}</li>" for line in differences)
        yield f"<details><summary>Parts that differ ({len(differences):,})</summary>"
        yield f'<ol class="differences">{told}</ol></details>'
    if len(found) > MOST:
        yield f"<p>Below are the first {MOST:,} of {len(found):,} places.</p>"


def _sums(sentences: Counter[Part], found: Sequence[tuple[Part, QueueItem]]) -> list[list[str]]:
    """Rows of a table: labels that look wrong, by part and kind."""
    counts: defaultdict[Part, Counter[str]] = defaultdict(Counter)
    for part, item in found:
        if item.score >= LIKELY:
            counts[part][item.kind] += 1
    kinds = sorted({kind for each in counts.values() for kind in each})
    rows = [["split", "file", "sentences", "look wrong", "in 100", *kinds]]
    for part, size in sentences.items():
        rows.append([*part, *_figures(size, counts[part], kinds)])
    total = sum(counts.values(), Counter[str]())
    return [*rows, ["all", "", *_figures(sentences.total(), total, kinds)]]


def _figures(size: int, counts: Counter[str], kinds: Sequence[str]) -> list[str]:
    wrong = counts.total()
    share = f"{100 * wrong / max(size, 1):.1f}"
    return [f"{size:,}", f"{wrong:,}", share, *(f"{counts[kind]:,}" for kind in kinds)]

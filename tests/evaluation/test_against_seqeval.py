"""Scores held against seqeval and against conlleval, on 100,000 pairs of sequences each.

Gold and predicted tags are made up by a seeded generator and judged in batches; in each, every
count and every score must be the same.
"""

import functools
import itertools
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import seqeval.metrics.v1
import seqeval.scheme

from ner.evaluation.by_seqeval import seqeval_report
from ner.evaluation.scores import Report, Scores, count, score
from ner.tags import spans_of, tags_of

pytestmark = pytest.mark.slow

PAIRS, BATCH = 100_000, 500
TYPES = ("PER", "LOC", "ORG")
Rows = list[list[str]]


def batches(*alphabets: str, longest: int = 6) -> Iterator[tuple[Rows, Rows]]:
    """Gold and predicted tags, legal or not, each batch with other letters; half of them agree."""
    rng = random.Random(2003)
    for _, letters in zip(range(PAIRS // BATCH), itertools.cycle(alphabets)):
        tags = ["O", "O", *(f"{letter}-{label}" for letter in letters for label in TYPES)]
        gold = [rng.choices(tags, k=rng.randint(1, longest)) for _ in range(BATCH)]
        yield gold, [[t if rng.random() < 0.5 else rng.choice(tags) for t in row] for row in gold]


def ours(gold: Rows, predicted: Rows) -> Report:
    return score(count(map(spans_of, gold), map(spans_of, predicted)))


def numbers(scores: Scores) -> Any:
    return pytest.approx((scores.precision, scores.recall, scores.f1), abs=1e-12)


def averages(report: Report) -> dict[str, Scores]:
    return {"micro": report, "macro": report.macro, "weighted": report.weighted}


# --- seqeval ------------------------------------------------------------------------------------


def test_any_tags_score_as_in_the_default_mode_of_seqeval() -> None:
    for gold, predicted in batches("BI", "I", "BIES", "BIE"):
        mine, theirs = ours(gold, predicted), seqeval_report(gold, predicted)
        assert mine.per_type == theirs.per_type
        for one, other in zip(averages(mine).values(), averages(theirs).values(), strict=True):
            assert (other.precision, other.recall, other.f1) == numbers(one)


@pytest.mark.slow(reason="seqeval reads 100,000 pairs")
def test_legal_tags_score_as_in_the_strict_mode_of_seqeval() -> None:
    """All tags of a model are legal; what conlleval reads in others, that mode leaves out."""
    modes = itertools.cycle([("iob2", seqeval.scheme.IOB2), ("iobes", seqeval.scheme.IOBES)])
    for (scheme, strict), rows in zip(modes, batches("BI", longest=4), strict=False):
        gold, predicted = (
            [tags_of(spans_of(row), len(row), scheme) for row in side] for side in rows
        )
        mine = ours(gold, predicted)
        read = {
            "entities_true": seqeval.scheme.Entities(gold, strict),
            "entities_pred": seqeval.scheme.Entities(predicted, strict),
        }
        scores = functools.partial(
            seqeval.metrics.v1.precision_recall_fscore_support, gold, predicted, scheme=strict
        )
        for average, one in averages(mine).items():
            *found, support = scores(average=average, **read)
            assert tuple(found) == numbers(one)
            assert support == mine.support
        columns = zip(*scores(**read), strict=True)
        for one, (*found, support) in zip(mine.per_type.values(), columns, strict=True):
            assert tuple(found) == numbers(one)
            assert support == one.support


# --- conlleval ----------------------------------------------------------------------------------

# The pairs of prefixes between which conlleval.pl (Sang, 1997-2004) ends and starts a chunk. Its
# two other prefixes, for chunks in brackets, are no tags of ours; for E before B of one type, which
# no scheme writes, it has no rule.
ENDS = {"BB", "BO", "IB", "IO", "EE", "EI", "EO"}
STARTS = {"BB", "IB", "OB", "OI", "EE", "EI", "OE"}
Tag = tuple[str, str]
OUTSIDE: Tag = ("O", "")


def end_of_chunk(before: Tag, tag: Tag) -> bool:
    return before[0] + tag[0] in ENDS or (before[0] != "O" and before[1] != tag[1])


def start_of_chunk(before: Tag, tag: Tag) -> bool:
    return before[0] + tag[0] in STARTS or (tag[0] != "O" and before[1] != tag[1])


def conlleval(gold: Rows, predicted: Rows) -> dict[str, Counter[str]]:
    """Chunks of each type in gold, predicted and correct, as the main loop of conlleval counts.

    That loop reads one line after the other and knows chunks only by where they start and end; the
    end of a sentence is a line that is outside.
    """
    found = {"gold": Counter[str](), "predicted": Counter[str](), "correct": Counter[str]()}
    last, last_guess, inside = OUTSIDE, OUTSIDE, False
    for row, guesses in zip(gold, predicted, strict=True):
        for tag, guess in zip(map(parted, [*row, "O"]), map(parted, [*guesses, "O"]), strict=True):
            ends, guess_ends = end_of_chunk(last, tag), end_of_chunk(last_guess, guess)
            if inside and ends and guess_ends and last[1] == last_guess[1]:
                found["correct"][last[1]] += 1
                inside = False
            elif inside and (ends != guess_ends or tag[1] != guess[1]):
                inside = False
            starts, guess_starts = start_of_chunk(last, tag), start_of_chunk(last_guess, guess)
            inside = inside or (starts and guess_starts and tag[1] == guess[1])
            found["gold"][tag[1]] += starts
            found["predicted"][guess[1]] += guess_starts
            last, last_guess = tag, guess
    return found


def parted(tag: str) -> Tag:
    prefix, _, label = tag.partition("-")
    return prefix, label


def test_any_tags_count_and_score_as_in_conlleval() -> None:
    pairs = correct = illegal = 0
    for gold, predicted in batches("BI", "I"):
        mine, theirs = ours(gold, predicted), conlleval(gold, predicted)
        for label, row in mine.per_type.items():
            counts = tuple(counter[label] for counter in theirs.values())
            assert (row.support, row.predicted, row.correct) == counts
        # Its figures are shares of 100 with two digits: 2 p r / (p + r) for F1.
        precision = 100 * theirs["correct"].total() / theirs["predicted"].total()
        recall = 100 * theirs["correct"].total() / theirs["gold"].total()
        f1 = 2 * precision * recall / (precision + recall)
        assert f"{100 * mine.precision:6.2f} {100 * mine.recall:6.2f} {100 * mine.f1:6.2f}" == (
            f"{precision:6.2f} {recall:6.2f} {f1:6.2f}"
        )
        pairs += len(gold)
        correct += mine.correct
        illegal += sum(tags_of(spans_of(row), len(row)) != row for row in predicted)
    assert pairs == PAIRS
    assert min(correct, illegal) > PAIRS / 2, "there is enough to find, and to repair"

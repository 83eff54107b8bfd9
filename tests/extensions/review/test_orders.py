"""Orders: all of the file, the most doubtful first, disagreements alone, or a queue."""

from dataclasses import replace
from pathlib import Path

import pytest

from ner.corpus import QueueItem
from ner.errors import UsageError
from ner.extensions.review.orders import in_order, match_queue
from ner.extensions.review.proposals import Proposal, Proposals
from ner.text import Sentence, Span


class Fixed(Proposals):
    """Proposals that are known."""

    def __init__(self, *found: Proposal | None) -> None:
        self._proposals = found

    def __getitem__(self, number: int) -> Proposal | None:
        return self._proposals[number]


AGREED = Proposal((Span(0, 1, "PER"), Span(2, 4, "LOC")), (0.9, 0.8), (0.3,) * 5)
NEW = Proposal((Span(0, 1, "PER"),), (0.7,), (0.6,) * 8)


def test_by_doubt_all_are_there(sentences: list[Sentence]) -> None:
    assert in_order("doubt", sentences, Fixed(AGREED, NEW, None), {}) == [1, 0, 2]


def test_by_disagreement_only_those_that_differ(sentences: list[Sentence]) -> None:
    assert in_order("disagreement", sentences, Fixed(AGREED, NEW, None), {}) == [1]
    other = Proposal((Span(0, 1, "PER"),), (0.9,), (0.1, 0.1))
    assert in_order("disagreement", sentences, Fixed(AGREED, NEW, other), {}) == [2, 1]


def test_without_a_model_the_file_decides(sentences: list[Sentence]) -> None:
    assert in_order("file", sentences, Fixed(AGREED, NEW, None), {}) == [0, 1, 2]
    assert in_order("doubt", sentences, None, {}) == [0, 1, 2]


def item(sentence: Sentence, score: float, source: str = "") -> QueueItem:
    return QueueItem(source or sentence.source, sentence.line, sentence.tokens, "type", score)


def test_a_queue_keeps_its_order(sentences: list[Sentence]) -> None:
    items = [item(sentences[2], 0.9), item(sentences[0], 0.8), item(sentences[2], 0.7)]
    queue, lost = match_queue(items, sentences)
    assert in_order("queue", sentences, None, queue) == [2, 0]
    assert [one.score for one in queue[2]] == [0.9, 0.7]
    assert lost == 0


def test_a_file_may_be_called_by_another_path(
    sentences: list[Sentence], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert match_queue([item(sentences[0], 1, "a.conll")], sentences)[1] == 0


def test_places_that_are_gone_are_counted(sentences: list[Sentence]) -> None:
    gone = replace(sentences[1], tokens=("other",))
    queue, lost = match_queue([item(sentences[0], 1), item(gone, 1)], sentences)
    assert (list(queue), lost) == ([0], 1)
    with pytest.raises(UsageError, match=r"none of the 1 places of the queue .*a\.conll:7; name"):
        match_queue([item(gone, 1)], sentences)
    with pytest.raises(UsageError, match="the queue has no place to look at"):
        match_queue([], sentences)

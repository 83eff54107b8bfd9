"""From a ranking to a corrected corpus, by the library alone."""

from pathlib import Path

import pytest

from ner.config import Config
from ner.corpus import Corpus, read_corpus, read_queue, write_file, write_queue
from ner.extensions.audit.apply import apply_queue
from ner.extensions.audit.judgements import Judgement, load_judgements, pooled, save_judgements
from ner.extensions.audit.ranking import rank
from ner.text import Sentence, Span
from tests.extensions.audit.corpora import judgement, sentence

DATA = Config().data
LOC, ORG, ANNA = Span(1, 2, "LOC"), Span(1, 2, "ORG"), Span(0, 1, "PER")


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Three right labels, a wrong type and an entity without a label."""
    sentences = [
        sentence("in Paris today", LOC),
        sentence("in Paris now", LOC),
        sentence("from Paris ,", LOC),
        sentence("via Paris !", ORG),
        sentence("Anna said so"),
    ]
    write_file(tmp_path / "corpus" / "train.conll", sentences)
    return read_corpus(tmp_path / "corpus", DATA)


def judged(corpus: Corpus) -> dict[int, Judgement]:
    found: dict[int, Judgement] = {}
    for number, one in enumerate(corpus.train):
        scores = {span: 0.97 if span == LOC else 0.01 for span in one.spans}
        scores |= {} if LOC in scores or number == 4 else {LOC: 0.98}
        scores |= {ANNA: 0.95} if number == 4 else {}
        chosen = [span for span, score in scores.items() if score > 0.5]
        gap = 0.0 if {*chosen} == {*one.spans} else 4.0
        found[number] = judgement(scores, chosen, gap)
    return found


def test_accepted_proposals_end_in_the_corpus(tmp_path: Path, corpus: Corpus) -> None:
    items, told = rank(corpus.train, pooled([judged(corpus)] * 3))
    assert told == []
    assert {(item.labelled, item.proposed) for item in items[:2]} == {(ORG, LOC), (None, ANNA)}
    write_queue(tmp_path / "queue.jsonl", items[:2])
    apply_queue(corpus, read_queue(tmp_path / "queue.jsonl"), tmp_path / "out", DATA)
    mended = read_corpus(tmp_path / "out", DATA)
    assert [one.spans for one in mended.train] == [(LOC,)] * 4 + [(ANNA,)]
    assert [one.tokens for one in mended.train] == [one.tokens for one in corpus.train]


def test_a_corrected_corpus_is_less_suspect(tmp_path: Path, corpus: Corpus) -> None:
    items, _ = rank(corpus.train, pooled([judged(corpus)] * 3))
    apply_queue(corpus, items[:2], tmp_path / "out", DATA)
    mended = read_corpus(tmp_path / "out", DATA)
    again, _ = rank(mended.train, pooled([judged_again(mended.train)] * 3))
    assert max((item.score for item in again), default=0.0) < items[1].score


def judged_again(sentences: tuple[Sentence, ...]) -> dict[int, Judgement]:
    return {
        number: judgement(dict.fromkeys(one.spans, 0.97), one.spans)
        for number, one in enumerate(sentences)
    }


def test_kept_judgements_give_the_same_ranking(tmp_path: Path, corpus: Corpus) -> None:
    found = judged(corpus)
    save_judgements(tmp_path / "one.jsonl", found)
    again = load_judgements(tmp_path / "one.jsonl", corpus.train)
    assert rank(corpus.train, pooled([again])) == rank(corpus.train, pooled([found]))


def test_the_ranking_does_not_hang_on_the_order_of_the_models(corpus: Corpus) -> None:
    one = judged(corpus)
    other = {number: judgement(dict.fromkeys(j.scores, 0.5)) for number, j in one.items()}
    first, _ = rank(corpus.train, pooled([one, other]))
    second, _ = rank(corpus.train, pooled([other, one]))
    assert [(i.line, i.score, i.proposed) for i in first] == [
        (i.line, i.score, i.proposed) for i in second
    ]

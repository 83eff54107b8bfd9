"""The page of an audit: sums, places in their sentences, and nothing of a corpus as markup."""

from pathlib import Path
from typing import Any

import pytest

from ner.corpus import Corpus, QueueItem
from ner.extensions.audit.page import MOST, audit_page
from ner.text import Sentence, Span
from tests.extensions.audit.corpora import sentence
from tests.render.data import data_of

LOC, ORG = Span(1, 2, "LOC"), Span(1, 2, "ORG")
TRAIN = sentence("in Paris today", ORG, line=1)
TEST = Sentence(("via", "Paris", "!"), (LOC,), source="folder/y.conll", line=5)
CORPUS = Corpus("mine", train=(TRAIN, sentence("via Rome", line=5)), test=(TEST,))


def item(
    own: Sentence,
    labelled: Span | None,
    proposed: Span | None,
    kind: str = "type",
    score: float = 0.9,
) -> QueueItem:
    where = own.source, own.line, own.tokens
    return QueueItem(*where, kind, score, "because", labelled, proposed)


def made(*items: QueueItem, differences: tuple[str, ...] = ()) -> str:
    return audit_page(CORPUS, range(3), items, differences)


def rows(page: str) -> list[list[str]]:
    """The texts of the cells of its table."""
    table = page.split("<table>")[1].split("</table>")[0]
    lines = table.replace("</th>", "</td>").split("<tr>")[1:]
    return [[cell.rsplit(">", 1)[-1] for cell in line.split("</td>")[:-1]] for line in lines]


def test_a_place_has_all_that_is_known_of_it() -> None:
    data = data_of(made(item(TRAIN, ORG, LOC)))
    assert [one["label"] for one in data["types"]] == ["LOC", "ORG"]
    assert data["rows"] == [
        {
            "place": "x.conll:1",
            "split": "train",
            "file": "x.conll",
            "tokens": ["in", "Paris", "today"],
            "joined": [],
            "gold": [ORG.to_dict()],
            "labelled": ORG.to_dict(),
            "proposed": LOC.to_dict(),
            "types": ["LOC", "ORG"],
            "kind": "type",
            "probability": 0.9,
            "reason": "because",
        }
    ]


def test_a_line_may_hold_several_sentences() -> None:
    """As in files of records, whose texts are cut into sentences."""
    first, second = sentence("in Paris today", LOC, line=1), sentence("no Rome", LOC, line=1)
    corpus = Corpus("mine", train=(first, second))
    items = [item(first, LOC, None), item(second, LOC, ORG)]
    data = data_of(audit_page(corpus, range(2), items, []))
    assert [row["tokens"] for row in data["rows"]] == [["in", "Paris", "today"], ["no", "Rome"]]


@pytest.mark.parametrize(("labelled", "proposed"), [(None, LOC), (LOC, None)])
def test_one_side_may_be_missing(labelled: Span | None, proposed: Span | None) -> None:
    [row] = data_of(made(item(TEST, labelled, proposed)))["rows"]
    assert (row["labelled"], row["proposed"]) == tuple(
        s and s.to_dict() for s in (labelled, proposed)
    )
    assert row["types"] == ["LOC"]
    assert (row["split"], row["file"]) == ("test", "folder/y.conll")


def test_sums_are_by_part_and_kind() -> None:
    page = made(
        item(TRAIN, ORG, LOC),
        item(TEST, None, LOC, "missed"),
        item(TEST, LOC, None, "spurious", 0.4),
    )
    assert rows(page) == [
        ["split", "file", "sentences", "look wrong", "in 100", "missed", "type"],
        ["train", "x.conll", "2", "1", "50.0", "0", "1"],
        ["test", "folder/y.conll", "1", "1", "100.0", "1", "0"],
        ["all", "", "3", "2", "66.7", "1", "1"],
    ]


def test_sentences_that_no_model_has_judged_do_not_count() -> None:
    page = audit_page(CORPUS, [0], [], [])
    assert [row[2] for row in rows(page)] == ["sentences", "1", "1"]
    assert "1 sentences were judged" in page


def test_differences_stand_above_the_places() -> None:
    page = made(differences=("“Rome”: LOC here, ORG <there>",))
    assert "<summary>Parts that differ (1)</summary>" in page
    assert "<li>“Rome”: LOC here, ORG &lt;there&gt;</li>" in page
    assert "Parts that differ" not in made()


def test_only_the_likeliest_places_of_many_are_on_it() -> None:
    page = made(*[item(TRAIN, ORG, LOC)] * (MOST + 1))
    assert len(data_of(page)["rows"]) == MOST
    assert f"the first {MOST:,} of {MOST + 1:,} places" in page
    assert "the first" not in made(item(TRAIN, ORG, LOC)).split("<script")[0]


EVIL = ["</script><script>alert(1)</script>", "<!--<script>", "<img src=x onerror=alert(1)>", "{0}"]


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_of_a_corpus_is_markup(evil: str) -> None:
    span = Span(0, 1, evil)
    own = Sentence((evil,), (span,), source=f"{evil}/x.conll", line=1)
    other = Sentence((evil,), source=f"{evil}/{evil[:1]}y", line=1)
    corpus = Corpus(evil, train=(own,), valid=(other,))
    place: Any = QueueItem(own.source, 1, own.tokens, evil, 0.9, evil, span, None)
    page = audit_page(corpus, range(2), [place], [evil])
    assert page.count("</script>") == 2
    assert "<script>alert" not in page
    assert "<img" not in page
    [row] = data_of(page)["rows"]
    assert (row["tokens"], row["reason"], row["kind"]) == ([evil], evil, evil)


def test_files_of_one_folder_are_named_without_it() -> None:
    one, other = (Sentence(("a",), source=str(Path("/d/e") / n), line=1) for n in ("f", "g/h"))
    page = audit_page(Corpus("x", train=(one,), valid=(other,)), range(2), [], [])
    assert [row[1] for row in rows(page)[1:]] == ["f", "g/h", ""]
    mixed = Sentence(("a",), source="rel/h", line=1)
    page = audit_page(Corpus("x", train=(one,), valid=(mixed,)), range(2), [], [])
    assert rows(page)[1][1].endswith("d/e/f")

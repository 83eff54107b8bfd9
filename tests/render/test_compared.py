"""The page of mistakes: whole in one file, with nothing of a corpus as markup."""

import base64
import hashlib
import html
import re

import pytest

from ner.render import ComparedSentence, Mistake, mistakes_page
from ner.text import Sentence, Span
from tests.render.data import data_of

PER, LOC = Span(0, 1, "PER"), Span(2, 3, "LOC")
GOLD = Sentence(("Anna", "visited", "Rome", "."), (PER, LOC), source="a.conll", line=7)
ROW = ComparedSentence(
    GOLD, (PER, Span(2, 3, "ORG")), (0.9, 0.5), [Mistake("type", LOC, Span(2, 3, "ORG"))]
)


def test_gold_and_predicted_stand_side_by_side() -> None:
    data = data_of(mistakes_page("x", [ROW]))
    assert [one["label"] for one in data["types"]] == ["LOC", "ORG", "PER"]
    assert data["rows"] == [
        {
            "place": "a.conll:7",
            "tokens": ["Anna", "visited", "Rome", "."],
            "joined": [2],
            "gold": [PER.to_dict(), LOC.to_dict()],
            "predicted": [
                PER.to_dict() | {"score": 0.9},
                Span(2, 3, "ORG").to_dict() | {"score": 0.5},
            ],
            "mistakes": [
                {
                    "kind": "type",
                    "gold": LOC.to_dict(),
                    "predicted": Span(2, 3, "ORG").to_dict(),
                    "types": ["LOC", "ORG"],
                }
            ],
        }
    ]


def test_sentences_without_mistakes_are_left_out() -> None:
    right = ComparedSentence(GOLD, GOLD.spans, (), [])
    assert data_of(mistakes_page("x", [right, ROW, right]))["rows"][0]["place"] == "a.conll:7"
    assert data_of(mistakes_page("x", [right])) == {"types": [], "rows": []}


def test_entities_of_one_side_alone_have_no_other() -> None:
    missed = ComparedSentence(GOLD, (), (), [Mistake("missed", PER, None)])
    [row] = data_of(mistakes_page("x", [missed]))["rows"]
    assert row["mistakes"][0]["predicted"] is None
    assert row["mistakes"][0]["types"] == ["PER"]


def test_layers_are_named() -> None:
    spans = Span(0, 2, "ORG", "outer"), Span(0, 1, "LOC", "inner")
    gold = Sentence(("New", "York"), spans)
    page = mistakes_page("x", [ComparedSentence(gold, (), (), [Mistake("missed", spans[0], None)])])
    assert data_of(page)["types"] == [
        {"layer": "inner", "label": "LOC"},
        {"layer": "outer", "label": "ORG"},
    ]
    assert data_of(page)["rows"][0]["mistakes"][0]["types"] == ["outer:ORG"]


def test_the_policy_lets_only_its_own_script_run() -> None:
    page = mistakes_page("x", [ROW])
    script = page.rsplit("<script>", 1)[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html.unescape(page)
    assert "default-src 'none'" in html.unescape(page)
    assert page.index("Content-Security-Policy") < page.index("<style>")
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page)


@pytest.mark.parametrize("evil", ["</script><script>alert(1)</script>", "<!--<script>", "a\u2028b"])
def test_nothing_of_a_corpus_is_markup(evil: str) -> None:
    span = Span(0, 1, evil)
    row = ComparedSentence(Sentence((evil,), (span,)), (), (), [Mistake("missed", span, None)])
    page = mistakes_page(evil, [row])
    assert page.count("</script>") == 2
    assert "<script>alert" not in page
    assert data_of(page)["rows"][0]["tokens"] == [evil]

"""The page of mistakes in a real browser: filtered by kind and by type."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ner.render import ComparedSentence, Mistake, mistakes_page
from ner.text import Sentence, Span
from tests.extensions.browser import choose, complaints

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.slow(reason="starts a browser")

ANNA, ROME, TEAM = Span(0, 1, "PER"), Span(2, 3, "LOC"), Span(2, 3, "ORG")
TOKENS = ("Anna", "visited", "Rome", ".")
WRONG_TYPE = ComparedSentence(
    Sentence(TOKENS, (ANNA, ROME), source="a", line=1), (ANNA, TEAM), (0.9, 0.6),
    [Mistake("type", ROME, TEAM)],
)  # fmt: skip
MISSED = ComparedSentence(
    Sentence(TOKENS, (ANNA, ROME), source="b", line=2), (ROME,), (0.9,),
    [Mistake("missed", ANNA, None)],
)  # fmt: skip


def heads(browser: "Chrome") -> list[str]:
    return [found.text for found in browser.find_elements("css selector", "article .hint")]


def test_mistakes_are_filtered(browser: "Chrome", tmp_path: Path) -> None:
    page = tmp_path / "mistakes.html"
    page.write_text(mistakes_page("Mistakes", [WRONG_TYPE, *[MISSED] * 150]))
    complaints(browser)
    browser.get(page.as_uri())
    told = browser.find_element("id", "told")
    assert told.text == "151 mistakes in 151 sentences, the first 100 of which are shown"
    assert len(heads(browser)) == 100
    browser.find_element("id", "more").click()
    assert len(heads(browser)) == 151
    assert not browser.find_element("id", "more").is_displayed()
    choose(browser, "kind", "type")
    assert heads(browser) == ["a:1 · type: LOC / ORG"]
    assert told.text == "1 mistake in 1 sentence"
    lines = browser.find_elements("css selector", "article p[dir]")
    texts = [str(line.get_attribute("textContent")) for line in lines]
    assert texts == ["in the dataAnna visited Rome.", "foundAnna visited Rome."]
    wrong = browser.find_elements("css selector", "mark.wrong")
    assert [mark.get_attribute("title") for mark in wrong] == ["LOC", "ORG, probability 60 %"]
    choose(browser, "type", "PER")
    assert heads(browser) == []
    choose(browser, "kind", "")
    assert len(heads(browser)) == 100
    assert complaints(browser) == []

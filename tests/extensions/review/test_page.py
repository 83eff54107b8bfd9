"""The page of a review in a real browser, with keys, mouse and two tabs."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ner.config import DataConfig
from ner.corpus import Head, History, QueueItem, load_journal, read_files, read_journal, write_file
from ner.extensions.review.ledger import Ledger
from ner.extensions.review.orders import match_queue
from ner.extensions.review.proposals import Proposals
from ner.extensions.review.review import Review
from ner.extensions.review.shown import Project
from ner.tagger import Tagger
from ner.text import Sentence, Span
from tests.extensions.browser import complaints, prefer, wait
from tests.extensions.server.client import need_extra

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

pytestmark = pytest.mark.slow(reason="starts a browser")

LEFT, UP, RIGHT, DOWN, ENTER, DELETE, ESCAPE = (
    "\ue012", "\ue013", "\ue014", "\ue015", "\ue007", "\ue017", "\ue00c",
)  # fmt: skip
SHIFT, CONTROL, ALT = "\ue008", "\ue009", "\ue00a"


class Live:
    """A review that is served by a thread of this process."""

    def __init__(self, review: Review, project: Project, ledger: Ledger) -> None:
        from ner.extensions.review.app import Service, make_app
        from ner.extensions.review.serving import LIMITS
        from ner.extensions.server.packages import Server, ServerConfig
        from ner.extensions.server.serving import listen, url

        self.review, self.ledger = review, ledger
        app = make_app(Service(project, review, LIMITS, self.write))
        config = ServerConfig(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        self._project, self._server = project, Server(config)
        [found] = listen("127.0.0.1", 0, 1)
        self.address = url(found)
        self._thread = threading.Thread(target=self._server.run, args=[[found]])
        self._thread.start()

    def write(self) -> int:
        write_file(self._project.out, self.review.result(), self._project.format)
        return len(self.review.result())

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    def spans(self, number: int) -> tuple[Span, ...]:
        """The entities of a sentence that are on the disk."""
        return read_journal(self.ledger.path)[number].sentence.spans

    def accepted(self) -> list[bool]:
        return [found.accepted for found in read_journal(self.ledger.path)]


@contextmanager
def serving(
    file: Path,
    out: Path,
    *,
    tagger: Tagger | None = None,
    queue: Sequence[QueueItem] = (),
    **given: Any,
) -> Iterator[Live]:
    need_extra()
    sentences = read_files([file], DataConfig(), unlabelled=False)
    ledger = Ledger(out.with_name(f"{out.name}.journal"))
    ledger.begin(Head.of([file], sentences, {}, unlabelled=False))
    proposals = Proposals(tagger, sentences) if tagger else None
    if proposals:
        proposals.find()
    review = Review(sentences, History(), ledger, proposals=proposals)
    project = Project(
        files=[file], out=out, format="iob2", model="runs/x" if tagger else "",
        queue=match_queue(queue, sentences)[0] if queue else {},
        order="queue" if queue else "file", **given,
    )  # fmt: skip
    live = Live(review, project, ledger)
    try:
        yield live
    finally:
        live.stop()
        ledger.close()


@pytest.fixture
def live(corpus: Path, tmp_path: Path) -> Iterator[Live]:
    with serving(corpus, tmp_path / "out.conll", guidelines="PER: people <b>only</b>") as found:
        yield found


class Page:
    """The page as a person has it."""

    def __init__(self, browser: "Chrome", live: Live) -> None:
        self.browser, self.live = browser, live
        browser.get(live.address)
        self.wait(lambda: self.all("#sentence [data-from]"))

    def all(self, selector: str) -> "list[WebElement]":
        return self.browser.find_elements("css selector", selector)

    def one(self, selector: str) -> "WebElement":
        [found] = self.all(selector)
        return found

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def wait(self, holds: Callable[[], Any]) -> None:
        wait(self.browser, holds)

    def press(self, *keys: str, held: str = "") -> None:
        """Press keys one after another, others held meanwhile."""
        from selenium.webdriver import ActionChains

        chain = ActionChains(self.browser)
        for modifier in held:
            chain = chain.key_down(modifier)
        for key in keys:
            chain = chain.send_keys(key)
        for modifier in held:
            chain = chain.key_up(modifier)
        chain.perform()

    def saved(self) -> None:
        self.wait(lambda: self.one("#saved").text == "Saved")

    def text(self) -> str:
        return str(self.run("return document.getElementById('sentence').textContent"))

    def marks(self, kind: str = ":not(.proposal)") -> list[tuple[str, str]]:
        found = self.run(
            "return [...document.querySelectorAll('#sentence mark' + arguments[0])]"
            ".map((mark) => [mark.textContent, mark.dataset.label])",
            kind,
        )
        return [(text, label) for text, label in found]

    def chosen(self) -> str:
        return str(
            self.run(
                "return [...document.querySelectorAll('#sentence .chosen, #sentence .current')]"
                ".map((part) => part.textContent).join('')"
            )
        )

    def word(self, text: str) -> "WebElement":
        words = self.all("#sentence [data-from]")
        return next(word for word in words if word.text == text)


@pytest.fixture
def page(browser: "Chrome", live: Live) -> Iterator[Page]:
    complaints(browser)  # of tests before
    yield Page(browser, live)
    assert complaints(browser) == []  # a violated policy would be one


# --- keys ---------------------------------------------------------------------------------------


def test_entities_are_added_with_keys(page: Page) -> None:
    page.press(DOWN)
    page.wait(lambda: page.text().startswith("Dora left"))
    assert page.chosen() == "Dora"
    page.press("3")
    page.saved()
    assert page.live.spans(1) == (Span(0, 1, "PER"),)
    page.press(RIGHT, RIGHT)
    page.press(RIGHT, held=SHIFT)
    assert page.chosen() == "New York"
    page.press("1")
    page.saved()
    assert page.live.spans(1) == (Span(0, 1, "PER"), Span(2, 4, "LOC"))
    assert page.marks() == [("Dora", "PER"), ("New York", "LOC")]


def test_one_key_accepts_and_goes_on(page: Page) -> None:
    page.press(ENTER, ENTER)
    page.saved()
    assert page.live.accepted() == [True, True, False]
    assert page.text().startswith("Rome won")
    assert "2 of 3 accepted" in page.one("#progress-text").text
    page.press(ENTER)
    page.saved()
    assert page.live.accepted() == [True] * 3


def test_borders_move_by_word_and_by_character(page: Page) -> None:
    page.press("e")
    assert page.chosen() == "New York"
    page.press(LEFT, held=SHIFT)
    page.saved()
    assert page.live.spans(0)[1] == Span(2, 3, "LOC")
    page.press(RIGHT, held=SHIFT)
    page.press(RIGHT, held=CONTROL)
    page.saved()
    assert page.live.spans(0)[1] == Span(3, 4, "LOC")
    page.press(LEFT, LEFT, held=SHIFT + ALT)
    page.saved()
    found = read_journal(page.live.ledger.path)[0].sentence
    assert found.tokens == ("Anna", "visited", "New", "Yo", "rk", ".")
    assert found.spans[1] == Span(3, 4, "LOC")
    assert page.text() == "Anna visited New York."


def test_borders_stop_at_other_entities(page: Page) -> None:
    page.press("e")
    page.press(LEFT, LEFT, LEFT, LEFT, held=CONTROL)
    page.saved()
    assert page.live.spans(0) == (Span(0, 1, "PER"), Span(1, 4, "LOC"))


def test_types_are_changed_and_taken_away(page: Page) -> None:
    page.press("2")
    page.saved()
    assert page.live.spans(0)[0] == Span(0, 1, "ORG")
    page.press(DELETE)
    page.saved()
    assert page.live.spans(0) == (Span(2, 4, "LOC"),)


def test_everything_is_taken_back_and_made_again(page: Page) -> None:
    assert not page.one("#undo").is_enabled()
    page.press("1", "2", DELETE, ENTER, DELETE)
    page.saved()
    page.wait(lambda: page.text().startswith("Dora"))
    page.press("u")
    page.press("z", "z", "z", held=CONTROL)
    page.wait(lambda: page.marks() == [("Anna", "PER"), ("New York", "LOC")])
    page.saved()
    assert not page.one("#undo").is_enabled()
    page.press("u", "u", "u", "u", held=SHIFT)
    page.wait(lambda: not page.one("#redo").is_enabled())
    page.saved()
    assert page.live.accepted()[0]
    assert page.live.spans(0) == (Span(2, 4, "LOC"),)


def test_new_types_come_on_the_way(page: Page) -> None:
    page.press("t")
    page.wait(lambda: page.all("dialog[open] #name"))
    page.press(*"ANIMAL", ENTER)
    page.saved()
    assert page.live.spans(0)[0] == Span(0, 1, "ANIMAL")
    page.wait(lambda: page.all("#types button")[-1].text.endswith("ANIMAL"))
    page.press(RIGHT, "4")
    page.saved()
    assert page.live.spans(0)[1] == Span(1, 2, "ANIMAL")


def test_what_is_no_type_is_not_shown_as_one(page: Page) -> None:
    page.press("t")
    page.wait(lambda: page.all("dialog[open] #name"))
    page.press(*"A B", ENTER)
    page.wait(lambda: "is no name of a type" in page.one("#error").text)
    assert page.one("#saved").text == "Not saved"
    assert page.marks()[0] == ("Anna", "PER")
    complaints(page.browser)  # the browser tells of the status 422


def test_all_places_are_labelled_in_one_stroke(page: Page) -> None:
    page.press("e", "f")
    page.wait(lambda: page.one("#places-told").text == "2 places")
    assert page.run("return document.getElementById('kind').value") == "LOC"
    page.all("#labelling button")[0].click()
    page.wait(lambda: page.one("#places-told").text == "2 places · 1 sentence changed")
    assert page.live.spans(1) == (Span(2, 4, "LOC"),)
    page.all("#places li")[1].click()
    page.wait(lambda: page.text().startswith("Dora"))
    assert page.chosen() == "New York"


def test_notes_are_kept(page: Page) -> None:
    page.press("n", *"is it?", ESCAPE)
    page.saved()
    assert read_journal(page.live.ledger.path)[0].note == "is it?"
    page.press(DOWN)
    page.wait(lambda: page.one("#note").get_attribute("value") == "")
    page.press(UP)
    page.wait(lambda: page.one("#note").get_attribute("value") == "is it?")


# --- the mouse ----------------------------------------------------------------------------------


def drag(page: Page, start: "WebElement", end: "WebElement", held: str = "") -> None:
    """Press the mouse at the start of something, and let it go in the middle of another."""
    from selenium.webdriver import ActionChains

    chain = ActionChains(page.browser)
    if held:
        chain = chain.key_down(held)
    left = -int(start.rect["width"]) // 2 + 1
    chain = chain.move_to_element_with_offset(start, left, 0).click_and_hold()
    chain = chain.move_to_element(end).release()
    if held:
        chain = chain.key_up(held)
    chain.perform()


def test_entities_are_added_with_the_mouse(page: Page) -> None:
    page.press(DOWN)
    page.wait(lambda: page.text().startswith("Dora left"))
    drag(page, page.word("New"), page.word("York"))
    assert page.chosen() == "New York"
    page.all("#types button")[0].click()
    page.saved()
    assert page.live.spans(1) == (Span(2, 4, "LOC"),)
    page.word("stayed").click()
    assert page.chosen() == "stayed"
    page.word("York").click()
    assert page.chosen() == "New York"
    page.one("#remove").click()
    page.saved()
    assert page.live.spans(1) == ()


def test_single_characters_are_selected_with_a_modifier(page: Page) -> None:
    page.press(DOWN)
    page.wait(lambda: page.text().startswith("Dora left"))
    drag(page, page.word("stayed"), page.word("stayed"), held=ALT)
    assert page.chosen() in ("st", "sta", "stay")
    assert page.text() == "Dora left New York, Anna stayed."


def test_borders_are_dragged(page: Page) -> None:
    page.word("York").click()
    [start, _] = page.all("#sentence .grip")
    drag(page, start, page.word("visited"))
    page.saved()
    assert page.live.spans(0) == (Span(0, 1, "PER"), Span(1, 4, "LOC"))
    [_, end] = page.all("#sentence .grip")
    drag(page, end, page.word("New"))
    page.saved()
    assert page.live.spans(0) == (Span(0, 1, "PER"), Span(1, 3, "LOC"))


def test_the_list_leads_to_sentences(page: Page) -> None:
    page.all("#rows > div")[2].click()
    page.wait(lambda: page.text().startswith("Rome won"))
    assert "sentence 3 of 3" in page.one("#where").text
    page.all("#before span")[0].click()
    page.wait(lambda: not page.text().startswith("Rome"))


# --- what is safe -------------------------------------------------------------------------------


def test_two_tabs_do_not_overwrite_each_other(page: Page) -> None:
    browser = page.browser
    first = browser.current_window_handle
    browser.switch_to.new_window("tab")
    try:
        second = Page(browser, page.live)
        second.press("2")
        second.saved()
        browser.switch_to.window(first)
        page.press(DELETE)
        page.wait(lambda: "has changed since it was seen" in page.one("#error").text)
        assert page.one("#saved").text == "Not saved"
        assert page.marks() == [("Anna", "ORG"), ("New York", "LOC")]
        assert page.live.spans(0)[0] == Span(0, 1, "ORG")
        page.press(DELETE)
        page.saved()
        assert page.live.spans(0) == (Span(2, 4, "LOC"),)
    finally:
        browser.switch_to.window(browser.window_handles[-1])
        browser.close()
        browser.switch_to.window(first)
        complaints(browser)  # it tells of the status 409


def test_what_could_not_be_saved_is_not_shown(page: Page) -> None:
    page.live.stop()
    page.press("2")
    page.wait(lambda: "does not answer" in page.one("#error").text)
    assert page.one("#saved").text == "Not saved"
    assert page.marks()[0] == ("Anna", "PER")
    assert load_journal(page.live.ledger.path)[1].decisions == {}
    complaints(page.browser)  # it tells of the connection


def test_nothing_that_waited_for_its_turn_is_shown_either(page: Page) -> None:
    page.live.stop()
    page.press("2", ENTER, "1", ENTER)
    page.wait(lambda: "does not answer" in page.one("#error").text)
    page.wait(lambda: page.one("#progress-text").text == "0 of 3 accepted")
    shown = page.run(
        "return [...cache.values()].sort((a, b) => a.id - b.id)"
        ".map((s) => [s.accepted, ...s.entities.map((e) => e.label)])"
    )
    assert shown == [[False, "PER", "LOC"], [False], [False, "ORG"]]
    complaints(page.browser)  # it tells of the connection


def test_quick_keys_are_all_saved_in_their_order(page: Page) -> None:
    page.press(*"1213", RIGHT, "2", ENTER, "1", ENTER)
    page.saved()
    assert page.live.spans(0)[0] == Span(0, 1, "PER")
    assert page.live.spans(0)[1] == Span(1, 2, "ORG")
    assert page.live.accepted() == [True, True, False]


def test_nothing_of_a_corpus_is_markup(browser: "Chrome", tmp_path: Path) -> None:
    evil = "<img/src=x/onerror=alert(1)>"
    file = tmp_path / "evil.jsonl"
    sentence = Sentence((evil, "😀", "נפתלי", "&amp;"), (Span(0, 1, evil), Span(2, 3, "PER")))
    write_file(file, [sentence], "jsonl")
    complaints(browser)
    with serving(file, tmp_path / "out.conll", guidelines=evil) as live:
        page = Page(browser, live)
        assert page.text() == " ".join(sentence.tokens)
        assert page.marks() == [(evil, evil), ("נפתלי", "PER")]
        assert page.one("#guidelines").text == evil
        assert not page.all("img")
        page.press(RIGHT, "2")
        page.saved()
        assert live.spans(0)[1] == Span(1, 2, "PER")
    assert complaints(browser) == []


# --- a model ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory, tiny_tagger: Tagger) -> Iterator[Live]:
    """A review of text in which a model has found what no label tells."""
    folder = tmp_path_factory.mktemp("proposed")
    file = folder / "a.conll"
    tokens = ("Anna", "visited", "New", "York", ".")
    write_file(file, [Sentence(tokens), Sentence(("Dora", "left", "Rome", "!"))])
    with serving(file, folder / "out.conll", tagger=tiny_tagger) as found:
        yield found


def test_proposals_are_shown_and_taken(
    browser: "Chrome", proposed: Live, tiny_tagger: Tagger
) -> None:
    page = Page(browser, proposed)
    [prediction] = tiny_tagger.predictions(proposed.review.sentences[:1])
    assert len(prediction.spans) == 2
    told = [f"{s.label} {round(100 * p)} %" for s, p in zip(*prediction, strict=True)]
    assert [label for _, label in page.marks(".proposal")] == told
    page.press("p")
    page.saved()
    assert page.marks() == [("Anna", "PER")]
    title = page.all("#sentence mark")[0].get_attribute("title")
    assert title == f"PER, probability {round(100 * prediction.scores[0])} %"
    page.press("p", held=SHIFT)
    page.saved()
    assert proposed.spans(0) == prediction.spans
    page.press("u", "u")
    page.wait(lambda: not page.one("#undo").is_enabled())


def test_the_order_follows_disagreement(browser: "Chrome", proposed: Live) -> None:
    page = Page(browser, proposed)
    options = [option.text for option in page.all("#order option")]
    assert options == ["file", "doubt", "disagreement"]
    for order in ("disagreement", "doubt"):
        page.run(
            "const o = document.getElementById('order'); o.value = arguments[0];"
            "o.dispatchEvent(new Event('change'))",
            order,
        )
        page.wait(lambda: "of 2" in page.one("#where").text)


def test_a_queue_says_why(browser: "Chrome", corpus: Path, tmp_path: Path) -> None:
    reason = QueueItem(
        str(corpus), 16, ("Rome", "won"), "type", 0.93, "a city elsewhere",
        Span(0, 1, "ORG"), Span(0, 1, "LOC"),
    )  # fmt: skip
    with serving(corpus, tmp_path / "out.conll", queue=[reason]) as live:
        page = Page(browser, live)
        assert page.text() == "Rome won"
        assert page.one("#reasons").text == (
            "type, 0.93: labelled Rome (ORG); proposed Rome (LOC); a city elsewhere"
        )
        page.press("p")
        page.saved()
        assert live.spans(2) == (Span(0, 1, "LOC"),)


# --- what it looks like -------------------------------------------------------------------------


def test_it_fits_into_a_narrow_window(page: Page) -> None:
    page.browser.set_window_size(420, 900)
    page.wait(lambda: page.run("return innerWidth") < 600)
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    page.browser.set_window_size(1200, 900)


def test_dark_follows_the_reader(page: Page) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        prefer(page.browser, scheme)
        colours.add(page.run("return getComputedStyle(document.body).backgroundColor"))
    prefer(page.browser)
    assert colours == {"rgb(255, 255, 255)", "rgb(23, 24, 28)"}


def test_names_for_those_who_do_not_see(page: Page) -> None:
    bare = page.run(
        "return [...document.querySelectorAll('input, select, textarea, button, progress')]"
        ".filter((e) => !(e.labels?.length || e.textContent.trim()"
        " || e.getAttribute('aria-labelledby')))"
        ".map((e) => e.outerHTML)"
    )
    assert bare == []
    page.press(RIGHT)
    assert page.one("#told").get_attribute("textContent") == "visited"
    page.press("e")
    assert page.one("#told").get_attribute("textContent") == "New York, LOC"
    rows = page.all("#rows > [role=option]")
    assert rows[0].get_attribute("aria-label") == "1, open: Anna visited New York ."
    assert [row.get_attribute("aria-selected") for row in rows] == ["true", "false", "false"]
    assert page.one("#guide summary").text == "Guidelines"


def test_five_thousand_documents_are_there_at_once(browser: "Chrome", tmp_path: Path) -> None:
    file = tmp_path / "many.conll"
    tokens = ("Anna", "visited", "New", "York", ".")
    write_file(
        file,
        [Sentence((f"d{n}", *tokens), document=n) for n in range(5000) for _ in range(4)],
    )
    with serving(file, tmp_path / "out.conll") as live:
        page = Page(browser, live)
        assert "5,000 documents, 20,000 sentences" in page.one("#files").text
        assert len(page.all("#rows > div")) < 60
        page.run("document.getElementById('list').scrollTop = 1e9")
        page.wait(lambda: "20,000 d4999" in page.all("#rows > div")[-1].text)
        assert len(page.all("#rows > div")) < 60
        page.all("#rows > div")[-1].click()
        page.wait(lambda: "sentence 20,000 of 20,000" in page.one("#where").text)
        page.press("t")
        page.press(*"DOC", ENTER)
        page.saved()
        page.press("f")
        page.wait(lambda: page.one("#places-told").text.startswith("4 places"))
        assert live.spans(19_999) == (Span(0, 1, "DOC"),)


def test_the_command_is_shown_and_the_file_is_written(page: Page, tmp_path: Path) -> None:
    page.one("#train").click()
    page.wait(lambda: page.all("dialog[open] #command"))
    assert page.one("#command").text == f"ner train --data {tmp_path / 'out.conll'}"
    page.one("#write").click()
    page.wait(lambda: page.one("#written").text.startswith("3 sentences written to"))
    assert len((tmp_path / "out.conll").read_text().split("\n\n")) >= 3

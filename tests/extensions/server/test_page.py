"""The page in a real browser: Debian's chromium, driven by selenium."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ner.tagger import Tagger
from tests.extensions.browser import complaints, prefer, wait
from tests.extensions.server.client import Served, served

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

pytestmark = pytest.mark.slow(reason="starts a browser")

TEXT = "Anna visited New York.\n\nCarl Maria left Rome!"


@pytest.fixture(scope="module")
def two(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of two models."""
    arguments = ("--model", model, "--model", f"second={model}")
    with served(*arguments, cwd=tmp_path_factory.mktemp("served")) as running:
        yield running


class Page:
    """The page as a user has it."""

    def __init__(self, browser: "Chrome", found: Served) -> None:
        self.browser = browser
        browser.get(f"http://127.0.0.1:{found.port}/")
        self.wait(lambda: self.all("#models input"))

    def all(self, selector: str) -> "list[WebElement]":
        return self.browser.find_elements("css selector", selector)

    def one(self, selector: str) -> "WebElement":
        [found] = self.all(selector)
        return found

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def wait(self, holds: Callable[[], Any]) -> None:
        wait(self.browser, holds)

    def put(self, text: str) -> None:
        """Put a text in, as pasting does."""
        script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))"
        self.run(script, self.one("#text"), text)

    def marks(self, column: int = 0) -> list[tuple[str, str]]:
        """Texts and types of the entities that are shown."""
        script = (
            "return [...document.querySelectorAll('.column')][arguments[0]]"
            "?.querySelectorAll('.text mark')"
        )
        nodes = f"Array.from(({script.removeprefix('return ')}) || [])"
        found = self.run(f"return {nodes}.map((m) => [m.textContent, m.dataset.label])", column)
        return [(text, label) for text, label in found]

    def text(self) -> str:
        """The text of the first column."""
        return str(self.run("return document.querySelector('.column .text').textContent"))

    def slide(self, name: str, value: float) -> None:
        self.run(
            "const s = document.getElementById(arguments[0]); s.value = arguments[1];"
            "s.dispatchEvent(new Event('input')); s.dispatchEvent(new Event('change'))",
            name,
            value,
        )


@pytest.fixture
def page(browser: "Chrome", two: Served) -> Iterator[Page]:
    complaints(browser)  # of tests before
    yield Page(browser, two)
    assert complaints(browser) == []  # a violated policy would be one


def expected(model: Path, text: str, **settings: float) -> list[tuple[str, str]]:
    changes = {f"predict.{name}": value for name, value in settings.items()}
    tagger = Tagger.load(model, settings=changes)
    return [(entity.text, entity.label) for entity in tagger.tag(text)]


def test_entities_appear_as_one_types(page: Page, model: Path) -> None:
    page.one("#text").send_keys("Anna visited New York.")
    page.wait(lambda: page.marks() == expected(model, "Anna visited New York."))
    assert page.text() == "Anna visited New York."
    page.one("#text").send_keys(" Dora left Rome!")
    page.wait(lambda: page.marks() == expected(model, "Anna visited New York. Dora left Rome!"))
    mark = page.all(".column .text mark")[0]
    assert str(mark.get_attribute("title")).startswith("PER, score 0.")
    assert "entities" in page.one("#status").text


def test_text_of_any_kind_is_shown_as_it_is(page: Page, model: Path) -> None:
    text = "<img src=x onerror=alert(1)> & Anna 😀 visited Rome\n\n\n  נפתלי left Paris! \n"
    page.put(text)
    page.wait(lambda: page.marks() == expected(model, text))
    assert page.text() == text
    assert not page.all("img")


def test_a_table_has_all_entities(page: Page, model: Path) -> None:
    text = f"😀 {TEXT} 😀 Dora left Paris."
    page.put(text)
    page.wait(lambda: page.marks() == expected(model, text))
    rows = page.run(
        "return [...document.querySelectorAll('#rows tr')]"
        ".map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    assert rows == [
        [e.text, e.label, f"{e.score:.3f}", str(e.start), str(e.end), "tiny"]
        for e in Tagger.load(model).tag(text)
    ]


def test_sliders(page: Page, model: Path) -> None:
    page.put(TEXT)
    page.wait(lambda: page.marks() == expected(model, TEXT))
    page.slide("o-bias", -5.0)
    page.wait(lambda: page.marks() == expected(model, TEXT, o_bias=-5.0))
    page.slide("o-bias", 0)
    page.slide("min-score", 0.99)
    page.wait(lambda: page.marks() == expected(model, TEXT, min_score=0.99))


def test_models_stand_side_by_side(page: Page, model: Path) -> None:
    page.put(TEXT)
    page.all("#models input")[1].click()
    page.wait(lambda: page.marks(1) == expected(model, TEXT))
    heads = [head.text for head in page.all(".column h2")]
    assert heads == ["tiny", "second"]
    left, right = (column.rect for column in page.all(".column"))
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]
    page.browser.set_window_size(400, 900)
    page.wait(lambda: page.all(".column")[1].rect["y"] > page.all(".column")[0].rect["y"])
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    page.browser.set_window_size(1200, 900)


def test_alternatives_from_the_keyboard(page: Page, model: Path) -> None:
    page.put(TEXT)
    page.wait(page.marks)
    page.run("document.querySelector('.column .text').focus()")
    active = page.browser.switch_to
    active.active_element.send_keys("\ue015")  # down
    active.active_element.send_keys("\ue015")
    assert active.active_element.text.startswith("Carl Maria")
    active.active_element.send_keys("\ue007")  # enter
    page.wait(lambda: page.all("dialog[open] #ranked li"))
    ranked = Tagger.load(model).tag_nbest(TEXT, 5)[1].alternatives
    shown = [item.text for item in page.all("#ranked li .hint")]
    assert shown == [f"Probability {one.probability:.4f}" for one in ranked]
    active.active_element.send_keys("\ue00c")  # escape
    page.wait(lambda: not page.all("dialog[open]"))


def test_every_output_can_be_had(page: Page, two: Served, model: Path) -> None:
    page.put(TEXT)
    page.wait(page.marks)
    formats = [option.text for option in page.all("#format option")]
    assert formats == two.ask("GET", "/v1/models").json()["formats"]
    page.run(
        "window.copied = []; navigator.clipboard.writeText = async (t) => { copied.push(t); };"
        "document.getElementById('format').value = 'jsonl'"
    )
    page.one("#copy").click()
    page.wait(lambda: page.run("return copied.length"))
    record = json.loads(page.run("return copied[0]"))
    assert record == Tagger.load(model)(TEXT).to_dict()
    page.run(
        "window.saved = []; HTMLAnchorElement.prototype.click = function() {"
        " saved.push(this.download); }"
    )
    page.run("document.getElementById('format').value = 'brat'")
    page.one("#download").click()
    page.wait(lambda: page.run("return saved[0]") == "entities.zip")


def test_entities_in_others_are_shown_in_them(
    browser: "Chrome", layered_run: Path, tmp_path: Path
) -> None:
    with served("--model", layered_run, cwd=tmp_path) as found:
        page = Page(browser, found)
        page.put(TEXT)
        page.wait(lambda: page.all(".column .text mark mark"))
        tagger = Tagger.load(layered_run)
        assert page.text() == TEXT
        assert sorted(page.marks()) == sorted((e.text, e.label) for e in tagger.tag(TEXT))
        tips = {str(mark.get_attribute("title")) for mark in page.all(".column .text mark")}
        told = (f"{e.layer}:{e.label}, score {e.score:.3f}" for e in tagger.tag(TEXT))
        assert tips == {*told}


def test_a_file_is_dropped(page: Page, model: Path) -> None:
    page.run(
        "const moved = new DataTransfer();"
        "moved.items.add(new File([arguments[0]], 'a.txt', { type: 'text/plain' }));"
        "document.body.dispatchEvent("
        " new DragEvent('drop', { dataTransfer: moved, bubbles: true, cancelable: true }))",
        TEXT,
    )
    page.wait(lambda: page.marks() == expected(model, TEXT))


@pytest.mark.parametrize("end", [" ", "\n", "\n\n"], ids=["a line", "lines", "paragraphs"])
def test_a_hundred_kilobytes_without_stutter(page: Page, end: str) -> None:
    """Only what changed is drawn again while one types."""
    text = end.join(["Anna visited New York and Carl Maria left Rome for Paris."] * 1750)
    assert len(text) > 100_000
    page.put(text)
    page.wait(lambda: len(page.marks()) > 5000)
    page.run(
        "window.drawn = 0; new MutationObserver((changes) => {"
        " for (const change of changes) drawn += change.addedNodes.length;"
        "}).observe(document.querySelector('.column .text'), { childList: true })"
    )
    for letter in "Dora ":
        page.run(
            "arguments[0].setRangeText(arguments[1], 0, 0, 'end');"
            "arguments[0].dispatchEvent(new Event('input'))",
            page.one("#text"),
            letter,
        )
    page.wait(lambda: page.text().startswith(" aroD"))
    assert 1 <= page.run("return drawn") <= 2 * len("Dora ")


def test_names_for_those_who_do_not_see(page: Page) -> None:
    page.put(TEXT)
    page.wait(page.marks)
    bare = page.run(
        "return [...document.querySelectorAll('input, select, textarea, button')]"
        ".filter((e) => !e.closest('[hidden]') && !(e.labels?.length || e.textContent.trim()))"
        ".map((e) => e.outerHTML)"
    )
    assert bare == []
    assert page.one("#status").get_attribute("role") == "status"
    assert page.run("return document.documentElement.lang") == "en"


def test_dark_follows_the_reader(page: Page) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        prefer(page.browser, scheme)
        colours.add(page.run("return getComputedStyle(document.body).backgroundColor"))
    prefer(page.browser)
    assert colours == {"rgb(255, 255, 255)", "rgb(23, 24, 28)"}


def test_a_token_is_asked_for(browser: "Chrome", model: Path, token_file: Path) -> None:
    with served("--model", model, "--token-file", token_file, cwd=model.parent) as found:
        browser.get(f"http://127.0.0.1:{found.port}/")
        page = Page.__new__(Page)
        page.browser = browser
        page.wait(lambda: page.one("#unlock").is_displayed())
        page.one("#token").send_keys(f"{token_file.read_text().strip()}\n")
        page.wait(lambda: page.all("#models input"))
        assert not page.one("#unlock").is_displayed()

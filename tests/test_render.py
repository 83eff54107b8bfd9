import itertools
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import UsageError
from ner.render import FORMATS, renderer
from ner.tags import spans_of
from ner.text import Alternative, Document, Entity, NBest, Sentence, Span, entities_of

GOLDEN = Path(__file__).parent / "golden" / "render"
NASTY = "[](){}\\<>&\"'#; \t\r\n\0\x0b\x0c\x1c\x85\xa0\u200f\u2028\u2029\ufeff\ud800\udfff😀"
LABELS = ["PER", "LOC", "a)b\\", "<\"&'>\r", "(", "\ud800"]


def golden_documents() -> list[Document]:
    lines = (GOLDEN / "documents.jsonl").read_text(encoding="utf-8").split("\n")
    return [golden_document(json.loads(line)) for line in lines if line]


def golden_document(record: dict[str, Any]) -> Document:
    sentences: list[Sentence] = []
    entities: list[Entity] = []
    position = 0
    for given_sentence in record["sentences"]:
        offsets = []
        for token in given_sentence["tokens"]:
            start = record["text"].index(token, position)
            position = start + len(token)
            offsets.append((start, position))
        spans = tuple(Span(start, end, label) for start, end, label, _ in given_sentence["spans"])
        sentence = Sentence(tuple(given_sentence["tokens"]), spans, tuple(offsets))
        sentences.append(sentence)
        scores = [score for *_, score in given_sentence["spans"]]
        entities += entities_of(record["text"], sentence, scores)
    return Document(record["text"], tuple(entities), tuple(sentences))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(st.text(st.one_of(st.characters(), st.sampled_from(NASTY))))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    entities = []
    for start, end in itertools.pairwise(cuts):
        label = draw(st.sampled_from(["", *LABELS]))
        score = draw(st.floats(0, 1))
        if label:
            entities.append(Entity(start, end, label, text[start:end], score))
    return Document(text, tuple(entities))


def writable(text: str) -> str:
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def ranges(document: Document) -> list[tuple[int, int, str]]:
    return [(one.start, one.end, writable(one.label)) for one in document.entities]


@pytest.mark.parametrize("format", FORMATS)
def test_golden(format: str) -> None:
    chosen = renderer(format, ["PER", "ORG", "LOC"], "Say <what> & why")
    written = [chosen.begin(), *map(chosen.document, golden_documents()), chosen.end()]
    expected = (GOLDEN / f"documents.{format}.expected").read_bytes().decode()
    assert "".join(written) == expected


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
@given(documents())
def test_everything_can_be_encoded(format: str, document: Document) -> None:
    chosen = renderer(format, LABELS, "\ud800")
    written = chosen.begin() + chosen.document(document) + chosen.end()
    assert written.encode("utf-8").decode("utf-8") == written


def test_unknown_format_is_a_wrong_use() -> None:
    with pytest.raises(UsageError, match=r"'xml'; choose one of text, jsonl, conll, html"):
        renderer("xml")


@pytest.mark.parametrize("format", ["text", "html"])
def test_overlapping_entities_are_a_bug(format: str) -> None:
    entities = (Entity(0, 2, "PER", "ab"), Entity(1, 3, "LOC", "bc"))
    with pytest.raises(AssertionError, match="overlaps"):
        renderer(format).document(Document("abc", entities))


def parse_marked(marked: str) -> tuple[str, list[tuple[int, int, str]]]:
    """Undo the text format by its documented rule."""
    text, found, start, position = "", [], 0, 0
    while position < len(marked):
        character = marked[position]
        if character == "\\":
            position += 1
            text += marked[position]
        elif character == "[":
            start = len(text)
        elif character == "]":
            label = re.compile(r"\(((?:[^\\)]|\\.)*)\)", re.DOTALL).match(marked, position + 1)
            assert label is not None
            found.append((start, len(text), re.sub(r"\\(.)", r"\1", label[1])))
            position = label.end() - 1
        else:
            text += character
        position += 1
    return text, found


@given(documents())
def test_text_can_be_undone(document: Document) -> None:
    marked = renderer("text").document(document)
    assert marked.endswith("\n")
    assert parse_marked(marked[:-1]) == (writable(document.text), ranges(document))


def test_text_without_brackets_is_unchanged() -> None:
    text = 'Nothing (here) is *special* & "quoted" <b>😀</b>.\u2028'
    assert renderer("text").document(Document(text, ())) == text + "\n"


@given(documents())
def test_jsonl_parses_back(document: Document) -> None:
    line = renderer("jsonl").document(document)
    assert line.splitlines() == [line[:-1]]
    read = json.loads(line)
    assert read["text"] == writable(document.text)
    for found, entity in zip(read["entities"], document.entities, strict=True):
        assert list(found) == ["start", "end", "label", "score", "text"]
        assert read["text"][found["start"] : found["end"]] == found["text"]
        assert found["score"] == entity.score
    assert [(e["start"], e["end"], e["label"]) for e in read["entities"]] == ranges(document)


def test_jsonl_has_the_alternatives_that_a_document_has() -> None:
    anna, ann = Entity(1, 5, "PER", "Anna", 0.75), Entity(1, 4, "LOC", "Ann", 0.25)
    several = NBest(
        1, 5, (Alternative(0.5, (anna,)), Alternative(0.25, (ann,)), Alternative(0.125, ()))
    )
    document = Document(" Anna", (anna,), nbest=(several,))
    line = renderer("jsonl").document(document)
    read = json.loads(line)
    assert list(read) == ["text", "entities", "nbest"]
    [sentence] = read["nbest"]
    assert (sentence["start"], sentence["end"]) == (1, 5)
    assert [one["probability"] for one in sentence["alternatives"]] == [0.5, 0.25, 0.125]
    entities = [one["entities"] for one in sentence["alternatives"]]
    assert entities[0] == read["entities"]
    assert entities[1:] == [
        [{"start": 1, "end": 4, "label": "LOC", "score": 0.25, "text": "Ann"}],
        [],
    ]
    assert "nbest" not in json.loads(renderer("jsonl").document(replace(document, nbest=None)))
    assert json.loads(renderer("jsonl").document(replace(document, nbest=())))["nbest"] == []


@st.composite
def sentences(draw: st.DrawFn) -> Sentence:
    character = st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n")
    tokens = draw(st.lists(st.text(character, min_size=1, max_size=4), min_size=1, max_size=8))
    cuts = sorted(draw(st.sets(st.integers(0, len(tokens)))))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    spans = tuple(Span(start, end, draw(st.sampled_from(["PER", "LOC"]))) for start, end in pairs)
    return Sentence(tuple(tokens), spans)


@given(st.lists(sentences(), max_size=4))
def test_conll_reads_back(given_sentences: list[Sentence]) -> None:
    written = renderer("conll").document(Document("", (), tuple(given_sentences)))
    blocks = written.split("\n\n")
    assert blocks.pop() == ""
    assert len(blocks) == len(given_sentences)
    for block, sentence in zip(blocks, given_sentences, strict=True):
        rows = [line.split(" ") for line in block.split("\n")]
        assert tuple(token for token, _ in rows) == sentence.tokens
        assert tuple(spans_of(tag for _, tag in rows)) == sentence.spans


class PageReader(HTMLParser):
    """The paragraphs of a page with their entities, the legend, and the tags met."""

    def __init__(self) -> None:
        super().__init__()
        self.paragraphs: list[str] = []
        self.entities: list[tuple[int, int, str]] = []
        self.legend: list[str] = []
        self.metas: dict[str, str | None] = {}
        self.path: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            self.metas |= dict(attrs)
            return
        self.path.append(tag)
        if tag == "p":
            self.paragraphs.append("")
        if self.path[-2:] == ["p", "mark"]:
            self.start, self.label = len(self.paragraphs[-1]), str(dict(attrs)["data-label"])
        if self.path[-2:] == ["li", "mark"]:
            self.legend.append("")

    def handle_endtag(self, tag: str) -> None:
        if self.path[-2:] == ["p", "mark"]:
            self.entities.append((self.start, len(self.paragraphs[-1]), self.label))
        assert self.path.pop() == tag

    def handle_data(self, data: str) -> None:
        if "p" in self.path:
            self.paragraphs[-1] += data
        if "li" in self.path:
            self.legend[-1] += data


def read_page(page: str) -> PageReader:
    reader = PageReader()
    reader.feed(page)
    reader.close()
    assert reader.path == []
    return reader


@given(documents())
def test_html_shows_exactly_the_text(document: Document) -> None:
    chosen = renderer("html", LABELS)
    page = read_page(chosen.begin() + chosen.document(document) * 2 + chosen.end())
    assert page.paragraphs == [writable(document.text).replace("\0", "\ufffd")] * 2
    assert page.entities == ranges(document) * 2
    assert page.legend == [writable(label) for label in LABELS]


def test_html_stands_alone() -> None:
    chosen = renderer("html", LABELS)
    page = chosen.begin() + chosen.end()
    assert read_page(page).metas["charset"] == "utf-8"
    assert '<html lang="en">' in page
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"https?:|url\(|src=|<link|<script", page)


def luminance(lightness: float, chroma: float, hue: float) -> float:
    """Relative luminance (WCAG 2.2) of an OKLCH colour, clipped to sRGB (CSS Color 4)."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(max(part, 0.0), 1.0) for part in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_html_colours_are_readable_and_apart(theme: int) -> None:
    labels = [f"T{number}" for number in range(24)]
    page = renderer("html", labels).begin()

    def values(name: str) -> float:
        return float(re.findall(rf"--{name}: ([\d.]+)", page)[theme])

    hues = [int(hue) for hue in re.findall(r"\.t\d+ { --hue: (\d+)", page)]
    assert len(set(hues)) == len(labels)
    ink = [0.01, 0.81][theme]  # of #1b1b1f and #e9e9ec
    for hue in hues:
        fill = luminance(values("fill") / 100, values("fill-chroma"), hue)
        name = luminance(values("name") / 100, values("name-chroma"), hue)
        assert contrast(fill, ink) >= 7
        assert contrast(fill, name) >= 4.5


def test_html_colour_depends_on_the_order_of_labels_only() -> None:
    entity = Entity(0, 1, "LOC", "x", 0.5)
    document = Document("x", (entity,))
    first, second = renderer("html", ["PER", "LOC"]), renderer("html", ["PER", "LOC", "ORG"])
    assert first.document(document) == second.document(document)
    assert 'class="t1" data-label="LOC" title="LOC, score 0.500"' in first.document(document)
    assert "class" not in renderer("html", ["PER"]).document(document)


def test_columns_refuse_a_type_with_a_space() -> None:
    with pytest.raises(UsageError, match="columns cannot hold the type 'job title'"):
        renderer("conll", ["PER", "job title"])

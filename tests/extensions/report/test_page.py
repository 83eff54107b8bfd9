"""The page: whole, escaped, and of itself alone."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from ner.corpus import Corpus
from ner.extensions.report.figures import Model, ReportFigures
from ner.extensions.report.page import page
from ner.text import Sentence, Span
from tests.extensions.report.conftest import measured

VOID = {"meta", "br", "path", "circle", "rect"}


class Tree(HTMLParser):
    """The elements of a page, which must be closed in their order; and its tables as rows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.seen: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("th", "td"):
            self.tables[-1][-1][-1] += data


def headings(text: str) -> list[str]:
    return re.findall(r"<h2 id=[^>]+>([^<]+)</h2>", text)


SECTIONS = [
    "Scores", "Mistakes", "Confusion", "Examples", "Calibration", "Precision or recall",
    "Training", "Data", "Raw text", "Speed and size", "Card",
]  # fmt: skip


def test_it_has_every_section_and_a_link_to_each(one: ReportFigures) -> None:
    text = page(one)
    assert headings(text) == SECTIONS
    for anchor in re.findall(r'<h2 id="([^"]+)"', text):
        assert f'<a href="#{anchor}">' in text
    assert text.count("<svg ") == 3


def test_it_needs_nothing_else_and_runs_nothing(one: ReportFigures, two: ReportFigures) -> None:
    for figures in (one, two):
        tree = Tree(page(figures))
        assert not {"script", "link", "img", "iframe", "object"} & {*tree.seen}
        assert not [name for name, _ in tree.attributes if name in ("src", "style", "onclick")]
        links = [value for name, value in tree.attributes if name == "href"]
        assert all(value and value.startswith("#") for value in links)
        assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in tree.attributes


def test_tables_have_as_many_cells_in_each_row(one: ReportFigures, two: ReportFigures) -> None:
    for figures in (one, two):
        tables = Tree(page(figures)).tables
        assert len(tables) > 8
        for table in tables:
            assert len({len(row) for row in table}) == 1, table


def test_scores_of_one_model(one: ReportFigures) -> None:
    text = page(one)
    (run,) = one.runs
    table = Tree(text).tables[0]
    assert table[0] == [
        "type", "entities", "found", "precision", "recall", "F1", "95 % interval"
    ]  # fmt: skip
    assert [row[0] for row in table[1:]] == ["LOC", "PER", "all (micro)", "macro", "weighted"]
    low, high = run.intervals.f1
    shown = f"{100 * low:.2f}–{100 * high:.2f}"
    assert table[3][5:] == [f"{100 * run.scores.f1:.2f}", shown]
    assert f"F1 {100 * run.scores.f1:.2f} ({shown})" in text
    assert f"when {one.sentences} documents are drawn" in text


def test_two_models_stand_beside_each_other(two: ReportFigures) -> None:
    text = page(two)
    table = Tree(text).tables[0]
    assert table[0] == [
        "type", "entities", "precision A", "recall A", "F1 A", "95 % interval A", "precision B",
        "recall B", "F1 B", "95 % interval B",
    ]  # fmt: skip
    first, second = two.runs
    row = next(row for row in table if row[0] == "all (micro)")
    assert (row[4], row[8]) == (f"{100 * first.scores.f1:.2f}", f"{100 * second.scores.f1:.2f}")
    assert two.difference is not None
    assert f"B less A: {100 * two.difference.f1:+.2f} F1" in text
    assert f"p = {two.difference.p:.4f}" in text
    assert text.count("<svg ") == 6
    assert "<h3>B: wary &lt;b&gt;</h3>" in text
    assert "<b>" not in text


def test_examples_are_marked_with_the_type_in_their_sentences(one: ReportFigures) -> None:
    (run,) = one.runs
    example = run.mistakes.confident[0]
    assert example.kind == "spurious"
    text = page(one)
    mark = f'data-label="{example.predicted}">{example.predicted_text}</mark>'
    assert mark in text
    assert f"spurious: {example.reason} — a &lt;b&gt;.conll:" in text


def test_a_type_that_only_one_model_finds_has_a_row(two: ReportFigures) -> None:
    first, second = two.runs
    row = first.scores.per_type["PER"]
    more = replace(first.scores, per_type={**first.scores.per_type, "ZOO": row})
    found = page(replace(two, runs=(replace(first, scores=more), second)))
    rows = {cells[0]: cells for cells in Tree(found).tables[0]}
    assert rows["ZOO"][6:] == ["–"] * 4
    other_way = page(replace(two, runs=(second, replace(first, scores=more))))
    rows = {cells[0]: cells for cells in Tree(other_way).tables[0]}
    assert rows["ZOO"][1:6] == [str(row.support), "–", "–", "–", "–"]


def test_curves_are_left_out_where_there_are_none(one: ReportFigures) -> None:
    (run,) = one.runs
    text = page(replace(one, runs=(replace(run, curves=()),)))
    assert headings(text) == [name for name in SECTIONS if name != "Training"]


def test_what_is_learnt_from_is_said(one: ReportFigures) -> None:
    (run,) = one.runs
    assert "has learnt from" not in page(one)
    text = page(replace(one, runs=(replace(run, learnt_from=7),)))
    assert "has learnt from 7 of these sentences" in text


def test_the_darkest_cell_of_a_confusion_is_the_most_frequent(two: ReportFigures) -> None:
    counts = [row for run in two.runs for row in run.mistakes.confusions.values()]
    most = max(number for row in counts for number in row.values())
    assert f'<td class="h3">{most}</td>' in page(two)
    assert 'class="h1">0<' not in page(two)


def test_thousands_of_a_confusion_are_grouped(one: ReportFigures) -> None:
    (run,) = one.runs
    counts = {"LOC": {"LOC": 0, "ORG": 1234}, "ORG": {"LOC": 411, "ORG": 0}}
    text = page(
        replace(one, runs=(replace(run, mistakes=replace(run.mistakes, confusions=counts)),))
    )
    assert '<td class="h3">1,234</td>' in text
    assert '<td class="h1">411</td>' in text


def test_layers_have_rows_of_their_own(layered_run: str, layered_corpus: Corpus) -> None:
    figures = measured([Model.load(str(layered_run), "cpu", {})], layered_corpus)
    names = [row[0] for row in Tree(page(figures)).tables[0]]
    assert {"outer:PER", "inner:LOC", "in outer", "in inner", "all (micro)"} <= {*names}


HOSTILE = '"><script>alert(1)</script>\u202e\x1b'


@pytest.mark.parametrize("found", [True, False])
def test_hostile_texts_are_shown_as_texts(
    tiny_model: Model, tiny_corpus: Corpus, found: bool
) -> None:
    sentence = Sentence(
        ("Anna", HOSTILE, "."), (Span(0, 2, HOSTILE),) if found else (), source=HOSTILE
    )
    corpus = replace(tiny_corpus, name=HOSTILE, train=(), test=(sentence,))
    model = replace(tiny_model, name=HOSTILE, card=HOSTILE)
    tree = Tree(page(measured([model], corpus)))
    assert "script" not in tree.seen


def test_nothing_labelled_and_nothing_found(tiny_model: Model, tiny_corpus: Corpus) -> None:
    bare = replace(tiny_corpus, train=(), valid=(), test=(Sentence(("!",)),))
    figures = measured([tiny_model], bare)
    if figures.runs[0].scores.predicted == 0:
        assert "Examples" not in headings(page(figures))
    Tree(page(figures))

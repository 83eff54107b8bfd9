import re

from hypothesis import given

from ner.render import renderer
from ner.text import Document
from tests.render.documents import documents, ranges, writable


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

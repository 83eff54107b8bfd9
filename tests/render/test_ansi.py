import re
from collections.abc import Sequence

from hypothesis import given

from ner.render import renderer
from ner.text import Document, Entity
from tests.render.documents import LABELS, documents

_COLOUR = re.compile("\x1b\\[(1;[0-9]+|0)m")


def shown(document: Document, labels: Sequence[str] = LABELS) -> str:
    return renderer("ansi", labels).document(document)


def test_each_type_has_its_colour() -> None:
    entities = (Entity(0, 1, "PER", "a"), Entity(2, 3, "LOC", "b"), Entity(3, 4, "NEW", "c"))
    found = _COLOUR.findall(shown(Document("a bc", entities), ["PER", "LOC"]))
    assert found == ["1;34", "0", "1;32", "0", "1;7", "0"]


@given(documents())
def test_without_its_colours_it_is_the_text_but_for_what_would_steer_a_terminal(
    document: Document,
) -> None:
    plain = _COLOUR.sub("", shown(document))
    marked = renderer("text").document(document)
    assert len(plain) == len(marked)
    for ours, theirs in zip(plain, marked, strict=True):
        assert ours == theirs or (ours in "\ufffd" or 0x2400 <= ord(ours) < 0x2420)
        assert ours in "\t\n" or not re.match("[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", ours)

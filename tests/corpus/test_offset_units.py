"""Units of offsets: converted exactly, and guessed only where the text shows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus.offset_units import UNITS, OffsetEvidence, converter

_TEXTS = st.text(st.sampled_from("ab é\u0301語😀אب\n"), min_size=1, max_size=12)


def _in_unit(text: str, start: int, end: int, unit: str) -> tuple[int, int]:
    """A range of code points in another unit, by the codecs of Python."""
    if unit == "inclusive":
        return start, end - 1
    codec, width = {"utf16": ("utf-16-le", 2), "bytes": ("utf-8", 1)}.get(unit, ("utf-32-le", 4))
    return len(text[:start].encode(codec)) // width, len(text[:end].encode(codec)) // width


@given(_TEXTS, st.data(), st.sampled_from(UNITS))
def test_every_range_comes_back(text: str, data: st.DataObject, unit: str) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert converter(text, unit)(*_in_unit(text, start, end, unit)) == (start, end)


def test_an_offset_within_a_character_is_none() -> None:
    assert converter("é😀", "bytes")(1, 6) == (-1, 2)
    assert converter("é😀", "utf16")(0, 2) == (0, -1)


def test_half_a_surrogate_pair_is_counted_too() -> None:
    assert converter("\ud800a", "bytes")(3, 4) == (1, 2)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("chosen", UNITS)
def test_the_unit_of_a_file_is_seen_whatever_is_chosen(unit: str, chosen: str) -> None:
    evidence = OffsetEvidence(chosen)
    for text in ("😀😀 Zoë Berg met Bo in Rome.", "Über Zoë: 😀 nothing", "Zoë met Al."):
        for name in ("Zoë Berg", "Rome", "Zoë", "Al"):
            if name in text:
                start = text.index(name)
                given = _in_unit(text, start, start + len(name), unit)
                evidence.add(text, [(*given, None)])
    assert evidence.better() == ("" if unit == chosen else unit)


def test_sloppy_entities_prove_no_unit() -> None:
    evidence = OffsetEvidence("characters")
    evidence.add("Parisian style 😀", [(0, 5, None), (3, 7, None)])
    evidence.add("Anna Berg ran", [(0, 8, None)])  # a letter short: fits with an inclusive end
    assert evidence.better() == "inclusive"
    evidence.add("Anna Berg ran", [(0, 9, None)])
    assert evidence.better() == ""


def test_scripts_without_spaces_show_no_words() -> None:
    evidence = OffsetEvidence("characters")
    evidence.add("王小明在北京大学工作", [(0, 3, None), (4, 8, None)])
    evidence.add("สวัสดีครับ", [(0, 3, None)])
    assert evidence.better() == ""


def test_quoted_text_decides() -> None:
    evidence = OffsetEvidence("characters")
    evidence.add("😀 王小明", [(3, 5, "王小")])
    assert evidence.advice() == "the offsets fit as UTF-16 units: give --offsets utf16"

"""Labels on the disk: text is labelled once, whatever happens."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from ner.errors import TrainingError
from ner.extensions.distillation import cache as caches
from ner.extensions.distillation.cache import LabelCache
from ner.extensions.distillation.labels import PackedLabels, joined
from ner.text import SegmentedText
from ner.tokenize import sentences_of
from tests.extensions.distillation.conftest import NameTeacher

LINES = ["Anna saw Rome. Berta left.", "Dora came.", "Carl saw Paris.", "It rained."]


def documents(lines: Iterable[str] = LINES) -> Iterator[SegmentedText]:
    return ((line, sentences_of(line, "words")) for line in lines)


def labels(teacher: NameTeacher, lines: Iterable[str] = LINES) -> PackedLabels:
    return joined(part.labels for part in LabelCache(teacher, "iobes").label(documents(lines)))


def equal(one: PackedLabels, other: PackedLabels) -> bool:
    pairs = zip(map(np.asarray, one), map(np.asarray, other), strict=True)
    return all(np.array_equal(*pair) for pair in pairs)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three parts: two sentences, two, and one."""
    monkeypatch.setattr(caches, "PART_TOKENS", 6)


def test_text_is_labelled_once(cache_home: Path) -> None:
    first, again = NameTeacher(), NameTeacher()
    found = labels(first)
    assert first.asked == 5
    assert found.lengths.tolist() == [4, 3, 0, 4, 3]
    assert found.misfits.tolist() == [0, 0, 1, 0, 0]
    assert len(list(cache_home.glob("teachers/*/*.npz"))) == 3
    assert equal(labels(again), found)
    assert again.asked == 0


def test_sentences_come_with_their_labels(cache_home: Path) -> None:
    parts = list(LabelCache(NameTeacher(), "iobes").label(documents()))
    assert [len(part.sentences) for part in parts] == [2, 2, 1]
    assert [s.tokens[0] for part in parts for s in part.sentences] == [
        "Anna", "Berta", "Dora", "Carl", "It",
    ]  # fmt: skip


def test_another_teacher_or_text_or_scheme_is_labelled_anew(cache_home: Path) -> None:
    labels(NameTeacher())
    other = NameTeacher(identity="names 2")
    labels(other)
    assert other.asked == 5
    longer = NameTeacher()
    labels(longer, [*LINES, "Anna left."])
    assert longer.asked == 2, "but for the last part, all is known"
    folders = {LabelCache(NameTeacher(), scheme).folder for scheme in ("iobes", "iob2")}
    assert len(folders) == 2


def test_what_was_labelled_before_a_failure_is_kept(cache_home: Path) -> None:
    with pytest.raises(TrainingError) as caught:
        labels(NameTeacher(fails_at="rained"))
    assert str(caught.value) == (
        "<memory>:0: the teacher names fails on text from here on (RuntimeError: out of memory); "
        "what it has labelled before is kept: put it right and start again"
    )
    mended = NameTeacher()
    labels(mended)
    assert mended.asked == 1
    assert not list(cache_home.glob("teachers/*/.*"))


@pytest.mark.parametrize("content", [b"", b"PK\3\4 nonsense", None])
def test_a_damaged_file_is_written_anew(cache_home: Path, content: bytes | None) -> None:
    found = labels(NameTeacher())
    for path in cache_home.glob("teachers/*/*.npz"):
        path.write_bytes(path.read_bytes()[:-9] if content is None else content)
    again = NameTeacher()
    assert equal(labels(again), found)
    assert again.asked == 5
    assert equal(labels(last := NameTeacher()), found)
    assert last.asked == 0


def test_labels_of_other_sentences_are_not_believed(cache_home: Path) -> None:
    found = labels(NameTeacher())
    paths = sorted(cache_home.glob("teachers/*/*.npz"), key=lambda path: path.stat().st_mtime_ns)
    paths[0].write_bytes(paths[2].read_bytes())
    assert equal(labels(NameTeacher()), found)


def test_no_link_is_written_through(cache_home: Path, tmp_path: Path) -> None:
    labels(NameTeacher())
    path = next(cache_home.glob("teachers/*/*.npz"))
    path.unlink()
    mine = tmp_path / "mine"
    mine.write_text("mine")
    path.symlink_to(mine)
    labels(NameTeacher())
    assert mine.read_text() == "mine"
    assert not path.is_symlink()


def test_where_nothing_can_be_kept_it_works_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING, "ner"):
        assert len(labels(NameTeacher()).lengths) == 5
    [record] = caplog.records
    assert record.getMessage().endswith("; labels of the teacher are not kept")

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from ner.errors import NerError
from ner.evaluation.curves import draw_curves


def record(epoch: int, f1: float) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "loss": 3.0 / epoch,
        "valid_precision": f1 + 0.02,
        "valid_recall": f1 - 0.02,
        "valid_f1": f1,
        "learning_rate": 1e-3,
        "tokens_per_second": 1e4,
        "seconds": 9.5,
    }


RECORDS = [record(1, 0.5), record(2, 0.75), record(3, 0.75), record(4, 0.6)]


def texts_of(path: Path) -> list[str]:
    """All texts of the picture."""
    return [text.strip() for text in ET.parse(path).getroot().itertext()]


def test_picture_has_both_panels_and_the_first_best_epoch(tmp_path: Path) -> None:
    draw_curves(RECORDS, tmp_path / "curves.svg")
    texts = texts_of(tmp_path / "curves.svg")
    assert "training loss" in texts
    assert "validation scores (%)" in texts
    assert "best F1 75.00 at epoch 2" in texts
    assert {"precision", "recall", "F1"} <= set(texts)


@pytest.mark.slow
def test_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    draw_curves(RECORDS, tmp_path / "a.svg")
    draw_curves(RECORDS, tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize("records", [[], RECORDS[:1]], ids=["none", "one"])
def test_short_runs_have_a_picture_too(records: list[dict[str, Any]], tmp_path: Path) -> None:
    draw_curves(records, tmp_path / "curves.svg")
    assert ET.parse(tmp_path / "curves.svg").getroot().tag.endswith("svg")


def test_curves_need_no_package(tmp_path: Path) -> None:
    program = (
        "import sys; from ner.evaluation import draw_curves;"
        f"draw_curves({RECORDS!r}, {str(tmp_path / 'c.svg')!r});"
        "assert not {'seqeval', 'numpy', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_unwritable_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NerError, match="cannot be written"):
        draw_curves(RECORDS, tmp_path / "file" / "curves.svg")

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import matplotlib
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


def comments(path: Path) -> list[str]:
    """The texts of the picture: matplotlib writes each as a comment before its outlines."""
    builder = ET.TreeBuilder(insert_comments=True)
    root = ET.parse(path, ET.XMLParser(target=builder)).getroot()
    comment: object = ET.Comment
    return [str(node.text).strip() for node in root.iter() if node.tag is comment]


def test_picture_has_both_panels_and_the_first_best_epoch(tmp_path: Path) -> None:
    draw_curves(RECORDS, tmp_path / "curves.svg")
    texts = comments(tmp_path / "curves.svg")
    assert "training loss" in texts
    assert "validation scores (%)" in texts
    assert "best F1 75.00 at epoch 2" in texts
    assert {"precision", "recall", "F1"} <= set(texts)


def test_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    draw_curves(RECORDS, tmp_path / "a.svg")
    with matplotlib.rc_context({"lines.linewidth": 9, "svg.fonttype": "none"}):
        draw_curves(RECORDS, tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize("records", [[], RECORDS[:1]], ids=["none", "one"])
def test_short_runs_have_a_picture_too(records: list[dict[str, Any]], tmp_path: Path) -> None:
    draw_curves(records, tmp_path / "curves.svg")
    assert ET.parse(tmp_path / "curves.svg").getroot().tag.endswith("svg")


def test_settings_of_the_caller_stay(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    draw_curves(RECORDS, tmp_path / "curves.svg")
    assert dict(matplotlib.rcParams) == before


def test_packages_are_loaded_when_needed(tmp_path: Path) -> None:
    program = (
        "import sys; from ner.evaluation import draw_curves;"
        "assert not {'matplotlib', 'seqeval', 'numpy', 'torch'} & set(sys.modules);"
        f"draw_curves({RECORDS!r}, {str(tmp_path / 'c.svg')!r});"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_unwritable_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NerError, match="cannot be written"):
        draw_curves(RECORDS, tmp_path / "file" / "curves.svg")

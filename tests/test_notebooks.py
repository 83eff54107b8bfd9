"""Notebooks of the documents: stored without output, and run from the first cell to the last."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import ner

NOTEBOOKS = sorted((Path(ner.__file__).parents[1] / "docs").rglob("*.ipynb"))


def cells_of(path: Path) -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_stored_without_output(path: Path) -> None:
    assert cells_of(path)
    assert all(not cell["outputs"] and not cell["execution_count"] for cell in cells_of(path))


@pytest.mark.slow("trains three small taggers, in a kernel of Jupyter's")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a kernel of Jupyter's."""
    nbformat: Any = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbclient: Any = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    monkeypatch.setenv("PYTHONPATH", str(Path(ner.__file__).parents[1]))
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    run = {"resources": {"metadata": {"path": str(tmp_path)}}, "timeout": 600}
    nbclient.NotebookClient(notebook, kernel_name="python3", **run).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    html = "".join(output["data"].get("text/html", "") for output in shown if "data" in output)
    assert "<table" in html
    assert "The talks in" in html
    printed = "".join(output["text"] for output in shown if output["output_type"] == "stream")
    score = re.search(r"F1 on sentences it has not seen: (0\.\d+)", printed)
    assert score is not None
    assert float(score[1]) > 0.3

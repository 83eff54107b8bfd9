"""`ner.ray.Tag`: batches of any format, and a real data set of Ray."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ner.ray
from ner.errors import UsageError
from ner.tagger import Tagger

pytest.importorskip("pyarrow")
TEXTS = ["Anna visited Rome .", None, "Berta left ."]


def texts_of(found: Any) -> list[Any]:
    return [several and [entity["text"] for entity in several] for several in found.to_pylist()]


def test_a_batch_of_arrays(tiny_tagger: Tagger) -> None:
    batch = {"id": np.array([3, 4, 5]), "text": np.array(TEXTS, object)}
    found = ner.ray.Tag(tiny_tagger)(batch)
    assert list(found) == ["id", "text", "entities", "error"]
    assert found["id"] is batch["id"]
    assert texts_of(found["entities"]) == [["Anna", "Rome"], None, ["Berta"]]
    assert found["error"].to_pylist() == [None] * 3


def test_a_table_of_arrow(tiny_tagger: Tagger) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    found = ner.ray.Tag(tiny_tagger)(pyarrow.table({"text": TEXTS}))
    assert found.column_names == ["text", "entities", "error"]
    assert texts_of(found["entities"]) == [["Anna", "Rome"], None, ["Berta"]]


def test_a_table_of_pandas(tiny_tagger: Tagger) -> None:
    pandas = pytest.importorskip("pandas")
    found = ner.ray.Tag(tiny_tagger, output="found")(pandas.DataFrame({"text": TEXTS}))
    assert found.column_names == ["text", "found", "error"]
    assert texts_of(found["found"]) == [["Anna", "Rome"], None, ["Berta"]]


def test_the_model_is_what_load_takes(tiny_run: Path) -> None:
    tag = ner.ray.Tag(tiny_run, "body", settings={"predict.min_score": 0.999999}, errors="why")
    found = tag({"body": np.array(TEXTS[:1])})
    assert texts_of(found["entities"]) == [[]]
    assert found["why"].to_pylist() == [None]


def test_columns_that_will_not_do(tiny_tagger: Tagger) -> None:
    with pytest.raises(UsageError, match="no column 'text'; name one of body, error"):
        ner.ray.Tag(tiny_tagger)({"body": [], "error": []})
    with pytest.raises(UsageError, match="a column 'error' already; choose another with errors="):
        ner.ray.Tag(tiny_tagger)({"text": [], "error": []})
    with pytest.raises(UsageError, match="choose other names"):
        ner.ray.Tag(tiny_tagger, output="text")


def test_settings_are_for_a_model_to_load(tiny_tagger: Tagger) -> None:
    with pytest.raises(UsageError, match="load the tagger with them"):
        ner.ray.Tag(tiny_tagger, settings={"predict.min_score": 0.5})


class TagWithoutTorch(ner.ray.Tag):  # type: ignore[misc]
    """A tagger of batches that tells if its process has loaded torch."""

    def __call__(self, batch: Any) -> Any:
        import sys

        found = super().__call__(batch)
        return {**found, "torch": np.full(len(batch["text"]), "torch" in sys.modules)}


@pytest.mark.slow(reason="actors of Ray are processes of their own")
@pytest.mark.usefixtures("cluster")
def test_a_data_set(tiny_run: Path) -> None:
    data = pytest.importorskip("ray.data")
    data.DataContext.get_current().enable_progress_bars = False
    rows = [{"id": number, "text": text} for number, text in enumerate([*TEXTS, 7] * 20)]
    rows = [row | {"text": row["text"] if row["text"] != 7 else "Rome"} for row in rows]
    how: dict[str, Any] = {"fn_constructor_kwargs": {"model": str(tiny_run)}, "concurrency": 2}
    found = data.from_items(rows).map_batches(TagWithoutTorch, batch_size=16, **how)
    tagged = sorted(found.take_all(), key=lambda row: row["id"])
    assert [row["id"] for row in tagged] == [*range(80)]
    told = [
        row["entities"] if row["entities"] is None else [e["text"] for e in row["entities"]]
        for row in tagged
    ]
    assert told[:3] == [["Anna", "Rome"], None, ["Berta"]]
    assert told == told[:4] * 20
    assert {row["error"] for row in tagged} == {None}
    assert not any(row["torch"] for row in tagged)

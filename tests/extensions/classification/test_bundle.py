"""A classifier on disk: what is loaded is what was saved; other kinds of models are told apart.

Attacks on it are in `tests/test_untrusted.py`.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ner.bundle.format import load_bundle, save_bundle
from ner.errors import BundleError, NerError, UsageError
from ner.extensions.classification.bundle import ClassifierBundle, load_classifier
from ner.extensions.classification.predict import label_probabilities
from ner.run_folder import newest_bundle
from tests.signing import sign

TEXTS = [["rain", "and", "unseen"], ["goal"]]


@pytest.fixture
def folder(kinds_run: Path, tmp_path: Path) -> Path:
    """A good classifier, to be harmed."""
    return shutil.copytree(kinds_run / "model", tmp_path / "model")


def complaint(folder: Path, kind: type[NerError] = BundleError) -> str:
    with pytest.raises(kind) as caught:
        load_classifier(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def change(folder: Path, name: str, **values: Any) -> None:
    """Put other values into a file, and make its checksum anew."""
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    sign(folder)


def test_what_is_loaded_is_what_was_saved(kinds_run: Path, tmp_path: Path) -> None:
    first = load_classifier(kinds_run)
    save_bundle(first, tmp_path / "copy")
    second = load_classifier(tmp_path / "copy")
    one, other = (label_probabilities(bundle.model, TEXTS) for bundle in (first, second))
    np.testing.assert_array_equal(one, other)
    assert (second.config, second.about, second.seen) == (first.config, first.about, first.seen)
    assert second.model.outputs == first.model.outputs


def test_a_tagger_is_no_classifier_and_the_other_way_round(tiny_run: Path, kinds_run: Path) -> None:
    assert complaint(tiny_run, UsageError) == (
        f"{tiny_run}/model/config.json: is of a tagger, and this takes a sequence classifier; "
        "name a folder of ner classify train"
    )
    with pytest.raises(UsageError) as caught:
        load_bundle(kinds_run)
    assert str(caught.value) == (
        f"{kinds_run}/model/config.json: is of a sequence classifier, and this takes a tagger; "
        "name a folder of ner train"
    )


def test_the_newest_tagger_is_none_of_the_classifiers(
    tiny_run: Path, kinds_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_run, tmp_path / "tagger")
    shutil.copytree(kinds_run, tmp_path / "classifier")
    (tmp_path / "classifier" / "result.json").touch()
    assert newest_bundle(tmp_path) == tmp_path / "tagger" / "model"


def test_no_model_at_all(tmp_path: Path) -> None:
    told = complaint(tmp_path / "none", UsageError)
    assert "no such model folder; train one with: ner classify train --train FILE" in told


@pytest.mark.parametrize("kind", ["other", "", 3, None, ["tagger"]])
def test_a_kind_that_there_is_not(folder: Path, kind: Any) -> None:
    change(folder, "config.json", kind=kind)
    assert "is damaged (of a kind of model that there is not)" in complaint(folder)


def test_numbers_of_format_1_are_read(folder: Path) -> None:
    stored = json.loads((folder / "config.json").read_text())
    now = load_classifier(folder).config
    stored["config"]["train"]["threads"] = 0
    change(folder, "config.json", format=1, config=stored["config"])
    assert load_classifier(folder).config == now.replace({"train.threads": "auto"})
    change(folder, "config.json", format=ClassifierBundle.FORMATS[-1])
    assert "setting train.threads is 0, but must be 1 or more" in complaint(folder)


@pytest.mark.parametrize(
    ("number", "said"), [(ClassifierBundle.FORMATS.stop, "newer"), (0, "no format number")]
)
def test_formats(folder: Path, number: int, said: str) -> None:
    change(folder, "config.json", format=number)
    assert said in complaint(folder)


def test_a_file_without_its_checksum(folder: Path) -> None:
    change(folder, "config.json", version="9")
    (folder / "checksums.json").unlink()
    assert "checksums.json: is missing" in complaint(folder)


@pytest.mark.parametrize("labels", [["a"], [], ["a", "a"], ["a", "b\n"], ["a", "b", "c"], [1, 2]])
def test_labels_that_will_not_do(folder: Path, labels: Any) -> None:
    (folder / "labels.json").write_text(json.dumps(labels))
    sign(folder)
    assert "is damaged" in complaint(folder)


def test_scores_without_accuracy(folder: Path) -> None:
    scores = {"valid": {"precision": 0.5, "recall": 0.5, "f1": 0.5}}
    change(folder, "config.json", about={"scores": scores})
    assert "no accuracy for 'valid'" in complaint(folder)

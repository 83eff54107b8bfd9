"""A model in one file: the same model, whole or not at all, and nothing else is replaced."""

import json
import os
import pickle
import shutil
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import ner
from ner.bundle import export_bundle, load_bundle, pack_bundle
from ner.bundle.format import Bundle, save_bundle
from ner.config import Config, PredictConfig
from ner.errors import BundleError, NerError, UsageError
from ner.predict import predict_sentences
from ner.stored import archive
from ner.text import Sentence, Span
from ner.training.build import build_model

GOLDEN = Path(__file__).parents[1] / "golden" / "bundles"
FORMATS = sorted(path.name for path in GOLDEN.glob("format-*"))
EXPECTED = json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))
TEXTS = [Sentence(tuple(text.split())) for text in EXPECTED]


def found(bundle: Bundle, precision: str = "auto") -> list[Sentence]:
    return predict_sentences(bundle.model, TEXTS, PredictConfig(precision=precision))


def exported(model: Path, out: Path, precision: str = "auto") -> Bundle:
    export_bundle(model, out, precision=precision)
    return load_bundle(out)


def measured(folder: Path, chosen: str) -> Path:
    """The newest golden model, as if a precision had been chosen for it."""
    bundle = load_bundle(GOLDEN / FORMATS[-1])
    f1 = {"float32": 0.9, "int8": 0.89}
    precision = {"chosen": chosen, "f1": f1, "spans": 9, "different": 1}
    config = bundle.config.replace({"predict.precision": "auto"})
    about = {**bundle.about, "precision": precision}
    save_bundle(replace(bundle, config=config, about=about), folder)
    return folder


# --- the same model -----------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_packed_again_every_bit_stays(precision: str, tmp_path: Path) -> None:
    """In as little room as before: what `compacted` has rounded is rounded to itself."""
    before = exported(GOLDEN / FORMATS[-1], tmp_path / "before.ner", precision)
    pack_bundle(before, tmp_path / "after.ner")
    assert (tmp_path / "after.ner").read_bytes() == (tmp_path / "before.ner").read_bytes()
    after = load_bundle(tmp_path / "after.ner")
    for name, values in before.model.weights.items():
        assert values.tobytes() == after.model.weights[name].tobytes()


def test_packed_weights_that_little_room_cannot_hold(tmp_path: Path) -> None:
    bundle = load_bundle(GOLDEN / FORMATS[-1])
    weights = dict(bundle.model.weights)
    name = next(name for name in weights if name.endswith("trained.weight"))
    weights[name] = weights[name] + 1e6
    pack_bundle(replace(bundle, model=replace(bundle.model, weights=weights)), tmp_path / "m.ner")
    assert (load_bundle(tmp_path / "m.ner").model.weights[name] == weights[name]).all()


def test_packing_replaces_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(UsageError, match="is no exported model"):
        pack_bundle(load_bundle(GOLDEN / FORMATS[-1]), tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == "mine"


@pytest.mark.parametrize("written", FORMATS)
def test_in_float32_every_bit_stays(written: str, tmp_path: Path) -> None:
    before = load_bundle(GOLDEN / written)
    after = exported(GOLDEN / written, tmp_path / "m.ner")
    assert (after.config, after.about) == (before.config, before.about)
    assert after.labels == before.labels
    assert after.seen == before.seen
    assert found(after) == found(before)
    one, other = before.model.weights, after.model.weights
    assert one.keys() == other.keys()
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)


def test_in_int8_layers_have_a_quarter_of_the_bytes(tmp_path: Path) -> None:
    folder = measured(tmp_path / "m", "int8")
    after = exported(folder, tmp_path / "m.ner")
    assert after.about == load_bundle(folder).about
    assert found(after) == found(load_bundle(folder))
    whole = exported(folder, tmp_path / "f.ner", "float32")
    assert found(whole) == found(after)
    name = "encoder.layers.0.weight_hh_l0"
    assert after.model.weights[name].shape == whole.model.weights[name].shape
    sizes = [
        zipfile.ZipFile(tmp_path / file).getinfo("weights.safetensors").file_size
        for file in ("m.ner", "f.ner")
    ]
    assert sizes[0] < 0.75 * sizes[1]


def test_a_float32_model_may_be_made_int8(tmp_path: Path) -> None:
    folder = measured(tmp_path / "m", "float32")
    as_it_is = exported(folder, tmp_path / "f.ner")
    assert as_it_is.about["precision"]["chosen"] == "float32"
    after = exported(folder, tmp_path / "m.ner", "int8")
    assert after.about["precision"]["chosen"] == "int8"
    assert after.config.predict.precision == "int8"
    assert "Tagging is in int8: in int8, valid F1 is 89.00 instead of 90.00" in after.card()
    shutil.unpack_archive(tmp_path / "m.ner", tmp_path / "open", "zip")
    assert (tmp_path / "open" / "README.md").read_text(encoding="utf-8") == after.card()
    assert found(after, "int8") == found(load_bundle(folder), "int8")


def test_one_of_which_nothing_is_known_may_be_made_int8(tmp_path: Path) -> None:
    after = exported(GOLDEN / FORMATS[0], tmp_path / "m.ner", "int8")
    assert "precision" not in after.about
    assert after.config.predict.precision == "int8"
    assert "Tagging is in int8." in after.card()
    again = exported(tmp_path / "m.ner", tmp_path / "again.ner")
    assert (tmp_path / "again.ner").read_bytes() == (tmp_path / "m.ner").read_bytes()
    assert found(again) == found(after)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_files_are_those_of_a_folder(precision: str, tmp_path: Path) -> None:
    packed = exported(GOLDEN / FORMATS[-1], tmp_path / "m.ner", precision)
    shutil.unpack_archive(tmp_path / "m.ner", tmp_path / "open", "zip")
    assert found(load_bundle(tmp_path / "open")) == found(packed)
    save_bundle(packed, tmp_path / "saved")
    assert found(load_bundle(tmp_path / "saved")) == found(packed)


def test_each_engine_and_a_copy_find_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LEAST_MAPPED", 1)  # nothing can be written
    export_bundle(GOLDEN / FORMATS[-1], tmp_path / "m.ner")
    tagger = ner.load(tmp_path / "m.ner")
    assert not all(
        w.flags.writeable for w in load_bundle(tmp_path / "m.ner").model.weights.values()
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other = ner.Tagger.load(tmp_path / "m.ner", "cpu", {"predict.engine": "torch"})
        for text, expected in EXPECTED.items():
            for one in (tagger, other, pickle.loads(pickle.dumps(tagger))):
                entities = [[e.start, e.end, e.label] for e in one.tag(text)]
                assert entities == [entity[:3] for entity in expected]


def test_a_model_that_reads_with_a_language_model(tmp_path: Path, tiny_charlm: Path) -> None:
    small = {"model.hidden": 4, "model.word_dim": 4, "data.tokenizer": "words"}
    config = Config().replace({**small, "resources.token_embedders": (f"charlm={tiny_charlm}",)})
    learnt = [Sentence(("Anna", "visited", "Rome"), (Span(0, 1, "PER"),))]
    model = build_model(learnt, config, torch.device("cpu")).model
    save_bundle(Bundle(model, config, {}), tmp_path / "m")
    after = exported(tmp_path / "m", tmp_path / "m.ner", "int8")
    assert after.model.contextual is not None
    assert found(after, "int8") == found(load_bundle(tmp_path / "m"), "int8")


# --- written as a whole -------------------------------------------------------------------------


def test_an_older_file_is_replaced_and_another_one_is_not(tmp_path: Path) -> None:
    out = tmp_path / "m.ner"
    first = exported(GOLDEN / FORMATS[0], out)
    assert exported(GOLDEN / FORMATS[-1], out).about != first.about
    for content in (b"", b"a letter"):
        out.write_bytes(content)
        with pytest.raises(UsageError, match="holds something that is no exported model; name"):
            export_bundle(GOLDEN / FORMATS[0], out)
        assert out.read_bytes() == content
    with pytest.raises(UsageError, match="holds something that is no exported model"):
        export_bundle(GOLDEN / FORMATS[0], tmp_path)
    assert os.listdir(tmp_path) == ["m.ner"]


def test_what_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NerError, match=r"m\.ner: cannot be written"):
        export_bundle(GOLDEN / FORMATS[0], tmp_path / "file" / "m.ner")
    monkeypatch.setattr(archive, "MOST_BYTES", 10)
    with pytest.raises(NerError, match=r"m\.ner: cannot hold more than 10 bytes; share the folder"):
        export_bundle(GOLDEN / FORMATS[0], tmp_path / "m.ner")
    assert os.listdir(tmp_path) == ["file"]


def test_numbers_that_half_precision_cannot_hold(tmp_path: Path) -> None:
    bundle = load_bundle(GOLDEN / FORMATS[-1])
    bundle.model.weights["embedder.words.0.trained.weight"][0, 0] = 1e6
    save_bundle(bundle, tmp_path / "m")
    with pytest.raises(UsageError, match="beyond half precision; choose --precision float32"):
        export_bundle(tmp_path / "m", tmp_path / "m.ner", precision="int8")
    assert not (tmp_path / "m.ner").exists()
    exported(tmp_path / "m", tmp_path / "m.ner")


# --- named as a model ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (b"", UsageError, "m.ner: is no model folder"),
        (b"a letter", UsageError, "m.ner: is no model folder"),
        (b"PK\3\4 and more", BundleError, "m.ner: is damaged (it ends too early); copy the model"),
    ],
)
def test_files_that_are_no_models(
    content: bytes, kind: type[Exception], said: str, tmp_path: Path
) -> None:
    (tmp_path / "m.ner").write_bytes(content)
    with pytest.raises(kind) as caught:
        load_bundle(tmp_path / "m.ner")
    assert said in str(caught.value)


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as other:
        other.writestr("letter.txt", "Dear")
    with pytest.raises(BundleError, match=r"x\.zip/config\.json: is missing; copy the model again"):
        load_bundle(tmp_path / "x.zip")


def test_a_link_to_a_file_that_is_named(tmp_path: Path) -> None:
    export_bundle(GOLDEN / FORMATS[-1], tmp_path / "m.ner")
    (tmp_path / "link").symlink_to("m.ner")
    assert load_bundle(tmp_path / "link").labels == load_bundle(tmp_path / "m.ner").labels


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    export_bundle(GOLDEN / FORMATS[-1], tmp_path / "m.ner")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(NerError, match=r"m\.ner: cannot be read \(Permission denied\)"):
        load_bundle(tmp_path / "m.ner")


def test_what_its_makers_say_stands_on_the_card(tiny_run: Path, tmp_path: Path) -> None:
    said = ["Text: Some Wiki, CC BY-SA 4.0", "bad at | [links](http://x)"]
    export_bundle(tiny_run, tmp_path / "m.ner", description=said)
    bundle = load_bundle(tmp_path / "m.ner")
    assert bundle.about["description"] == said
    assert (
        "\n## About\n\n- Text: Some Wiki, CC BY-SA 4.0\n- bad at \\| \\[links\\](http://x)\n\n"
        "## Scores\n"
    ) in bundle.card()
    with zipfile.ZipFile(tmp_path / "m.ner") as packed:
        assert packed.read("README.md").decode() == bundle.card()

"""Transformer features: loaded from folders, kept in bundles, read back without trust."""

import copy
import json
import logging
import os
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ner.bundle import load_bundle
from ner.errors import ConfigError, MissingExtra, TrainingError, UsageError
from ner.extensions.transformers.embeddings import (
    DESCRIPTION,
    MOST_MODELS,
    WEIGHTS,
    TransformerEmbeddings,
)
from ner.model import load_embedder
from ner.stored import StoredFolder, ValidationError
from tests.cli.command import TINY, run
from tests.extensions.transformers.conftest import Saved, changed

TOKENS = ["Anna", "visited", "New", "Yorks", "\u00ad", "."]


def load(*specs: object) -> TransformerEmbeddings:
    return TransformerEmbeddings.load([str(spec) for spec in specs], "words")


def written(embeddings: TransformerEmbeddings, folder: Path) -> StoredFolder:
    folder.mkdir(exist_ok=True)
    for name, content in embeddings.files().items():
        (folder / name).write_bytes(content)
    return StoredFolder(folder)


# --- what they are --------------------------------------------------------------------------------


def test_several_are_side_by_side(bert: Path, saved: Saved) -> None:
    other = saved("distilbert")
    both = load(f"{bert},layers=2", other)
    assert both.dim == 24
    parts = [load(f"{bert},layers=2"), load(other)]
    expected = np.concatenate([part.embed([TOKENS])[0] for part in parts], axis=1)
    np.testing.assert_array_equal(both.embed([TOKENS])[0], expected)


WORDS = st.sampled_from([*TOKENS, "☃", "news", "Carl"])


@pytest.mark.slow
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.lists(WORDS, min_size=1, max_size=50), max_size=8))
def test_no_sentence_depends_on_another(bert: Path, texts: list[list[str]]) -> None:
    """Read together or alone, long ones in several windows: the same but for rounding."""
    embeddings = load(bert)
    texts += [text[:2] for text in texts]
    for tokens, states in zip(texts, embeddings.embed(texts), strict=True):
        assert states.shape == (len(tokens), 16)
        (alone,) = embeddings.embed([tokens])
        np.testing.assert_allclose(states, alone, rtol=2**-9, atol=2**-12)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda found: pickle.loads(pickle.dumps(found))])
def test_copies_and_bundles_give_the_same(
    bert: Path, saved: Saved, tmp_path: Path, again: Callable[[Any], Any]
) -> None:
    before = load(bert, f"{saved('roberta')},layers=1,pooling=first")
    expected = before.embed([TOKENS])[0]
    for after in (again(before), TransformerEmbeddings.from_files(written(before, tmp_path / "m"))):
        assert after.embed([TOKENS])[0].tobytes() == expected.tobytes()
        assert after.checksum() == before.checksum()
        assert after.dim == before.dim


def test_checksums_tell_all_apart(bert: Path, saved: Saved) -> None:
    specs = [bert, f"{bert},layers=1", f"{bert},pooling=first", saved(seed=2)]
    assert len({load(spec).checksum() for spec in specs}) == len(specs)


def test_unknown_tokens_are_told(bert: Path, caplog: pytest.LogCaptureFixture) -> None:
    embeddings = load(bert)
    with caplog.at_level(logging.WARNING, "ner"):
        embeddings.check_tokens(["Anna"] * 99 + ["☃"])
        assert caplog.messages == []
        embeddings.check_tokens(["Anna"] * 98 + ["☃", "\u00ad"])
        embeddings.check_tokens([])
    assert caplog.messages == [
        "a transformer does not know 2.0 % of the tokens of the training split, and gives zeros "
        "for 1 of them: '☃', '\\xad'"
    ]
    with pytest.raises(TrainingError, match=r"does not know 67 % of the tokens .* another"):
        embeddings.check_tokens(["Anna", "\u00ad", "☃"])


# --- folders ------------------------------------------------------------------------------------


def rewritten(folder: Path, target: Path, rename: Callable[[str], str]) -> Path:
    """A copy with other names of weights; "" leaves one out."""
    from safetensors.numpy import load_file, save_file

    shutil.copytree(folder, target)
    weights = load_file(target / "model.safetensors")
    named = {rename(name): weight for name, weight in weights.items() if rename(name)}
    save_file(named, target / "model.safetensors")
    return target


def test_whole_models_and_old_names_of_weights_are_read(bert: Path, tmp_path: Path) -> None:
    def old(name: str) -> str:
        for new, before in ((".weight", ".gamma"), (".bias", ".beta")):
            name = name.replace(f"LayerNorm{new}", f"LayerNorm{before}")
        return f"bert.{name}"

    found = load(rewritten(bert, tmp_path / "old", old))
    assert found.checksum() == load(bert).checksum()


REMEDY = r"; name a folder with config\.json, .*, as made by: hf download NAME --local-dir FOLDER$"


def test_folders_that_will_not_do(bert: Path, tmp_path: Path) -> None:
    def with_config(name: str, **changes: Any) -> Path:
        return changed(bert, tmp_path / name, "config.json", **changes)

    cut = rewritten(bert, tmp_path / "cut", lambda name: "" if "layer.1.output" in name else name)
    bare = changed(bert, tmp_path / "bare", "config.json")
    (bare / "model.safetensors").unlink()
    for spec, said in (
        (tmp_path / "none", "config.json: is missing"),
        (bare, "model.safetensors: is missing"),
        (cut, "model.safetensors: .*no encoder.layer.1.output"),
        (with_config("t5", model_type="t5"), "config.json: is of the kind 't5', not one that is"),
        (with_config("decoder", is_decoder=True), "config.json: is of a decoder"),
        (with_config("key", position_embedding_type="relative_key"), "config.json: is of a decod"),
        (with_config("layers", num_hidden_layers=None), "config.json: .*no number of layers"),
        (with_config("heads", num_attention_heads=3), "config.json: .*no encoder: ValueError: "),
        (with_config("sizes", hidden_size=16), "model.safetensors: .*no embeddings.word_emb"),
        (with_config("few", vocab_size=9), "config.json: is damaged .a tokenizer and an encoder"),
        (with_config("short", max_position_embeddings=2), "config.json: is damaged .a tokenizer"),
    ):
        with pytest.raises(UsageError, match=said + ".*" + REMEDY) as caught:
            load(spec)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("spec", ["x,layers=", "x,layers=a", "x,layers=1-2", "x,pooling=last"])
def test_options_that_there_are_not(spec: str) -> None:
    with pytest.raises(ConfigError, match=r"^(layers|pooling)=.* of x: write "):
        load(spec)


@pytest.mark.parametrize("layers", ["3", "0+1"])
def test_layers_that_there_are_not(bert: Path, layers: str) -> None:
    with pytest.raises(UsageError, match=r"config\.json: has layers 1 to 2; name others, as layer"):
        load(f"{bert},layers={layers}")


def test_there_is_a_limit() -> None:
    with pytest.raises(UsageError, match="9 transformers; name at most 8"):
        load(*"x" * (MOST_MODELS + 1))


def test_numbers_beyond_half_precision_are_refused(bert: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    shutil.copytree(bert, tmp_path / "m")
    weights = load_file(tmp_path / "m" / "model.safetensors")
    weights["embeddings.word_embeddings.weight"][0, 0] = 1e6
    save_file(weights, tmp_path / "m" / "model.safetensors")
    with pytest.raises(UsageError, match=r"beyond half precision in embeddings\.word_emb"):
        load(tmp_path / "m")


def test_transformers_is_an_extra(
    tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = written(load(bert), tmp_path / "m")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtra, match=r"^token embedder hf=.* needs a package: pip install"):
        load(bert)
    place = stored.path / DESCRIPTION
    with pytest.raises(MissingExtra, match=rf"^{place}: a transformer .* needs a package: pip"):
        TransformerEmbeddings.from_files(stored)


# --- bundles of strangers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "rag"},
        {"kind": 7},
        {"layers": []},
        {"layers": [3]},
        {"layers": [True]},
        {"layers": [0]},
        {"pooling": "last"},
        {"tokenizer": {}},
        {"tokenizer": []},
        {"fields": {}},
        {"fields": {"num_labels": 1 << 40}},
        {"fields": {"auto_map": "m.C"}},
        {"fields": {"num_hidden_layers": 1 << 40}, "layers": [1 << 40]},
        {"fields": {"num_hidden_layers": "2"}},
        {"fields": {"hidden_size": 1 << 50}},
        {"fields": {"hidden_size": 0}},
        {"fields": {"hidden_size": {}}},
        {"fields": {"max_position_embeddings": 1 << 50}},
        {"fields": {"max_position_embeddings": -1}},
        {"fields": {"vocab_size": 6}},
        {"fields": {"pad_token_id": 1 << 50}},
        {"fields": {"hidden_act": "magic"}},
    ],
    ids=str,
)
def test_descriptions_are_read_without_trust(
    bert: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    stored = written(load(bert), tmp_path / "m")
    described = json.loads((stored.path / DESCRIPTION).read_text())
    (model,) = described["models"]
    merged = {**model["fields"], **changes["fields"]} if changes.get("fields") else {}
    described["models"] = [{**model, **changes, **({"fields": merged} if merged else {})}]
    (stored.path / DESCRIPTION).write_text(json.dumps(described))
    with pytest.raises(ValidationError) as caught:
        TransformerEmbeddings.from_files(stored)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(str(tmp_path)) + 400


@pytest.mark.parametrize("models", [[], [7], 7, ["x"] * 9])
def test_what_are_no_descriptions_is_refused(bert: Path, tmp_path: Path, models: Any) -> None:
    stored = written(load(bert), tmp_path / "m")
    (stored.path / DESCRIPTION).write_text(json.dumps({"models": models}))
    with pytest.raises(ValidationError, match=r"hf\.json: is damaged"):
        TransformerEmbeddings.from_files(stored)


def test_weights_of_another_encoder_are_refused(bert: Path, saved: Saved, tmp_path: Path) -> None:
    stored = written(load(bert), tmp_path / "m")
    other = load(saved(hidden_act="relu", max_position_embeddings=50))
    (stored.path / WEIGHTS).write_bytes(other.files()[WEIGHTS])
    with pytest.raises(ValidationError, match="does not fit the other files"):
        TransformerEmbeddings.from_files(stored)


# --- trained ------------------------------------------------------------------------------------


def test_the_option_names_a_kind_and_a_path(tiny_folder: Path, tmp_path: Path) -> None:
    """What is wrong with the folder is said without the library, too."""
    for model, said in (
        ("elmo:x", "token embedder 'elmo=x' is not KIND=PATH; kinds: charlm, hf"),
        ("hf:a:b", f"a:b{os.sep}config.json: is missing; name a folder with config.json"),
        ("charlm:x", "x: no such model folder"),
        ("hf:x,layers=all", "layers='all' of x: write numbers as layers=4+6"),
    ):
        outcome = run(
            "train", "--data", tiny_folder, "--embeddings", model, "--out", tmp_path / "r"
        )
        assert outcome.code == 2
        assert said in outcome.complaint()


@pytest.mark.slow
def test_a_tagger_learns_with_them_and_tags_without_the_folder(
    bert: Path, tiny_charlm: Path, tiny_folder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Beside a language model of ours; a run that has ended is gone on with, from the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(bert, tmp_path / "encoder")
    out = tmp_path / "run"
    given = ["train", "--data", tiny_folder, *TINY, "--out", out, "--charlm", tiny_charlm]
    given += ["--embeddings", f"hf:{tmp_path / 'encoder'},layers=1+2"]
    run(*given).good()
    run(*given, "--resume").good()
    bundle = load_bundle(out)
    assert bundle.about["resources"]["token_embedders"] == [
        f"charlm={tiny_charlm.name}", "hf=encoder,layers=1+2",
    ]  # fmt: skip
    both = load_embedder([f"hf={bert},layers=1+2", f"charlm={tiny_charlm}"], "words")
    assert both is not None
    assert bundle.model.contextual is not None
    assert bundle.model.contextual.checksum() == both.checksum()
    shutil.rmtree(tmp_path / "encoder")
    (tmp_path / "in.txt").write_text("Anna visited Rome .\n")
    tagged = run("tag", tmp_path / "in.txt", "--model", out).good().out
    assert tagged == "[Anna](PER) visited [Rome](LOC) .\n"
    run("export", "--model", out, "--out", tmp_path / "m.ner").good()
    assert run("tag", tmp_path / "in.txt", "--model", tmp_path / "m.ner").good().out == tagged
    again = run("tag", tmp_path / "in.txt", "--model", out, "--set", "predict.engine=torch")
    assert again.good().out == tagged

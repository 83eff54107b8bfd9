"""Token embedders: found by their kind, named in the configuration, kept in bundles."""

import json
from pathlib import Path

import pytest

from ner import plugins
from ner.errors import BundleError, ConfigError
from ner.extensions.charlm.embeddings import StringEmbeddings
from ner.model.token_embedders import (
    bundle_files,
    check_installed,
    embedder_name,
    load_embedder,
    read_embedder,
)
from ner.stored import StoredFolder


def test_models_are_named_in_the_configuration(tiny_charlm: Path) -> None:
    assert load_embedder((), "words") is None
    for tokenizer, separator in (("words", " "), ("pieces", " "), ("characters", "")):
        found = load_embedder([f"charlm={tiny_charlm}"], tokenizer)
        assert isinstance(found, StringEmbeddings)
        assert found.separator == separator


def test_each_kind_has_two_files_in_a_bundle() -> None:
    assert bundle_files() == {"charlm.json", "charlm.safetensors"}


@pytest.mark.parametrize("spec", ["", "lm", "charlm", "charlm=", "elmo=lm", "=lm"])
def test_what_is_no_kind_and_path_is_refused(spec: str) -> None:
    with pytest.raises(ConfigError, match=r"is not KIND=PATH; kinds: charlm$"):
        load_embedder([spec], "words")


def test_all_are_of_one_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"charlm": "nowhere:A", "other": "nowhere:B"}
    monkeypatch.setattr(plugins, "declared", lambda what: known)
    with pytest.raises(ConfigError, match="two kinds, charlm and other; name those of one"):
        load_embedder(("charlm=a", "other=b"), "words")


def test_names_are_without_folders() -> None:
    assert embedder_name("charlm=/a/b=c/lm") == "charlm=lm"
    assert embedder_name("lm") == "lm"


def test_a_kind_that_is_not_installed_is_refused(tmp_path: Path) -> None:
    files = StoredFolder(tmp_path)
    assert read_embedder(files) is None
    check_installed(files, "weights.safetensors")
    sums = dict.fromkeys(["elmo.json", "elmo.safetensors", "weights.safetensors"], "")
    (tmp_path / "checksums.json").write_text(json.dumps(sums))
    with pytest.raises(BundleError, match="of the kind 'elmo', which is not installed; install"):
        check_installed(files, "weights.safetensors")

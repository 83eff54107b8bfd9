"""Token embedders: found by their kind, named in the configuration, kept in bundles."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pytest
from numpy.typing import NDArray

from ner import plugins
from ner.errors import BundleError, ConfigError
from ner.extensions.charlm.embeddings import StringEmbeddings
from ner.model.token_embedders import (
    SeveralEmbedders,
    bundle_files,
    check_installed,
    embedder_name,
    load_embedder,
    read_embedder,
)
from ner.stored import StoredFolder, to_json


def test_models_are_named_in_the_configuration(tiny_charlm: Path) -> None:
    assert load_embedder((), "words") is None
    for tokenizer, separator in (("words", " "), ("pieces", " "), ("characters", "")):
        found = load_embedder([f"charlm={tiny_charlm}"], tokenizer)
        assert isinstance(found, StringEmbeddings)
        assert found.separator == separator


def test_each_kind_has_two_files_in_a_bundle() -> None:
    assert bundle_files() == {
        f"{kind}.{end}" for kind in ("charlm", "hf") for end in ("json", "safetensors")
    }


@pytest.mark.parametrize("spec", ["", "lm", "charlm", "charlm=", "elmo=lm", "=lm"])
def test_what_is_no_kind_and_path_is_refused(spec: str) -> None:
    with pytest.raises(ConfigError, match=r"is not KIND=PATH; kinds: charlm, hf$"):
        load_embedder([spec], "words")


class Counts:
    """Embeddings that tell of which kind they are and how many models were named."""

    name = "counts"

    def __init__(self, *paths: str) -> None:
        self.paths = paths
        self.dim = len(paths)
        self.checked: list[str] = []

    @classmethod
    def load(cls, paths: Sequence[str], tokenizer: str) -> Self:
        return cls(*paths)

    @classmethod
    def from_files(cls, files: StoredFolder) -> Self:
        return cls(*files.strings(f"{cls.name}.json"))

    def embed(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float16]]:
        row = [int(path) for path in self.paths]
        return [np.array([row] * len(tokens), np.float16) for tokens in sentences]

    def files(self) -> dict[str, bytes]:
        return {f"{self.name}.json": to_json(self.paths)}

    def checksum(self) -> str:
        return self.name + "".join(self.paths)

    def check_tokens(self, tokens: Iterable[str]) -> None:
        self.checked += tokens


class Others(Counts):
    name = "others"


def test_several_kinds_are_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the kinds: a bundle does not say in which they were named."""
    known = {kind.name: f"{__name__}:{kind.__name__}" for kind in (Others, Counts)}
    monkeypatch.setattr(plugins, "declared", lambda what: known)
    found = load_embedder(("others=1", "counts=2", "others=3"), "words")
    assert isinstance(found, SeveralEmbedders)
    assert found.dim == 3
    assert found.embed([["a", "b"], ["a"]])[0].tolist() == [[2, 1, 3]] * 2
    for name, content in found.files().items():
        (tmp_path / name).write_bytes(content)
    again = read_embedder(StoredFolder(tmp_path))
    assert again is not None
    assert again.checksum() == found.checksum()
    other = load_embedder(("others=1", "counts=4", "others=3"), "words")
    assert other is not None
    assert other.checksum() != found.checksum()
    np.testing.assert_array_equal(again.embed([["a"]])[0], found.embed([["a"]])[0])
    found.check_tokens(iter("ab"))
    assert [part.checked for part in found.parts if isinstance(part, Counts)] == [["a", "b"]] * 2


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

"""States of transformers: those of the library, whatever a sentence's length."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ner.errors import BundleError
from ner.extensions.transformers.embeddings import TransformerEmbeddings
from ner.extensions.transformers.transformer import KINDS, Transformer, read_description
from ner.predict.windows import windows
from tests.extensions.transformers.conftest import PIECES, Saved

TOKENS = ["Anna", "visited", "New", "Yorks", "news", "."]
IDS = [2, 5, 14, 12, 13, 18, 19, 16, 3]  # between the marks of a text
PLACES = [[1], [2], [3], [4, 5], [6], [7]]


def transformer(folder: Path, options: str = "") -> Transformer:
    return TransformerEmbeddings.load([f"{folder}{options}"], "words").transformers[0]


def states(folder: Path, ids: Sequence[int], layers: Sequence[int]) -> NDArray[np.float32]:
    """States ``[P, dim]`` as the library has them."""
    model: Any = pytest.importorskip("transformers").AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        found = model(torch.tensor([list(ids)]), output_hidden_states=True).hidden_states
    numbers: NDArray[np.float32] = torch.cat([found[layer][0] for layer in layers], 1).numpy()
    return numbers


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_gives_the_states_of_its_last_layers(saved: Saved, kind: str) -> None:
    folder = saved(kind)
    rows = states(folder, IDS, [1, 2])
    expected = np.stack([rows[places].mean(axis=0) for places in PLACES])
    (found,) = transformer(folder).embed([TOKENS])
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_without_a_choice_four_layers_are_read(saved: Saved) -> None:
    found = transformer(saved(num_hidden_layers=6))
    assert found.description.layers == (3, 4, 5, 6)
    assert found.dim == 32


@pytest.mark.parametrize(("count", "read"), [(1, (1,)), (6, (3, 4, 5, 6)), (8, (4, 5, 6, 7))])
def test_of_an_encoder_of_sentences_they_are_from_the_middle_on(
    saved: Saved, tmp_path: Path, count: int, read: tuple[int, ...]
) -> None:
    folder = shutil.copytree(saved(num_hidden_layers=count), tmp_path / "encoder")
    (folder / "modules.json").write_text("[]")
    found = transformer(folder)
    assert found.description.layers == read
    assert transformer(folder, ",layers=1").description.layers == (1,)
    again = read_description(found.description.to_dict(), folder)
    assert again.layers == read, "in a bundle they are named"


def test_layers_and_first_pieces_can_be_chosen(bert: Path) -> None:
    rows = states(bert, IDS, [2, 1])
    both = transformer(bert, ",layers=2+1,pooling=first")
    expected = rows[[places[0] for places in PLACES]]
    np.testing.assert_allclose(both.embed([TOKENS])[0], expected, atol=0.02)
    assert both.dim == 16
    lower = transformer(bert, ",pooling=first,layers=1")
    np.testing.assert_allclose(lower.embed([TOKENS])[0], expected[:, 8:], atol=0.02)
    assert not any(".layer.1." in name for name in lower.forms), "layers above are left out"


def test_tokens_without_a_piece_have_zeros(bert: Path) -> None:
    found = transformer(bert)
    rows, seen, nothing = found.embed(
        [["\u00ad", "Anna", "\u200b", "."], ["Anna", "."], ["\u00ad"]]
    )
    np.testing.assert_array_equal(rows[[0, 2]], np.zeros((2, 16)))
    np.testing.assert_array_equal(rows[[1, 3]], seen)
    assert [found.drops("\u00ad"), found.drops("☃")] == [True, False]
    np.testing.assert_array_equal(nothing, np.zeros((1, 16)))


@pytest.mark.parametrize(("kind", "room"), [("bert", 38), ("roberta", 37)])
@pytest.mark.parametrize("length", [37, 38, 39, 120])
def test_long_sentences_are_read_in_windows(
    saved: Saved, kind: str, room: int, length: int
) -> None:
    """One encoder counts its positions from 1; no token is left out."""
    folder = saved(kind)
    tokens = [("Anna", "left", "Rome", "news")[number % 4] for number in range(length)]
    ids = [PIECES.index(token.lower()) for token in tokens]
    (found,) = transformer(folder).embed([tokens])
    for w in windows(length, room, room // 8):
        rows = states(folder, [2, *ids[w.start : w.end], 3], [1, 2])[1:-1]
        kept = rows[w.keep_start - w.start : w.keep_end - w.start]
        np.testing.assert_allclose(found[w.keep_start : w.keep_end], kept, atol=0.02)


def test_an_encoder_that_cannot_be_computed(saved: Saved) -> None:
    """Its settings fit its weights, and still make no sense."""
    found = transformer(saved("mpnet", relative_attention_num_buckets=2))
    with pytest.raises(BundleError, match=r"a transformer cannot be computed \(\w+Error: .*; use "):
        found.embed([TOKENS])

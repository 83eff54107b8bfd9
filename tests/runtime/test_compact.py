"""Weights in little room: the same layers in 8 bits, and embeddings that are near."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.runtime import layer_of
from ner.runtime.compact import compact_forms, compacted, expanded
from ner.stored import forms_of

HIDDEN, INPUTS, BATCH = 5, 7, 3
GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def weights_of(cell: str = "lstm", seed: int = 0) -> dict[str, Any]:
    """Weights of a layer with two directions, and some others, of very different sizes."""
    rng = np.random.default_rng(seed)
    rows, found = GATES[cell] * HIDDEN, {}
    for side in ("", "_reverse"):
        for part, shape in (("ih", INPUTS), ("hh", HIDDEN)):
            scale = 2.0 ** rng.integers(-20, 10, (rows, 1))
            found[f"encoder.layers.0.weight_{part}_l0{side}"] = scale * rng.normal(
                size=(rows, shape)
            )
            found[f"encoder.layers.0.bias_{part}_l0{side}"] = rng.normal(size=rows)
    found["embedder.words.0.trained.weight"] = rng.normal(size=(9, 4))
    found["embedder.characters.embed.weight"] = rng.normal(size=(6, 2))
    found["embedder.kinds.0.weight"] = rng.normal(size=(3, 2))
    found["projection.weight"] = rng.normal(size=(2, 2 * HIDDEN))
    return {name: values.astype(np.float32) for name, values in found.items()}


@pytest.mark.parametrize("cell", GATES)
@given(seed=st.integers(0, 999))
def test_layers_compute_the_same_bits_in_8_bits(cell: str, seed: int) -> None:
    before = weights_of(cell, seed)
    found = []
    for weights in (before, expanded(compacted(before))):
        layer = layer_of(weights, "encoder.layers.0", cell, 2, int8=True)
        rng = np.random.default_rng(seed)
        table = np.empty((9, layer.width), layer.row_dtype)
        layer.project(rng.normal(size=(9, INPUTS)).astype(np.float32), table)
        rows = rng.integers(0, 9, (BATCH, 4)).astype(np.int32)
        found.append((table, layer.run(table, rows, np.array([4, 2, 1], np.int32))))
    assert found[0][0].tobytes() == found[1][0].tobytes()
    assert found[0][1].tobytes() == found[1][1].tobytes()


def test_what_was_rounded_once_stays_as_it_is() -> None:
    once = expanded(compacted(weights_of()))
    again = expanded(compacted(once))
    assert once.keys() == again.keys()
    assert all(once[name].tobytes() == again[name].tobytes() for name in once)


def test_tables_are_near_and_the_rest_is_the_same() -> None:
    before = weights_of()
    after = expanded(compacted(before))
    assert after.keys() == before.keys()
    assert all(values.dtype == np.float32 for values in after.values())
    for name in before:
        if "bias" in name or "projection" in name:
            assert after[name].tobytes() == before[name].tobytes()
        elif name.startswith("embedder"):
            np.testing.assert_allclose(after[name], before[name], rtol=2**-10)


def test_forms_are_those_of_the_weights() -> None:
    before = weights_of()
    small = compacted(before)
    assert compact_forms(forms_of(before)) == forms_of(small)
    name = "encoder.layers.0.weight_hh_l0"
    assert 4 * small[name].nbytes == before[name].nbytes


def test_numbers_beyond_half_precision() -> None:
    weights = weights_of()
    weights["embedder.words.0.trained.weight"][1, 1] = 65520.0
    with pytest.raises(ValueError, match=r"trained\.weight holds numbers beyond half precision"):
        compacted(weights)


def test_scales_that_make_no_number() -> None:
    small = dict(compacted(weights_of()))
    small["encoder.layers.0.weight_hh_l0.scale"] = np.full(4 * HIDDEN, 3e38, np.float32)
    with pytest.raises(ValueError, match="weight_hh_l0 holds numbers that are not finite"):
        expanded(small)

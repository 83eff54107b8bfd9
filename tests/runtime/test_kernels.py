"""Each level of the kernels against torch, against NumPy, and against itself alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ner.features.modules import CharacterCNN
from ner.runtime.kernels import GATES, CharacterTable, Linear, RecurrentLayer
from tests.runtime.levels import COMPILED, LEVELS, Weights, level, random_weights, same_bits, states

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
SIDES = ("", "_reverse")
LENGTHS = st.lists(st.integers(1, 6), min_size=1, max_size=9).map(
    lambda lengths: np.array(sorted(lengths, reverse=True), np.int32)
)
LAYERS = st.builds(
    random_weights,
    cell=st.sampled_from(sorted(CELLS)),
    directions=st.integers(1, 2),
    inputs=st.integers(1, 11),
    hidden=st.integers(1, 37),
    spread=st.sampled_from([0.1, 1.0, 8.0]),
    seed=st.integers(0, 9),
)

each_level = pytest.mark.parametrize("name", LEVELS)
each_compiled = pytest.mark.parametrize("name", COMPILED)
each_precision = pytest.mark.parametrize("int8", [False, True])
each_cell = pytest.mark.parametrize("cell", sorted(CELLS))
quick = settings(max_examples=25, deadline=None)


def features_of(weights: Weights, lengths: NDArray[np.int32]) -> NDArray[np.float32]:
    """Features ``[B, T, in]``, the same for the same lengths."""
    rng = np.random.default_rng(int(lengths.sum()))
    return rng.normal(size=(len(lengths), lengths[0], weights.inputs)).astype(np.float32)


def by_torch(
    weights: Weights, features: NDArray[np.float32], lengths: NDArray[np.int32]
) -> NDArray[np.float32]:
    """States of torch's own layer."""
    directions, _, hidden = weights.parts[1].shape
    layer = CELLS[weights.cell](
        weights.inputs, hidden, batch_first=True, bidirectional=directions == 2
    )
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    layer.load_state_dict(
        {
            f"{name}_l0{side}": torch.from_numpy(part[place])
            for name, part in zip(names, weights.parts, strict=True)
            for place, side in enumerate(SIDES[:directions])
        }
    )
    with torch.inference_mode():
        sizes = torch.from_numpy(lengths).long()
        read = pack_padded_sequence(torch.from_numpy(features), sizes, batch_first=True)
        found: NDArray[np.float32] = pad_packed_sequence(layer(read)[0], batch_first=True)[
            0
        ].numpy()
    return found


# --- recurrent layers -----------------------------------------------------------------------------


@each_level
@given(weights=LAYERS, lengths=LENGTHS)
@quick
def test_float32_is_what_torch_computes(
    name: str, weights: Weights, lengths: NDArray[np.int32]
) -> None:
    features = features_of(weights, lengths)
    found = states(weights.layer(name, int8=False), features, lengths)
    # Plain RNNs with large weights magnify the rounding of each step in the next.
    np.testing.assert_allclose(found, by_torch(weights, features, lengths), rtol=0, atol=1e-4)


@each_cell
@each_level
def test_8_bits_are_near_what_torch_computes(name: str, cell: str) -> None:
    weights = random_weights(cell, 2, 24, 40)
    lengths = np.array([9, 9, 7, 4, 1], np.int32)
    features = features_of(weights, lengths)
    found = states(weights.layer(name, int8=True), features, lengths)
    # Errors do not build up: a step of 1/63 in a state is about what is seen.
    np.testing.assert_allclose(found, by_torch(weights, features, lengths), rtol=0, atol=0.05)


@each_compiled
@given(weights=LAYERS, lengths=LENGTHS)
@quick
def test_8_bits_are_the_same_bits_everywhere(
    name: str, weights: Weights, lengths: NDArray[np.int32]
) -> None:
    features = features_of(weights, lengths)
    found, expected = (
        states(weights.layer(each, int8=True), features, lengths) for each in (name, "numpy")
    )
    assert same_bits(found, expected)


@each_compiled
def test_8_bits_are_the_same_bits_where_gates_are_driven_to_their_limits(name: str) -> None:
    for cell in CELLS:
        weights = random_weights(cell, 2, 5, 150, spread=300.0)
        lengths = np.array([40, 39, 39, 38, 20, 3, 2, 1], np.int32)
        features = features_of(weights, lengths) * np.float32(1e4)  # rows at the limit of float16
        found, expected = (
            states(weights.layer(each, int8=True), features, lengths) for each in (name, "numpy")
        )
        assert np.isfinite(found).all()
        assert same_bits(found, expected)


@each_compiled
def test_long_sums_of_8_bits_are_the_same_bits_everywhere(name: str) -> None:
    weights = random_weights("gru", 1, 3000, 3)  # sums beyond the whole numbers of float32
    lengths = np.array([2], np.int32)
    features = np.full((1, 2, 3000), 1.0, np.float32)
    weights.parts[0][:] = 1.0
    found, expected = (
        states(weights.layer(each, int8=True), features, lengths) for each in (name, "numpy")
    )
    assert same_bits(found, expected)


def _simple(biases: NDArray[np.float32]) -> Weights:
    """An RNN whose states are tanh(biases), and whose rows are twice the biases."""
    units = len(biases)
    parts = (units, 1), (units, units), (units,)
    zeros = [np.zeros((1, *shape), np.float32) for shape in parts]
    return Weights("rnn", (zeros[0], zeros[1], biases[None], zeros[2]))


@each_level
def test_rows_are_rounded_as_numpy_rounds(name: str) -> None:
    halves = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)  # finite
    ties = (halves[1:] + halves[:-1]) / np.float32(2.0)
    beside = [np.nextafter(ties, np.float32(side)) for side in (0.0, np.inf)]
    sized = np.concatenate([halves[1:], ties, *beside, np.array([65519, 65520, 1e9], np.float32)])
    rng = np.random.default_rng(0)
    values: NDArray[np.float32] = rng.choice(np.concatenate([sized, -sized]), 3000, replace=False)
    for part in np.array_split(values, 15):
        layer = _simple(part / np.float32(2.0)).layer(name, int8=True)
        table = np.empty((1, layer.width), np.float16)
        layer.project(np.zeros((1, 1), np.float32), table)
        expected = np.clip(part, -65504, 65504).astype(np.float16)
        assert same_bits(table[0, : len(part)], expected)


@each_compiled
def test_rows_are_read_as_numpy_reads(name: str) -> None:
    finite = np.arange(0x7C00, dtype=np.uint16)
    rows = np.concatenate([finite, finite | 0x8000]).view(np.float16).reshape(-1, 16)
    read = np.arange(len(rows), dtype=np.int32)[None], np.array([len(rows)], np.int32)
    found = {}
    for each in (name, "numpy"):
        layer = _simple(np.zeros(16, np.float32)).layer(each, int8=True)
        table = np.zeros((len(rows), layer.width), np.float16)
        table[:, :16] = rows
        found[each] = layer.run(table, *read)
    assert same_bits(found[name], found["numpy"])


@each_precision
@each_cell
@each_level
def test_a_sentence_does_not_depend_on_its_neighbours(name: str, cell: str, int8: bool) -> None:
    weights = random_weights(cell, 2, 6, 21)
    lengths = np.array([6, 6, 6, 5, 5, 4, 4, 4, 3, 2, 2, 1, 1], np.int32)
    features = features_of(weights, lengths)
    layer = weights.layer(name, int8=int8)
    together = states(layer, features, lengths)
    for row, size in enumerate(lengths):
        alone = states(layer, features[row : row + 1, :size], lengths[row : row + 1])
        assert same_bits(together[row, :size], alone[0])
        assert not together[row, size:].any()


@each_precision
@each_level
def test_features_may_come_in_two_parts(name: str, int8: bool) -> None:
    weights = random_weights("lstm", 2, 13, 9)
    features = np.random.default_rng(0).normal(size=(7, 13)).astype(np.float32)
    layer = weights.layer(name, int8=int8)
    whole, parts = (np.empty((7, layer.width), layer.row_dtype) for _ in range(2))
    layer.project(features, whole)
    layer.project(np.ascontiguousarray(features[:, :6]), parts)
    layer.add(np.ascontiguousarray(features[:, 6:]), parts)
    np.testing.assert_allclose(parts, whole, rtol=0, atol=0.05 if int8 else 1e-5)
    if int8:
        expected = weights.layer("numpy", int8=True)
        rows = np.empty((7, expected.width), np.float16)
        expected.project(features[:, :6], rows)
        expected.add(features[:, 6:], rows)
        read = np.arange(7, dtype=np.int32)[None], np.array([7], np.int32)
        assert same_bits(layer.run(parts, *read), expected.run(rows, *read))


@each_level
def test_layers_may_be_stacked(name: str) -> None:
    first, second = random_weights("lstm", 2, 5, 11), random_weights("gru", 2, 22, 7, seed=2)
    lengths = np.array([5, 3, 3, 1], np.int32)
    features = features_of(first, lengths)
    below = by_torch(first, features, lengths)
    expected = by_torch(second, below, lengths)
    found = {}
    for int8, near in ((False, 1e-5), (True, 0.05)):
        for each in (name, "numpy"):
            under = states(first.layer(each, int8=int8), features, lengths)
            layer = second.layer(each, int8=int8)
            table = np.empty((20, layer.width), layer.row_dtype)
            layer.project_states(under.reshape(20, -1), table)
            rows = np.arange(20, dtype=np.int32).reshape(4, 5)
            found[each, int8] = layer.run(table, rows, lengths)
        np.testing.assert_allclose(found[name, int8], expected, rtol=0, atol=near)
    assert same_bits(found[name, True], found["numpy", True])


@each_precision
@each_level
def test_a_layer_is_safe_for_threads(name: str, int8: bool) -> None:
    weights = random_weights("lstm", 2, 6, 21)
    layer = weights.layer(name, int8=int8)
    lengths = [np.array(sizes, np.int32) for sizes in ([9, 8, 8, 1], [30], [4] * 20, [2, 1])]
    batches = [(features_of(weights, each), each) for each in lengths]
    expected = [states(layer, *batch) for batch in batches]
    fresh = weights.layer(name, int8=int8)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda batch: states(fresh, *batch), batches * 10))
    assert all(same_bits(one, other) for one, other in zip(found, expected * 10, strict=True))


@each_level
def test_nothing_to_do_is_done(name: str) -> None:
    layer = random_weights("lstm", 2, 6, 5).layer(name, int8=True)
    table = np.empty((0, layer.width), np.float16)
    layer.project(np.empty((0, 6), np.float32), table)
    none = layer.run(table, np.empty((0, 3), np.int32), np.empty(0, np.int32))
    assert none.shape == (0, 3, 10)
    with level(name):
        assert Linear(np.ones((3, 2)), np.ones(3))(np.empty((0, 2))).shape == (0, 3)


@each_level
def test_states_may_be_written_to_an_array(name: str) -> None:
    layer = random_weights("rnn", 1, 6, 5).layer(name, int8=False)
    table = np.zeros((1, layer.width), np.float32)
    out = np.full((2, 3, 5), np.nan, np.float32)
    lengths = np.array([3, 1], np.int32)
    assert layer.run(table, np.zeros((2, 3), np.int32), lengths, out) is out
    assert np.isfinite(out).all()


# --- linear maps ----------------------------------------------------------------------------------


@each_level
@given(
    rows=st.integers(1, 14),
    inputs=st.integers(1, 20),
    outputs=st.one_of(st.integers(1, 70), st.integers(900, 1000)),
    seed=st.integers(0, 9),
)
@quick
def test_linear_maps_are_the_same_bits_everywhere(
    name: str, rows: int, inputs: int, outputs: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    weight, bias = rng.normal(size=(outputs, inputs)), rng.normal(size=outputs)
    features = rng.normal(size=(rows, inputs)).astype(np.float32)
    with level(name):
        found = Linear(weight, bias)(features)
    with level("numpy"):
        expected = Linear(weight, bias)(features)
    assert same_bits(found, expected)
    np.testing.assert_allclose(found, features @ weight.T + bias, rtol=0, atol=1e-5)
    with level(name):
        alone = [Linear(weight, bias)(row[None])[0] for row in features[:3]]
    assert same_bits(np.stack(alone), found[:3])


# --- characters -----------------------------------------------------------------------------------


@each_level
@given(
    words=st.lists(st.lists(st.integers(1, 8), max_size=9), min_size=1, max_size=8),
    kernel=st.integers(1, 5),
    filters=st.integers(1, 40),
)
@quick
def test_a_character_table_answers_as_the_cnn(
    name: str, words: list[list[int]], kernel: int, filters: int
) -> None:
    torch.manual_seed(4)
    cnn = CharacterCNN(9, 6, filters, kernel).eval()
    padded = torch.zeros(len(words), max(1, *map(len, words), 1), dtype=torch.long)
    for row, word in zip(padded, words, strict=True):
        row[: len(word)] = torch.tensor(word)
    with torch.inference_mode():
        expected = cnn(padded).numpy()
    weights = cnn.state_dict()
    names = ("embed.weight", "filters.weight", "filters.bias")
    parts = [weights[part].numpy() for part in names]
    flat = np.array([number for word in words for number in word], np.int32)
    starts = np.cumsum([0, *map(len, words)]).astype(np.int32)
    found = {}
    for each in (name, "numpy"):
        wide = np.full((len(words), filters + 3), 7.0, np.float32)
        with level(each):
            CharacterTable(*parts).words(flat, starts, wide[:, 2:-1])
        assert (wide[:, [0, 1, -1]] == 7.0).all()
        found[each] = wide
    np.testing.assert_allclose(found[name][:, 2:-1], expected, rtol=0, atol=1e-5)
    assert same_bits(found[name], found["numpy"])


# --- what is refused before a kernel sees it ------------------------------------------------------


def _layer() -> tuple[RecurrentLayer, NDArray[Any]]:
    layer = random_weights("lstm", 2, 6, 5).layer(LEVELS[0], int8=True)
    return layer, np.zeros((4, layer.width), np.float16)


ROWS, SIZES = np.zeros((2, 3), np.int32), np.array([3, 1], np.int32)
REFUSED_RUNS: dict[str, Callable[[NDArray[Any]], tuple[Any, ...]]] = {
    "rows of another type": lambda table: (table, ROWS.astype(np.int64), SIZES),
    "rows beyond the table": lambda table: (table, ROWS + 4, SIZES),
    "rows before the table": lambda table: (table, ROWS - 1, SIZES),
    "rows of one axis": lambda table: (table, ROWS[0], SIZES),
    "no table": lambda table: (table[:0], ROWS, SIZES),
    "another precision": lambda table: (table.astype(np.float32), ROWS, SIZES),
    "narrow rows": lambda table: (table[:, :-1].copy(), ROWS, SIZES),
    "rows apart": lambda table: (np.repeat(table, 2, 1)[:, ::2], ROWS, SIZES),
    "lengths of another type": lambda table: (table, ROWS, SIZES.astype(np.int64)),
    "rising lengths": lambda table: (table, ROWS, SIZES[::-1].copy()),
    "lengths of nothing": lambda table: (table, ROWS, np.array([3, 0], np.int32)),
    "negative lengths": lambda table: (table, ROWS, np.array([3, -1], np.int32)),
    "long lengths": lambda table: (table, ROWS, np.array([4, 1], np.int32)),
    "short lengths": lambda table: (table, ROWS, np.array([2, 1], np.int32)),
    "few lengths": lambda table: (table, ROWS, SIZES[:1]),
    "another output": lambda table: (table, ROWS, SIZES, np.zeros((2, 3, 9), np.float32)),
    "output of doubles": lambda table: (table, ROWS, SIZES, np.zeros((2, 3, 10))),
    "output apart": lambda table: (
        table,
        ROWS,
        SIZES,
        np.zeros((2, 3, 20), np.float32)[:, :, ::2],
    ),
    "constant output": lambda table: (
        table,
        ROWS,
        SIZES,
        np.broadcast_to(np.float32(0), (2, 3, 10)),
    ),
}


@pytest.mark.parametrize("case", sorted(REFUSED_RUNS))
def test_runs_that_do_not_fit_are_refused(case: str) -> None:
    layer, table = _layer()
    layer.run(table, ROWS, SIZES)
    with pytest.raises(ValueError, match=r"^(rows|table|lengths|out) "):
        layer.run(*REFUSED_RUNS[case](table))


@pytest.mark.parametrize(
    ("features", "shape"),
    [((4, 7), (4, None)), ((4, 0), (4, None)), ((4,), (4, None)), ((5, 6), (4, None))],
)
def test_projections_that_do_not_fit_are_refused(
    features: tuple[int, ...], shape: tuple[int, None]
) -> None:
    layer, table = _layer()
    for project in (layer.project, layer.project_states, layer.add):
        with pytest.raises(ValueError, match=r"features|out is"):
            project(np.zeros(features, np.float32), table)
        with pytest.raises(ValueError, match="out is"):
            project(np.zeros((4, 6), np.float32), table[:, :-1])
        with pytest.raises(ValueError, match="out is"):
            project(np.zeros((4, 6), np.float32), table.astype(np.float32))
        with pytest.raises(ValueError, match="contiguous"):
            project(np.zeros((4, 6), np.float32), np.repeat(table, 2, 1)[:, ::2])


def _changed(parts: tuple[NDArray[np.float32], ...], place: int, value: Any) -> list[Any]:
    return [value if number == place else part for number, part in enumerate(parts)]


def test_weights_that_do_not_fit_are_refused() -> None:
    parts = random_weights("lstm", 2, 6, 5).parts
    RecurrentLayer("lstm", *parts, int8=False)
    for place, part in enumerate(parts):
        wrong = [part[:1], part[:, :-1], part[:0], part * np.float32(np.nan), part[0]]
        for value in wrong if place != 1 else wrong[1:]:
            with pytest.raises(ValueError, match=r"^(weight|bias)_[ih]h "):
                RecurrentLayer("lstm", *_changed(parts, place, value), int8=False)
    with pytest.raises(ValueError, match="directions"):
        RecurrentLayer("lstm", *(np.concatenate([part, part]) for part in parts), int8=False)
    with pytest.raises(ValueError, match="rows"):
        RecurrentLayer("gru", *parts, int8=False)
    with pytest.raises(ValueError, match="not one of lstm, gru, rnn"):
        RecurrentLayer("mamba", *parts, int8=False)
    wide = np.broadcast_to(np.float32(0), (2, 20, (1 << 16) + 1))
    with pytest.raises(ValueError, match="more than 65536"):
        RecurrentLayer("lstm", *_changed(parts, 0, wide), int8=True)


def test_words_that_do_not_fit_are_refused() -> None:
    table = CharacterTable(np.ones((5, 2)), np.ones((3, 2, 3)), np.ones(3))
    characters, starts = np.array([1, 4, 2], np.int32), np.array([0, 2, 3], np.int32)
    out = np.empty((2, 3), np.float32)
    table.words(characters, starts, out)
    wrong: Any
    for wrong in (characters + 1, characters - 2, characters.astype(np.int64), characters[None]):
        with pytest.raises(ValueError, match=r"^characters "):
            table.words(wrong, starts, out)
    for wrong in (starts + 1, starts - 1, starts[::-1], starts[:0], starts.astype(np.int64)):
        with pytest.raises(ValueError, match=r"^starts "):
            table.words(characters, wrong, out)
    doubles: Any = np.empty((2, 3))
    for target in (out[:, :2], out[:1], doubles, np.empty((3, 2), np.float32).T):
        with pytest.raises(ValueError, match=r"\bout "):
            table.words(characters, starts, target)


def test_maps_that_do_not_fit_are_refused() -> None:
    linear = Linear(np.ones((3, 2)), np.ones(3))
    for wrong in (np.ones((4, 3)), np.ones(2), np.ones((2, 2, 2))):
        with pytest.raises(ValueError, match="features"):
            linear(wrong)
    for weight, bias in (
        (np.ones((3, 2)), np.ones(2)),
        (np.ones((0, 2)), np.ones(0)),
        (np.ones((3, 0)), np.ones(3)),
        (np.full((3, 2), np.inf), np.ones(3)),
    ):
        with pytest.raises(ValueError, match=r"^(weight|bias) "):
            Linear(weight, bias)


def test_gates_are_those_of_the_cells() -> None:
    assert set(GATES) == set(CELLS)

"""Part `machine`: how fast the arithmetic of our model can be on this machine at best.

Operations counted over rates measured: whoever computes what the model asks for with
these products and these functions cannot be faster than that.
"""

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch

from benchmarks.page import Cell, Section, Table
from benchmarks.setting import Setting
from ner.bundle import load_bundle, tagger_network
from ner.model import Network

SENTENCES = 128  # in a batch when tagging


@dataclass(frozen=True)
class Counted:
    """Operations for each token: multiplications and additions in products, and functions."""

    recurrence: int  # h W_hh, all directions
    inputs: int  # x W_ih, all directions: once for each distinct word where that is kept
    projection: int  # states to tags
    functions: int  # sigmoid and tanh, one each


@dataclass(frozen=True)
class Rates:
    """What one thread can do."""

    products: dict[str, float]  # operations per second at [128, H] x [H, 4H], by type of number
    functions: float  # sigmoid or tanh per second
    copy: float  # bytes per second, read and written, of what is in no cache

    def bound(self, counted: Counted, precision: str = "float32") -> float:
        """Most tokens per second if nothing but recurrence, projection and gates took time."""
        products = (counted.recurrence + counted.projection) / self.products[precision]
        return 1 / (products + counted.functions / self.functions)

    def products_bound(self, counted: Counted, precision: str = "float32") -> float:
        """The same with gates that take no time."""
        return self.products[precision] / (counted.recurrence + counted.projection)


def count_operations(network: Network) -> Counted:
    """Operations for each token, from the shapes of the network; its cell is an LSTM."""
    recurrence = inputs = functions = 0
    for layer in network.encoder.layers:
        assert isinstance(layer, torch.nn.LSTM)
        hidden, directions = layer.hidden_size, 2 if layer.bidirectional else 1
        recurrence += directions * 2 * hidden * 4 * hidden
        inputs += directions * 2 * layer.input_size * 4 * hidden
        functions += directions * 5 * hidden
    out = network.projection
    return Counted(recurrence, inputs, 2 * out.in_features * out.out_features, functions)


def hidden_units(network: Network) -> int:
    """Hidden units of each direction of the first layer."""
    layer = network.encoder.layers[0]
    assert isinstance(layer, torch.nn.LSTM)
    return layer.hidden_size


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute with so many threads while the block runs."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def rate(work: Callable[[], object], amount: float, seconds: float = 0.3) -> float:
    """How much is done in a second by repeating a piece of work that does `amount`; the best of 5.

    The best, since it is a bound that is looked for.
    """
    work()
    best = 0.0
    for _ in range(5):
        started, times = time.perf_counter(), 0
        while (took := time.perf_counter() - started) < seconds / 5:
            work()
            times += 1
        best = max(best, times * amount / took)
    return best


def product_rate(rows: int, inner: int, columns: int, dtype: torch.dtype) -> float:
    """Operations per second of ``[rows, inner] x [inner, columns]``."""
    a, b = torch.randn(rows, inner, dtype=dtype), torch.randn(inner, columns, dtype=dtype)
    out = torch.empty(rows, columns, dtype=dtype)
    return rate(lambda: torch.mm(a, b, out=out), 2 * rows * inner * columns)


def function_rate(name: str, hidden: int) -> float:
    """Values per second of sigmoid or tanh over the gates of one step."""
    x = torch.randn(SENTENCES, 4 * hidden)
    out = torch.empty_like(x)
    function = {"sigmoid": torch.sigmoid, "tanh": torch.tanh}[name]
    return rate(lambda: function(x, out=out), x.numel())


def copy_rate() -> float:
    """Bytes per second, read and written, of a copy that fits in no cache."""
    source = torch.zeros(128 * 2**20, dtype=torch.uint8)
    target = torch.empty_like(source)
    return rate(lambda: target.copy_(source), 2 * source.numel())


def rates(hidden: int) -> Rates:
    """What one thread can do at the shapes of a recurrence with so many hidden units."""
    with threads(1), torch.inference_mode():
        products = {
            name: product_rate(SENTENCES, hidden, 4 * hidden, dtype)
            for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16))
        }
        functions = min(function_rate(name, hidden) for name in ("sigmoid", "tanh"))
        return Rates(products, functions, copy_rate())


def describe() -> str:
    """The computer in words."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = f"{len(names)} cores of {names[0].partition(':')[2].strip()}" if names else cpu
    flags = info.read_text() if info.exists() else ""
    wide = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    return f"{cpu} ({', '.join(wide)})" if wide else cpu


def versions(*packages: str) -> str:
    """Versions of Python and of packages in our own environment."""
    named = [f"{package} {version(package)}" for package in packages]
    return ", ".join([f"Python {platform.python_version()}", *named])


def run(setting: Setting) -> Section:
    """Measure rates, count operations, and say what follows."""
    network = tagger_network(load_bundle(setting.trained).model)
    counted = count_operations(network)
    hidden = hidden_units(network)
    found = rates(hidden)
    shapes = [(1, hidden, 4 * hidden), (32, hidden, 4 * hidden), (SENTENCES, hidden, 4 * hidden),
              (4096, network.embedder.out_dim, 8 * hidden), (1024, 1024, 1024)]  # fmt: skip
    with threads(1), torch.inference_mode():
        rows: list[list[Cell]] = [
            [
                f"[{m}, {k}] × [{k}, {n}]",
                *(product_rate(m, k, n, dtype) / 1e9 for dtype in (torch.float32, torch.bfloat16)),
            ]
            for m, k, n in shapes
        ]
    return Section(
        "The machine",
        "What one thread can do at the shapes of the model, the best of five tries each.",
        [
            Table(["product, billion operations a second", "float32", "bfloat16"], rows),
            Table(
                ["", "billion a second"],
                [
                    ["sigmoid or tanh, the slower of both, values", found.functions / 1e9],
                    ["copy out of all caches, bytes read and written", found.copy / 1e9],
                ],
            ),
            Table(
                ["our model, for each token", "thousand operations"],
                [
                    ["recurrence, both directions", counted.recurrence / 1000],
                    ["input projection (for each distinct word)", counted.inputs / 1000],
                    ["projection to tags", counted.projection / 1000],
                    ["sigmoid and tanh of the gates", counted.functions / 1000],
                ],
            ),
            Table(
                ["most tokens a second on one core", "float32", "bfloat16"],
                [
                    ["products of recurrence and projection alone"]
                    + [found.products_bound(counted, p) for p in ("float32", "bfloat16")],
                    ["and the gates"] + [found.bound(counted, p) for p in ("float32", "bfloat16")],
                ],
            ),
        ],
    )

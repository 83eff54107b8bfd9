"""A model as one file: a zip without compression of the files that its folder has.

In int8, recurrent layers have a byte for each weight, and embeddings two (`ner.runtime.compact`):
less than half the size. `load_bundle` maps the file into memory.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ner.bundle.card import int8_chosen
from ner.bundle.format import CARD, Bundle, load_bundle, stored_card, stored_files
from ner.errors import NerError, UsageError
from ner.files import checked_path, write_binary
from ner.run_folder import is_packed
from ner.runtime import compacted, expanded
from ner.stored import Arrays, to_archive, with_checksums


def export_bundle(
    model_dir: str | Path | None,
    out: str | Path,
    *,
    precision: str = "auto",
    description: Sequence[str] = (),
) -> None:
    """Write the model of a run folder or bundle (None: of the newest run) into one file.

    `precision` is that of the layers: ``int8``, in which the file is then used; ``float32``, which
    keeps every bit; or ``auto``, the one in which the model itself is used. The lines of the
    `description`, as credits and licences, stand on its card. A file of an older export is
    replaced. Raises `UsageError` for an `out` that holds something else, or weights that
    8 bits cannot hold, and what `load_bundle` raises.
    """
    _check_out(checked_path(out))
    bundle = load_bundle(model_dir)
    if description:
        bundle = replace(bundle, about={**bundle.about, "description": list(description)})
    own = bundle.config.predict.precision
    if own == "auto":
        own = "int8" if int8_chosen(bundle.about) else "float32"
    weights = bundle.model.weights
    if precision == "int8" or (precision == "auto" and own == "int8"):
        bundle = bundle if own == "int8" else _in_int8(bundle)
        try:
            weights = compacted(weights)
        except ValueError as error:
            raise UsageError(f"{error}; choose --precision float32") from None
    _write(bundle, weights, out)


def pack_bundle(bundle: Bundle, out: str | Path) -> None:
    """Write a model into one file, every bit of it; in little room where that loses none.

    Raises `UsageError` for an `out` that holds something else.
    """
    _check_out(checked_path(out))
    _write(bundle, _compacted_exactly(bundle.model.weights), out)


def _compacted_exactly(weights: Arrays) -> Arrays:
    """The weights in little room if they were so before, else as they are."""
    try:
        small = compacted(weights)
        restored = expanded(small)
    except ValueError:
        return weights
    same = all(np.array_equal(values, restored[name]) for name, values in weights.items())
    return small if same else weights


def _write(bundle: Bundle, weights: Arrays, out: str | Path) -> None:
    files = {CARD: stored_card(bundle), **with_checksums(stored_files(bundle, weights))}
    with write_binary(out) as file:
        try:
            to_archive(files, file)
        except ValueError as error:
            raise NerError(f"{out}: cannot hold {error}; share the folder instead") from None


def _check_out(out: Path) -> None:
    if os.path.lexists(out) and not is_packed(out):
        raise UsageError(f"{out}: holds something that is no exported model; name another file")


def _in_int8(bundle: Bundle) -> Bundle:
    """The model with 8 bits as its precision, whatever was measured."""
    about = dict(bundle.about)
    if "precision" in about:
        about["precision"] = {**about["precision"], "chosen": "int8"}
    config = bundle.config.replace({"predict.precision": "int8"})
    return replace(bundle, config=config, about=about)

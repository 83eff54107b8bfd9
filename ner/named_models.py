"""Models by name: the English one that ships with the package, and others beside it.

A name is looked for in this order: ``$NER_MODELS/NAME.ner``; ``data/models/NAME.ner`` of a
checkout; ``NAME.ner`` in the package.
"""

import os
from collections.abc import Iterator
from pathlib import Path

SHIPPED = "en"  # the model that is there where nobody trained one
SUFFIX = ".ner"

_PACKAGE = Path(__file__).parent


def model_folders() -> Iterator[Path]:
    """The folders in which models have names, in order of the search."""
    if root := os.environ.get("NER_MODELS"):
        yield Path(root)
    yield _PACKAGE.parent / "data" / "models"
    yield _PACKAGE / "models"


def named_models() -> dict[str, Path]:
    """Each name with its packed file, sorted by name."""
    found: dict[str, Path] = {}
    for folder in model_folders():
        for path in folder.glob(f"*{SUFFIX}"):
            found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def named_model(name: str | Path) -> Path | None:
    """The packed file of a name; None for what is no name."""
    return named_models().get(str(name))

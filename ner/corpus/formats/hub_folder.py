"""A folder that is a data set for the Hugging Face Hub: Parquet for each split, and a card."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ner.text import Sentence

MARK = "hf:"
"""The beginning of an output that is such a folder, as in ``hf:news``."""
SPLITS = {"train": "train", "valid": "validation", "test": "test"}
"""The Hub's name of each split."""

_CARD = """\
---
task_categories:
- token-classification
tags:
- named-entity-recognition
configs:
- config_name: default
  data_files:
{files}---
# Named entities

Sentences as lists of `tokens`, with as many `ner_tags` (IOB2, by name). Entity types: {labels}.

| split | sentences | tokens | entities |
|---|---:|---:|---:|
{counts}
```python
from datasets import load_dataset

data = load_dataset("path/to/this/folder")
```

Whoever publishes it adds what only they know: language, licence, and where the texts come from.
"""


def folder_behind(path: str | Path) -> Path | None:
    """The folder behind ``hf:``; None for another path."""
    name = str(path)
    return Path(name.removeprefix(MARK)) if name.startswith(MARK) and name != MARK else None


def dataset_card(splits: Mapping[str, Sequence[Sentence]]) -> str:
    """The card of a data set, with the metadata by which the Hub finds its splits."""
    filled = {SPLITS.get(name, name): part for name, part in splits.items() if part}
    files = (f"  - split: {name}\n    path: {name}.parquet\n" for name in filled)
    labels = sorted({f"`{label}`" for part in filled.values() for s in part for label in s.labels})
    return _CARD.format(
        files="".join(files),
        labels=", ".join(labels) or "none",
        counts="".join(_counts(name, part) for name, part in filled.items()),
    )


def _counts(name: str, sentences: Iterable[Sentence]) -> str:
    counted = [(1, len(sentence), len(sentence.spans)) for sentence in sentences]
    cells = (f"{sum(column):,}" for column in zip(*counted, strict=True))
    return f"| {name} | {' | '.join(cells)} |\n"

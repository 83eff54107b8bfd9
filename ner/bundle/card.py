"""The model card, in Markdown: scores, data and settings of a model.

Each kind of model has a template, ``card.md`` in its package.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from string import Template
from typing import Any

from ner.config import Config


def fill_card(
    package: str,
    config: Config,
    about: Mapping[str, Any],
    *,
    labels: Iterable[str],
    figures: Sequence[str],
    corpus: str,
) -> str:
    """Fill in the template ``card.md`` of a package.

    `figures` are the scores in a row of its table, by name; `corpus` stands for one without name.
    """
    template = resources.files(package).joinpath("card.md").read_text(encoding="utf-8")
    scores = [
        " | ".join([f"| {split}", *(f"{100 * values[figure]:.2f}" for figure in figures)]) + " |\n"
        for split, values in about.get("scores", {}).items()
    ]
    versions = ", ".join(f"{name} {v}" for name, v in about.get("versions", {}).items())
    return Template(template).substitute(
        corpus=about.get("corpus", corpus),
        labels=", ".join(labels),
        versions=versions or "an earlier ner",
        seed=config.train.seed,
        scores="".join(scores),
        data="".join(_data(about)),
        settings="\n".join(_settings(config)),
    )


def _data(about: Mapping[str, Any]) -> list[str]:
    """Lines on the data: notes, the files beside it, its checksums."""
    resources = {kind: ", ".join(names) for kind, names in about.get("resources", {}).items()}
    facts = {**resources, **about.get("checksums", {})}
    return [
        *(f"- {note}\n" for note in about.get("notes", ())),
        *(f"- {name}: {fact}\n" for name, fact in facts.items()),
    ]


def _settings(config: Config) -> list[str]:
    """Rows of a table of all settings but paths."""
    return [
        f"| {key} | {json.dumps(config[key])} |"
        for key in config.fields()
        if not key.startswith("resources.")
    ]

"""``ner info``."""

import json
import platform
import sys

import click

from ner.cli.options import json_option
from ner.named_models import named_models
from ner.version import __version__

OPTIONAL = {
    "torch": "training, and tagging on a GPU",
    "pytorch-crf": "training",
    "rich": "training",
    "datasets": "corpora from the Hub",
    "pyarrow": "Parquet and Arrow",
    "gensim": "ner vectors train",
    "optuna": "ner search",
    "pandas": "tables of entities",
    "spacy": "DocBin",
}
"""Packages that tagging does without, and their purpose."""


@click.command(short_help="Show what is installed, and what computes.")
@json_option
@click.option("--card", metavar="DIR|FILE|NAME", help="Print the card of this model instead.")
def info(as_json: bool, card: str | None) -> None:
    """Show versions, the kernels that tagging runs here, models by name, and optional packages."""
    if card is not None:
        from ner.bundle import load_bundle

        click.echo(load_bundle(card).card(), nl=False)
        return
    from ner.runtime import kernels  # with NumPy, which the help does without

    found = {name: _version(name) for name in OPTIONAL}
    facts = {
        "ner": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "machine": f"{platform.system()} {platform.machine()}",
        "numpy": _version("numpy"),
        "kernels": kernels.description(),
    }
    models = {name: str(path) for name, path in named_models().items()}
    if as_json:
        click.echo(json.dumps(facts | {"models": models, "packages": found}, indent=2))
        return
    facts["models"] = ", ".join(models) or "none"
    missing = {name: f"not installed; for {about}" for name, about in OPTIONAL.items()}
    for name, fact in (facts | {name: found[name] or missing[name] for name in found}).items():
        click.echo(f"{name:<12} {fact}")


def _version(package: str) -> str | None:
    """The version of an installed package, which is not loaded; None if it is not there."""
    from importlib import metadata  # takes a while, as no other command needs

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None

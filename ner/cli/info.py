"""``ner info``."""

import json
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from ner.cli.options import json_option
from ner.errors import UsageError, escaped
from ner.named_models import named_models
from ner.version import __version__, commit

OPTIONAL = {
    "torch": "training, and tagging on a GPU",
    "pytorch-crf": "training",
    "rich": "training",
    "datasets": "corpora from the Hub",
    "pyarrow": "Parquet and Arrow",
    "gensim": "ner vectors train",
    "optuna": "ner search",
    "pandas": "tables of entities",
    "spacy": "DocBin and pipelines",
    "transformers": "features of an encoder",
    "fastapi": "ner serve and ner review",
    "huggingface_hub": "models on the Hub",
    "scikit-learn": "ner.sklearn",
    "pyspark": "ner.spark",
    "ray": "ner.ray and --on ray",
}
"""Packages that tagging does without, and their purpose."""


@click.command(short_help="Show what is installed, what computes, or what a model is.")
@click.argument("model", metavar="[MODEL]", required=False)
@click.option("--card", is_flag=True, help="Print the whole card of the model.")
@json_option
def info(model: str | None, card: bool, as_json: bool) -> None:
    """Show versions, the kernels that tagging runs here, models by name, and optional packages.

    With a MODEL (a folder, file or name as --model takes it): what it knows, what it has learnt
    from, how it scored, and how it tags here.
    """
    if model is None and card:
        raise UsageError("the card of which model? name one: ner info en --card")
    if model is not None and card:
        _print_card(model, as_json)
    elif model is not None:
        facts = _facts_of_model(model)
        _print_rows(_rows_of_model(facts), facts if as_json else None)
    else:
        _print_installation(as_json)


def _print_card(model: str, as_json: bool) -> None:
    from ner.bundle import load_bundle

    if as_json:
        raise UsageError("a card is Markdown: leave --json or --card out")
    click.echo(load_bundle(model).card(), nl=False)


def _print_installation(as_json: bool) -> None:
    from ner.runtime import kernels  # with NumPy, which the help does without

    found = {name: _version(name) for name in OPTIONAL}
    facts = {
        "ner": __version__,
        "commit": commit(),
        "python": platform.python_version(),
        "executable": sys.executable,
        "machine": f"{platform.system()} {platform.machine()}",
        "numpy": _version("numpy"),
        "kernels": kernels.description(),
    }
    models = {name: str(path) for name, path in named_models().items()}
    missing = {name: f"not installed; for {about}" for name, about in OPTIONAL.items()}
    packages = {name: found[name] or missing[name] for name in found}
    rows = facts | {"models": ", ".join(models) or "none"} | packages
    values = facts | {"models": models, "packages": found}
    _print_rows(rows.items(), values if as_json else None)


def _facts_of_model(model: str) -> dict[str, Any]:
    """Facts on a model, by name. Raises `BundleError` or `UsageError` where there is none."""
    from ner.bundle import load_bundle
    from ner.predict import engine_name, precision_of
    from ner.run_folder import find_bundle

    path = find_bundle(model)
    bundle = load_bundle(path)
    files = [path] if path.is_file() else path.iterdir()
    config, about, read = bundle.config.model, bundle.about, bundle.model
    scores = {
        split: {name: report[name] for name in ("precision", "recall", "f1")}
        for split, report in about.get("scores", {}).items()
    }
    engine = engine_name(read, bundle.config.predict)
    return {
        "model": str(path),
        "bytes": sum(file.stat().st_size for file in files),
        "types": list(bundle.types()),
        "network": {
            "cell": config.cell,
            "layers": config.layers,
            "hidden": config.hidden,
            "bidirectional": config.bidirectional,
            "head": config.head,
            "parameters": sum(weights.size for weights in read.weights.values()),
        },
        "words": sum(len(table.words) for table in read.indexer.words.tables),
        "about": list(about.get("description", ())),
        "corpus": about.get("corpus"),
        "notes": list(about.get("notes", ())),
        "resources": about.get("resources", {}),
        "scores": scores,
        "profile": about.get("profile"),
        "engine": engine,
        "precision": precision_of(read, bundle.config.predict) if engine == "native" else "float32",
        "versions": about.get("versions", {}),
    }


def _rows_of_model(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The facts in words, each with its name."""
    network = facts["network"]
    sides = "bidirectional " * network["bidirectional"]
    yield "model", f"{facts['model']} ({facts['bytes'] / 1e6:.1f} MB)"
    yield from (("about", line) for line in facts["about"][:1])  # the card has all of it
    yield "types", ", ".join(facts["types"])
    yield (
        "network",
        f"{network['layers']} {sides}{network['cell']} of {network['hidden']} units, "
        f"{network['head']}, {network['parameters']:,} parameters",
    )
    yield "words", f"{facts['words']:,}"
    yield "corpus", facts["corpus"] or "without a name"
    yield from (("", note) for note in facts["notes"])
    for kind, names in facts["resources"].items():
        yield kind, ", ".join(names)
    for split, report in facts["scores"].items():
        yield split, ", ".join(f"{n.replace('f1', 'F1')} {100 * v:.2f}" for n, v in report.items())
    if profile := facts["profile"]:  # by which other text is told from it
        yield (
            "usual text",
            f"{profile['unknown_words']:.0%} of words and {profile['unknown_characters']:.1%} of "
            f"characters unknown, mean score {profile['score']:.2f}",
        )
    yield "tags with", f"the {facts['engine']} engine, in {facts['precision']}"
    yield "made with", ", ".join(f"{name} {v}" for name, v in facts["versions"].items())


def _print_rows(rows: Iterable[tuple[str, Any]], values: Mapping[str, Any] | None) -> None:
    """Print a name and a fact on each line, or `values` as JSON where there are some."""
    if values is not None:
        click.echo(json.dumps(values, indent=2))
        return
    shown = [(escaped(name), fact) for name, fact in rows]
    width = max(12, *(len(name) for name, _ in shown))
    for name, fact in shown:
        click.echo(f"{name:<{width}} {'not known' if fact is None else escaped(str(fact))}")


def _version(package: str) -> str | None:
    """The version of an installed package, which is not loaded; None if it is not there."""
    from importlib import metadata  # takes a while, as no other command needs

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None

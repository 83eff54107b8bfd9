"""Additions of extensions to the core, found by the names that their packages declare.

A package in `ner/extensions/` declares in its ``__init__`` (which loads nothing heavy):

- ``COMMANDS``: names of commands and where each is, as
  ``{"charlm": "ner.extensions.charlm.cli:charlm"}``;
- ``TOKEN_EMBEDDERS``: kinds of contextual features and their classes, as
  ``{"charlm": "ner.extensions.charlm.embeddings:StringEmbeddings"}``;
- ``TRAININGS``: options of ``ner train`` and the generators of events that take over, as
  ``{"distill": "ner.extensions.distillation.training:train_events"}``;
- ``AFTER_TRAINING``: options of ``ner train`` and the functions, of a run folder and the corpus,
  that follow it and tell in a line what they did, as
  ``{"calibrate": "ner.extensions.calibration.storing:calibrate_run"}``;
- ``TORCHRUN``: commands that share their work with other processes, and which part of each, as
  ``{"charlm": "train"}``;
- ``RUN_FOLDERS``: names of the folders of their runs, beside those of the seeds, and the option of
  each, as ``{"student": "distill"}``;
- ``RUN_SIGNS``: files by which a folder is known that holds several runs, and its kind, as
  ``{"study.sqlite": "search"}``;
- ``MODEL_SOURCES``: schemes of addresses of models, and functions from an address to a path, as
  ``{"hf": "ner.extensions.integrations.hub:downloaded"}``;
- ``RUNNERS``: forms of addresses at which independent trainings may be run, and classes of context
  managers that give a runner (`ner.training.jobs`), as
  ``{"ray[://HOST:PORT]": "ner.extensions.runners.ray_runner:RayRunner"}``;
- ``PUBLIC``: names of `ner` that are theirs, as
  ``{"tag_series": "ner.extensions.integrations.tables:tag_series"}``.

The core imports no extension: it asks here, by name, when one is needed. Without the folder there
is none, and all else works.
"""

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from ner.errors import UsageError

HOME = "ner.extensions"


@functools.cache
def declared(what: str) -> Mapping[str, str]:
    """All that extensions declare under a name, such as ``COMMANDS``, in order of the packages."""
    try:
        home = importlib.import_module(HOME)
    except ModuleNotFoundError:
        return {}
    packages = [info.name for info in pkgutil.iter_modules(home.__path__, f"{HOME}.")]
    found = [getattr(importlib.import_module(package), what, {}) for package in packages]
    return {name: place for part in found for name, place in part.items()}


def load(place: str) -> Any:
    """The attribute behind ``module:attribute``, or the module itself."""
    name, _, attribute = place.partition(":")
    module = importlib.import_module(name)
    return getattr(module, attribute) if attribute else module


def runner_forms() -> list[str]:
    """The forms of addresses at which trainings may be run, as ``ray[://HOST:PORT]``."""
    return [*declared("RUNNERS")]


def runner_place(on: str) -> str:
    """The place of the class that gives a runner at an address. Raises `UsageError` for others."""
    places = {form.partition("[")[0]: place for form, place in declared("RUNNERS").items()}
    place = places.get(on.partition(":")[0])
    if place is None:
        known = " or ".join(runner_forms())
        does = f"write {known}" if known else "no extension declares a runner; leave it out"
        raise UsageError(f"--on {on}: is unknown; {does}")
    return place


def public(name: str) -> Any:
    """The function or class that extensions declare as a name of `ner`.

    Raises `AttributeError` where none does.
    """
    place = declared("PUBLIC").get(name)
    if place is None:
        raise AttributeError(f"module 'ner' has no attribute {name!r}")
    return load(place)

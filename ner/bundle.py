"""A model on disk: a folder with all that inference needs, and nothing that runs.

::

    config.json           format number, settings, what is known of the model
    tags.json             the tag set, in the order of the emissions
    words.json            tables of words: how they are folded, and which there are
    characters.json       characters
    clusters.json         Brown clusters, if they are features: paths, and words with theirs
    pairs.json            pairs of tokens, if they are features
    gazetteers.json       word lists, if they are features: tokenised entries by label
    charlm.json           language models, if their states are features: settings, alphabets
    charlm.safetensors    their weights, in half precision
    seen.json             sentences that were learnt from, as hashes
    weights.safetensors   all weights
    checksums.json        SHA-256 of all these, which are not to be changed
    README.md             a card for people: scores, data, settings; may be changed

The folder is written under a temporary name and renamed. Others read it
without trust: see `ner.stored`. Format 2 is the same without checksums.
"""

import json
import os
import platform
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import safetensors.torch
import torch

from ner.charlm import embeddings
from ner.config import Config, ModelConfig, from_dict
from ner.corpus import Seen
from ner.errors import BundleError, ConfigError, UsageError
from ner.features import Clusters, Gazetteer, Indexer, Vocabulary, WordTable
from ner.features.gazetteers import LONGEST_ENTRY
from ner.features.vocabulary import FIRST
from ner.files import write_folder
from ner.model import Model, Network, Sizes, TableSize
from ner.model.network import BaseNetwork
from ner.model.outline import outlined
from ner.model.tagging import BaseModel
from ner.stored import (
    CHECKSUMS,
    Refused,
    StoredFolder,
    StoredTensors,
    check_newest,
    damaged,
    read_model,
    to_json,
    told_format,
    write_stored,
)
from ner.tags import OUTSIDE, tag_set
from ner.version import __version__

FORMAT = 3
OLDEST = 2  # that is still read
WEIGHTS = "weights.safetensors"
FILES = {
    "config.json",
    "tags.json",
    "words.json",
    "characters.json",
    "clusters.json",
    "pairs.json",
    "gazetteers.json",
    embeddings.DESCRIPTION,
    embeddings.WEIGHTS,
    "seen.json",
    WEIGHTS,
}
MOST_TAGS = 4096
"""What may follow what is a square of them, which a small file must not make large."""
_ON_CARD = {"corpus": str, "scores": dict, "notes": list, "versions": dict, "checksums": dict}
_SCORES = ("precision", "recall", "f1")
FINISHED = "result.json"  # written last into a run folder

AnyNetwork = TypeVar("AnyNetwork", bound=BaseNetwork)


@dataclass(frozen=True)
class Bundle:
    """A model, its settings, what is known about it (scores, data), and what it has learnt from."""

    model: Model
    config: Config
    about: Mapping[str, Any]
    seen: Seen = field(default_factory=Seen)

    @property
    def labels(self) -> list[str]:
        """The entity types that the model knows."""
        return _labels(self.model.tags)


def save_bundle(bundle: Bundle, folder: str | Path) -> None:
    """Write a bundle; one that stood in the folder before is replaced as a whole.

    Raises `UsageError` for a folder that holds something else.
    """
    model = bundle.model
    if len(model.tags) > MOST_TAGS:
        raise UsageError(f"a model has at most {MOST_TAGS} tags, not {len(model.tags)}")
    bundle = replace(bundle, about={"versions": versions(), **bundle.about})
    head = {"format": FORMAT}
    own = {"tags.json": to_json(list(model.tags))}
    write_bundle(folder, head, bundle.config, bundle.about, model, bundle.seen, own, card(bundle))


def write_bundle(
    folder: str | Path,
    head: Mapping[str, Any],
    config: Config,
    about: Mapping[str, Any],
    model: BaseModel,
    seen: Seen,
    own: Mapping[str, bytes],
    readme: str,
) -> None:
    """Write a model of any kind; `head` begins its ``config.json``, `own` are files of its kind.

    Raises `UsageError` for a folder that holds something else.
    """
    folder = Path(folder)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "config.json").exists():
        raise UsageError(f"{folder}: holds something that is no model; name another folder")
    described = {
        **head,
        "version": __version__,
        "config": config.to_dict(),
        "about": dict(about),
    }
    weights = {name: t.cpu().contiguous() for name, t in model.network.state_dict().items()}
    files = {
        "config.json": to_json(described, indent=2),
        **own,
        **{name: to_json(value) for name, value in _describe(model).items()},
        **(model.contextual.files() if model.contextual else {}),
        "seen.json": to_json({"sentences": seen.to_text()}),
        WEIGHTS: safetensors.torch.save(weights),
    }
    with write_folder(folder) as part:
        write_stored(part, files)
        # A name that is no UTF-8 must not lose the model.
        (part / "README.md").write_bytes(readme.encode("utf-8", "backslashreplace"))


def versions() -> dict[str, str]:
    """What a model made now is made with: the programs whose arithmetic it depends on."""
    return {
        "ner": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }


def load_bundle(path: str | Path | None = None, device: str | torch.device = "cpu") -> Bundle:
    """Read a bundle from its folder, or from the run folder around it.

    None takes the newest finished run under ``runs/``. Raises `UsageError` where
    there is no model, and `BundleError` for one that is incomplete, damaged or
    written by a newer version.
    """
    folder = newest_bundle() if path is None else find_bundle(path)
    return read_model(folder, lambda files: _load(files, torch.device(device)))


def _load(files: StoredFolder, device: torch.device) -> Bundle:
    settings, about = read_head(files, TAGGER)
    tags = _read_tags(files, settings.model.scheme)
    echo_labels = sorted(_labels(tags)) if settings.model.context == "document" else ()
    parts = read_parts(files, echo_labels)
    network = read_network(
        files,
        settings.model,
        parts.sizes,
        (len(tags), "tags"),
        lambda: Network(settings.model, tags, parts.sizes),
    )
    model = Model(parts.indexer, tuple(tags), network.to(device).eval(), parts.contextual)
    return Bundle(model, settings, about, parts.seen)


class Kind(NamedTuple):
    """A kind of model, as its ``config.json`` says; taggers, which came first, say nothing."""

    name: str
    made_by: str
    files: Collection[str]
    oldest: int  # format that is still read
    newest: int


TAGGER = Kind("tagger", "ner train", FILES, OLDEST, FORMAT)
_KINDS = ("tagger", "sequence classifier", "character language model")


def read_head(files: StoredFolder, kind: Kind) -> tuple[Config, dict[str, Any]]:
    """The settings of a model and what is known of it; from then on checksums are compared.

    Raises `Refused`, `BundleError` or, for a model of another kind, `UsageError`.
    """
    place = files.path / "config.json"
    config = files.json("config.json", dict)
    _check_format(place, config, kind)
    # With checksums, the format has one, too: a 3 that became a 2 does not pass.
    if kind is not TAGGER or config["format"] > 2 or files.has(CHECKSUMS):
        files.check(kind.files)
    about = _read_about(place, config)
    try:
        return from_dict(_entry(place, config, "config", dict), str(place)), about
    except ConfigError as error:
        told = str(error)[:1000]
        raise BundleError(f"{told}; the model was written by another version") from None


class Parts(NamedTuple):
    """What models of all kinds have, beside their network."""

    indexer: Indexer
    sizes: Sizes
    contextual: embeddings.StringEmbeddings | None
    seen: Seen


def read_parts(files: StoredFolder, echo_labels: Sequence[str] = ()) -> Parts:
    """What `write_bundle` wrote for models of all kinds. Raises `Refused` for damage."""
    indexer, tables = _read_indexer(files)
    indexer = replace(indexer, echo_labels=tuple(echo_labels))
    contextual = None
    if files.has(embeddings.DESCRIPTION):
        contextual = embeddings.StringEmbeddings.from_files(files)
    dim = contextual.dim if contextual else 0
    sizes = Sizes(tables, len(indexer.characters), indexer.kinds, dim)
    seen = _read_seen(files) if files.has("seen.json") else Seen()
    return Parts(indexer, sizes, contextual, seen)


def read_network(
    files: StoredFolder,
    config: ModelConfig,
    sizes: Sizes,
    outputs: tuple[int, str],
    build: Callable[[], AnyNetwork],
) -> AnyNetwork:
    """The network that `build` builds, with its weights; it takes no memory before it fits.

    `outputs` is how many scores the network gives, and of what. Raises `Refused`.
    """
    with files.tensors(WEIGHTS) as stored:
        network = _outline(config, sizes, outputs, build, stored)
        stored.expect(network.state_dict())
        weights = stored.read()
    network.load_state_dict(weights, assign=True)
    return network


def _check_format(place: Path, config: Mapping[str, Any], kind: Kind) -> None:
    found = config.get("kind", TAGGER.name)
    if found not in _KINDS:
        raise damaged(place, "of a kind of model that there is not")
    if found != kind.name:
        raise UsageError(
            f"{place}: is of a {found}, and this takes a {kind.name}; "
            f"name a folder of {kind.made_by}"
        )
    written = config.get("format")
    if type(written) is not int or written < 1:
        raise BundleError(f"{place}: has no format number, so this is no ner model; name another")
    if written < kind.oldest:
        raise BundleError(
            f"{told_format(place, config)}, older than this ner {__version__} can read; "
            "train the model again"
        )
    check_newest(place, config, kind.newest)


def _read_about(place: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of the model, if a card can be made of it."""
    about: dict[str, Any] = _entry(place, config, "about", dict)
    for name, kind in _ON_CARD.items():
        if name in about:
            _entry(place, about, name, kind)
    for split, scores in about.get("scores", {}).items():
        if not isinstance(scores, dict) or any(type(scores.get(s)) is not float for s in _SCORES):
            raise damaged(place, f"no scores for {split[:80]!r}")
    return about


def _outline(
    config: ModelConfig,
    sizes: Sizes,
    outputs: tuple[int, str],
    build: Callable[[], AnyNetwork],
    stored: StoredTensors,
) -> AnyNetwork:
    """The network that the files describe, without weights, which would take memory.

    Raises `Refused` for one with more parts than there are tensors, or with another number of
    outputs than they have, before it is built.
    """
    count, what = outputs
    parts = 4 * config.layers + len(sizes.words) + len(sizes.kinds)  # a layer has four tensors
    if parts > len(stored.places):
        raise damaged(stored.path, "does not fit the other files: too few tensors")
    scores = stored.places.get("projection.bias")
    if scores is None or scores.shape != (count,):
        raise damaged(stored.path, f"does not fit the other files: not for {count} {what}")
    try:
        with outlined():
            return build()
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise damaged(stored.path, f"no network is like the settings: {reason}") from None


def _read_tags(files: StoredFolder, scheme: str) -> list[str]:
    place = files.path / "tags.json"
    tags = read_strings(files, "tags.json")
    labels = _labels(tags)
    if "" in labels or len(tags) > MOST_TAGS or tags != tag_set(labels, scheme):
        raise damaged(place, f"no set of {scheme} tags")
    if not all(label.isprintable() for label in labels):  # they would reach a terminal as they are
        raise damaged(place, "types that cannot be printed")
    return tags


def _describe(model: BaseModel) -> dict[str, Any]:
    """How tokens become numbers: what the JSON files hold, by name."""
    indexer = model.indexer
    tables = zip(indexer.tables, model.network.embedder.tables, strict=True)
    files: dict[str, Any] = {
        "words.json": [
            {
                "fold_case": table.fold_case,
                "fold_digits": table.fold_digits,
                **embedding.size._asdict(),
                "words": list(table.words),
            }
            for table, embedding in tables
        ],
        "characters.json": list(indexer.characters),
    }
    if indexer.clusters is not None:
        files["clusters.json"] = {
            "paths": indexer.clusters.paths,
            "words": dict(indexer.clusters.words),
        }
    if indexer.pairs is not None:
        files["pairs.json"] = list(indexer.pairs)
    if indexer.gazetteers:
        files["gazetteers.json"] = [
            {"label": part.label, "entries": part.entries} for part in indexer.gazetteers
        ]
    return files


def _read_indexer(files: StoredFolder) -> tuple[Indexer, tuple[TableSize, ...]]:
    """How tokens become numbers, and the shapes of the tables of words."""
    place = files.path / "words.json"
    read = [_read_table(place, entry) for entry in files.json("words.json", list)]
    if not read:
        raise damaged(place, "no table of words")
    indexer = Indexer(
        tuple(table for table, _ in read),
        _read_vocabulary(files, "characters.json"),
        _read_clusters(files) if files.has("clusters.json") else None,
        _read_gazetteers(files) if files.has("gazetteers.json") else (),
        _read_vocabulary(files, "pairs.json") if files.has("pairs.json") else None,
    )
    return indexer, tuple(size for _, size in read)


def _read_vocabulary(files: StoredFolder, name: str) -> Vocabulary:
    return Vocabulary(read_strings(files, name))


def _read_table(place: Path, entry: Any) -> tuple[WordTable, TableSize]:
    if not isinstance(entry, dict):
        raise damaged(place, "no table of words")
    words = Vocabulary(_strings(place, _entry(place, entry, "words", list)))
    folds = [_entry(place, entry, name, bool) for name in ("fold_case", "fold_digits")]
    trained, spare, dim = (_entry(place, entry, n, int) for n in ("trained", "spare", "dim"))
    size = TableSize(trained, spare, dim, _entry(place, entry, "pretrained", bool))
    if trained + spare != len(words) or trained < FIRST or spare < 0 or dim < 1:
        raise damaged(place, f"{len(words)} numbers of words instead of {trained} + {spare}")
    return WordTable(words, *folds), size


def _read_clusters(files: StoredFolder) -> Clusters:
    place = files.path / "clusters.json"
    value = files.json("clusters.json", dict)
    paths = _strings(place, _entry(place, value, "paths", list))
    words = _entry(place, value, "words", dict)
    if not all(type(path) is int and 0 <= path < len(paths) for path in words.values()):
        raise damaged(place, "words of clusters that there are not")
    return Clusters(tuple(paths), words)


def _read_seen(files: StoredFolder) -> Seen:
    place = files.path / "seen.json"
    try:
        return Seen.from_text(_entry(place, files.json("seen.json", dict), "sentences", str))
    except ValueError as error:
        raise damaged(place, str(error)) from None


def _read_gazetteers(files: StoredFolder) -> tuple[Gazetteer, ...]:
    place = files.path / "gazetteers.json"
    found = []
    for part in files.json("gazetteers.json", list):
        if not isinstance(part, dict):
            raise damaged(place, "no word list")
        entries = _entry(place, part, "entries", list)
        if not all(isinstance(e, list) and all(isinstance(t, str) for t in e) for e in entries):
            raise damaged(place, "entries that are no tokens")
        if any(len(entry) > LONGEST_ENTRY for entry in entries):
            raise damaged(place, f"entries of more than {LONGEST_ENTRY} tokens")
        found.append(Gazetteer.build(_entry(place, part, "label", str), entries))
    return tuple(found)


def _labels(tags: Iterable[str]) -> list[str]:
    """The entity types of tags, each once, in order."""
    return list(dict.fromkeys(tag.partition("-")[2] for tag in tags if tag != OUTSIDE))


def _entry(place: Path, config: Mapping[str, Any], name: str, kind: type) -> Any:
    """A value of an object. Raises `Refused` if it is missing or of another type."""
    if type(config.get(name)) is not kind:
        raise damaged(place, f"no {name!r} of type {kind.__name__}")
    return config[name]


def read_strings(files: StoredFolder, name: str) -> list[str]:
    """The strings in a JSON list. Raises `Refused` unless they all differ."""
    return _strings(files.path / name, files.json(name, list))


def _strings(path: Path, value: list[str]) -> list[str]:
    """The same, if these are strings that all differ."""
    if not all(isinstance(entry, str) for entry in value) or len(set(value)) < len(value):
        raise damaged(path, "not different strings")
    return value


def find_bundle(path: str | Path, command: str = "ner train --data NAME") -> Path:
    """The folder of the bundle: the one named, or ``model/`` in it.

    Raises `UsageError`, which names the `command` that makes one.
    """
    path = Path(path)
    for folder in (path, path / "model"):
        # Not `exists`: a link to nowhere has a complaint of its own, and a folder that cannot be
        # entered is no traceback.
        if folder != path and os.path.islink(folder):
            raise UsageError(f"{folder}: is a link; name the folder that it leads to")
        if os.path.lexists(folder / "config.json"):
            return folder
    if not os.path.lexists(path):
        raise UsageError(f"{path}: no such model folder; train one with: {command}")
    raise UsageError(
        f"{path}: is no model folder (no config.json in it or in its model/); name a run "
        "folder or the model/ inside it"
    )


def newest_bundle(root: str | Path = "runs") -> Path:
    """The tagger of the newest finished run under `root`. Raises `UsageError` if there is none."""
    finished = sorted(
        (file for file in Path(root).glob(f"*/{FINISHED}") if not _is_of_another_kind(file.parent)),
        key=lambda file: (file.stat().st_mtime_ns, file),
    )
    if not finished:
        raise UsageError(
            f"no finished run under {root}/ here; give --model DIR, "
            "or train one with: ner train --data NAME"
        )
    return find_bundle(finished[-1].parent)


def _is_of_another_kind(run: Path) -> bool:
    """Whether a run has made a model that is no tagger; what cannot be read is told of later."""
    try:
        head = StoredFolder(run / "model").json("config.json", dict)
    except Refused:
        return False
    return bool(head.get("kind", TAGGER.name) != TAGGER.name)


def card(bundle: Bundle) -> str:
    """The model card: what the model is, how good, made from what and how; in Markdown."""
    scores = [
        f"| {split} | {100 * s['precision']:.2f} | {100 * s['recall']:.2f} | {100 * s['f1']:.2f} |"
        for split, s in bundle.about.get("scores", {}).items()
    ]
    return compose_card(
        f"A named-entity tagger trained on {bundle.about.get('corpus', 'a corpus')}",
        f"Entity types: {', '.join(bundle.labels)}.",
        bundle.config,
        bundle.about,
        [
            "Entity precision, recall and F1 in percent (as conlleval counts them).",
            "The model was chosen on valid; test was looked at once, after that.",
            "",
            "| split | precision | recall | F1 |",
            "|---|---|---|---|",
            *scores,
        ],
        [
            "```python",
            "import ner",
            'tagger = ner.Tagger.load("path/to/this/folder")',
            "for entity in tagger.tag(text):",
            "    print(entity.text, entity.label, entity.start, entity.end, entity.score)",
            "```",
        ],
    )


def compose_card(
    title: str,
    labels: str,
    config: Config,
    about: Mapping[str, Any],
    scores: Iterable[str],
    use: Iterable[str],
) -> str:
    """The card of a model of any kind, in Markdown."""
    notes = [f"- {note}" for note in about.get("notes", ())]
    made_with = ", ".join(f"{name} {v}" for name, v in about.get("versions", {}).items())
    settings = [
        f"| {section}.{name} | {json.dumps(value)} |"
        for section, part in config.to_dict().items()
        for name, value in part.items()
    ]
    lines = [
        f"# {title}",
        "",
        labels,
        f"Made with {made_with or 'an earlier ner'}; seed {config.train.seed}.",
        "",
        "## Scores",
        "",
        *scores,
        "",
        "## Data",
        "",
        *notes,
        *(f"- {split}: {digest}" for split, digest in about.get("checksums", {}).items()),
        "",
        "## Use",
        "",
        *use,
        "",
        "## Settings",
        "",
        "| setting | value |",
        "|---|---|",
        *settings,
        "",
    ]
    return "\n".join(lines)

"""A model on disk: a folder with all that inference needs, and nothing that runs.

::

    config.json           format number, settings, sizes, what is known of the model
    tags.json             the tag set, in the order of the emissions
    words.json            folded words: those that were trained, then the spare ones
    characters.json       characters
    weights.safetensors   all weights
    README.md             a card for people: scores, data, settings

The folder is written under a temporary name and renamed.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

import ner
from ner.config import Config, from_dict
from ner.errors import BundleError, ConfigError, UsageError
from ner.features import Indexer, Vocabulary
from ner.files import write_folder
from ner.model import Model, Network
from ner.tags import OUTSIDE, tag_set

FORMAT = 1
FINISHED = "result.json"  # written last into a run folder

_WORDS = "embedder.words.weight"


@dataclass(frozen=True)
class Bundle:
    """A model, its settings, and what is known about it (scores, data, time)."""

    model: Model
    config: Config
    about: Mapping[str, Any]

    @property
    def labels(self) -> list[str]:
        """The entity types that the model knows."""
        return _labels(self.model.tags)


def save_bundle(bundle: Bundle, folder: str | Path) -> None:
    """Write a bundle; one that stood in the folder before is replaced as a whole.

    Raises `UsageError` for a folder that holds something else.
    """
    folder = Path(folder)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "config.json").exists():
        raise UsageError(f"{folder}: holds something that is no model; name another folder")
    model = bundle.model
    embedder = model.network.embedder
    config = {
        "format": FORMAT,
        "version": ner.__version__,
        "config": bundle.config.to_dict(),
        "fold_case": model.indexer.fold_case,
        "fold_digits": model.indexer.fold_digits,
        "trained_words": embedder.words.num_embeddings,
        "word_dim": embedder.words.embedding_dim,
        "about": dict(bundle.about),
    }
    weights = {name: t.cpu().contiguous() for name, t in model.network.state_dict().items()}
    with write_folder(folder) as part:
        _write_json(part / "config.json", config, indent=2)
        _write_json(part / "tags.json", list(model.tags))
        _write_json(part / "words.json", list(model.indexer.words))
        _write_json(part / "characters.json", list(model.indexer.characters))
        (part / "weights.safetensors").write_bytes(safetensors.torch.save(weights))
        # A name that is no UTF-8 must not lose the model.
        text = card(bundle).encode("utf-8", "backslashreplace")
        (part / "README.md").write_bytes(text)


def _write_json(path: Path, value: Any, indent: int | None = None) -> None:
    # ASCII escapes: a vocabulary may hold lone surrogates, which UTF-8 cannot.
    path.write_text(json.dumps(value, indent=indent) + "\n", encoding="ascii")


def load_bundle(path: str | Path | None = None, device: str | torch.device = "cpu") -> Bundle:
    """Read a bundle from its folder, or from the run folder around it.

    None takes the newest finished run under ``runs/``. Raises `UsageError` where
    there is no model, and `BundleError` for one that is incomplete, damaged or
    written by a newer version.
    """
    folder = newest_bundle() if path is None else find_bundle(path)
    place = folder / "config.json"
    config = _read_json(place, dict)
    written = config.get("format")
    if type(written) is not int or written < 1:
        raise BundleError(f"{place}: has no format number, so this is no ner model; name another")
    if written > FORMAT:
        raise BundleError(
            f"{place}: has format {written} of ner {config.get('version')}, newer than this "
            f"ner {ner.__version__} can read; upgrade with pip install --upgrade ner"
        )
    return _assemble(folder, config, torch.device(device))


def _assemble(folder: Path, config: dict[str, Any], device: torch.device) -> Bundle:
    """Put the files together. Raises `BundleError` for what does not fit together."""
    place = folder / "config.json"
    try:
        settings = from_dict(_entry(place, config, "config", dict), str(place))
    except ConfigError as error:
        raise BundleError(f"{error}; the model was written by another version") from None
    tags = _read_strings(folder / "tags.json")
    if tags != tag_set(_labels(tags), settings.model.scheme):
        raise _damaged(folder / "tags.json", f"no set of {settings.model.scheme} tags")
    words = Vocabulary(_read_strings(folder / "words.json"))
    characters = Vocabulary(_read_strings(folder / "characters.json"))
    trained = _entry(place, config, "trained_words", int)
    if trained > len(words):
        raise _damaged(folder / "words.json", f"{len(words)} words instead of {trained} or more")
    weights = _read_weights(folder / "weights.safetensors")
    shape = (trained, _entry(place, config, "word_dim", int))
    if weights.get(_WORDS, torch.empty(0)).shape != shape:
        raise _damaged(folder / "weights.safetensors", "words of another number or size")
    network = Network(
        settings.model,
        tags,
        words=trained,
        spare=len(words) - trained,
        characters=len(characters),
        word_dim=shape[1],
    )
    _put_weights(network, weights, folder / "weights.safetensors")
    folds = [_entry(place, config, name, bool) for name in ("fold_case", "fold_digits")]
    model = Model(Indexer(words, characters, *folds), tuple(tags), network.to(device).eval())
    return Bundle(model, settings, _entry(place, config, "about", dict))


def _labels(tags: Iterable[str]) -> list[str]:
    """The entity types of tags, each once, in order."""
    return list(dict.fromkeys(tag.partition("-")[2] for tag in tags if tag != OUTSIDE))


def _damaged(path: Path, reason: str) -> BundleError:
    return BundleError(f"{path}: is damaged ({reason}); copy the model again")


def _entry(place: Path, config: Mapping[str, Any], name: str, kind: type) -> Any:
    """A value of ``config.json``. Raises `BundleError` if it is missing or of another type."""
    if type(config.get(name)) is not kind:
        raise _damaged(place, f"no {name!r} of type {kind.__name__}")
    return config[name]


def _read_strings(path: Path) -> list[str]:
    """A JSON array of strings that all differ."""
    value: list[str] = _read_json(path, list)
    if not all(isinstance(entry, str) for entry in value) or len(set(value)) < len(value):
        raise _damaged(path, "not different strings")
    return value


def _read_json(path: Path, kind: type) -> Any:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unreadable(path, error) from None
    except (ValueError, RecursionError):
        raise _damaged(path, "not JSON") from None
    if not isinstance(value, kind):
        raise _damaged(path, f"no JSON {kind.__name__}")
    return value


def _unreadable(path: Path, error: OSError) -> BundleError:
    if isinstance(error, FileNotFoundError):
        return BundleError(f"{path}: is missing; copy the model again")
    return BundleError(f"{path}: cannot be read ({error.strerror or error}); copy the model again")


def _read_weights(path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load(path.read_bytes())
    except OSError as error:
        raise _unreadable(path, error) from None
    except safetensors.SafetensorError as error:
        raise _damaged(path, str(error)) from None


def _put_weights(network: Network, weights: Mapping[str, Tensor], path: Path) -> None:
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise _damaged(path, f"does not fit the other files: {reason}") from None


def find_bundle(path: str | Path) -> Path:
    """The folder of the bundle: the one named, or ``model/`` in it. Raises `UsageError`."""
    path = Path(path)
    for folder in (path, path / "model"):
        if (folder / "config.json").is_file():
            return folder
    if not path.exists():
        raise UsageError(f"{path}: no such model folder; train one with: ner train --data NAME")
    raise UsageError(
        f"{path}: is no model folder (no config.json in it or in its model/); name a run "
        "folder or the model/ inside it"
    )


def newest_bundle(root: str | Path = "runs") -> Path:
    """The bundle of the newest finished run under `root`. Raises `UsageError` if there is none."""
    finished = sorted(
        Path(root).glob(f"*/{FINISHED}"), key=lambda file: (file.stat().st_mtime_ns, file)
    )
    if not finished:
        raise UsageError(
            f"no finished run under {root}/ here; give --model DIR, "
            "or train one with: ner train --data NAME"
        )
    return find_bundle(finished[-1].parent)


def card(bundle: Bundle) -> str:
    """The model card: what the model is, how good, made from what and how; in Markdown."""
    about = bundle.about
    scores = [
        f"| {split} | {100 * s['precision']:.2f} | {100 * s['recall']:.2f} | {100 * s['f1']:.2f} |"
        for split, s in about.get("scores", {}).items()
    ]
    notes = [f"- {note}" for note in about.get("notes", ())]
    settings = [
        f"| {section}.{name} | {json.dumps(value)} |"
        for section, part in bundle.config.to_dict().items()
        for name, value in part.items()
    ]
    lines = [
        f"# A named-entity tagger trained on {about.get('corpus', 'a corpus')}",
        "",
        f"Made with ner {ner.__version__}. Entity types: {', '.join(bundle.labels)}.",
        "",
        "## Scores",
        "",
        "Entity precision, recall and F1 in percent (as conlleval counts them).",
        "The model was chosen on valid; test was looked at once, after that.",
        "",
        "| split | precision | recall | F1 |",
        "|---|---|---|---|",
        *scores,
        "",
        "## Data",
        "",
        *notes,
        *(f"- {split}: {digest}" for split, digest in about.get("checksums", {}).items()),
        "",
        "## Use",
        "",
        "```python",
        "import ner",
        'tagger = ner.Tagger.load("path/to/this/folder")',
        "for entity in tagger.tag(text):",
        "    print(entity.text, entity.label, entity.start, entity.end, entity.score)",
        "```",
        "",
        "## Settings",
        "",
        "| setting | value |",
        "|---|---|",
        *settings,
        "",
    ]
    return "\n".join(lines)

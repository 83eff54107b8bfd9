"""How tokens become numbers, in the files of a bundle: of models of all kinds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from ner.corpus import TrainingFingerprints
from ner.extensions.charlm import embeddings
from ner.features import Clusters, Gazetteer, Indexer, Vocabulary, WordTable
from ner.features.gazetteers import LONGEST_ENTRY
from ner.features.vocabulary import FIRST
from ner.model import Sizes, TableSize
from ner.model.tagging import BaseModel
from ner.stored import StoredFolder, damaged


class Parts(NamedTuple):
    """What models of all kinds have, beside their network."""

    indexer: Indexer
    sizes: Sizes
    contextual: embeddings.StringEmbeddings | None
    seen: TrainingFingerprints


def read_parts(files: StoredFolder, echo_labels: Sequence[str] = ()) -> Parts:
    """What `write_bundle` wrote for models of all kinds. Raises `ValidationError` for damage."""
    indexer, tables = _read_indexer(files)
    indexer = replace(indexer, echo_labels=tuple(echo_labels))
    contextual = None
    if files.has(embeddings.DESCRIPTION):
        contextual = embeddings.StringEmbeddings.from_files(files)
    dim = contextual.dim if contextual else 0
    sizes = Sizes(tables, len(indexer.characters), indexer.kinds, dim)
    seen = _read_seen(files) if files.has("seen.json") else TrainingFingerprints()
    return Parts(indexer, sizes, contextual, seen)


def describe(model: BaseModel) -> dict[str, Any]:
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


def _read_table(place: Path, table: Any) -> tuple[WordTable, TableSize]:
    if not isinstance(table, dict):
        raise damaged(place, "no table of words")
    words = Vocabulary(_strings(place, entry(place, table, "words", list)))
    folds = [entry(place, table, name, bool) for name in ("fold_case", "fold_digits")]
    trained, spare, dim = (entry(place, table, n, int) for n in ("trained", "spare", "dim"))
    size = TableSize(trained, spare, dim, entry(place, table, "pretrained", bool))
    if trained + spare != len(words) or trained < FIRST or spare < 0 or dim < 1:
        raise damaged(place, f"{len(words)} numbers of words instead of {trained} + {spare}")
    return WordTable(words, *folds), size


def _read_clusters(files: StoredFolder) -> Clusters:
    place = files.path / "clusters.json"
    value = files.json("clusters.json", dict)
    paths = _strings(place, entry(place, value, "paths", list))
    words = entry(place, value, "words", dict)
    if not all(type(path) is int and 0 <= path < len(paths) for path in words.values()):
        raise damaged(place, "words of clusters that there are not")
    return Clusters(tuple(paths), words)


def _read_seen(files: StoredFolder) -> TrainingFingerprints:
    place = files.path / "seen.json"
    try:
        return TrainingFingerprints.from_text(
            entry(place, files.json("seen.json", dict), "sentences", str)
        )
    except ValueError as error:
        raise damaged(place, str(error)) from None


def _read_gazetteers(files: StoredFolder) -> tuple[Gazetteer, ...]:
    place = files.path / "gazetteers.json"
    found = []
    for part in files.json("gazetteers.json", list):
        if not isinstance(part, dict):
            raise damaged(place, "no word list")
        entries = entry(place, part, "entries", list)
        if not all(isinstance(e, list) and all(isinstance(t, str) for t in e) for e in entries):
            raise damaged(place, "entries that are no tokens")
        if any(len(entry) > LONGEST_ENTRY for entry in entries):
            raise damaged(place, f"entries of more than {LONGEST_ENTRY} tokens")
        found.append(Gazetteer.build(entry(place, part, "label", str), entries))
    return tuple(found)


def entry(place: Path, config: Mapping[str, Any], name: str, kind: type) -> Any:
    """A value of an object. Raises `ValidationError` if it is missing or of another type."""
    if type(config.get(name)) is not kind:
        raise damaged(place, f"no {name!r} of type {kind.__name__}")
    return config[name]


def read_strings(files: StoredFolder, name: str) -> list[str]:
    """The strings in a JSON list. Raises `ValidationError` unless they all differ."""
    return _strings(files.path / name, files.json(name, list))


def _strings(path: Path, value: list[str]) -> list[str]:
    """The same, if these are strings that all differ."""
    if not all(isinstance(entry, str) for entry in value) or len(set(value)) < len(value):
        raise damaged(path, "not different strings")
    return value

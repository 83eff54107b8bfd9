"""The registry of features: each owns its life, and all that concerns them is a loop."""

import json
from dataclasses import fields
from pathlib import Path

import pytest

from ner.config import Config, ModelConfig, ResourcesConfig
from ner.errors import UsageError
from ner.features import (
    Indexer,
    StoredData,
    TrainingData,
    build_indexer,
    grown_indexer,
    read_indexer,
)
from ner.features.registry import (
    FEATURES,
    FILES,
    default_settings,
    document_settings,
    resource_names,
)
from ner.stored import StoredFolder, to_json
from ner.text import Sentence, Span

SENTENCES = [Sentence(("Anna", "left", "Rome"), (Span(0, 1, "PER"),)), Sentence(("Anna", "left"))]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Settings with all features."""
    (tmp_path / "paths").write_text("0010\tRome\t3\n")
    (tmp_path / "places").write_text("Rome\n")
    return Config().replace(
        {
            "data.tokenizer": "words",
            "model.bigrams": "yes",
            "model.context": "document",
            "resources.clusters": str(tmp_path / "paths"),
            "resources.gazetteers": [f"LOC={tmp_path / 'places'}"],
        }
    )


def test_a_configuration_may_ask_for_all_features(config: Config) -> None:
    indexer = build_indexer(TrainingData(SENTENCES, ("PER",), config))
    assert tuple(map(type, indexer.features)) == FEATURES
    names = [name for feature in indexer.features for name in feature.files()]
    assert sorted(names) == sorted(FILES)
    assert len(names) == len(set(names))


def test_features_are_read_as_they_were_built(config: Config, tmp_path: Path) -> None:
    built = build_indexer(TrainingData(SENTENCES, ("PER",), config))
    for feature in built.features:
        for name, value in feature.files().items():
            (tmp_path / name).write_bytes(to_json(value))
    read = read_indexer(StoredData(StoredFolder(tmp_path), config.model, ("PER",)))
    assert tuple(map(type, read.features)) == FEATURES
    for one, other in zip(built.features, read.features, strict=True):
        assert json.dumps(one.files()) == json.dumps(other.files())
    keys = built.keys(["Anna", "left", "Oslo"])
    assert read.keys(["Anna", "left", "Oslo"]) == keys
    assert [*map(read.ids, keys)] == [*map(built.ids, keys)]


def test_every_column_has_an_embedding_of_its_size(config: Config) -> None:
    indexer = build_indexer(TrainingData(SENTENCES, ("PER",), config))
    names = {item.name for item in fields(ModelConfig)}
    for feature in indexer.categorical:
        assert feature.DIM in names
        tables = feature.modules(config.model)
        dim = getattr(config.model, feature.DIM)
        assert [table.weight.shape for table in tables] == [(size, dim) for size in feature.sizes]
        assert all(bool(table.weight.any()) != feature.ZEROED for table in tables)


def test_resources_go_by_setting_without_folders(config: Config) -> None:
    assert resource_names(vars(config.resources)) == {
        "clusters": ["paths"],
        "gazetteers": ["LOC=places"],
    }
    assert resource_names(vars(ResourcesConfig())) == {}


def test_settings_that_are_left_open_go_by_what_tokens_are() -> None:
    assert default_settings(single_characters=True) == {
        "model.chars": "none",
        "model.bigrams": "yes",
    }
    assert default_settings(single_characters=False) == {
        "model.chars": "cnn",
        "model.bigrams": "no",
    }
    assert all(Config()[key] == "auto" for key in default_settings(single_characters=True))


def test_settings_of_documents_are_those_of_features_with_a_context() -> None:
    assert document_settings() == ["model.first_pass_dim"]


def test_every_feature_grows_and_has_an_origin_for_each_row(config: Config) -> None:
    built = build_indexer(TrainingData(SENTENCES, ("PER",), config))
    bare = config.replace({"resources.clusters": "", "resources.gazetteers": []})
    more = [Sentence(("Zoë", "left", "Oslo"))] * 2
    grown = grown_indexer(built, TrainingData(more, ("LOC", "PER"), bare))
    assert tuple(map(type, grown.features)) == FEATURES
    origins = grown.origins(built, config.model)
    sizes = [size for feature in grown.categorical for size in feature.sizes]
    assert [len(rows) for rows in origins.categorical] == sizes
    before = [size for feature in built.categorical for size in feature.sizes]
    assert all(max(rows) < size for rows, size in zip(origins.categorical, before, strict=True))
    assert [len(rows) for rows in origins.words] == [len(t.words) for t in grown.words.tables]
    assert [len(rows) for rows in origins.characters] == [len(grown.characters.vocabulary)]
    without = grown.origins(built, config.replace({"model.casing_dim": 0}).model)
    assert len(without.categorical) == len(sizes) - 1, "what is not embedded has no rows"
    same = grown_indexer(built, TrainingData(SENTENCES, ("PER",), bare))
    assert json.dumps([f.files() for f in same.features]) == json.dumps(
        [f.files() for f in built.features]
    )


def test_files_of_features_that_a_model_lacks_are_refused(config: Config) -> None:
    bare = config.replace({"resources.clusters": "", "resources.gazetteers": []})
    built = build_indexer(TrainingData(SENTENCES, ("PER",), bare))
    for setting in ("clusters", "gazetteers"):
        changed = bare.replace({f"resources.{setting}": config[f"resources.{setting}"]})
        with pytest.raises(UsageError, match=rf"resources\.{setting}: a start model"):
            grown_indexer(built, TrainingData(SENTENCES, ("PER",), changed))
    assert isinstance(grown_indexer(built, TrainingData(SENTENCES, ("PER",), bare)), Indexer)

"""A model on disk: whole or not at all, the same after loading, and one line when it is broken."""

import json
import pickle
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.numpy
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ner
from ner import plugins
from ner.bundle.format import Bundle, load_bundle, resource_names, save_bundle
from ner.config import Config
from ner.corpus import Corpus, TrainingFingerprints
from ner.errors import BundleError, NerError, UsageError
from ner.features.bigrams import Bigrams
from ner.features.clusters import Clusters
from ner.features.gazetteers import Gazetteers
from ner.predict import engine_of
from ner.predict.predictions import predict
from ner.text import Sentence, Span
from ner.training.build import build_model
from tests.signing import sign

FILES = {
    "config.json",
    "tags.json",
    "words.json",
    "characters.json",
    "seen.json",
    "weights.safetensors",
    "checksums.json",
    "README.md",
}
FEATURES = {"clusters.json", "gazetteers.json"}  # of models that have them
READ = sorted(FILES - {"README.md", "checksums.json"})
NEEDED = sorted({*READ} - {"seen.json"})
JSONS = sorted(name for name in READ if name.endswith(".json"))
TOKENS = [["Anna", "visited", "New", "York", "."], ["Unseen", "words", "1999"], ["Rome"]]

Harm = Callable[[Path], object]


@pytest.fixture
def folder(tiny_run: Path, tmp_path: Path) -> Path:
    """A good bundle, to be harmed."""
    return shutil.copytree(tiny_run / "model", tmp_path / "model")


def complaint(folder: Path, kind: type[NerError] = BundleError) -> str:
    """The one line with which loading a folder fails, though its checksums are right."""
    if folder.is_dir():
        sign(folder)
    with pytest.raises(kind) as caught:
        load_bundle(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def change(folder: Path, **values: Any) -> None:
    """Put other values into ``config.json``; None takes one away."""
    path = folder / "config.json"
    config = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}))


def change_weights(folder: Path, harm: Callable[[dict[str, torch.Tensor]], object]) -> None:
    path = folder / "weights.safetensors"
    weights = safetensors.torch.load(path.read_bytes())
    harm(weights)
    path.write_bytes(safetensors.torch.save(weights))


# --- good ones ---------------------------------------------------------------------


def test_what_is_loaded_is_what_was_saved(tiny_run: Path, tmp_path: Path) -> None:
    first = load_bundle(tiny_run)
    save_bundle(first, tmp_path / "copy")
    second = load_bundle(tmp_path / "copy")
    assert predict(first.model, TOKENS) == predict(second.model, TOKENS)
    assert any(prediction.spans for prediction in predict(second.model, TOKENS))
    one, other = first.model.weights, second.model.weights
    assert list(one) == list(other)
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)
    assert (second.config, second.about) == (first.config, first.about)
    assert words_of(second) == words_of(first)
    for name in FILES:
        assert (tmp_path / "copy" / name).read_bytes() == (tiny_run / "model" / name).read_bytes()


@pytest.mark.parametrize("head", ["crf", "softmax"])
@pytest.mark.parametrize(("chars", "scheme"), [("cnn", "io"), ("lstm", "iob2"), ("none", "iobes")])
def test_every_kind_of_model_survives(head: str, chars: str, scheme: str, tmp_path: Path) -> None:
    bundle = fresh_bundle({"model.head": head, "model.chars": chars, "model.scheme": scheme})
    save_bundle(bundle, tmp_path / "m")
    loaded = load_bundle(tmp_path / "m")
    assert predict(loaded.model, TOKENS) == predict(bundle.model, TOKENS)
    assert loaded.model.outputs == bundle.model.outputs


def test_pairs_of_tokens_survive(tmp_path: Path) -> None:
    bundle = fresh_bundle({"model.bigrams": "yes"}, token="Rome")  # "Rome" and the border: twice
    before = bundle.model.indexer.find(Bigrams)
    assert before is not None
    save_bundle(bundle, tmp_path / "m")
    loaded = load_bundle(tmp_path / "m")
    after = loaded.model.indexer.find(Bigrams)
    assert after is not None
    assert list(after.vocabulary) == list(before.vocabulary)
    assert predict(loaded.model, TOKENS) == predict(bundle.model, TOKENS)
    (tmp_path / "m" / "pairs.json").unlink()
    assert "does not fit" in complaint(tmp_path / "m")


def test_language_models_survive(tiny_charlm: Path, tmp_path: Path) -> None:
    bundle = fresh_bundle({"resources.token_embedders": (f"charlm={tiny_charlm}",)})
    save_bundle(bundle, tmp_path / "m")
    loaded = load_bundle(tmp_path / "m")
    assert predict(loaded.model, TOKENS) == predict(bundle.model, TOKENS)
    # What they say matters.
    bundle.model.weights["embedder.contextual.linear.weight"][...] *= -9
    assert predict(loaded.model, TOKENS) != predict(bundle.model, TOKENS)
    for name in ("charlm.json", "charlm.safetensors"):
        shutil.copytree(tmp_path / "m", tmp_path / name)
        (tmp_path / name / name).unlink()
        assert re.search("does not fit|is missing", complaint(tmp_path / name))


def test_names_of_language_models_in_older_bundles_are_kept(
    tiny_charlm: Path, tmp_path: Path
) -> None:
    bundle = fresh_bundle({"resources.token_embedders": (f"charlm={tiny_charlm}",)})
    save_bundle(bundle, tmp_path / "m")
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    config["format"] = 3
    config["config"]["train"]["charlm"] = ["lm"]
    (tmp_path / "m" / "config.json").write_text(json.dumps(config))
    sign(tmp_path / "m")
    loaded = load_bundle(tmp_path / "m")
    assert loaded.about["resources"] == {"token_embedders": ["lm"]}
    assert predict(loaded.model, TOKENS) == predict(bundle.model, TOKENS)


def test_a_token_embedder_that_is_not_installed_is_refused(
    tiny_charlm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = fresh_bundle({"resources.token_embedders": (f"charlm={tiny_charlm}",)})
    save_bundle(bundle, tmp_path / "m")
    monkeypatch.setattr(plugins, "declared", lambda what: {})
    assert complaint(tmp_path / "m") == (
        f"{tmp_path / 'm' / 'checksums.json'}: lists a token embedder of the kind 'charlm', "
        "which is not installed; install the extension that has it"
    )


def fresh_bundle(changes: dict[str, Any], label: str = "PER", token: str = "Anna") -> Bundle:
    """An untrained model."""
    small = {"model.hidden": 4, "model.word_dim": 4, "model.char_hidden": 3}
    config = Config().replace({**small, **changes})
    learnt = [Sentence((token, "visited", "Rome"), (Span(0, 1, label), Span(2, 3, "LOC")))]
    return Bundle(build_model(learnt, config, torch.device("cpu")).model, config, {})


def words_of(bundle: Bundle) -> list[list[str]]:
    """The words of each table, in the order of their numbers."""
    return [list(table.words) for table in bundle.model.indexer.words.tables]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tokens=st.lists(st.text(st.characters(), min_size=1, max_size=5), min_size=1, max_size=5),
    label=st.text(st.characters(), min_size=1, max_size=5).filter(str.isprintable),
    sizes=st.tuples(*[st.integers(1, 5)] * 3),
    pairs=st.sampled_from(["yes", "no"]),
)
def test_whatever_is_saved_is_loaded(
    tmp_path: Path, tokens: list[str], label: str, sizes: tuple[int, ...], pairs: str
) -> None:
    names = ("model.hidden", "model.word_dim", "model.char_hidden")
    config = Config().replace(dict(zip(names, sizes, strict=True)) | {"model.bigrams": pairs})
    learnt = [Sentence(tuple(tokens), (Span(0, 1, label),))]
    bundle = Bundle(build_model(learnt, config, torch.device("cpu")).model, config, {"notes": []})
    save_bundle(bundle, tmp_path / "one")
    loaded = load_bundle(tmp_path / "one")
    assert predict(loaded.model, [tokens]) == predict(bundle.model, [tokens])
    save_bundle(loaded, tmp_path / "other")
    for path in (tmp_path / "one").iterdir():
        assert (tmp_path / "other" / path.name).read_bytes() == path.read_bytes()


def test_lone_surrogates_and_line_ends_survive(tmp_path: Path) -> None:
    bundle = fresh_bundle({}, label="odd \U0001f600-label", token="\udcff\x85\u2028")
    save_bundle(bundle, tmp_path / "m")
    loaded = load_bundle(tmp_path / "m")
    assert loaded.labels == ["LOC", "odd \U0001f600-label"]
    assert words_of(loaded) == words_of(bundle)
    assert "\udcff\x85\u2028" in words_of(loaded)[0]


def test_the_folder_holds_what_it_says_and_no_pickle(tiny_run: Path) -> None:
    files = {path.name: path for path in (tiny_run / "model").iterdir()}
    assert set(files) == FILES
    for path in files.values():
        with pytest.raises(Exception):  # noqa: B017,PT011 - whatever: nothing may unpickle
            pickle.loads(path.read_bytes())


def test_a_run_folder_and_the_model_in_it_are_the_same(tiny_run: Path) -> None:
    by_run, by_model = load_bundle(tiny_run), load_bundle(tiny_run / "model")
    assert predict(by_run.model, TOKENS) == predict(by_model.model, TOKENS)


def test_the_labels_are_the_types_of_training(tiny_run: Path, tiny_corpus: Corpus) -> None:
    assert load_bundle(tiny_run).labels == list(tiny_corpus.labels) == ["LOC", "PER"]


def test_saving_replaces_the_model_that_was_there(folder: Path) -> None:
    (folder / "leftover").write_text("old")
    save_bundle(fresh_bundle({}), folder)
    assert {path.name for path in folder.iterdir()} == FILES
    assert load_bundle(folder).config.model.hidden == 4


def test_saving_does_not_replace_what_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="no model"):
        save_bundle(fresh_bundle({}), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_crash_while_saving_leaves_the_old_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def crash(weights: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(safetensors.numpy, "save", crash)
    with pytest.raises(KeyboardInterrupt):
        save_bundle(fresh_bundle({}), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


# --- bad ones ----------------------------------------------------------------------


def test_a_missing_folder(tmp_path: Path) -> None:
    message = complaint(tmp_path / "nowhere", UsageError)
    assert message.startswith(f"{tmp_path / 'nowhere'}: no such model folder")


@pytest.mark.parametrize("content", [(), ("config.toml", "metrics.jsonl"), ("pytorch_model.bin",)])
def test_a_folder_that_is_no_bundle(tmp_path: Path, content: tuple[str, ...]) -> None:
    for name in content:
        (tmp_path / name).write_text("x")
    assert "config.json" in complaint(tmp_path, UsageError)


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert str(tmp_path / "file") in complaint(tmp_path / "file", UsageError)


@pytest.mark.parametrize("name", NEEDED)
def test_a_file_that_is_missing(folder: Path, name: str) -> None:
    (folder / name).unlink()
    kind = UsageError if name == "config.json" else BundleError  # without it, it is no model
    assert name in complaint(folder, kind)


def test_a_model_may_have_forgotten_what_it_learnt_from(folder: Path, tiny_corpus: Corpus) -> None:
    assert load_bundle(folder).seen == TrainingFingerprints.of(tiny_corpus.train)
    (folder / "seen.json").unlink()
    sign(folder)
    assert load_bundle(folder).seen == TrainingFingerprints()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garbage(path: Path) -> None:
    path.write_bytes(bytes(range(255, -1, -1)) * 8)


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("harm", [empty, truncate, halve, garbage, zeros], ids=lambda f: f.__name__)
def test_a_file_that_is_damaged(folder: Path, name: str, harm: Harm) -> None:
    harm(folder / name)
    assert str(folder / name) in complaint(folder)


@pytest.mark.parametrize("name", sorted({*READ} - {"config.json"}))
def test_a_folder_instead_of_a_file(folder: Path, name: str) -> None:
    make_folder(folder / name)
    assert f"{folder / name}: cannot be read" in complaint(folder)


@pytest.mark.parametrize("name", JSONS)
@pytest.mark.parametrize(
    "text", ["null", "7", '"text"', "{}", "[]", "[1, 2]", "[{}]", '[["O"]]', '["O", "O"]']
)
def test_json_of_another_kind(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    message = complaint(folder)
    if name == "characters.json" and text == "[]":  # as it may be; but then the weights do not fit
        name = "weights.safetensors"
    assert str(folder / name) in message


@pytest.mark.parametrize(
    "tags",
    [
        ["O", "B-PER"],
        ["B-PER", "I-PER", "E-PER", "S-PER", "O"],
        ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"],
        ["O", "PER", "LOC"],
    ],
)
def test_tags_that_are_no_set_of_the_scheme(folder: Path, tags: list[str]) -> None:
    (folder / "tags.json").write_text(json.dumps(tags))
    assert "tags.json: is damaged (no set of iobes tags)" in complaint(folder)


def test_types_that_would_write_to_the_terminal(folder: Path) -> None:
    path = folder / "tags.json"
    path.write_text(path.read_text().replace("PER", "P\\u001b[31m\\nfake"))
    assert "tags.json: is damaged (types that cannot be printed)" in complaint(folder)


@pytest.mark.parametrize("name", ["config", "about"])
@pytest.mark.parametrize("value", [None, "text", [1], 1.5])
def test_values_of_another_type(folder: Path, name: str, value: Any) -> None:
    change(folder, **{name: value})
    message = complaint(folder)
    assert str(folder / "config.json") in message
    assert repr(name) in message


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"scores": 3}, "no 'scores' of type dict"),
        ({"profile": [0.5]}, "no 'profile' of type dict"),
        ({"profile": {"score": 0.5}}, "no profile of a text"),
        ({"scores": {"test": None}}, "no scores for 'test'"),
        ({"scores": {"test": {"f1": 0.5}}}, "no scores for 'test'"),
        ({"scores": {"x" * 999: {"precision": 1.0, "recall": 1.0, "f1": "1"}}}, "no scores for"),
        ({"notes": "text"}, "no 'notes' of type list"),
        ({"versions": []}, "no 'versions' of type dict"),
        ({"checksums": 1.5}, "no 'checksums' of type dict"),
        ({"corpus": ["text"]}, "no 'corpus' of type str"),
    ],
)
def test_what_no_card_can_be_made_of(folder: Path, about: dict[str, Any], said: str) -> None:
    """Said when a run begins again, not when its last model is to be saved."""
    change(folder, about=about)
    assert f"config.json: is damaged ({said}" in complaint(folder)


def change_table(folder: Path, **values: Any) -> None:
    """Put other values into the first table of words; None takes one away."""
    path = folder / "words.json"
    first, *others = json.loads(path.read_text())
    first = {name: v for name, v in {**first, **values}.items() if v is not None}
    path.write_text(json.dumps([first, *others]))


@pytest.mark.parametrize(
    "name", ["fold_case", "fold_digits", "trained", "spare", "dim", "pretrained", "words"]
)
@pytest.mark.parametrize("value", [None, "text", {}, 1.5])
def test_values_of_a_table_of_another_type(folder: Path, name: str, value: Any) -> None:
    change_table(folder, **{name: value})
    kind = {"words": "list", "trained": "int", "spare": "int", "dim": "int"}.get(name, "bool")
    told = f"{folder / 'words.json'}: is damaged (no {name!r} of type {kind}); copy the model again"
    assert complaint(folder) == told


@pytest.mark.parametrize("name", ["trained", "spare", "dim"])
@pytest.mark.parametrize("value", [-1, 1, 10**13, True])
def test_sizes_that_do_not_fit(folder: Path, name: str, value: int) -> None:
    """Nothing is reserved for them: 10**13 rows would be the end of the process."""
    change_table(folder, **{name: value})
    assert str(folder) in complaint(folder)


@pytest.mark.parametrize("moved", [1, -1, 10**13])
def test_sizes_that_fit_the_words_but_not_the_weights(folder: Path, moved: int) -> None:
    [table] = json.loads((folder / "words.json").read_text())
    change_table(folder, trained=table["trained"] - moved, spare=table["spare"] + moved)
    assert str(folder) in complaint(folder)


def test_a_vocabulary_that_does_not_fit(folder: Path) -> None:
    [table] = json.loads((folder / "words.json").read_text())
    words, trained = table["words"], table["trained"]
    for changed in (words[:-1], [*words, "another"]):
        change_table(folder, words=changed)
        count = len(changed) + 2
        assert f"words.json: is damaged ({count} numbers of words" in complaint(folder)
    change_table(folder, words=[*words, "another"], trained=trained + 1)
    assert "weights.safetensors: is damaged (does not fit the other files" in complaint(folder)
    change_table(folder, words=[*words, words[0]], trained=trained + 1)
    assert "words.json: is damaged (not different strings)" in complaint(folder)


def test_a_table_too_many_or_too_few(folder: Path) -> None:
    path = folder / "words.json"
    [table] = json.loads(path.read_text())
    path.write_text(json.dumps([table, table]))
    assert "weights.safetensors: is damaged" in complaint(folder)
    path.write_text("[]")
    assert complaint(folder) == f"{path}: is damaged (no table of words); copy the model again"


def test_a_format_that_is_no_longer_read(folder: Path) -> None:
    change(folder, format=1, version="0.3.0")
    assert complaint(folder) == (
        f"{folder / 'config.json'}: has format 1 of ner 0.3.0, older than this "
        f"ner {ner.__version__} can read; train the model again"
    )


@pytest.mark.parametrize("version", [Bundle.FORMATS.stop, 10**20])
def test_a_newer_format(folder: Path, version: int) -> None:
    change(folder, format=version, version="9.9.9")
    message = complaint(folder)
    assert str(folder / "config.json") in message
    assert f"format {version} of ner 9.9.9, newer than this ner {ner.__version__}" in message
    assert "pip install --upgrade bilstm-ner" in message


@pytest.mark.parametrize("version", [None, 0, -1, True, "1", 1.0, [1]])
def test_no_format_at_all(folder: Path, version: Any) -> None:
    """The ``config.json`` of another program is no newer version of ours."""
    change(folder, format=version)
    message = complaint(folder)
    assert "config.json: has no format number" in message
    assert "newer" not in message


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": {"hiden": 3}}, "unknown setting 'model.hiden'"),
        ({"server": {}}, "unknown section 'server'"),
        ({"model": {"hidden": "big"}}, "setting model.hidden takes a whole number"),
        ({"model": {"cell": "transformer"}}, "must be one of lstm, gru, rnn"),
    ],
)
def test_settings_of_another_version(folder: Path, settings: dict[str, Any], said: str) -> None:
    change(folder, config=settings)
    message = complaint(folder)
    assert message.startswith(f"{folder / 'config.json'}: ")
    assert said in message
    assert message.endswith(
        "; the model was written by another version: upgrade with pip install --upgrade "
        "bilstm-ner, or train it again"
    )


def test_a_model_names_all_settings_calibrated_or_not(folder: Path) -> None:
    """So a program that lacks the newest one refuses both alike, by its name."""
    plain = load_bundle(folder)
    stored = json.loads((folder / "config.json").read_text())
    assert stored["config"]["predict"]["temperature"] == 1.0
    save_bundle(replace(plain, config=plain.config.replace({"predict.temperature": 1.5})), folder)
    assert json.loads((folder / "config.json").read_text())["format"] == stored["format"]
    assert load_bundle(folder).config.predict.temperature == 1.5


EARLIER = {"pairs": "model.bigrams", "pair_dim": "model.bigram_dim"}


def test_names_and_numbers_of_earlier_formats_are_read(folder: Path) -> None:
    stored = json.loads((folder / "config.json").read_text())
    now = load_bundle(folder).config
    stored["about"].pop("resources", None)
    for old, key in EARLIER.items():
        stored["config"]["model"][old] = stored["config"]["model"].pop(key.partition(".")[2])
    stored["config"]["train"] |= {"threads": 0, "vectors": ["a.vec"], "clusters": ""}
    change(folder, **{**stored, "format": 3})
    sign(folder)
    found = load_bundle(folder)
    assert found.config == now.replace({"train.threads": "auto"})
    assert found.about["resources"] == {"vectors": ["a.vec"]}
    change(folder, format=Bundle.FORMATS[-1])
    assert "unknown setting 'model.pairs'; did you mean 'model.bigrams'?" in complaint(folder)


def test_settings_that_the_weights_do_not_fit(folder: Path) -> None:
    change(folder, config={"model": {"hidden": 17, "char_hidden": 8}})
    message = complaint(folder)
    assert message.startswith(f"{folder / 'weights.safetensors'}: is damaged (does not fit")


def swap(weights: dict[str, torch.Tensor]) -> None:
    one, other = "projection.weight", "projection.bias"
    weights[one], weights[other] = weights[other], weights[one]


def transpose(weights: dict[str, torch.Tensor]) -> None:
    weights["projection.weight"] = weights["projection.weight"].T.contiguous()


def drop(weights: dict[str, torch.Tensor]) -> None:
    del weights["projection.bias"]


def drop_words(weights: dict[str, torch.Tensor]) -> None:
    del weights["embedder.words.0.trained.weight"]


def drop_spare(weights: dict[str, torch.Tensor]) -> None:
    del weights["embedder.words.0.spare"]


def widen_words(weights: dict[str, torch.Tensor]) -> None:
    weights["embedder.words.0.trained.weight"] = torch.zeros(3, 3)


def add(weights: dict[str, torch.Tensor]) -> None:
    weights["projection.more"] = torch.zeros(3)


@pytest.mark.parametrize(
    "harm",
    [swap, transpose, drop, drop_words, drop_spare, widen_words, add],
    ids=lambda f: f.__name__,
)
def test_tensors_that_do_not_fit(folder: Path, harm: Any) -> None:
    change_weights(folder, harm)
    assert complaint(folder).startswith(f"{folder / 'weights.safetensors'}: is damaged")


# --- vectors, clusters, word lists -------------------------------------------------

MODES = pytest.mark.parametrize("mode", ["tuned", "frozen", "projected"])


def full_bundle(files: Path, mode: str = "tuned") -> Bundle:
    """An untrained model with vectors from two files, clusters, and two word lists."""
    files.mkdir()
    (files / "a.vec").write_text("3 2\nrome 1 2\nunseen 3 4\nwords 5 6\n")
    (files / "b.vec").write_text("2 3\nAnna 1 2 3\nNew 4 5 6\n")
    (files / "clusters").write_text("0010\tRome\t3\n0011\tUnseen\t2\n01\t\ud7ff\u2028x\t1\n")
    (files / "places.txt").write_text("New York\nRome\n")
    (files / "people.txt").write_text("Anna\n")
    return fresh_bundle(
        {
            "resources.vectors": [str(files / "a.vec"), str(files / "b.vec")],
            "model.vectors": mode,
            "resources.clusters": str(files / "clusters"),
            "resources.gazetteers": [f"LOC={files / 'places.txt'}", f"PER={files / 'people.txt'}"],
            "data.tokenizer": "words",
        }
    )


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A good bundle with all kinds of features, to be harmed."""
    save_bundle(full_bundle(tmp_path / "files"), tmp_path / "model")
    return tmp_path / "model"


def test_words_have_other_cases_where_the_bundle_says_so(full: Path) -> None:
    """Those of earlier versions do not, and answer as they did."""
    tables = load_bundle(full).model.indexer.words.tables
    assert [table.any_case for table in tables] == [not table.fold_case for table in tables]
    path = full / "words.json"
    stored = json.loads(path.read_text())
    assert [table.pop("any_case", False) for table in stored] == [t.any_case for t in tables]
    path.write_text(json.dumps(stored))
    sign(full)
    assert not any(table.any_case for table in load_bundle(full).model.indexer.words.tables)
    path.write_text(json.dumps([{**table, "any_case": "yes"} for table in stored]))
    assert "words.json: is damaged (no 'any_case' of type bool)" in complaint(full)


@MODES
def test_a_model_with_all_features_survives(mode: str, tmp_path: Path) -> None:
    bundle = full_bundle(tmp_path / "files", mode)
    save_bundle(bundle, tmp_path / "m")
    shutil.rmtree(tmp_path / "files")  # the model has all that it needs
    loaded = load_bundle(tmp_path / "m")
    assert {path.name for path in (tmp_path / "m").iterdir()} == FILES | FEATURES
    one, other = bundle.model, loaded.model
    assert other.indexer.words.tables[0].fold_case != other.indexer.words.tables[-1].fold_case
    assert words_of(loaded) == words_of(bundle)
    assert [*map(type, other.indexer.features)] == [*map(type, one.indexer.features)]
    for feature in (Clusters, Gazetteers):
        assert other.indexer.find(feature) is not None
        assert other.indexer.find(feature) == one.indexer.find(feature)
    sizes = [[t.size for t in model.indexer.words.tables] for model in (one, other)]
    assert sizes[0] == sizes[1]
    for engine in ("torch", "native"):
        settings = Config().replace({"predict.engine": engine}).predict
        for tokens in TOKENS:
            emissions = [engine_of(m, settings).emissions([tokens]) for m in (one, other)]
            assert emissions[0].tolist() == emissions[1].tolist()
    save_bundle(loaded, tmp_path / "again")
    for path in (tmp_path / "m").iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_a_model_without_features_has_no_files_of_them(tiny_run: Path) -> None:
    assert not FEATURES & {path.name for path in (tiny_run / "model").iterdir()}


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_a_file_of_features_that_is_missing(full: Path, name: str) -> None:
    (full / name).unlink()
    assert complaint(full).startswith(f"{full / 'weights.safetensors'}: is damaged (does not fit")


@pytest.mark.parametrize("name", sorted({*FEATURES, "words.json"}))
@pytest.mark.parametrize("harm", [empty, truncate, halve, garbage, zeros], ids=lambda f: f.__name__)
def test_a_file_of_features_that_is_damaged(full: Path, name: str, harm: Harm) -> None:
    harm(full / name)
    assert complaint(full) == f"{full / name}: is damaged (not JSON); copy the model again"


@pytest.mark.parametrize("name", sorted(FEATURES))
def test_a_folder_instead_of_a_file_of_features(full: Path, name: str) -> None:
    make_folder(full / name)
    assert f"{full / name}: cannot be read" in complaint(full)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("clusters.json", [], "no JSON dict"),
        ("clusters.json", {}, "no 'paths' of type list"),
        ("clusters.json", {"paths": ["0"]}, "no 'words' of type dict"),
        ("clusters.json", {"paths": "01", "words": {}}, "no 'paths' of type list"),
        ("clusters.json", {"paths": [1], "words": {}}, "not different strings"),
        ("clusters.json", {"paths": [[]], "words": {}}, "not different strings"),
        ("clusters.json", {"paths": ["0", "0"], "words": {}}, "not different strings"),
        ("clusters.json", {"paths": ["0"], "words": ["a"]}, "no 'words' of type dict"),
        ("clusters.json", {"paths": ["0"], "words": {"a": 1}}, "words of clusters that there are"),
        ("clusters.json", {"paths": ["0"], "words": {"a": -1}}, "words of clusters that there are"),
        ("clusters.json", {"paths": ["0"], "words": {"a": "0"}}, "words of clusters that there"),
        ("clusters.json", {"paths": ["0"], "words": {"a": True}}, "words of clusters that there"),
        ("gazetteers.json", {}, "no JSON list"),
        ("gazetteers.json", ["LOC"], "no word list"),
        ("gazetteers.json", [[]], "no word list"),
        ("gazetteers.json", [{"label": "LOC"}], "no 'entries' of type list"),
        ("gazetteers.json", [{"entries": []}], "no 'label' of type str"),
        ("gazetteers.json", [{"label": 3, "entries": []}], "no 'label' of type str"),
        ("gazetteers.json", [{"label": "X", "entries": {"a": 1}}], "no 'entries' of type list"),
        ("gazetteers.json", [{"label": "X", "entries": ["Rome"]}], "entries that are no tokens"),
        ("gazetteers.json", [{"label": "X", "entries": [[1]]}], "entries that are no tokens"),
        ("gazetteers.json", [{"label": "X", "entries": [[["a"]]]}], "entries that are no tokens"),
    ],
)
def test_features_of_another_kind(full: Path, name: str, value: Any, said: str) -> None:
    (full / name).write_text(json.dumps(value))
    message = complaint(full)
    assert message.startswith(f"{full / name}: is damaged ({said}")
    assert message.endswith("; copy the model again")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("clusters.json", {"paths": ["0010"], "words": {"a": 0}}),
        ("gazetteers.json", []),
        ("gazetteers.json", [{"label": "LOC", "entries": [["a"]]}]),
    ],
)
def test_features_that_the_weights_do_not_fit(full: Path, name: str, value: Any) -> None:
    (full / name).write_text(json.dumps(value))
    assert complaint(full).startswith(f"{full / 'weights.safetensors'}: is damaged (does not fit")


def test_names_of_files_without_their_folders() -> None:
    changes = {
        "resources.vectors": ["a/b.vec", "c.vec"],
        "resources.clusters": "/x/paths.txt",
        "resources.gazetteers": ["PER=lists/names.txt"],
        "resources.token_embedders": ["charlm=/a/b=c/lm"],
    }
    resources = Config().replace(changes).resources
    assert resource_names(resources) == {
        "vectors": ["b.vec", "c.vec"],
        "clusters": ["paths.txt"],
        "gazetteers": ["PER=names.txt"],
        "token_embedders": ["charlm=lm"],
    }
    assert resource_names(Config().resources) == {}


# --- tag layers -----------------------------------------------------------------------------------


def test_a_bundle_names_its_tag_layers(layered_run: Path, tmp_path: Path) -> None:
    bundle = load_bundle(layered_run)
    assert bundle.model.layers == ("outer", "inner")
    stored = json.loads((layered_run / "model" / "tags.json").read_text())
    assert [*stored] == ["outer", "inner"]
    assert [tag for tags in stored.values() for tag in tags] == [*bundle.outputs]
    assert bundle.labels == ["LOC", "PER", "LAST"]
    assert "Entity types: outer:LOC, outer:PER, inner:LAST, inner:LOC." in bundle.card()
    save_bundle(bundle, tmp_path / "again")
    again = load_bundle(tmp_path / "again")
    assert (again.model.layers, again.outputs) == (bundle.model.layers, bundle.outputs)
    found = predict(bundle.model, TOKENS)
    assert predict(again.model, TOKENS) == found
    torch_settings = Config().replace({"predict.engine": "torch"}).predict
    assert predict(again.model, TOKENS, with_scores=False, settings=torch_settings) == predict(
        again.model, TOKENS, with_scores=False
    )


@pytest.mark.parametrize(
    "tags",
    [
        {"outer": ["O"], "": ["O"]},
        {"outer": ["O"], "a\u202eb": ["O"]},
        {"outer": ["O"], "inner": ["B-X", "O"]},
        {"outer": ["O"], "inner": "O"},
        {"outer": ["O"], "inner": []},
        {"outer": ["O"], "inner": ["O", "O"]},
        {"outer": ["O", "B-PER"], "inner": ["O"]},
        {f"layer {number}": ["O"] for number in range(4097)},
        "O",
        {},
    ],
)
def test_harmful_names_of_layers_are_refused(folder: Path, tags: object) -> None:
    (folder / "tags.json").write_text(json.dumps(tags))
    assert "tags.json: is damaged" in complaint(folder)


def test_layers_do_not_fit_the_weights_of_another_model(
    folder: Path, layered_run: Path, tmp_path: Path
) -> None:
    shutil.copyfile(layered_run / "model" / "tags.json", folder / "tags.json")
    assert "weights.safetensors: " in complaint(folder)
    other = shutil.copytree(layered_run / "model", tmp_path / "other")
    tags = json.loads((other / "tags.json").read_text())
    (other / "tags.json").write_text(json.dumps([tag for own in tags.values() for tag in own]))
    assert "tags.json: is damaged (not different strings)" in complaint(other)

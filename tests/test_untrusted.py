"""Folders from strangers: each attack ends in one line with the file, or in a model that works.

All of it is tried with the checksums as they were, which find it, and with checksums that were
made anew, so that what lies deeper is reached; and with little memory to spare.
"""

import contextlib
import dataclasses
import itertools
import json
import os
import pickle
import random
import re
import shutil
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

import ner
from ner.bundle import export_bundle
from ner.bundle.format import Bundle, load_bundle, save_bundle
from ner.checkpoint import FORMAT, read_checkpoint, write_checkpoint
from ner.config import Config, PredictConfig
from ner.corpus import Corpus
from ner.errors import BundleError, NerError, TrainingError, UsageError
from ner.extensions.classification.bundle import ClassifierBundle
from ner.extensions.classification.classifier import Classifier
from ner.extensions.classification.network import SequenceClassifier
from ner.model import Inputs, Model
from ner.stored import to_archive
from ner.text import Sentence, Span
from ner.training.build import build_model
from ner.training.loop import Step
from ner.training.preparation import prepare
from ner.training.run import Run
from tests.signing import sign

GOLDEN = Path(__file__).parent / "golden" / "bundles"
FORMATS = ["format-2", "format-3", "format-4", "format-5"]
EXPECTED = json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))
TEXT = next(iter(EXPECTED))
BUNDLE = sorted(path.name for path in (GOLDEN / "format-3").iterdir() if path.suffix != ".md")
CHECKPOINT = ["checksums.json", "state.json", "tensors.safetensors"]
CHARLM = ["charlm.json", "charlm.safetensors"]  # in a bundle that reads with a language model
FILES = [
    *(("bundle", name) for name in BUNDLE),
    *(("classifier", name) for name in ("config.json", "labels.json", "weights.safetensors")),
    *(("charlm", name) for name in CHARLM),
    *(("checkpoint", name) for name in CHECKPOINT),
]
IN_ZIP = [("packed", name) for name in ("checksums.json", "config.json", "weights.safetensors")]
EACH_PLAIN_FILE = pytest.mark.parametrize(("kind", "name"), FILES)
EACH_FILE = pytest.mark.parametrize(("kind", "name"), [*FILES, *IN_ZIP])
TENSORS = [
    ("bundle", "weights.safetensors"),
    ("classifier", "weights.safetensors"),
    ("checkpoint", "tensors.safetensors"),
    ("packed", "weights.safetensors"),
]
EACH_TENSORS = pytest.mark.parametrize(("kind", "name"), TENSORS)
SPARE = 1 << 29  # bytes of memory that no small folder can ask for


@pytest.fixture
def folder(kind: str, tmp_path: Path, tiny_charlm: Path) -> Iterator[Path]:
    """A good folder, to be harmed while there is not much memory."""
    place = tmp_path / ("packed" if kind == "packed" else "there")
    if kind == "bundle":
        shutil.copytree(GOLDEN / "format-3", place)
    elif kind == "packed":
        export_bundle(GOLDEN / "format-3", tmp_path / "m.ner", precision="int8")
        shutil.unpack_archive(tmp_path / "m.ner", place, "zip")
    elif kind == "classifier":
        _write_classifier(place)
    elif kind == "charlm":
        changes = {
            "resources.token_embedders": (f"charlm={tiny_charlm}",),
            "data.tokenizer": "words",
        }
        config = Config().replace({**changes, "model.hidden": 4, "model.word_dim": 4})
        learnt = [Sentence(("Anna", "visited", "Rome"), (Span(0, 1, "PER"),))]
        model = build_model(learnt, config, torch.device("cpu")).model
        save_bundle(Bundle(model, config, {}), place)
    else:
        tensors = safetensors.torch.load_file(GOLDEN / "format-3" / "weights.safetensors")
        write_checkpoint(place, tensors, {"trainer": {"epoch": 3}, "history": [{"best": True}]})
    assert outcome(place) == ""
    with _little_memory():
        yield place


def _write_classifier(place: Path) -> None:
    """A classifier that knows what the golden tagger knows; nothing has been learnt."""
    bundle = load_bundle(GOLDEN / "format-3")
    indexer = bundle.model.indexer
    torch.manual_seed(1)
    network = SequenceClassifier(bundle.config.model, 3, Inputs(indexer))
    model = Model(indexer, ("rain in the north", "sun in the south", "wind from the west"), network)
    save_bundle(ClassifierBundle(model, bundle.config, {}), place)


@contextlib.contextmanager
def _little_memory() -> Iterator[None]:
    if sys.platform != "linux":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + SPARE, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def pack(folder: Path) -> Path:
    """The files of a folder in a zip, whatever they are."""
    place = folder.with_suffix(".ner")
    with place.open("wb") as file:
        to_archive({path.name: path.read_bytes() for path in sorted(folder.iterdir())}, file)
    return place


def outcome(folder: Path) -> str:
    """The one line with which a folder is refused; empty if what is loaded works.

    One called ``packed`` is read as a zip of its files.
    """
    message = told(pack(folder) if folder.name == "packed" else folder)
    names = BUNDLE + CHARLM + CHECKPOINT + ["labels.json"]
    assert not message or any(name in message for name in names)
    return message


def told(folder: Path) -> str:
    """The one line with which a folder or zip is refused; empty if what is loaded works."""
    try:
        inside = os.listdir(folder) if folder.is_dir() else ["weights.safetensors"]
        if "labels.json" in inside:
            (found,) = Classifier.load(folder, "cpu").classify([TEXT])
            assert found.probability is not None
            assert 0 < found.probability <= 1
        elif "weights.safetensors" in inside:
            for entity in ner.Tagger.load(folder, "cpu").tag(TEXT):
                assert TEXT[entity.start : entity.end] == entity.text
                assert 0 <= entity.score <= 1
        else:
            read_checkpoint(folder)
    except (BundleError, TrainingError, UsageError) as error:  # the last: of another kind
        message = str(error)
        assert "\n" not in message
        assert len(message) < len(str(folder)) + 1200
        assert str(folder) in message
        assert "memory" not in message, "it was asked for more than the files warrant"
        return message
    return ""


def put(path: Path, content: bytes, name: str = "") -> tuple[str, str]:
    """What comes of another content: with the checksums as they were, and made anew."""
    path.write_bytes(content)
    before = outcome(path.parent)
    if path.name == "checksums.json":
        return before, before
    sums = path.with_name("checksums.json").read_bytes()
    sign(path.parent)
    after = outcome(path.parent)
    path.with_name("checksums.json").write_bytes(sums)
    return before, after


# --- good ones ---------------------------------------------------------------------


@pytest.mark.parametrize("written", FORMATS)
def test_the_bundles_of_all_formats_find_what_they_found(written: str) -> None:
    tagger = ner.Tagger.load(GOLDEN / written, "cpu")
    for text, expected in EXPECTED.items():
        found = tagger.tag(text)
        assert [[e.start, e.end, e.label] for e in found] == [entity[:3] for entity in expected]
        assert [e.score for e in found] == pytest.approx([e[3] for e in expected], abs=1e-5)


def test_there_is_a_bundle_of_each_format() -> None:
    """The format before these, 1, is refused: see `test_bundle`."""
    assert [f"format-{number}" for number in Bundle.FORMATS] == FORMATS
    for number, written in zip(Bundle.FORMATS, FORMATS, strict=True):
        assert json.loads((GOLDEN / written / "config.json").read_text())["format"] == number


def test_the_card_may_be_changed(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "format-3", tmp_path / "m")
    (tmp_path / "m" / "README.md").write_text("# Ours\n")
    assert outcome(tmp_path / "m") == ""


OPENED: list[str] | None = None


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    watched = ("open", "exec", "import", "subprocess.Popen", "os.system")
    if OPENED is not None and event in watched and type(arguments[0]) is not int:  # a handle
        OPENED.append(f"{event} {arguments[0]}")


sys.addaudithook(_watch)


@pytest.mark.parametrize("kind", ["bundle", "checkpoint"])
def test_nothing_is_run_and_nothing_outside_is_read(
    folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load: Callable[[Path], Any] = load_bundle if kind == "bundle" else read_checkpoint
    if kind == "bundle":  # these are for training, and stay unread
        place = folder / "config.json"
        config = json.loads(place.read_text())
        outside = ["/etc/hostname", "../../outside"]
        config["config"]["train"] |= {"vectors": outside, "clusters": "/etc/hostname"}
        config["config"]["train"]["gazetteers"] = [f"X={name}" for name in outside]
        place.write_text(json.dumps(config))
        sign(folder)
    load(folder)  # what is imported late is imported
    monkeypatch.setattr(sys.modules[__name__], "OPENED", opened := list[str]())
    load(folder)
    monkeypatch.undo()
    names = BUNDLE if kind == "bundle" else CHECKPOINT
    assert sorted(set(opened)) == [f"open {folder / name}" for name in names]


# --- damage ------------------------------------------------------------------------


@pytest.mark.slow
@EACH_FILE
def test_a_file_cut_off_at_each_percent(folder: Path, name: str) -> None:
    path = folder / name
    content = path.read_bytes()
    for percent in range(100):
        cut = content[: len(content) * percent // 100]
        before, after = put(path, cut)
        assert name in before, percent
        whole = cut.rstrip() == content.rstrip()  # a line end is no loss, but to the checksum
        assert name in after or (whole and not after), percent


@pytest.mark.slow
@EACH_FILE
def test_bytes_that_have_changed(folder: Path, name: str) -> None:
    path = folder / name
    content = path.read_bytes()
    chance = random.Random(name)
    for place in [*range(20), *chance.sample(range(len(content)), 40)]:
        changed = bytearray(content)
        changed[place] ^= chance.choice([1, 2, 8, 32, 128, 255])
        before, after = put(path, bytes(changed))
        assert before, place
        assert name in before or name == "checksums.json", place
        assert not after or path.suffix == ".safetensors" or name in after or "fit" in after


@EACH_TENSORS
@pytest.mark.parametrize("written", [pickle.dumps, "torch"])
def test_a_pickle_is_never_run(folder: Path, name: str, written: Any) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(folder / "exploded"),)

    path = folder / name
    if written == "torch":
        torch.save({"weights": Bomb()}, path)
    else:
        path.write_bytes(written({"weights": Bomb()}))
    for message in put(path, path.read_bytes()):
        assert f"{name} is damaged" in message.replace(":", "")
    assert not (folder / "exploded").exists()


# --- tensors -----------------------------------------------------------------------


def _change(path: Path, harm: Callable[[dict[str, torch.Tensor]], object]) -> tuple[str, str]:
    tensors = safetensors.torch.load(path.read_bytes())
    harm(tensors)
    return put(path, safetensors.torch.save(tensors))


@EACH_TENSORS
@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("place", ["projection.bias", "embedder.words.0.spare"])
def test_numbers_that_are_none(folder: Path, name: str, number: float, place: str) -> None:
    def harm(tensors: dict[str, torch.Tensor]) -> None:
        tensors[place].view(-1)[-1] = number

    before, after = _change(folder / name, harm)
    assert name in before
    assert name in after
    assert f"{place!r} holds a number that is not finite" in after


def _swap_equal(tensors: dict[str, torch.Tensor]) -> None:
    one, other = "encoder.layers.0.bias_ih_l0", "encoder.layers.0.bias_hh_l0"
    tensors[one], tensors[other] = tensors[other], tensors[one]


def _swap(tensors: dict[str, torch.Tensor]) -> None:
    one, other = "projection.bias", "projection.weight"
    tensors[one], tensors[other] = tensors[other], tensors[one]


def _widen(tensors: dict[str, torch.Tensor]) -> None:
    tensors["projection.bias"] = torch.zeros(6)


def _double(tensors: dict[str, torch.Tensor]) -> None:
    tensors["projection.bias"] = tensors["projection.bias"].double()


@EACH_TENSORS
@pytest.mark.parametrize("harm", [_swap_equal, _swap, _widen, _double])
def test_tensors_that_are_swapped_or_of_another_shape(
    folder: Path, kind: str, name: str, harm: Any
) -> None:
    """Checksums find it all; without, what fits is taken. `Trainer.restore` knows the shapes."""
    before, after = _change(folder / name, harm)
    assert name in before
    if harm is _swap_equal or kind == "checkpoint":
        assert after == ""
    else:
        assert f"{name}: is damaged (does not fit the other files" in after


HUGE = [
    struct.pack("<Q", 2**63) + b"{}",
    struct.pack("<Q", 10**12) + b"{}" * 50,
    *(
        struct.pack("<Q", len(header)) + header + bytes(8)
        for header in (
            b'{"x":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}' % (size, end)
            for size, end in [(10**12, 8), (10**12, 4 * 10**12), (2**62, 2**64)]
        )
    ),
]


@EACH_TENSORS
@pytest.mark.parametrize("content", HUGE, ids=range(len(HUGE)))
def test_tensors_that_claim_to_be_huge(folder: Path, name: str, content: bytes) -> None:
    for message in put(folder / name, content):
        assert name in message


def _config(value: Any, **settings: Any) -> None:
    value["config"]["model"] |= settings


def _table(value: Any, **sizes: Any) -> None:
    value[0] |= sizes


CLAIMS: list[tuple[str, Callable[[Any], object]]] = [
    *(
        ("config.json", lambda value, key=key, size=size: _config(value, **{key: size}))
        for key in ("hidden", "layers", "char_hidden", "char_kernel", "char_dim", "cluster_dim")
        for size in (10**5, 10**9, 2**62)
    ),
    *(
        ("words.json", lambda value, key=key: _table(value, **{key: 10**12}))
        for key in ("trained", "spare", "dim")
    ),
    ("words.json", lambda value: value.extend(value * 1000)),
    ("tags.json", lambda tags: tags.extend(f"{p}-{n}" for n in range(2000) for p in "BI")),
    ("tags.json", lambda tags: tags.extend(f"{p}-{n}" for n in range(10**5) for p in "BI")),
    ("clusters.json", lambda value: value["paths"].extend(map(str, range(10**5)))),
    ("gazetteers.json", lambda value: value[0]["entries"].append(["a"] * 10**5)),
]


OF_CLASSIFIERS: list[tuple[str, Callable[[Any], object]]] = [
    *(claim for claim in CLAIMS if claim[0] == "config.json"),
    ("labels.json", lambda labels: labels.extend(map(str, range(10**5)))),
    ("labels.json", lambda labels: labels.extend(map(str, range(4000)))),
]
ALL_CLAIMS = [
    *(("bundle", *claim) for claim in CLAIMS),
    *(("classifier", *claim) for claim in OF_CLASSIFIERS),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name", "claim"), ALL_CLAIMS, ids=range(len(ALL_CLAIMS)))
def test_files_that_speak_of_a_huge_model(
    folder: Path, name: str, claim: Callable[[Any], object]
) -> None:
    path = folder / name
    value = json.loads(path.read_text())
    claim(value)
    for message in put(path, json.dumps(value).encode()):
        assert re.search("is damaged|char_kernel is .* must be at least 1 and at most 100", message)


# --- JSON, versions, links ---------------------------------------------------------

JSONS = [(kind, name) for kind, name in [*FILES, *IN_ZIP] if name.endswith(".json")]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), JSONS)
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")])
def test_json_that_is_deep(folder: Path, name: str, opened: str, closed: str) -> None:
    for levels in (21, 900, 10**5):
        for message in put(folder / name, f"{opened * levels}1{closed * levels}".encode()):
            assert name in message


@pytest.mark.parametrize("kind", ["checkpoint"])
@pytest.mark.parametrize("number", [FORMAT + 1, FORMAT - 1, 10**30, "x\n" * 99, None])
def test_a_checkpoint_of_another_format(folder: Path, number: Any) -> None:
    path = folder / "state.json"
    state = {**json.loads(path.read_text()), "format": number}
    before, after = put(path, json.dumps(state).encode())
    assert "state.json" in before
    assert f"state.json has format {number!r:.40}, and this ner {ner.__version__} reads" in after


@EACH_PLAIN_FILE
def test_a_link_out_of_the_folder(folder: Path, name: str) -> None:
    path = folder / name
    path.rename(folder.parent / name)
    path.symlink_to(folder.parent / name)
    message = outcome(folder)
    assert f"{name} is a link, which is not followed" in message.replace(":", "")


def test_folders_in_a_run_that_are_links(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "format-3", tmp_path / "elsewhere")
    (tmp_path / "run").mkdir()
    for name in ("model", "checkpoint"):
        (tmp_path / "run" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NerError, match=r"run/model: is a link; name the folder that it leads to"):
        load_bundle(tmp_path / "run")
    load_bundle(tmp_path / "run" / "model")  # it has been named
    with pytest.raises(TrainingError, match=r"checkpoint: is damaged \(.*is a link, which is not"):
        read_checkpoint(tmp_path / "run" / "checkpoint")


# --- models in one file ------------------------------------------------------------

PACKED = pytest.mark.parametrize("kind", ["packed"])
LAYER = "encoder.layers.0.weight_hh_l0"


@PACKED
def test_only_the_file_itself_is_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = pack(folder)
    load_bundle(place)  # what is imported late is imported
    monkeypatch.setattr(sys.modules[__name__], "OPENED", opened := list[str]())
    load_bundle(place)
    monkeypatch.undo()
    assert set(opened) == {f"open {place}"}


@PACKED
def test_a_packed_file_cut_off_at_each_percent(folder: Path) -> None:
    place = pack(folder)
    content = place.read_bytes()
    for percent in range(100):
        place.write_bytes(content[: len(content) * percent // 100])
        assert told(place), percent


@PACKED
def test_bits_of_a_packed_file_that_have_changed(folder: Path) -> None:
    """None in a member with a checksum is passed over; times and padding mean nothing."""
    place = pack(folder)
    content = place.read_bytes()
    listed = [folder / name for name in json.loads((folder / "checksums.json").read_bytes())]
    starts = {content.index(path.read_bytes()): path.stat().st_size for path in listed}
    chance = random.Random(1)
    directory = content.index(b"PK\1\2")
    end = len(content)
    near = [*range(60), *range(directory, directory + 80), *range(end - 22, end)]
    for number in [*near, *chance.sample(range(end), 120)]:
        changed = bytearray(content)
        changed[number] ^= 1 << chance.randrange(8)
        place.write_bytes(changed)
        within = any(start <= number < start + size for start, size in starts.items())
        assert told(place) or not within, number


@PACKED
def test_members_that_are_swapped(folder: Path) -> None:
    """Checksums find it; without, nothing fits in the other's place."""
    names = [path.name for path in folder.iterdir() if path.suffix in (".json", ".safetensors")]
    for one, other in itertools.combinations(names, 2):
        contents = (folder / one).read_bytes(), (folder / other).read_bytes()
        assert put(folder / one, contents[1])[0]
        (folder / other).write_bytes(contents[0])
        assert outcome(folder)
        (folder / one).write_bytes(contents[0])
        (folder / other).write_bytes(contents[1])
    assert outcome(folder) == ""


@PACKED
@pytest.mark.parametrize("number", [3e38, -3e38, float("nan"), float("inf")])
def test_scales_that_make_no_numbers(folder: Path, number: float) -> None:
    def harm(tensors: dict[str, torch.Tensor]) -> None:
        tensors[f"{LAYER}.scale"][:] = number

    before, after = _change(folder / "weights.safetensors", harm)
    assert "weights.safetensors" in before
    assert "not finite" in after


def _of_another_type(tensors: dict[str, torch.Tensor]) -> None:
    tensors[LAYER] = tensors[LAYER].float()


def _without_scale(tensors: dict[str, torch.Tensor]) -> None:
    del tensors[f"{LAYER}.scale"]


def _one_scale(tensors: dict[str, torch.Tensor]) -> None:
    tensors[f"{LAYER}.scale"] = tensors[f"{LAYER}.scale"][:1].clone()


def _a_scale_too_many(tensors: dict[str, torch.Tensor]) -> None:
    tensors["projection.weight.scale"] = torch.ones(5)


@PACKED
@pytest.mark.parametrize("harm", [_of_another_type, _without_scale, _one_scale, _a_scale_too_many])
def test_layers_that_are_not_of_8_bits(folder: Path, harm: Any) -> None:
    _, after = _change(folder / "weights.safetensors", harm)
    assert "weights.safetensors: is damaged (does not fit the other files" in after


@PACKED
def test_8_bits_that_no_rounding_makes(folder: Path) -> None:
    def harm(tensors: dict[str, torch.Tensor]) -> None:
        tensors[LAYER][:] = -128

    assert _change(folder / "weights.safetensors", harm)[1] == ""


# --- checkpoints that do not fit the run -------------------------------------------


@pytest.fixture(scope="module")
def stopped(
    tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Corpus, tiny_config: Config
) -> Run:
    """A run that was stopped in its second epoch."""
    config = tiny_config.replace({"train.epochs": 2, "train.checkpoint_minutes": 0.0})
    run = Run(prepare(tiny_corpus), config, tmp_path_factory.mktemp("stopped"), torch.device("cpu"))
    events = run.events()
    for event in events:
        if isinstance(event, Step) and (event.epoch, event.step) == (2, 2):
            break
    events.close()
    return run


@pytest.fixture
def again(stopped: Run, tmp_path: Path) -> Run:
    """The same run in a folder of its own, about to go on."""
    shutil.copytree(stopped.out, tmp_path / "run")
    return Run(stopped.prepared, stopped.config, tmp_path / "run", torch.device("cpu"))


WEIGHT = "weights.projection.weight"


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        (WEIGHT, None),
        (WEIGHT, torch.zeros(2, 2)),
        (WEIGHT, "double"),
        ("weights.more", torch.zeros(1)),
        ("average.projection.weight", None),
        ("average.projection.weight", torch.zeros(())),
        ("optimizer.0.exp_avg", None),
        ("optimizer.0.exp_avg", torch.zeros(())),  # torch would write beyond its end
        ("optimizer.0.exp_avg", torch.zeros(2, 2)),
        ("optimizer.0.exp_avg", "half"),
        ("optimizer.0.step", torch.zeros(3)),
        ("optimizer.0.step", torch.zeros((), dtype=torch.int8)),
        ("optimizer.0.more", torch.zeros(())),
        ("optimizer.-1.step", torch.zeros(())),
        ("optimizer.999.step", torch.zeros(())),
        ("optimizer.x.step", torch.zeros(())),
        ("random.cpu", torch.zeros(5, dtype=torch.uint8)),
        ("random.cpu", None),
        ("strange", torch.zeros(1)),
    ],
)
def test_tensors_that_do_not_fit_the_run(again: Run, name: str, tensor: Any) -> None:
    path = again.out / "checkpoint" / "tensors.safetensors"
    tensors = safetensors.torch.load(path.read_bytes())
    if tensor is None:
        del tensors[name]
    else:
        tensors[name] = getattr(tensors[name], tensor)() if type(tensor) is str else tensor
    path.write_bytes(safetensors.torch.save(tensors))
    _refused(again)


def _at(key: str, *values: Any) -> list[tuple[str, Any]]:
    return [(key, value) for value in values]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *_at("trainer", [], None, {}),
        *_at("trainer.begun", None, 3, {"more": 1}, {"batches": "1"}),
        *_at("trainer.begun.batches", 10**9, -1, 1.5, None, True),
        *_at("trainer.epoch", "1", 1.5, -5, 10**40),
        *_at("trainer.best_f1", float("nan"), 1, "1"),
        *_at("history", 3, ["a"], [{}], [[1]]),
        *_at("seconds", "a", None, []),
        ("teaching", 3),
    ],
)
def test_a_state_that_does_not_fit_the_run(again: Run, key: str, value: Any) -> None:
    path = again.out / "checkpoint" / "state.json"
    state = json.loads(path.read_text())
    *parts, last = key.split(".")
    inner = state
    for part in parts:
        inner = inner[part]
    inner[last] = value
    path.write_text(json.dumps(state))
    _refused(again)


def _refused(run: Run) -> None:
    with pytest.raises(TrainingError, match=r"it is not the file that checksums\.json lists"):
        run.resume()
    sign(run.out / "checkpoint")
    with pytest.raises(TrainingError, match=r"checkpoint: is damaged \(") as caught:
        run.resume()
    assert "\n" not in str(caught.value)


# --- what a whole and well-formed bundle asks for ------------------------------------------------


def test_no_bundle_asks_for_memory(tmp_path: Path) -> None:
    """What concerns the machine alone is its user's to say."""
    folder = tmp_path / "m"
    shutil.copytree(GOLDEN / "format-4", folder)
    path, default = folder / "config.json", Config().predict.cache_mb
    for asked, given in ((100_000, default), (default + 1, default), (1, 1)):
        head = json.loads(path.read_text(encoding="utf-8"))
        head["config"]["predict"]["cache_mb"] = asked
        path.write_text(json.dumps(head), encoding="utf-8")
        sign(folder)
        assert ner.Tagger.load(folder, "cpu").settings.cache_mb == given
    more = {"predict.cache_mb": default + 1}
    assert ner.Tagger.load(folder, "cpu", more).settings.cache_mb == default + 1


WEIGHTS = [*load_bundle(GOLDEN / "format-4").model.weights]


@pytest.mark.slow
@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("engine", ["native", "torch"])
@pytest.mark.parametrize("name", [*WEIGHTS, ""])
def test_no_weights_make_anything_but_numbers(name: str, engine: str) -> None:
    """They are refused, or all that comes out is finite; with 0, signs take turns."""
    bundle = load_bundle(GOLDEN / "format-4")
    for value in (3e38, -3e38, 1e30, 1e10, 0.0):
        for own, weights in bundle.model.weights.items():
            if name in (own, ""):
                signs = 1 - 2 * (np.arange(weights.size).reshape(weights.shape) % 2)
                largest = np.finfo(weights.dtype).max
                weights[...] = np.clip(value or 3e38 * signs, -largest, largest)
        anew = dataclasses.replace(bundle, model=dataclasses.replace(bundle.model))
        assert_numbers(ner.Tagger(anew, PredictConfig(engine=engine)))


def assert_numbers(tagger: ner.Tagger) -> None:
    """All that a tagger finds out is finite, if it does not refuse its weights."""
    found: list[float] = []
    with contextlib.suppress(BundleError):
        document = tagger.tag_document(TEXT)
        found += [entity.score for entity in document.entities]
        for sentence in tagger.tag_nbest(TEXT, 3):
            for one in sentence.alternatives:
                found += [one.probability, *(entity.score for entity in one.entities)]
        for table in tagger.marginals(document.sentences):
            found += table.flatten().tolist()
    assert all(0 <= number <= 1 + 1e-9 for number in found)

"""Fixtures shared by the whole suite."""

import gc
import itertools
import logging
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from ner.config import Config
from ner.corpus import Corpus
from ner.text import Sentence, Span

if TYPE_CHECKING:
    from ner.tagger import Tagger

# Commands are tested in `tests/cli` and in the folders of extensions.
pytest_plugins = ["tests.cli.fixtures"]

# A deadline would be a timing assertion: it fails on a busy machine, not on wrong code. Examples
# are others in each run; where every change is checked, there are more of them at once.
settings.register_profile("ner", deadline=None, max_examples=100 if "CI" in os.environ else 50)
settings.load_profile("ner")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect the tests without a search for cycles, and leave them out of every later one.

    All that is collected and imported stays to the end: going through it again and again takes a
    quarter of the collection, a twentieth of the tests, and a second at the end of each process.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def _logs() -> list[logging.Handler]:
    return [each for each in logging.getLogger("ner").handlers if hasattr(each, "baseFilename")]


@pytest.fixture(autouse=True)
def _no_log_left_open() -> Iterator[None]:
    """Hold each test to closing the logs that it opens; others would fail on them later."""
    before = _logs()
    yield
    assert _logs() == before


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """Find a file or folder of the real corpora under `NER_DATA`; skip where there is none."""

    def find(name: str) -> Path:
        root = os.environ.get("NER_DATA")
        if not root:
            pytest.skip("NER_DATA is not set")
        path = Path(root) / name
        if not path.exists():
            pytest.skip(f"{path} is not there")
        return path

    return find


_PERSONS = (("Anna",), ("Berta",), ("Carl", "Maria"), ("Dora",))
_PLACES = (("Rome",), ("Paris",), ("New", "York"))


def _told(verbs: Iterable[str], mark: str) -> tuple[Sentence, ...]:
    """Who did what where: a sentence for each person, verb and place; the mark ends it."""
    sentences: list[Sentence] = []
    for person, verb, place in itertools.product(_PERSONS, verbs, _PLACES):
        start = len(person) + 1
        spans = Span(0, len(person), "PER"), Span(start, start + len(place), "LOC")
        tokens = (*person, verb, *place, mark)
        sentences.append(Sentence(tokens, spans, source="tiny", line=1 + 9 * len(sentences)))
    return tuple(sentences)


@pytest.fixture(scope="session")
def tiny_corpus() -> Corpus:
    """PER and LOC in sentences that a tiny model learns by heart in a few epochs.

    No sentence is in two splits.
    """
    return Corpus(
        "tiny",
        _told(["visited", "left"], "."),
        _told(["visited"], "!"),
        _told(["visited", "loved"], "?"),
    )


@pytest.fixture(scope="session")
def tiny_config() -> Config:
    """Settings of a model that learns `tiny_corpus` in a second."""
    small = {"model.hidden": 16, "model.word_dim": 16, "train.threads": 1}
    small |= {"model.char_dim": 30, "model.char_hidden": 8}
    quick = {
        "train.epochs": 6,
        "train.patience": 6,
        "train.batch_sentences": 4,
        "train.learning_rate": 0.02,
        "train.adversarial": 0.0,
        "train.case_augmentation": 0.0,
    }
    # What keeps a model of a real corpus from learning by heart would keep this one from it, too.
    return Config().replace({**small, **quick, "train.ema": 0.9, "train.word_dropout": 0.05})


@pytest.fixture(scope="session")
def tiny_run(
    tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Corpus, tiny_config: Config
) -> Path:
    """The folder of a finished run over `tiny_corpus`; not to be changed."""
    from ner.api import train

    out = tmp_path_factory.mktemp("tiny") / "run"
    train(tiny_corpus, out, tiny_config, device="cpu")
    return out


@pytest.fixture(scope="session")
def tiny_tagger(tiny_run: Path) -> "Tagger":
    """The tagger of `tiny_run`: knows Anna, Berta, Carl Maria, Dora; Rome, Paris, New York."""
    from ner.tagger import Tagger

    return Tagger.load(tiny_run, "cpu")


def _in_layers(sentence: Sentence) -> Sentence:
    """What a sentence tells in the layer ``outer``, and the last of two words in ``inner``, too."""
    spans: list[Span] = []
    for span in sentence.spans:
        spans.append(replace(span, layer="outer"))
        if span.end - span.start > 1:
            label = "LAST" if span.label == "PER" else "LOC"
            spans.append(Span(span.end - 1, span.end, label, "inner"))
    return replace(sentence, spans=tuple(spans))


@pytest.fixture(scope="session")
def layered_corpus(tiny_corpus: Corpus) -> Corpus:
    """`tiny_corpus` in two tag layers: outer PER and LOC, inner LAST (Maria) and LOC (York)."""
    return replace(tiny_corpus.map(_in_layers), name="layered", layers=("outer", "inner"))


@pytest.fixture(scope="session")
def layered_run(
    tmp_path_factory: pytest.TempPathFactory, layered_corpus: Corpus, tiny_config: Config
) -> Path:
    """The folder of a finished run over `layered_corpus`; not to be changed."""
    from ner.api import train

    out = tmp_path_factory.mktemp("layered") / "run"
    longer = tiny_config.replace({"train.epochs": 14, "train.patience": 14})
    train(layered_corpus, out, longer, device="cpu")
    return out


@pytest.fixture(scope="session")
def layered_tagger(layered_run: Path) -> "Tagger":
    """The tagger of `layered_run`."""
    from ner.tagger import Tagger

    return Tagger.load(layered_run, "cpu")


@pytest.fixture(scope="session")
def tiny_charlm(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Corpus) -> Path:
    """The folder of a language model that knows the letters of `tiny_corpus`, and nothing else.

    Both directions; its weights are as they were drawn. Not to be changed.
    """
    import torch

    from ner.extensions.charlm.config import CharLMConfig
    from ner.extensions.charlm.folder import DIRECTIONS, LanguageModel, save_model
    from ner.extensions.charlm.network import CharacterNetwork
    from ner.extensions.charlm.text import Alphabet
    from ner.tensors import to_arrays

    letters = {letter for s in tiny_corpus.train for token in s.tokens for letter in token}
    alphabet = Alphabet(sorted(letters | {" ", "!", "?", "\n"}))
    config = CharLMConfig().replace({"model.hidden": 7, "model.embedding": 5})
    torch.manual_seed(5)
    networks = {
        direction: CharacterNetwork(len(alphabet), config.model) for direction in DIRECTIONS
    }
    for network in networks.values():
        network.initialise()
    out = tmp_path_factory.mktemp("charlm") / "lm"
    weights = {name: to_arrays(network.state_dict()) for name, network in networks.items()}
    save_model(LanguageModel(alphabet, weights, config, {}), out)
    return out

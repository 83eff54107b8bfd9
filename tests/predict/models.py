"""Small models with random weights, and sentences for them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from numpy.typing import NDArray

from ner.config import Config, PredictConfig
from ner.model import Model, Network
from ner.predict import engine_of
from ner.text import Sentence, Span
from ner.training.build import build_model

WORDS = ("Anna", "visited", "New", "York", ".", "1999", "a")
LEARNT = [Sentence(WORDS, (Span(0, 1, "PER"), Span(2, 4, "LOC")))]
SMALL = {"model.hidden": 6, "model.word_dim": 5, "model.char_hidden": 4, "model.char_dim": 4}


def random_model(**settings: Any) -> Model[Network]:
    """An untrained model, its emissions blown up so that all tags occur."""
    changes = {f"model.{name}": value for name, value in settings.items()}
    config = Config().replace({**SMALL, **changes})
    model = build_model(LEARNT, config, torch.device("cpu")).model
    with torch.no_grad():
        model.network.projection.weight.mul_(20)
    model.network.eval()
    return model


def restless_model(**settings: Any) -> Model[Network]:
    """A random model that never finds ``O``: its spans cover every token that it was shown."""
    model = random_model(**settings)
    with torch.no_grad():
        model.network.projection.bias[0] = -1e4
    return model


def forgetful_model() -> Model[Network]:
    """A model whose tokens do not see their neighbours, so that windows cannot matter."""
    model = random_model(cell="rnn")
    with torch.no_grad():
        for name, weight in model.network.encoder.named_parameters():
            if "weight_hh" in name:
                weight.zero_()
    return model


def predict_settings(**changes: Any) -> PredictConfig:
    return Config().replace({f"predict.{name}": value for name, value in changes.items()}).predict


def whole(model: Model[Network], tokens: Sequence[str]) -> NDArray[np.float32]:
    """The emissions ``[1, T, K]`` of a sentence read at once, however long."""
    return engine_of(model, PredictConfig()).emissions([tokens])


MODELS = {
    "crf": random_model(),
    "softmax": random_model(head="softmax", cell="gru", layers=2, chars="lstm"),
    "forward": random_model(bidirectional=False, cell="rnn", chars="none", casing_dim=0),
}

token = st.sampled_from([*WORDS, "Unseen", "ünseen", "中", "x" * 60, "\ud800", "200b\u200b"])
sentence = st.lists(token, max_size=12)

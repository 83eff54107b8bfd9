"""Norms of gradients: the groups of parameters, and means over steps."""

import math

import pytest
import torch

from ner.config import Config, ModelConfig
from ner.model import Inputs, Network
from ner.tags import tag_set
from ner.training.gradients import (
    Gradient,
    Gradients,
    GradientSums,
    dense_gradients,
    gradient_norms,
    group_of,
    mean_gradients,
)
from tests.features.making import an_indexer


def network(config: ModelConfig) -> Network:
    inputs = Inputs(an_indexer([["Anna", "came"]], config))
    return Network(config, tag_set(["PER"], config.scheme), inputs)


@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_every_parameter_is_in_a_group(head: str) -> None:
    config = Config().replace({"model.layers": 2, "model.word_dim": 4, "model.head": head}).model
    groups = {group_of(name) for name, _ in network(config).named_parameters()}
    expected = {"embedder", "encoder layer 1", "encoder layer 2", "projection"}
    assert groups == expected | ({"head"} if head == "crf" else set())


def test_norms_are_those_of_all_weights_of_a_group() -> None:
    net = network(Config().replace({"model.word_dim": 4}).model)
    for weight in net.projection.parameters():
        weight.grad = torch.full_like(weight, 2.0)
    count = sum(weight.numel() for weight in net.projection.parameters())
    assert gradient_norms(net) == {"projection": pytest.approx(2 * math.sqrt(count))}


def test_sparse_gradients_count_once_for_each_row() -> None:
    net = network(Config().replace({"model.word_dim": 4}).model)
    table = net.embedder.tables[0].trained
    table.sparse = True
    table(torch.tensor([1, 2, 1])).sum().backward()
    [rows] = dense_gradients(net)
    assert rows.tolist() == [[2.0] * 4, [1.0] * 4]
    assert gradient_norms(net) == {"embedder": pytest.approx(math.sqrt(4 * 4 + 4))}
    rows *= 0.5
    assert table.weight.grad is not None
    assert table.weight.grad.to_dense()[1].tolist() == [1.0] * 4


def test_means_over_steps() -> None:
    steps = [Gradient({"a": 1.0, "b": 4.0}, True), Gradient({"a": 3.0, "b": 0.0}, False)]
    assert mean_gradients(steps) == Gradients({"a": 2.0, "b": 2.0}, 0.5)
    assert mean_gradients([]) is None
    assert GradientSums().means() is None

"""What a word contributes: whatever the width of the batch, with or without a vector."""

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from ner.config import ModelConfig
from ner.features import Batch
from ner.features.indexer import CASINGS
from ner.model.embedder import CharacterCNN, CharacterLSTM, Embedder, character_encoder

SMALL = ModelConfig(char_dim=4, char_hidden=6, casing_dim=3)
WORDS, SPARE, CHARACTERS, DIM = 6, 3, 9, 5


def embedder(**changes: object) -> Embedder:
    torch.manual_seed(1)
    config = dataclasses.replace(SMALL, **changes)
    return Embedder(WORDS, SPARE, CHARACTERS, DIM, config).eval()


def batch_of(words: list[int], casings: list[int] | None = None) -> Batch:
    """One sentence of these words, each with the same one character."""
    size = len(words)
    return Batch(
        words=torch.tensor([0, *words]),
        casings=torch.tensor([0, *(casings or [1] * size)]),
        characters=torch.tensor([[0]] + [[2]] * size),
        forms=torch.arange(1, size + 1)[None],
        lengths=torch.tensor([size]),
        mask=torch.ones(1, size, dtype=torch.bool),
        tags=None,
        order=(0,),
    )


# --- characters ---------------------------------------------------------------------------------


ENCODERS = {
    "cnn": lambda: CharacterCNN(CHARACTERS, 4, 6, 3),
    "cnn-wide": lambda: CharacterCNN(CHARACTERS, 4, 6, 5),
    "cnn-one": lambda: CharacterCNN(CHARACTERS, 4, 6, 1),
    "lstm": lambda: CharacterLSTM(CHARACTERS, 4, 3),
}
encoders = pytest.mark.parametrize("name", ENCODERS)


def some_words() -> list[list[int]]:
    return [[2], [3, 4], [5, 6, 7, 8, 2, 3], [1], [8, 8, 8]]


def padded(words: list[list[int]], width: int) -> Tensor:
    return torch.tensor([word + [0] * (width - len(word)) for word in words])


def build_characters(name: str) -> CharacterCNN | CharacterLSTM:
    torch.manual_seed(2)
    return ENCODERS[name]().eval()


@encoders
@pytest.mark.parametrize("bias", [-3.0, 0.0, 3.0])
def test_the_width_of_the_batch_has_no_influence(name: str, bias: float) -> None:
    net = build_characters(name)
    for parameter, weight in net.named_parameters():
        if "bias" in parameter:  # what padding alone would answer
            nn.init.constant_(weight, bias)
    words = some_words()
    narrow, wide = net(padded(words, 6)), net(padded(words, 30))
    torch.testing.assert_close(narrow, wide, atol=1e-6, rtol=1e-5)
    for word, features in zip(words, narrow, strict=True):
        alone = net(torch.tensor([word]))[0]
        torch.testing.assert_close(alone, features, atol=1e-6, rtol=1e-5)
    assert narrow.shape == (len(words), net.out_dim)


@pytest.mark.parametrize("name", ["cnn", "cnn-wide", "lstm"])
def test_characters_and_their_order_matter(name: str) -> None:
    net = build_characters(name)
    words = [[2, 3, 4], [2, 3, 5], [6, 3, 4], [4, 3, 2]]
    features = net(padded(words, 3))
    assert len({tuple(row) for row in features.tolist()}) == len(words)


def test_cnn_takes_the_strongest_answer_over_all_windows_that_hold_a_character() -> None:
    net = build_characters("cnn")
    word = torch.tensor([2, 3, 4])
    edge = torch.zeros(2, 4)
    embedded = torch.cat([edge, net.embed(word), edge])  # [2 + 3 characters + 2, 4]
    windows = [embedded[i : i + 3].T for i in range(5)]
    answers = torch.stack([(net.filters.weight * window).sum((1, 2)) for window in windows])
    expected = (answers + net.filters.bias).amax(0).relu()
    torch.testing.assert_close(net(word[None])[0], expected)


def test_a_word_without_characters_has_no_features_of_them() -> None:
    assert not build_characters("cnn")(torch.zeros(2, 1, dtype=torch.long)).any()
    assert build_characters("lstm")(torch.zeros(2, 1, dtype=torch.long)).isfinite().all()


@encoders
def test_gradients_are_finite_with_a_padding_word_in_the_batch(name: str) -> None:
    net = build_characters(name).train()
    net(padded([[], *some_words()], 6)).sum().backward()
    assert all(p.grad.isfinite().all() for p in net.parameters())
    assert not net.embed.weight.grad[0].any()


def test_the_configuration_chooses_the_encoder() -> None:
    kinds = {
        name: type(character_encoder(CHARACTERS, dataclasses.replace(SMALL, chars=name)))
        for name in ("cnn", "lstm", "none")
    }
    assert kinds == {"cnn": CharacterCNN, "lstm": CharacterLSTM, "none": type(None)}


# --- words, vectors, casing ---------------------------------------------------------------------


@pytest.mark.parametrize("chars", ["cnn", "lstm", "none"])
@pytest.mark.parametrize("casing_dim", [0, 3])
def test_features_are_as_wide_as_announced(chars: str, casing_dim: int) -> None:
    net = embedder(chars=chars, casing_dim=casing_dim)
    batch = batch_of([2, 7, 1])
    assert net(batch).shape == (1, 3, net.out_dim)
    assert net.out_dim == DIM + casing_dim + {"cnn": 6, "lstm": 12, "none": 0}[chars]


def test_casing_tells_apart_what_folding_made_equal() -> None:
    upper = CASINGS.index("upper")
    batch = batch_of([2, 2], [1, upper])
    one, other = embedder()(batch)[0]
    assert one[:-3].equal(other[:-3])
    assert not one[-3:].equal(other[-3:])
    one, other = embedder(casing_dim=0)(batch)[0]
    assert one.equal(other)


def loaded(*, train: bool = True) -> tuple[Embedder, Tensor, Tensor, Tensor]:
    """An embedder with vectors for words 2 and 4: itself, its start, the rows, the spare rows."""
    net = embedder(chars="none", casing_dim=0)
    before = net.words.weight.detach().clone()
    rows = torch.full((WORDS, DIM), float("nan"))
    rows[[2, 4]] = 10 * torch.randn(2, DIM)
    spare = torch.randn(SPARE, DIM).half().float()
    net.load_vectors(rows, spare, train=train)
    return net, before, rows, spare


def test_words_get_their_vectors_and_spare_words_their_frozen_ones() -> None:
    net, _, rows, spare = loaded()
    found = net(batch_of([2, 4, 6, 7, 8]))[0]
    torch.testing.assert_close(found, torch.cat([rows[[2, 4]], spare]))
    found.sum().backward()
    gradient = net.words.weight.grad
    assert gradient[[2, 4]].eq(1.0).all()
    assert not gradient[[0, 1, 3, 5]].any()  # 5 is the last trained word, next to the spare ones
    assert "spare" not in dict(net.named_parameters())


def test_words_without_a_vector_keep_their_random_one_at_the_same_spread() -> None:
    net, before, rows, _ = loaded()
    after = net.words.weight.detach()
    scale = rows[[2, 4]].std() / before.std()
    torch.testing.assert_close(after[[1, 3, 5]], before[[1, 3, 5]] * scale)
    assert scale > 2


def test_the_padding_row_is_zero_and_stays_so() -> None:
    net, before, *_ = loaded()
    assert not before[0].any()
    assert not net.words.weight[0].any()
    net._word_features(torch.tensor([0, 2])).sum().backward()
    assert not net.words.weight.grad[0].any()


def test_frozen_vectors_do_not_learn() -> None:
    assert loaded(train=True)[0].words.weight.requires_grad
    assert not loaded(train=False)[0].words.weight.requires_grad


def test_without_any_known_word_the_random_start_stays() -> None:
    net = embedder()
    before = net.words.weight.detach().clone()
    net.load_vectors(torch.full((WORDS, DIM), float("nan")), torch.zeros(SPARE, DIM), train=True)
    assert net.words.weight.equal(before)


def test_spare_vectors_too_large_for_half_precision_stay_finite() -> None:
    net = embedder(chars="none", casing_dim=0)
    rows = torch.ones(WORDS, DIM).cumsum(0)
    net.load_vectors(rows, torch.full((SPARE, DIM), -1e30), train=True)
    assert net(batch_of([6]))[0, 0].eq(torch.finfo(torch.float16).min).all()


def test_spare_words_survive_a_state_dict() -> None:
    net, *_, spare = loaded()
    other = embedder(chars="none", casing_dim=0)
    other.load_state_dict(net.state_dict())
    torch.testing.assert_close(other(batch_of([6, 7, 8]))[0], spare)

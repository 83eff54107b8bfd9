"""Settings that are left open, as the corpus decides them."""

import pytest

from ner.config import Config, DataConfig
from ner.corpus import Corpus
from ner.text import Sentence, Span
from ner.training import PreparedCorpus, prepare, resolve


@pytest.mark.parametrize(
    ("tokenizer", "chars", "pairs", "adversarial"),
    [("characters", "none", "yes", 0.03), ("words", "cnn", "no", 0.0)],
)
def test_tokens_that_are_characters_have_pairs_and_no_characters(
    tokenizer: str, chars: str, pairs: str, adversarial: float, tiny_corpus: Corpus
) -> None:
    prepared = prepare(tiny_corpus, DataConfig(tokenizer=tokenizer))
    config = resolve(Config(), prepared)
    assert (config.data.tokenizer, config.data.retokenize) == (tokenizer, "no")
    assert (config.model.chars, config.model.bigrams) == (chars, pairs)
    assert config.train.adversarial == adversarial
    given = {"model.chars": "lstm", "model.bigrams": "no", "train.adversarial": 0.5}
    given |= {"data.tokenizer": tokenizer, "data.retokenize": "no"}
    given |= {"train.epochs": 3, "train.patience": 2}
    chosen = Config().replace(given)
    assert resolve(chosen, prepared) == chosen


@pytest.mark.parametrize(
    ("sentences", "batch", "epochs", "patience"),
    [
        (1, 32, 160, 64),
        (1600, 32, 80, 32),
        (3394, 32, 38, 16),
        (3394, 8, 20, 8),
        (14041, 32, 20, 8),
    ],
)
def test_small_corpora_are_read_more_often(
    sentences: int, batch: int, epochs: int, patience: int
) -> None:
    """Until 4,000 steps have been taken, but not more than 160 times."""
    train = (Sentence(("Anna",), (Span(0, 1, "PER"),)),) * sentences
    config = Config().replace({"train.batch_sentences": batch})
    prepared = PreparedCorpus.of(Corpus("some", train, (), ()), train, DataConfig())
    found = resolve(config, prepared).train
    assert (found.epochs, found.patience) == (epochs, patience)
    some = resolve(config.replace({"train.epochs": 11}), prepared).train
    assert (some.epochs, some.patience) == (11, 5)

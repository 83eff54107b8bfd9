"""Settings of a run: defaults that depend on the corpus, and differences from another run."""

import math

from ner.config import SOFT_LABEL_SETTINGS, Config
from ner.features import registry
from ner.training.preparation import PreparedCorpus

EPOCHS = 20
MOST_EPOCHS = 160
LEAST_STEPS = 4000

# Settings without influence on the result of a run.
_FREE = {"train.checkpoint_minutes", "train.log_gradients"}


def resolve(config: Config, corpus: PreparedCorpus) -> Config:
    """Fill in everything that a configuration leaves to the corpus."""
    single = corpus.has_single_characters
    epochs = config.train.epochs
    if epochs == "auto":
        epochs = _enough_epochs(len(corpus.corpus.train), config.train.batch_sentences)
    filled = {
        "data.tokenizer": corpus.data.tokenizer,
        "data.retokenize": corpus.data.retokenize,
        **registry.defaults(single_characters=single),
        "train.adversarial": 0.03 if single else 0.0,
        "train.epochs": epochs,
        "train.patience": math.ceil(0.4 * epochs),
    }
    return config.replace({k: v for k, v in filled.items() if config[k] == "auto"})


def _enough_epochs(sentences: int, batch: int) -> int:
    """Choose the number of epochs: a small split is read until enough steps have been taken."""
    steps = max(1, math.ceil(sentences / batch))
    return min(max(EPOCHS, math.ceil(LEAST_STEPS / steps)), MOST_EPOCHS)


def different_settings(before: Config, now: Config, *, soft_labels: bool = False) -> list[str]:
    """List the settings in which two resolved configurations make different models.

    Some of them matter only to models that learn from `soft_labels`.
    """
    free = _FREE if soft_labels else _FREE.union(SOFT_LABEL_SETTINGS)
    return [key for key in Config.fields() if before[key] != now[key] and key not in free]

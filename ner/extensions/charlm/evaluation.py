"""Cross-entropy of a text under a language model, in each of its directions."""

import logging
from collections.abc import Sequence
from pathlib import Path

from ner.errors import NerError
from ner.extensions.charlm.folder import LanguageModel
from ner.extensions.charlm.measure import CrossEntropy, measure
from ner.extensions.charlm.text import in_order, read_text

_log = logging.getLogger("ner")


def evaluate_text(
    model: LanguageModel, paths: Sequence[Path], encoding: str
) -> dict[str, CrossEntropy]:
    """The cross-entropy of text files by direction, cut into tokens as the training text was.

    The log names characters that the model does not know. Raises `NerError` where they are most of
    the text: that is written in another alphabet.
    """
    text = read_text(paths, encoding, model.config.data.tokenizer)
    unknown = model.alphabet.unknown_counts(text.counts)
    count = sum(unknown.values())
    if 2 * count > len(text.codes):
        raise NerError(
            f"{', '.join(map(str, paths))}: the model does not know {count:,} of "
            f"{len(text.codes):,} characters, so this is of another alphabet; name another text "
            "or model"
        )
    if unknown:
        shown = ", ".join(f"{c!r} ({count:,})" for c, count in list(unknown.items())[:10])
        _log.warning("characters that the model does not know: %s", shown)
    return {
        direction: measure(network, in_order(text.codes, direction), model.alphabet)
        for direction, network in model.networks.items()
    }

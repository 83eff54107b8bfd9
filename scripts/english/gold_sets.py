"""The five gold sets that the English model is judged on; nothing is learnt or chosen on them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from english.mapping import three_types
from ner import load_corpus
from ner.text import Sentence

# Title → corpus below NER_DATA, split.
GOLD_SETS: Mapping[str, tuple[str, str]] = {
    "CoNLL-2003 test": ("conll2003", "test"),
    "wikigold train": ("open/wikigold", "train"),
    "UNER PUD": ("open/uner-en-pud", "test"),
    "UNER EWT test": ("open/uner-en-ewt", "test"),
    "BTC test": ("open/btc", "test"),
}


def load_gold_sets(root: str) -> dict[str, Sequence[Sentence]]:
    """Each gold set with its persons, organisations and places. Raises `NerError`."""
    found = {}
    for title, (name, split) in GOLD_SETS.items():
        sentences = load_corpus(f"{root}/{name}").splits()[split]
        found[title] = [
            replace(sentence, spans=three_types(sentence.tokens, sentence.spans))
            for sentence in sentences
        ]
    return found

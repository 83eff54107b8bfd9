"""Tokens in pieces: each by itself, with a space before it, and read without trust."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ner.errors import BundleError
from ner.extensions.transformers.pieces import PieceTokenizer
from ner.stored import ValidationError
from tests.extensions.transformers.conftest import PIECES, wordpiece

tokenizers = pytest.importorskip("tokenizers")
PLACE = Path("there/hf.json")


def described() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(wordpiece().to_str())
    return found


def named(tokenizer: PieceTokenizer, token: str) -> list[str]:
    return [PIECES[number] for number in tokenizer.pieces(token)]


def test_a_token_is_cut_by_itself_whatever_the_limit_of_texts() -> None:
    tokenizer = PieceTokenizer(described(), PLACE)
    assert named(tokenizer, "Yorks") == ["york", "##s"]
    assert named(tokenizer, "New.York.Rome") == ["new", ".", "york", ".", "rome"]
    assert named(tokenizer, "☃") == ["[UNK]"]
    assert named(tokenizer, "\u00ad") == []
    assert (tokenizer.start, tokenizer.end, tokenizer.size) == ([2], [3], len(PIECES))
    assert [t for t in ("Anna", "☃", "\u00ad", "Anna☃") if tokenizer.knows(t)] == ["Anna"]


def test_long_words_and_halves_of_pairs_are_read() -> None:
    tokenizer = PieceTokenizer(described(), PLACE)
    assert named(tokenizer, "." * 1_000_000) == ["."] * 40
    assert named(tokenizer, "\ud800") == ["[UNK]"]


@pytest.mark.parametrize(
    "spaces",
    [
        lambda parts: parts.ByteLevel(add_prefix_space=False),
        lambda parts: parts.Metaspace(prepend_scheme="never"),
        lambda parts: parts.Sequence([parts.WhitespaceSplit(), parts.Metaspace()]),
    ],
)
def test_each_token_follows_a_space(spaces: Callable[[Any], Any]) -> None:
    """Otherwise it would be read as the rest of a word."""
    plain = tokenizers.Tokenizer(tokenizers.models.BPE())
    plain.pre_tokenizer = spaces(tokenizers.pre_tokenizers)
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=60, show_progress=False)
    plain.train_from_iterator(["in Rome and in Rome"] * 9, trainer)
    found = PieceTokenizer(json.loads(plain.to_str()), PLACE)
    (piece,) = (plain.id_to_token(number) for number in found.pieces("Rome"))
    assert piece in ("ĠRome", "▁Rome")
    assert found.start == found.end == []


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {}},
        {"model": {"type": "Magic"}},
        {"pre_tokenizer": {"type": "Magic"}},
        {"normalizer": {"type": "Replace", "pattern": {"Regex": "(a+)+b"}, "content": ""}},
        {"added_tokens": 7},
    ],
)
def test_what_is_no_tokenizer_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"^there/hf\.json: is damaged \((no t|the p)") as e:
        PieceTokenizer(described() | changes, PLACE)
    assert "\n" not in str(e.value)


def test_a_tokenizer_that_fails_says_on_what() -> None:
    model = {"type": "Unigram", "unk_id": None, "vocab": [["a", -1.0]], "byte_fallback": False}
    tokenizer = PieceTokenizer(described() | {"model": model, "post_processor": None}, PLACE)
    with pytest.raises(BundleError, match=r"a transformer fails on '☃' .*; use another model"):
        tokenizer.pieces("☃")

"""Pieces: the subwords of a token, as the tokenizer of a transformer cuts it.

Each token is cut by itself, as the library does with text that is cut into words already. The only
module that imports ``tokenizers``, and only when it is used.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ner.errors import BundleError, shorten
from ner.features import shortened
from ner.stored import damaged

_PATTERNS = (" {2,}",)  # regular expressions of the tokenizers of the kinds that are read


class PieceTokenizer:
    """A tokenizer.json at work; safe for threads."""

    def __init__(self, described: Mapping[str, Any], place: Path) -> None:
        """`place` is the file that it came from. Raises `ValidationError`."""
        import tokenizers

        if other := next((p for p in _patterns(described) if p not in _PATTERNS), None):
            raise damaged(place, f"the pattern {other!r:.80}, which could take for ever")
        self.described = _for_tokens(described)
        try:
            self._tokenizer = tokenizers.Tokenizer.from_str(json.dumps(self.described))
            marks = self._tokenizer.encode(["a"], is_pretokenized=True)
        except Exception as error:  # the library raises nothing more special
            raise damaged(place, f"no tokenizer: {error!s:.200}") from None
        inside = [i for i, special in enumerate(marks.special_tokens_mask) if not special]
        start, end = (inside[0], inside[-1] + 1) if inside else (len(marks.ids), len(marks.ids))
        self.start: list[int] = marks.ids[:start]
        self.end: list[int] = marks.ids[end:]
        known = self._tokenizer.get_vocab(with_added_tokens=True).values()
        self.size: int = 1 + max([*known, *marks.ids], default=-1)
        self._unknown = self._unknown_piece(self.described["model"])

    def _unknown_piece(self, model: Mapping[str, Any]) -> int | None:
        """The number of the piece that stands for what is unknown, if there is one."""
        if isinstance(number := model.get("unk_id"), int):
            return number
        found: int | None = self._tokenizer.token_to_id(str(model.get("unk_token")))
        return found

    def pieces(self, token: str) -> list[int]:
        """The numbers of its pieces; none where the tokenizer drops all characters.

        Of a word longer than 40 characters its first and last 20 are read, as in the rest of the
        tagger. Raises `BundleError` where the tokenizer fails.
        """
        text = shortened(token).encode("utf-8", "replace").decode()  # halves of pairs are no text
        try:
            found = self._tokenizer.encode([text], is_pretokenized=True, add_special_tokens=False)
        except Exception as error:
            raise BundleError(
                f"the tokenizer of a transformer fails on {shorten(token)} ({error!s:.200}); use "
                "another model"
            ) from None
        return list(found.ids)

    def knows(self, token: str) -> bool:
        """Tell if a token has pieces, all of them known."""
        found = self.pieces(token)
        return bool(found) and self._unknown not in found


def _patterns(value: Any) -> Iterator[Any]:
    """All regular expressions in a description."""
    if isinstance(value, dict):
        if "Regex" in value and len(value) == 1:
            yield value["Regex"]
        for inner in value.values():
            yield from _patterns(inner)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            yield from _patterns(inner)


def _for_tokens(described: Mapping[str, Any]) -> dict[str, Any]:
    """The same tokenizer, for tokens: each follows a space, and none is cut off or filled up."""
    spaced = _spaced(described.get("pre_tokenizer"))
    return {**described, "truncation": None, "padding": None, "pre_tokenizer": spaced}


def _spaced(part: Any) -> Any:
    match part:
        case {"type": "ByteLevel"}:
            return {**part, "add_prefix_space": True}
        case {"type": "Metaspace"}:
            return {**part, "prepend_scheme": "always"}
        case {"type": "Sequence", "pretokenizers": list(several)}:
            return {**part, "pretokenizers": [_spaced(one) for one in several]}
    return part

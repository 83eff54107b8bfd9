"""Texts to cut: golden cases, and any Unicode text."""

import re
from collections.abc import Iterator
from pathlib import Path

from hypothesis import strategies as st

GOLDEN = Path(__file__).parents[1] / "golden" / "tokenize"
# Plain text of every kind, and text made of what the rules look at.
CHARACTERS = "aA1 .,:;'’\"-–—_&@#/+$%()!?…。”“中タก\n\t\u0301\u200b\u200d\xad😀०é\ud800\x00\x85"
WORDS = ["n't", "'s", "U.S.", "Mr.", " The ", "\n\n", "http://", "www.", "a@b.com", "&amp;"]
PIECES = st.sampled_from([*CHARACTERS, *WORDS])
TEXTS = st.text(st.characters(), max_size=60) | st.lists(PIECES, max_size=30).map("".join)


# What the rules for abbreviations, numbers, quotations and suspended words look at.
PHRASES = [
    *["short- and ", "long-term ", "vor- oder ", "x-, y-, ", " Inc", "Corp. ", "etc. ", "12. "],
    *["2030. ", "Oktober", "»", " » ", ". The", ".” He", "?” he", "No. 5", "Jan. ", "word", "Word"],
    *[
        "  ",
        "\r\n",
        "\u2029",
        "\u3000",
        "A.",
        "B.C.",
        "e.g. ",
        "...",
        ". . .",
        "3.5",
        "-",
        "end.Next",
    ],
    *["é.", "Dr. ", "’s", "a" * 30, "1234", "中文", "。", "．", "।", "‑", "٫", "ʼ", "«", "(", "*"],
]
_WRITTEN = [*CHARACTERS.replace("\ud800", ""), *WORDS, *PHRASES]
WRITING = st.lists(st.sampled_from(_WRITTEN), max_size=40).map("".join)


def is_whole(text: str) -> bool:
    """Whether UTF-8 can carry a text: there is no half surrogate pair in it."""
    return text.encode("utf-8", "ignore") == text.encode("utf-8", "surrogatepass")


def unescape(line: str) -> str:
    return re.sub(
        r"\\(?:u([0-9a-f]{4})|([nrt]))",
        lambda m: chr(int(m[1], 16)) if m[1] else {"n": "\n", "r": "\r", "t": "\t"}[m[2]],
        line,
    )


def golden(name: str) -> Iterator[tuple[str, list[str]]]:
    """The cases of a golden file: each text with the lines that belong to it."""
    text, lines = "", list[str]()
    for line in [*(GOLDEN / f"{name}.txt").read_text("utf-8").splitlines(), "> "]:
        if line.startswith("> "):
            if text:
                yield text, lines
            text, lines = unescape(line[2:]), []
        elif line.startswith("= "):
            lines.append(line[2:])


# Inputs on which a pattern that rescans or backtracks takes minutes to hours. That
# these tests come to their end is what they show.
MANY = 200_000
LONG = [
    *"!'\"-_@\n1",
    *["a.", "a-", "a'", "a+", "a@", "a_", "1,", '."', "。”", "?.", "n't", "A. ", "1. ", ".\n"],
    *["http://", "a.bc/", "&amp;", "US$", "Mr. ", "x- en ", "😀\u200d", "\u0301", "#a", "a\xad"],
]
ONCE = ["www.{},", "http://a{})", "a{}_", "a{}\xad", " :{})x", " -{}_x", " <{}3x", ".{}'x", ".{} x"]

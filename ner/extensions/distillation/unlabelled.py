"""Unlabelled text: sentences drawn at random from a file of any size."""

import random
from collections.abc import Iterable
from pathlib import Path

from ner.config import Config
from ner.corpus import Corpus, Diagnostics, text_lines
from ner.errors import CorpusError
from ner.files import open_binary
from ner.text import Sentence
from ner.tokenize import sentences_of
from ner.training import split_long


def draw_sentences(path: str | Path, corpus: Corpus, config: Config) -> list[Sentence]:
    """Sentences of a text with a paragraph on each line, drawn by the seed of training.

    Paragraphs are drawn with equal chances, and cut by `data.tokenizer`, until there are
    `train.unlabelled_sentences`, all different, and none of them in the corpus. The text is read as
    a stream. Raises `UsageError` for a file that is not there, and `CorpusError` for one that is
    not in `data.encoding` (with ``file:line``) or holds no text, or none but that of the corpus.
    """
    most, rng = config.train.unlabelled_sentences, random.Random(config.train.seed)
    with open_binary(path) as stream:
        lines = text_lines(stream, str(path), config.data.encoding, Diagnostics())
        drawn = draw_lines(((n, line) for n, line in lines if line.strip()), most, rng)
    if not drawn:
        raise CorpusError(f"{path}: holds no text; name a file with a paragraph on each line")
    known = {sentence.tokens for split in corpus.splits().values() for sentence in split}
    found: dict[tuple[str, ...], Sentence] = {}
    for number, line in drawn:
        cut = sentences_of(line, config.data.tokenizer, source=str(path), line=number)
        found |= {s.tokens: s for s in split_long(cut) if s.tokens not in known}
        if len(found) >= most:
            break
    if not found:
        raise CorpusError(f"{path}: holds no sentence that the corpus lacks; name another text")
    return list(found.values())[:most]


def draw_lines(
    lines: Iterable[tuple[int, str]], most: int, rng: random.Random
) -> list[tuple[int, str]]:
    """Up to `most` lines in random order, each with the same chance (Waterman's algorithm R)."""
    drawn: list[tuple[int, str]] = []
    for seen, line in enumerate(lines):
        if seen < most:
            drawn.append(line)
        elif (place := rng.randrange(seen + 1)) < most:
            drawn[place] = line
    rng.shuffle(drawn)
    return drawn

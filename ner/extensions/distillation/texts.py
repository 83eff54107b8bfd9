"""Text without labels: files of any size, of which sentences are drawn at random.

Files are read as streams; what is drawn of them is cut when it is its turn.
"""

import hashlib
import random
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ner.config import Config
from ner.corpus import file_lines
from ner.errors import CorpusError, UsageError
from ner.text import SegmentedText
from ner.tokenize import detect_text_style, sentences_of
from ner.training import split_long

Tokens = tuple[str, ...]
Texts = str | Path | Sequence[str | Path]
"""A file or several, each perhaps with a share: see `text_files`."""
_SHARE = re.compile(r"(\d*\.?\d+)=(.+)", re.DOTALL)
_SHOWN = 1000  # lines by which the tokenizer is chosen
_ALL = 1e-6  # rounding of shares


class TextFile(NamedTuple):
    """A file with a paragraph on each line, and the share of its sentences in those drawn."""

    path: str
    share: float = 1.0


def text_files(given: Texts) -> list[TextFile]:
    """Files as users name them: ``FILE``, or ``0.3=FILE`` for one with a share.

    Those without a share have equal parts of what the others leave. A file whose own name begins
    with a number and an equals sign is given with its folder, as ``./0.3=x``. Raises `UsageError`
    for shares that do not sum to 1.
    """
    names = [given] if isinstance(given, str | Path) else given
    matches = [_SHARE.fullmatch(str(name)) for name in names]
    shares = [float(match[1]) for match in matches if match]
    rest, open_ = 1.0 - sum(shares), len(names) - len(shares)
    if names and (rest < -_ALL or (rest > _ALL) != bool(open_) or not all(shares)):
        raise UsageError(
            f"the shares of --unlabelled files sum to {sum(shares):g} for {len(shares)} of "
            f"{len(names)}; give shares above 0 that sum to 1, or leave one file without"
        )
    return [
        TextFile(match[2], float(match[1])) if match else TextFile(str(name), rest / open_)
        for name, match in zip(names, matches, strict=True)
    ]


def style_of_text(files: Sequence[TextFile], encoding: str) -> str:
    """The style of tokenizer that suits the beginning of the first file."""
    lines = file_lines(files[0].path, encoding)
    return detect_text_style([line for (_, line), _ in zip(lines, range(_SHOWN), strict=False)])


def draw_documents(
    files: Sequence[TextFile], known: Collection[Tokens], config: Config
) -> Iterator[SegmentedText]:
    """Sentences of texts with a paragraph on each line, drawn by the seed of training.

    Paragraphs of a file are drawn with equal chances, and cut by `data.tokenizer`, until there are
    as many sentences as its share of `train.unlabelled_sentences` has, or all: all different, and
    none of them `known`. Each paragraph comes with the sentences drawn of it, once all files have
    been read, as streams. Raises `UsageError` for a file that is not there, and `CorpusError` for
    one that is not in `data.encoding` (with ``file:line``), or holds no text, or none but known.
    """
    quotas = [max(1, round(file.share * config.train.unlabelled_sentences)) for file in files]
    drawn = [_draw(file.path, most, config) for file, most in zip(files, quotas, strict=True)]
    seen = set(map(_digest, known))
    for file, most, lines in zip(files, quotas, drawn, strict=True):
        yield from _cut(file.path, lines, most, seen, config)


def _draw(path: str, most: int, config: Config) -> list[tuple[int, str]]:
    """Draw lines of a file. Raises `CorpusError` for one without text."""
    lines = ((n, line) for n, line in file_lines(path, config.data.encoding) if line.strip())
    drawn = draw_lines(lines, most, random.Random(config.train.seed))
    if not drawn:
        raise CorpusError(f"{path}: holds no text; name a file with a paragraph on each line")
    return drawn


def _cut(
    path: str, lines: list[tuple[int, str]], most: int, seen: set[bytes], config: Config
) -> Iterator[SegmentedText]:
    """Cut paragraphs until there are enough sentences that are new; those are then `seen`.

    Lines are taken from the list, whose memory they give back.
    """
    left = most
    lines.reverse()
    while lines and left:
        number, line = lines.pop()
        cut = split_long(sentences_of(line, config.data.tokenizer, source=path, line=number))
        of = {_digest(sentence.tokens): sentence for sentence in cut}
        new = [digest for digest in of if digest not in seen][:left]
        if new:
            seen.update(new)
            left -= len(new)
            yield line, [of[digest] for digest in new]
    if left == most:
        raise CorpusError(
            f"{path}: holds no sentence that the corpus lacks, or the text before; name another"
        )


def _digest(tokens: Tokens) -> bytes:
    """A sentence in little memory: no two of a billion are likely to be the same."""
    written = "\n".join(tokens).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(written, digest_size=10).digest()


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

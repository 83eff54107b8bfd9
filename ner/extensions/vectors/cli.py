"""``ner vectors``: word vectors trained from text, and held against a corpus."""

import itertools
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ner.cli.options import PathArg, data_option, json_option
from ner.cli.reading import data_config, reading_options
from ner.errors import UsageError

if TYPE_CHECKING:
    from ner.extensions.vectors.coverage import VectorsReport
    from ner.extensions.vectors.skipgram import StageCallback

_LOG = logging.getLogger("ner")

CHUNK = 1 << 16  # characters that are tokenised together
SAMPLE = 1 << 17  # characters from which the tokenizer is chosen
ENGLISH = 0.01  # of the tokens are "the": in social media 0.018, in other languages next to none


@click.group(short_help="Train word vectors from text; see how they suit a corpus.")
def vectors() -> None:
    """Word vectors: trained from your own text, and held against a corpus."""


@vectors.command()
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True, type=PathArg())
@click.option("--out", required=True, type=PathArg(), help="Output: word2vec text; .gz is packed.")
@click.option("--dim", type=click.IntRange(2, 10_000), default=100, help="Numbers in a vector.")
@click.option("--window", type=click.IntRange(1), default=5, help="Words on each side that count.")
@click.option("--epochs", type=click.IntRange(1), default=5, help="Times the text is gone through.")
@click.option("--min-count", type=click.IntRange(1), default=5, help="Leave out rarer words.")
@click.option("--subword", is_flag=True, help="Learn from parts of words, too (fastText).")
@click.option("--cased", is_flag=True, help="Keep capitals; else all is in lower case.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, help="Seed of chance.")
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=1,
    help="Threads; with more than one, no two runs give the same.",
)
@reading_options(("encoding", "tokenizer"))
def train(
    texts: tuple[Path, ...], out: Path, cased: bool, reading: dict[str, Any], **settings: Any
) -> None:
    """Train vectors of the words in raw text, plain, .gz or .xz, that may be of any size.

    Words are folded as the tagger does it: lower case, every digit as 0. A
    sentence may go on in the next line, but not beyond a blank one. A temporary
    file (in $TMPDIR) takes about as much room as the text.
    """
    from ner.cli.progress import progress_bar
    from ner.extensions.vectors.skipgram import SkipGram, train_vectors

    if any(out.is_file() and text.is_file() and out.samefile(text) for text in texts):
        raise UsageError(f"{out}: is what is read, and would be replaced; name another --out")
    config = data_config(reading)
    with progress_bar() as progress:
        chunks = _chunks(texts, config.encoding, progress.show)
        how = SkipGram(fold_case=not cased, **settings)
        count = train_vectors(_sentences(chunks, config.tokenizer), out, how, progress.show)
    click.echo(f"{out}: {count:,} words with {how.dim} numbers each")


def _sentences(chunks: Iterator[str], style: str) -> Iterator[tuple[str, ...]]:
    from ner.tokenize import sentences_of

    if style == "auto":
        sample: list[str] = []
        while sum(map(len, sample)) < SAMPLE and (chunk := next(chunks, None)) is not None:
            sample.append(chunk)
        chunks = itertools.chain(sample, chunks)
        style = detect_tokenizer("\n".join(sample))
        _LOG.info("tokenizer: %s, by the text; --tokenizer names another", style)
    for chunk in chunks:
        for sentence in sentences_of(chunk, style):
            yield sentence.tokens


def _chunks(texts: Sequence[Path], encoding: str, progress: "StageCallback") -> Iterator[str]:
    """Texts in pieces that end with a line, and how many packed bytes of them are read."""
    from ner.corpus import LAYOUTS, cut_lines, text_lines
    from ner.files import bytes_read, open_binary

    sizes = [_size(text) for text in texts]
    for number, text in enumerate(texts):
        with open_binary(text) as stream:
            lines = text_lines(stream, str(text), encoding)
            for chunk in cut_lines(lines, LAYOUTS["text"], CHUNK, CHUNK):
                progress("tokenizing", sum(sizes[:number]) + bytes_read(stream), sum(sizes))
                yield "\n".join(chunk.lines)


def _size(path: Path) -> int:
    """The size of a file on the disk. Raises `NerError` if there is none of that name."""
    from ner.files import unreadable

    try:
        return path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from None


def detect_tokenizer(text: str) -> str:
    """The tokenizer that suits a text: ``characters``, ``words-en`` or ``words``."""
    from ner.tokenize import detect_style, tokenize

    tokens = [text[start:end] for start, end in tokenize(text, "words")]
    if detect_style(tokens) == "characters":
        return "characters"
    return "words-en" if tokens and tokens.count("the") >= ENGLISH * len(tokens) else "words"


@vectors.command()
@click.argument("file", metavar="FILE", type=PathArg())
@data_option
@click.option(
    "--words", metavar="A,B,C", help="Words whose neighbours are shown.  [default: from entities]"
)
@json_option
@reading_options()
def info(file: Path, data: str, words: str | None, as_json: bool, reading: dict[str, Any]) -> None:
    """Show how many words of a corpus have a vector in FILE, which have none, and what is near.

    Neighbours (by cosine) are looked for among the words of the corpus and the
    50,000 most frequent others of the file.
    """
    from ner.corpus import read_corpus

    splits = read_corpus(data, data_config(reading)).splits()
    wanted = [word for word in map(str.strip, (words or "").split(",")) if word]

    # Only now: it takes a while, and the corpus may be bad.
    from ner.cli.progress import progress_bar
    from ner.extensions.vectors.coverage import describe_vectors, read_near

    with progress_bar((str(file),)) as progress:
        found = read_near(file, splits, wanted, progress.vectors_read)
    report = describe_vectors(found, splits, wanted)
    if as_json:
        click.echo(json.dumps(report.to_dict(), ensure_ascii=False, indent=2))
    else:
        _print_report(str(file), report)


def _print_report(file: str, report: "VectorsReport") -> None:
    case = "in lower case" if report.fold_case else "as they are written"
    digits = "every digit as 0" if report.fold_digits else "digits as they are"
    click.echo(f"{file}: {report.words:,} words with {report.dim} numbers each")
    click.echo(f"words are looked up {case}, {digits}\n")
    click.echo(f"{'words with a vector':20}{'different':>10}{'running':>10}{'in entities':>13}")
    for name, split in report.splits.items():
        shares = [split.types, split.tokens, split.entity_tokens]
        different, running, inside = ("-" if x is None else f"{100 * x:.1f}%" for x in shares)
        click.echo(f"{name:20}{different:>10}{running:>10}{inside:>13}")
    missing = ", ".join(f"{word} ({count:,})" for word, count in report.uncovered.items())
    click.echo(f"\nmost frequent without a vector: {missing or 'none'}\n")
    for word, near in report.neighbours.items():
        click.echo(f"{word}: " + ", ".join(f"{other} {cos:.2f}" for other, cos in near.items()))

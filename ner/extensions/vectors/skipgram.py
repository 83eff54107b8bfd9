"""Word vectors from one's own text: skip-grams with negative sampling (Mikolov et al. 2013).

With `SkipGram.subword`, a word's vector is the mean of vectors of its own and of its character
n-grams (fastText, Bojanowski et al. 2017).

The only module that imports ``gensim``, and only when it is used. The text is never in memory: it
is folded and counted once, on its way into a temporary file, and read from there in each epoch.
"""

import contextlib
import logging
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ner.errors import MissingExtra, TrainingError
from ner.features import fold
from ner.files import temporary_space, write_text

StageCallback = Callable[[str, int, int], None]
"""Called with the name of a stage, how much of it is done, and how much there is to do."""

LONGEST = 10_000  # tokens; gensim forgets what a sentence has beyond that
BUCKETS = 500_000  # for n-grams; gensim's own 2,000,000 take 800 MB at 100 numbers each
SHOWN = 1_000  # sentences between two looks at the progress

_log = logging.getLogger("ner")


@dataclass(frozen=True, kw_only=True)
class SkipGram:
    """Settings of training; with one thread, equal text and settings give equal vectors."""

    dim: int = 100
    window: int = 5
    epochs: int = 5
    min_count: int = 5
    subword: bool = False
    fold_case: bool = True
    fold_digits: bool = True
    seed: int = 1
    threads: int = 1


def train_vectors(
    sentences: Iterable[Sequence[str]],
    out: str | Path,
    settings: SkipGram,
    progress: StageCallback = lambda *_: None,
) -> int:
    """Train vectors of the words of `sentences` and write them to `out`; returns how many.

    `sentences` are tokens without spaces and line ends in them, read once. The file is word2vec
    text with a header (packed if it is called ``.gz``), most frequent words first, and appears
    whole or not at all. Raises `MissingExtra` without gensim, `TrainingError` for a text with too
    few words, and `NerError` where `out` cannot be written.
    """
    try:
        import gensim.models as models
    except ImportError:
        raise MissingExtra("training vectors needs a package: pip install 'gensim>=4.4'") from None
    with write_text(out) as file, contextlib.ExitStack() as stack:
        with temporary_space():
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ner-"))
        text = _FoldedText(Path(folder) / "tokens", progress)
        with temporary_space():
            counts = text.fill(sentences, settings)
        words = _most_frequent(counts, settings.min_count)
        _log.info(
            "%d tokens, %d different words; %d of them occur %d times or more",
            counts.total(), len(counts), len(words), settings.min_count,
        )  # fmt: skip
        try:
            vectors = _train(models, text, {word: counts[word] for word in words}, settings)
        finally:
            text.stopped = True
        _write(file, words, vectors, settings.dim, progress)
    return len(words)


class _FoldedText:
    """Folded sentences in a file, read from the start by each loop over them."""

    def __init__(self, path: Path, progress: StageCallback) -> None:
        self._path = path
        self._progress = progress
        self._epoch = 0
        self.stopped = False  # true ends a loop that goes on in another thread, as after Ctrl-C
        self.sentences = 0

    def fill(self, sentences: Iterable[Sequence[str]], settings: SkipGram) -> Counter[str]:
        """Write sentences into the file; returns the counts of folded tokens."""
        counts: Counter[str] = Counter()
        with self._path.open("w", encoding="utf-8", newline="\n") as file:
            for tokens in sentences:
                for start in range(0, len(tokens), LONGEST):
                    line = " ".join(tokens[start : start + LONGEST])
                    line = fold(line, case=settings.fold_case, digits=settings.fold_digits)
                    counts.update(line.split(" "))
                    file.write(line + "\n")
                    self.sentences += 1
        return counts

    def __iter__(self) -> Iterator[list[str]]:
        self._epoch += 1
        with self._path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file):
                if self.stopped:
                    return
                if number % SHOWN == 0:
                    self._progress(f"epoch {self._epoch}", number, self.sentences)
                yield line.rstrip("\n").split(" ")


def _most_frequent(counts: Counter[str], min_count: int) -> list[str]:
    """Words that occur often enough, most frequent first, then alphabetically."""
    if not counts:
        raise TrainingError("the text has no words; name one that has")
    words = [word for word, count in counts.items() if count >= min_count]
    if not words:
        raise TrainingError(
            f"the text has no word that occurs {min_count} times; lower --min-count "
            f"(to {max(counts.values())} at most), or give more text"
        )
    return sorted(words, key=lambda word: (-counts[word], word))


def _train(models: Any, text: _FoldedText, counts: dict[str, int], settings: SkipGram) -> Any:
    """A mapping from words to their vectors, ``[D]``."""
    kind = models.FastText if settings.subword else models.Word2Vec
    model = kind(
        sg=1,
        vector_size=settings.dim,
        window=settings.window,
        min_count=1,  # `counts` are those of the words that are wanted
        seed=settings.seed,
        workers=settings.threads,
        **({"bucket": BUCKETS} if settings.subword else {}),
    )
    model.build_vocab_from_freq(counts, corpus_count=text.sentences)
    model.train(corpus_iterable=text, total_examples=text.sentences, epochs=settings.epochs)
    return model.wv


def _write(
    file: TextIO, words: Sequence[str], vectors: Any, dim: int, progress: StageCallback
) -> None:
    numbers = " %.4f" * dim
    file.write(f"{len(words)} {dim}\n")
    for number, word in enumerate(words):
        if number % SHOWN == 0:
            progress("writing", number, len(words))
        file.write(word + numbers % tuple(vectors[word].tolist()) + "\n")

"""A corpus prepared for training, once for all that is trained on it, and settings it decides."""

import logging
import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from ner.config import (
    LEARNING_RATE,
    SOFT_LABEL_SETTINGS,
    Config,
    DataConfig,
    TrainConfig,
    chosen,
)
from ner.corpus import (
    Corpus,
    TrainingFingerprints,
    overlaps,
    partial_labels_within,
    with_layers,
    with_partial_labels,
)
from ner.errors import TrainingError, UsageError
from ner.evaluation import check_labelled, unknown_labels
from ner.features import Vectors, default_settings, read_vectors
from ner.predict import window_note
from ner.text import Sentence, Span, by_corpus
from ner.tokenize import detect_style, has_unspaced_words, measure_agreement, retokenize
from ner.training.sampling import EpochSampler

_log = logging.getLogger("ner")

DEFAULTS = DataConfig()
ENOUGH_BORDERS = 0.98  # of entities, that the tokenizer must find
MEASURED = 20_000  # training sentences on which that is measured, at most
LONGEST = 512  # tokens of one training sentence; longer ones are cut between entities

EPOCHS = 20
MOST_EPOCHS = 160
LEAST_STEPS = 4000
CASE_AUGMENTATION = 0.05  # measured: see the guide to text in another case
PATIENCE = 0.4  # of all epochs
# A split that is read more often than that is small: it is learnt at a higher rate and with less
# patience, for the same F1 in less than half of the time (docs/results/ACCURACY.md, Small corpora).
MOST_FULL_EPOCHS = 80
SMALL_RATE = 1.5 * LEARNING_RATE
SMALL_PATIENCE = 16
# Both rates were measured with batches of that many sentences; with larger ones they rise by the
# square root, the rule for Adam (Malladi et al. 2022, arXiv:2205.10287).
MEASURED_BATCH = 32
# It may take 90 steps to find the first entity: with fewer, a tiny split would be left without any.
PATIENT_STEPS = 150

# Settings without influence on the result of a run.
_FREE = {"train.checkpoint_minutes", "train.log_gradients"}


@dataclass(frozen=True)
class PreparedCorpus:
    """A corpus, the segments of its training split, and its hashes."""

    corpus: Corpus
    segments: Sequence[Sentence]
    checksums: Mapping[str, str]  # by split
    fingerprints: TrainingFingerprints  # of the training split
    data: DataConfig  # tokenizer and retokenize as resolved
    read_vectors: Callable[..., Vectors] = read_vectors  # for the words of the training split

    @classmethod
    def of(cls, corpus: Corpus, segments: Iterable[Sentence], data: DataConfig) -> "PreparedCorpus":
        """Hash a corpus, cut already, whose training split is learnt in some segments."""
        fingerprints = TrainingFingerprints.of(corpus.train)
        style, again = _style(corpus, data), "yes" if data.retokenize == "yes" else "no"
        data = replace(data, tokenizer=style, retokenize=again)
        return cls(corpus, tuple(segments), corpus.checksums(), fingerprints, data)

    @property
    def has_single_characters(self) -> bool:
        """True where most tokens are characters, as in Chinese cut like raw text."""
        if self.data.retokenize != "yes":
            return self.data.tokenizer == "characters"
        lengths = [len(token) for token in _tokens(self.corpus)]
        return lengths.count(1) > len(lengths) / 2


def prepare(corpus: Corpus, data: DataConfig = DEFAULTS) -> PreparedCorpus:
    """Check a tagger's corpus, cut it as raw text will be cut, and split long training sentences.

    Of `data` count `tokenizer` and `retokenize`. Raises `TrainingError` for a corpus that nothing
    can be learnt from.
    """
    corpus = with_layers(corpus)
    check_corpus(corpus)
    corpus, data = _as_raw_text(corpus, data)
    _log_long(corpus.train)
    return PreparedCorpus.of(corpus, split_long(corpus.train), data)


def _as_raw_text(corpus: Corpus, data: DataConfig) -> tuple[Corpus, DataConfig]:
    """The corpus with tokens as the tokenizer makes them, where that is wanted; a note says so.

    Otherwise a note tells how far they agree, and a warning if entities would be lost.
    """
    style = _style(corpus, data)
    if data.retokenize == "auto" and has_unspaced_words(_tokens(corpus)):
        data = replace(data, retokenize="yes")
    data = replace(data, tokenizer=style)
    if data.retokenize != "yes":
        _check_cut_alike(corpus)
    if data.retokenize == "yes":
        note = f"tokens are cut as the tokenizer `{style}` cuts raw text, entities with them"
        _log.info("%s: its %s (data.retokenize)", corpus.name, note)
        train, valid, test = (
            tuple(retokenize(sentence, style)[0] for sentence in sentences)
            for sentences in corpus.splits().values()
        )
        notes = (*corpus.notes, note)
        return replace(corpus, train=train, valid=valid, test=test, notes=notes), data
    step = 1 + len(corpus.train) // MEASURED
    agreement = measure_agreement(corpus.train[::step], style)
    note = f"of its sentences written as text, the tokenizer `{style}` finds {agreement} again"
    if agreement.borders < ENOUGH_BORDERS:
        _log.warning(
            "%s: %s, so that entities of raw text will be missed; cut text and corpus alike "
            "with --tokenizer pieces --set data.retokenize=yes",
            corpus.name,
            note,
        )
    return replace(corpus, notes=(*corpus.notes, note)), data


def _check_cut_alike(corpus: Corpus) -> None:
    """Warn of corpora whose tokens are cut unlike; refuse characters beside words."""
    parts = by_corpus(corpus.train)
    styles = {name: detect_style(t for s in part for t in s.tokens) for name, part in parts.items()}
    if len({*styles.values()}) < 2:
        return
    told = ", ".join(f"{name} like the tokenizer `{style}`" for name, style in styles.items())
    note = (
        f"{corpus.name}: tokens are cut unlike ({told}), and text to be tagged is cut in one way; "
        "cut all alike with --tokenizer pieces --set data.retokenize=yes"
    )
    if "characters" in styles.values():
        raise TrainingError(note)
    _log.warning("%s", note)


def _style(corpus: Corpus, data: DataConfig) -> str:
    return detect_style(_tokens(corpus)) if data.tokenizer == "auto" else data.tokenizer


def _tokens(corpus: Corpus) -> Iterator[str]:
    return (token for sentence in corpus.train for token in sentence.tokens)


def check_corpus(corpus: Corpus) -> None:
    """Refuse a corpus that nothing can be learnt from; log oddities of another.

    Raises `TrainingError`, and `CorpusError` for valid or test without all labels.
    """
    if not corpus.train:
        raise TrainingError(f"{corpus.name}: has no training split; add a file train.txt")
    _check_valid(corpus)
    _check_labels(corpus)
    _check_layers(corpus)
    check_labelled(corpus.valid)
    check_labelled(corpus.test)
    _log_oddities(corpus)


def _check_valid(corpus: Corpus) -> None:
    partly = sum(bool(sentence.partial) for sentence in corpus.train)
    if not corpus.valid and partly:
        raise TrainingError(
            f"{corpus.name}: has no validation split, and too few fully labelled sentences or "
            f"documents to set one apart (sentences with unknown tags: {partly} of "
            f"{len(corpus.train)}); add a file valid.txt, or lower data.valid_fraction"
        )
    if not corpus.valid:
        raise TrainingError(
            f"{corpus.name}: has {len(corpus.train)} training sentence(s) and no validation split; "
            "add sentences, or a file valid.txt"
        )


def _check_labels(corpus: Corpus) -> None:
    if not corpus.labels:
        raise TrainingError(
            f"{corpus.train[0].source or corpus.name}: no token of the training split is in an "
            "entity; choose the column of the tags with --tag-column"
        )
    for kind, names in (("type", corpus.labels), ("tag layer", corpus.layers)):
        for name in names:
            if not name.isprintable():
                raise TrainingError(
                    f"{corpus.name}: the {kind} {name!r:.80} has characters that cannot be "
                    "printed; correct it"
                )


def _check_layers(corpus: Corpus) -> None:
    """Refuse layers without an entity to learn from, and labels of layers that are not complete.

    Raises `UsageError` or `TrainingError`.
    """
    if not corpus.layers:
        return
    listed = ", ".join(corpus.layers)
    if any(s.partial or s.corpus for s in corpus.train):
        raise UsageError(
            f"{corpus.name}: has the tag layers {listed}, and these go neither with several "
            "corpora nor with unknown tags; choose one column with --tag-column"
        )
    learnt = {name for sentence in corpus.train for name in sentence.layers}
    if lacking := [name for name in corpus.layers if name not in learnt]:
        raise TrainingError(
            f"{corpus.name}: no token of the training split is in an entity of the layer "
            f"{lacking[0]} of {listed}; leave it out, or choose its column with --tag-column"
        )


def _log_oddities(corpus: Corpus) -> None:
    if not any(sentence.spans for sentence in corpus.valid):
        _log.warning(
            "%s: the validation split has no entity, so the best epoch cannot be told from others",
            corpus.name,
        )
    for note in overlaps(corpus):
        _log.warning("%s: %s", corpus.name, note)
    if windows := window_note((*corpus.valid, *corpus.test)):
        _log.info("%s", windows)
    for split in ("valid", "test"):
        gold = [sentence.spans for sentence in getattr(corpus, split)]
        if unseen := unknown_labels(gold, corpus.labels):
            _log.warning(
                "%s: types that the training split lacks count as missed in %s: %s",
                corpus.name, split, ", ".join(unseen),
            )  # fmt: skip


def split_long(sentences: Iterable[Sentence], size: int = LONGEST) -> Iterator[Sentence]:
    """Split sentences into segments of at most `size` tokens, never within a shorter entity.

    Partly labelled sentences are split where no entity can go through, if there is such a place.
    """
    for sentence in sentences:
        start = 0
        while start < len(sentence):
            end = _end(sentence, start, size)
            yield _segment(sentence, start, end)
            start = end


def _end(sentence: Sentence, start: int, size: int) -> int:
    """Find the end of the segment from `start`: at `size`, or before an entity that goes on."""
    end = min(start + size, len(sentence))
    if sentence.partial and end < len(sentence):
        boundaries = range(end, start, -1)
        return next((i for i in boundaries if sentence.partial[i].continues == "no"), end)
    inside, most = _within(sentence, start, end), end
    while crossing := [span.start for span in inside if span.start < end < span.end]:
        end = min(crossing)  # where others of another layer may go on
        if end <= start:
            return most
    return end


def _within(sentence: Sentence, start: int, end: int) -> list[Span]:
    """The entities that stand in the tokens ``[start, end)``, at least in part."""
    spans = sentence.spans
    layered = bool(spans) and spans[0].layer != ""  # their ends may not rise
    first = 0 if layered else bisect_right(spans, start, key=attrgetter("end"))
    behind = bisect_left(spans, end, key=attrgetter("start"))
    return [span for span in spans[first:behind] if span.end > start]


def _segment(sentence: Sentence, start: int, end: int) -> Sentence:
    if (start, end) == (0, len(sentence)):
        return sentence
    spans = tuple(
        Span(max(s.start, start) - start, min(s.end, end) - start, s.label, s.layer)
        for s in _within(sentence, start, end)
    )
    offsets = sentence.offsets and sentence.offsets[start:end]
    segment = replace(sentence, tokens=sentence.tokens[start:end], spans=spans, offsets=offsets)
    if sentence.partial:
        return with_partial_labels(segment, partial_labels_within(sentence.partial, start, end))
    return segment


def _log_long(sentences: Iterable[Sentence]) -> None:
    long = [sentence for sentence in sentences if len(sentence) > LONGEST]
    if long:
        _log.warning(
            "%s: a sentence of %s tokens is learnt in pieces of at most %d, cut between entities "
            "(such sentences: %s)",
            long[0].place, f"{len(long[0]):,}", LONGEST, f"{len(long):,}",
        )  # fmt: skip


# --- settings -----------------------------------------------------------------------------------


def resolve(config: Config, corpus: PreparedCorpus) -> Config:
    """Fill in everything that a configuration leaves to the corpus.

    Raises `ConfigError` for shares of corpora that are not there.
    """
    single = corpus.has_single_characters
    corpora = [sentence.corpus for sentence in corpus.corpus.train]
    sampler = EpochSampler(corpora, config.train.shares, config.train.seed)
    filled = {
        "data.tokenizer": corpus.data.tokenizer,
        "data.retokenize": corpus.data.retokenize,
        **default_settings(single_characters=single),
        "train.adversarial": 0.03 if single else 0.0,
        "train.case_augmentation": _case_augmentation(config, corpus),
        **_pace(config.train, len(sampler), _batch_size(config.train, corpus)),
    }
    return config.replace({k: v for k, v in filled.items() if config[k] == "auto"})


def _case_augmentation(config: Config, corpus: PreparedCorpus) -> float:
    """Choose the share of sentences in another case.

    There is none where most letters have no case, and where sentences in another case would have to
    be read by language models in each epoch.
    """
    if config.resources.token_embedders:
        return 0.0
    letters = [c for token in {*_tokens(corpus.corpus)} for c in token if c.isalpha()]
    cased = sum(letter.lower() != letter.upper() for letter in letters)
    return CASE_AUGMENTATION if cased > len(letters) / 2 else 0.0


def _batch_size(config: TrainConfig, corpus: PreparedCorpus) -> float:
    """The sentences of mean length in a full batch: no more than its tokens allow."""
    tokens = sum(map(len, corpus.segments)) / len(corpus.segments)
    return min(config.batch_sentences, config.batch_tokens / tokens)


def _pace(config: TrainConfig, sentences: int, batch: float) -> dict[str, float]:
    """Choose epochs and patience by the number of steps in an epoch, the rate also by `batch`.

    Where the epochs are given, no split counts as small.
    """
    steps = max(1, math.ceil(sentences / config.batch_sentences))
    enough = min(max(EPOCHS, math.ceil(LEAST_STEPS / steps)), MOST_EPOCHS)
    epochs = enough if config.epochs == "auto" else config.epochs
    patience, rate = math.ceil(PATIENCE * epochs), LEARNING_RATE
    if config.epochs == "auto" and epochs > MOST_FULL_EPOCHS:
        patience = min(patience, max(SMALL_PATIENCE, math.ceil(PATIENT_STEPS / steps)))
        rate = SMALL_RATE
    rate *= math.sqrt(max(1.0, batch / MEASURED_BATCH))
    return {"train.epochs": epochs, "train.patience": patience, "train.learning_rate": rate}


def rate_note(before: TrainConfig, resolved: TrainConfig) -> str:
    """Tell which learning rate auto has chosen for larger batches; "" where it has not."""
    rate = chosen(resolved.learning_rate)
    if before.learning_rate != "auto" or rate in (LEARNING_RATE, SMALL_RATE):
        return ""
    return (
        f"learning rate {rate:.2g}, as batches hold more than {MEASURED_BATCH} sentences "
        "(train.learning_rate=auto)"
    )


def different_settings(before: Config, now: Config, *, soft_labels: bool = False) -> list[str]:
    """List the settings in which two resolved configurations make different models.

    Some of them matter only to models that learn from `soft_labels`.
    """
    free = _FREE if soft_labels else _FREE.union(SOFT_LABEL_SETTINGS)
    return [key for key in Config.fields() if before[key] != now[key] and key not in free]

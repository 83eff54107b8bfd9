"""Distillation: the expected counts of an ensemble teach a single model.

Distillation (Hinton, Vinyals and Dean 2015) of whole tag sequences: the student
minimises the cross-entropy with the mixture of its teachers, which are models
of the same kind that differ in their seeds. All that this needs of the mixture
are its expected tags and transitions, which are the averages of the members'. Of a
labelled sentence a part of the weight stays with its labels, or, where these
are partial, with what the teachers expect given them. Unlabelled text joins in
with sentences of which the ensemble is sure (self-training).
"""

import logging
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ner.bundle.format import load_bundle
from ner.config import Config, TrainConfig
from ner.corpus import Corpus
from ner.corpus.corpus import checksum
from ner.corpus.diagnostics import Diagnostics
from ner.corpus.lines import text_lines
from ner.corpus.partial import agreeing_tags
from ner.errors import CorpusError
from ner.evaluation import Report, evaluate_spans
from ner.features import ExpectedCounts
from ner.files import open_binary
from ner.model import Model, TokenEmbedder
from ner.model.chain import viterbi
from ner.predict import predict_expected
from ner.tags import spans_of, tags_of
from ner.text import Sentence
from ner.tokenize import sentences_of
from ner.training.embedding_cache import cache_embeddings
from ner.training.examples import DistillationTargets, SoftLabelExample, split_long

_log = logging.getLogger("ner")


class Ensemble:
    """Models of one corpus and one configuration, as one: the mixture of their distributions."""

    def __init__(self, folders: Sequence[Path], device: torch.device) -> None:
        """`folders` hold the members' bundles, which are read when needed, one at a time."""
        self._folders = folders
        self._device = device

    def _members(self, sentences: Sequence[Sequence[str]] = ()) -> Iterator[Model]:
        """The models; what their language models, which are the same, say is read once for all."""
        kept: TokenEmbedder | None = None
        for folder in self._folders:
            model = load_bundle(folder, self._device).model
            if model.contextual is not None:
                kept = kept or cache_embeddings(model.contextual, sentences)
                model = replace(model, contextual=kept)
            yield model

    def expected(
        self,
        sentences: Sequence[Sequence[str]],
        choices: Sequence[NDArray[np.bool_]] | None = None,
    ) -> list[ExpectedCounts]:
        """What the members expect of the tags of each sentence, on average.

        With `choices`, ``[T, K]`` for each sentence, each given that the tags
        are among those that are true there.
        """
        share = np.float32(1 / len(self._folders))
        total: list[ExpectedCounts] = []
        for model in self._members(sentences):
            found = [_scaled(e, share) for e in predict_expected(model, sentences, choices)]
            total = [_sum(*pair) for pair in zip(total, found, strict=True)] if total else found
        return total

    def predict(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """The same sentences with the spans of the ensemble in place of their own.

        Its tags are the legal ones of which most are expected to be right: the
        best path by averaged marginals. (The most probable sequence of a
        mixture cannot be found by a recursion.)
        """
        model = next(self._members())
        rules = model.network.head.tag_set.rules()
        found = []
        for sentence, expected in zip(
            sentences, self.expected([s.tokens for s in sentences]), strict=True
        ):
            tokens = expected.unary.astype(np.float64)
            path = viterbi(tokens[None], np.array([len(tokens)]), rules)[0]
            spans = tuple(spans_of([model.tags[number] for number in path.tolist()]))
            found.append(replace(sentence, spans=spans, partial=()))
        return found

    def evaluate(self, corpus: Corpus) -> dict[str, Report]:
        """The scores of the ensemble on the splits that it can be judged on."""
        return {
            split: evaluate_spans(gold, self.predict(gold))
            for split, gold in (("valid", corpus.valid), ("test", corpus.test))
            if gold
        }

    def teach(
        self, corpus: Corpus, unlabelled: Sequence[Sentence], config: Config
    ) -> DistillationTargets:
        """What a model is to learn: of the training split, and of unlabelled sentences."""
        tags = next(self._members()).tags
        _log.info("the models of %d seeds read what they teach", len(self._folders))
        examples = self._labelled(corpus.train, tags, config)
        names = ", ".join(folder.name for folder in self._folders)
        sources = {"the teachers": names}
        notes = [f"taught by the models of {names}"]
        if unlabelled:
            more, note = self._unlabelled(unlabelled, corpus, config.train)
            examples += more
            sources["the unlabelled text"] = checksum(unlabelled)
            notes.append(note)
        return DistillationTargets(examples, sources, tuple(notes))

    def _labelled(
        self, sentences: Sequence[Sentence], tags: Sequence[str], config: Config
    ) -> list[SoftLabelExample]:
        """Labelled sentences: the labels and what the ensemble says without them, mixed."""
        pieces = list(split_long(sentences))
        tokens = [piece.tokens for piece in pieces]
        known = [_possible(piece, tags, config.model.scheme) for piece in pieces]
        share = np.float32(config.train.distill_weight)
        by_labels = self.expected(tokens, known)
        free = self.expected(tokens)
        return [
            SoftLabelExample(words, _sum(_scaled(one, 1 - share), _scaled(other, share)))
            for words, one, other in zip(tokens, by_labels, free, strict=True)
        ]

    def _unlabelled(
        self, sentences: Sequence[Sentence], corpus: Corpus, config: TrainConfig
    ) -> tuple[list[SoftLabelExample], str]:
        """Sentences of which the ensemble is sure, and a line that says how many these are.

        Those in which no entity is likely are kept in proportion only: as many
        for each other one as the training split has.
        """
        tokens = [sentence.tokens for sentence in sentences]
        examples = [
            SoftLabelExample(*pair) for pair in zip(tokens, self.expected(tokens), strict=True)
        ]
        sure = [e for e in examples if _confidence(e.expected) >= config.unlabelled_confidence]
        some = [example for example in sure if _has_entity(example.expected)]
        none = [example for example in sure if not _has_entity(example.expected)]
        labelled = sum(bool(sentence.labels) for sentence in corpus.train)
        most = len(some) * (len(corpus.train) - labelled) // labelled
        kept = some + random.Random(config.seed).sample(none, min(most, len(none)))
        note = (
            f"{Path(sentences[0].source).name}: {len(sentences)} unlabelled sentences drawn, "
            f"{len(sure)} sure ones, {len(kept)} kept ({len(some)} with a likely entity)"
        )
        _log.info("%s", note)
        if not kept:
            _log.warning(
                "no unlabelled sentence teaches anything; with a lower "
                "train.unlabelled_confidence (%g) some may",
                config.unlabelled_confidence,
            )
        return kept, note


def _scaled(expected: ExpectedCounts, share: np.float32) -> ExpectedCounts:
    return ExpectedCounts(expected.unary * share, expected.pairwise * share)


def _sum(one: ExpectedCounts, other: ExpectedCounts) -> ExpectedCounts:
    return ExpectedCounts(one.unary + other.unary, one.pairwise + other.pairwise)


def _possible(sentence: Sentence, tags: Sequence[str], scheme: str) -> NDArray[np.bool_]:
    """``[T, K]``: the tags that the labels leave possible."""
    if sentence.partial:
        return np.array(agreeing_tags(sentence.partial, tags, scheme))
    known = np.array(tags_of(sentence.spans, len(sentence), scheme))
    possible: NDArray[np.bool_] = known[:, None] == np.array(tags)
    return possible


def _confidence(expected: ExpectedCounts) -> float:
    """How sure the best tag of the least sure token is."""
    return float(expected.unary.max(1).min())


def _has_entity(expected: ExpectedCounts) -> bool:
    """Whether some token is likelier in an entity than not; O is tag 0."""
    return bool((expected.unary[:, 0] < 0.5).any())


# --- unlabelled text ------------------------------------------------------------------------------


def draw_sentences(path: str | Path, corpus: Corpus, config: Config) -> list[Sentence]:
    """Sentences of a text with a paragraph on each line, drawn by the seed of training.

    Paragraphs are drawn with equal chances, and cut by `data.tokenizer`, until
    there are `train.unlabelled_sentences`, all different, and none of them in
    the corpus. The text is read as a stream. Raises `UsageError` for a file
    that is not there, and `CorpusError` for one that is not in `data.encoding`
    (with ``file:line``) or holds no text, or none but that of the corpus.
    """
    most, rng = config.train.unlabelled_sentences, random.Random(config.train.seed)
    with open_binary(path) as stream:
        lines = text_lines(stream, str(path), config.data.encoding, Diagnostics())
        drawn = _draw(((n, line) for n, line in lines if line.strip()), most, rng)
    if not drawn:
        raise CorpusError(f"{path}: holds no text; name a file with a paragraph on each line")
    known = {sentence.tokens for split in corpus.splits().values() for sentence in split}
    found: dict[tuple[str, ...], Sentence] = {}
    for number, line in drawn:
        cut = sentences_of(line, config.data.tokenizer, source=str(path), line=number)
        found |= {piece.tokens: piece for piece in split_long(cut) if piece.tokens not in known}
        if len(found) >= most:
            break
    if not found:
        raise CorpusError(f"{path}: holds no sentence that the corpus lacks; name another text")
    return list(found.values())[:most]


def _draw(lines: Iterable[tuple[int, str]], most: int, rng: random.Random) -> list[tuple[int, str]]:
    """Up to `most` lines in random order, each with the same chance (Waterman's algorithm R)."""
    drawn: list[tuple[int, str]] = []
    for seen, line in enumerate(lines):
        if seen < most:
            drawn.append(line)
        elif (place := rng.randrange(seen + 1)) < most:
            drawn[place] = line
    rng.shuffle(drawn)
    return drawn

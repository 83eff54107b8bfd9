"""An ensemble of several models, whose soft labels are the targets of a single one.

Distillation (Hinton, Vinyals and Dean 2015) of whole tag sequences: the student minimises the
cross-entropy with the mixture of its teachers, models of the same kind with other seeds. It needs
only the mixture's expected tags and transitions, the averages of the members'. Of a labelled
sentence a part of the weight stays with its labels, or, where these are partial, with the teachers'
soft labels given them. Unlabelled sentences of which the ensemble is sure join in (self-training).
"""

import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ner.bundle import load_bundle
from ner.config import Config, TrainConfig
from ner.corpus import Corpus, checksum
from ner.extensions.distillation.segmentation import best_spans
from ner.features import ExpectedCounts
from ner.model import TokenEmbedder
from ner.predict import predict_expected
from ner.runtime import AnyModel
from ner.text import Sentence
from ner.training import PreparedCorpus, SoftLabelExample, SoftLabels, cache_embeddings, tag_choices

_log = logging.getLogger("ner")


class Ensemble:
    """Models of one corpus and one configuration, as one: the mixture of their distributions."""

    def __init__(self, folders: Sequence[Path], device: torch.device) -> None:
        """`folders` hold the members' bundles, which are read when needed, one at a time."""
        self._folders = folders
        self._device = device

    def _members(self, sentences: Sequence[Sequence[str]] = ()) -> Iterator[AnyModel]:
        """Load the models one by one; they share the embeddings of their language models."""
        kept: TokenEmbedder | None = None
        for folder in self._folders:
            model = load_bundle(folder, self._device).model
            if model.contextual is not None and len(self._folders) > 1:
                kept = kept or cache_embeddings(model.contextual, sentences)
                model = replace(model, contextual=kept)
            yield model

    def expected(
        self, sentences: Sequence[Sequence[str]], choices: Sequence[NDArray[np.bool_]] | None = None
    ) -> list[ExpectedCounts]:
        """The expected counts of the tags of each sentence, averaged over the members.

        `choices`, ``[T, K]`` for each sentence: given that its tags are among those true there.
        """
        share = np.float32(1 / len(self._folders))
        total: list[ExpectedCounts] = []
        for model in self._members(sentences):
            found = [_scaled(e, share) for e in predict_expected(model, sentences, choices)]
            total = [_sum(*pair) for pair in zip(total, found, strict=True)] if total else found
        return total

    def predict(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """The same sentences with the spans of the ensemble in place of their own.

        Its tags are the best legal path by averaged marginals, of which most are expected to be
        right. (The most probable sequence of a mixture cannot be found by a recursion.)
        """
        model = next(self._members())
        unary = [each.unary for each in self.expected([s.tokens for s in sentences])]
        found = best_spans(unary, model.outputs, model.config.scheme)
        pairs = zip(sentences, found, strict=True)
        return [replace(sentence, spans=spans, partial=()) for sentence, spans in pairs]

    def targets(
        self, corpus: PreparedCorpus, unlabelled: Sequence[Sentence], config: Config
    ) -> SoftLabels:
        """The distillation targets: for the training split, and for unlabelled sentences."""
        tags = next(self._members()).outputs
        _log.info("the models of %d seeds compute distillation targets", len(self._folders))
        examples = self._labelled(corpus.segments, tags, config)
        names = ", ".join(folder.name for folder in self._folders)
        sources = {"the teachers": names}
        notes = [f"taught by the models of {names}"]
        if unlabelled:
            more, note = self._unlabelled(unlabelled, corpus.corpus, config.train)
            examples += more
            sources["the unlabelled text"] = checksum(unlabelled)
            notes.append(note)
        return SoftLabels(examples, sources, tuple(notes))

    def _labelled(
        self, segments: Sequence[Sentence], tags: Sequence[str], config: Config
    ) -> list[SoftLabelExample]:
        """Mix the labels of segments with the soft labels of the ensemble."""
        tokens = [segment.tokens for segment in segments]
        known = [tag_choices(segment, tags, config.model.scheme) for segment in segments]
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

        Those without a likely entity are kept in the proportion of the training split only.
        """
        tokens = [sentence.tokens for sentence in sentences]
        pairs = zip(tokens, self.expected(tokens), strict=True)
        sure = [pair for pair in pairs if _confidence(pair[1]) >= config.unlabelled_confidence]
        some = [SoftLabelExample(*pair) for pair in sure if _has_entity(pair[1])]
        none = [SoftLabelExample(*pair) for pair in sure if not _has_entity(pair[1])]
        labelled = sum(bool(sentence.labels) for sentence in corpus.train)
        most = len(some) * (len(corpus.train) - labelled) // labelled
        kept = some + random.Random(config.seed).sample(none, min(most, len(none)))
        names = dict.fromkeys(Path(sentence.source).name for sentence in sentences)
        note = (
            f"{', '.join(names)}: {len(sentences)} unlabelled sentences drawn, "
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


def _confidence(expected: ExpectedCounts) -> float:
    """The probability of the best tag of the least sure token."""
    return float(expected.unary.max(1).min())


def _has_entity(expected: ExpectedCounts) -> bool:
    """Tell whether some token is likelier in an entity than not; O is tag 0."""
    return bool((expected.unary[:, 0] < 0.5).any())

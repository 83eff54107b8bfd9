"""`Tagger`: text in, entities out."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from ner.bundle import Bundle, default_bundle, load_bundle, pack_bundle
from ner.config import Config, PredictConfig, predict_config
from ner.errors import UsageError
from ner.features import TextProfile, Watch, WordList, read_word_lists
from ner.inputs import MaybeText, check_pair, check_texts, text_of
from ner.plugins import public
from ner.predict import (
    Prediction,
    alternatives_of,
    document_groups,
    document_numbers,
    document_of,
    predict,
    predict_marginals,
    predict_nbest,
    restored,
    same_scores,
    sentence_groups,
    with_spans,
)
from ner.text import Document, Entity, NBest, SegmentedText, Sentence
from ner.tokenize import retokenize, sentences_of

# Tokens gathered before the network is asked: enough to fill its batches,
# few enough that a stream of any length runs in bounded memory.
CHUNK_TOKENS = 16_384
GROUP_TOKENS = 2 * CHUNK_TOKENS  # read at once of a text that is longer
FIRST_TOKENS = 256  # in the first chunk, and twice as many in each next one: output soon begins

AnyText = TypeVar("AnyText", bound=MaybeText)
PassedOn = TypeVar("PassedOn")
_SHOWN_LABELS = 8


class Tagger:
    """A trained model at work.

    ::

        tagger = Tagger.load("runs/demo")
        for entity in tagger("Angela Merkel visited Paris.").entities:
            print(entity.text, entity.label, entity.start, entity.end, entity.score)
        for document in tagger.pipe(texts):  # many texts: in batches, several times as fast
            print(document.to_dict())

    A text is a `str`; a missing one (None, NaN, ``pandas.NA``) is taken for a text without
    entities, and anything else is a `TypeError`. A tagger can be copied and pickled. Matches of the
    `overrides` are entities whatever the model finds (`ner.predict`).
    """

    def __init__(
        self,
        bundle: Bundle,
        settings: PredictConfig | None = None,
        overrides: Sequence[WordList] = (),
    ) -> None:
        self._bundle = bundle
        self._settings = settings or bundle.config.predict
        self._overrides = tuple(overrides)

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        device: str = "auto",
        settings: Mapping[str, Any] | None = None,
        force: Sequence[str] = (),
        tokenizer: str | None = None,
    ) -> Self:
        """Load the model of a run folder, bundle or packed file, or one by its name, as ``en``.

        None: that of the newest finished run in ``runs/``; without one, the English that ships. One
        of the Hugging Face Hub is ``hf://user/name@revision``. `settings` change how it tags, as
        ``{"predict.min_score": 0.5}``, over those of its training. `force` are word lists as
        ``LABEL=file``, cut into tokens by `tokenizer`, or the model's own: their matches are
        entities of that type, known to the model or not, with the score 1, in place of what the
        model finds there. Of those that overlap the longest stays, then that of the first list.

        Raises `BundleError` or `UsageError` for no model or one that cannot be read, `ConfigError`
        for settings that do not exist or concern no tagging, and `NerError` for word lists that
        `read_word_lists` refuses.
        """
        changes = settings or {}
        predict_config(changes)  # before the model, which takes a while
        bundle = load_bundle(default_bundle() if path is None else path, device)
        if force and bundle.model.layers:
            raise UsageError(
                "word lists with --force are entities of no tag layer, and the model has the "
                f"layers {', '.join(bundle.model.layers)}; leave them out"
            )
        overrides = read_word_lists(force, tokenizer or bundle.config.data.tokenizer)
        return cls(bundle, predict_config(changes, bundle.config), overrides)

    def save(self, path: str | Path) -> None:
        """Write model and settings into one file. Raises `UsageError` where something else is."""
        if self._overrides:
            raise UsageError("word lists of force belong to no model; save it without them")
        config, about = replace(self.config, predict=self._settings), {**self._bundle.about}
        if profile := self._profile():
            about["profile"] = asdict(profile)
        pack_bundle(replace(self._bundle, config=config, about=about), path)

    def push_to_hub(self, repository: str, **how: Any) -> str:
        """Put it on the Hugging Face Hub as `ner.extensions.integrations.hub.push` does."""
        return str(public("Tagger.push_to_hub")(self, repository, **how))

    @classmethod
    def from_pretrained(cls, name: str, revision: str | None = None, **how: Any) -> Self:
        """Load a model of the Hugging Face Hub: ``load("hf://name@revision")``."""
        return cls.load(f"hf://{name}" + (f"@{revision}" if revision else ""), **how)

    @property
    def settings(self) -> PredictConfig:
        """The settings of section `predict` with which it tags."""
        return self._settings

    @property
    def labels(self) -> list[str]:
        """The entity types that can be found: those of the model, then others of the overrides."""
        return [*dict.fromkeys([*self._bundle.labels, *(rule.label for rule in self._overrides)])]

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the model's tag layers, if it has several."""
        return self._bundle.model.layers

    @property
    def tags(self) -> tuple[str, ...]:
        """The K tags behind the columns of `marginals`, ``O`` first: of each layer, if several."""
        return self._bundle.model.outputs

    @property
    def config(self) -> Config:
        """The settings of the model's training."""
        return self._bundle.config

    def __repr__(self) -> str:
        """Its types, size and corpus, on one line."""
        labels = self.labels
        more = f" and {len(labels) - _SHOWN_LABELS} more" * (len(labels) > _SHOWN_LABELS)
        size = sum(weights.size for weights in self._bundle.model.weights.values())
        corpus = self._bundle.about.get("corpus", "an unnamed corpus")
        return (
            f"<Tagger of {', '.join(labels[:_SHOWN_LABELS]) or 'no types'}{more}; "
            f"{size:,} parameters; trained on {ascii(corpus)[1:-1]}>"
        )

    def __call__(self, text: MaybeText) -> Document:
        """A text with its entities and the sentences they stand in."""
        return self.tag_sentences([self._cut(text)])[0]

    @overload
    def tag(self, text: MaybeText) -> list[Entity]: ...

    @overload
    def tag(self, text: list[AnyText] | tuple[AnyText, ...]) -> list[list[Entity]]: ...

    def tag(self, text: Any) -> Any:
        """The entities of a text, in order; ``text[entity.start:entity.end] == entity.text``.

        Of several texts (a list, or any other iterable): a list for each, in their order.
        """
        if isinstance(text, Iterable) and not isinstance(text, str | bytes):
            return [list(document.entities) for document in self.pipe(text)]
        return list(self(text).entities)

    def tag_document(self, text: MaybeText) -> Document:
        """The same as calling the tagger."""
        return self(text)

    def tag_nbest(self, text: MaybeText, count: int) -> list[NBest]:
        """The `count` most probable analyses of each sentence of a text, best first.

        A sentence with fewer legal analyses has all of them. `predict.min_score`, `predict.o_bias`
        and overrides do not count, and each sentence is read by itself. Raises `UsageError` for a
        count below 1.
        """
        return list(self._nbest([self._cut(text)], count)[0])

    def marginals(self, sentences: Sequence[Sentence]) -> list[NDArray[np.float64]]:
        """The probability of each tag at each token, exact under a CRF: ``[T, K]`` a sentence.

        Columns are in the order of `tags`, and rows sum to 1: where they are far from 0 and 1, the
        model is in doubt. `predict.o_bias` and overrides do not count, and each sentence is read by
        itself, with its tokens as they are (see `as_raw_text`). Of several tag layers, the columns
        of each sum to 1.
        """
        return predict_marginals(self._bundle.model, [s.tokens for s in sentences], self._settings)

    @overload
    def pipe(
        self,
        texts: Iterable[MaybeText],
        *,
        as_tuples: Literal[False] = False,
        batch_size: int | None = None,
    ) -> Iterator[Document]: ...

    @overload
    def pipe(
        self,
        texts: Iterable[tuple[MaybeText, PassedOn]],
        *,
        as_tuples: Literal[True],
        batch_size: int | None = None,
    ) -> Iterator[tuple[Document, PassedOn]]: ...

    def pipe(
        self, texts: Iterable[Any], *, as_tuples: bool = False, batch_size: int | None = None
    ) -> Iterator[Any]:
        """Tag texts in batches, in bounded memory for any number of them.

        Each document comes out in its order. With `as_tuples`, pairs of a text and whatever belongs
        to it come in, and pairs of its document and the same come out. Texts are read as they are
        needed: a batch has as many as fill the network, and at most `batch_size`; with 1, each
        document comes out before the next text is read.

        Raises `UsageError` for a `batch_size` below 1, and `TypeError` for one text in place of
        several and for what is no text.
        """
        if batch_size is not None and batch_size < 1:
            raise UsageError(f"batch_size is {batch_size}, but must be at least 1")
        check_texts(texts)
        if as_tuples:
            return self._pipe_pairs(texts, batch_size)
        cut = (self._cut(text, f" {number}") for number, text in enumerate(texts))
        return self.stream_sentences(cut, batch_size)

    def _pipe_pairs(
        self, pairs: Iterable[tuple[MaybeText, PassedOn]], batch_size: int | None
    ) -> Iterator[tuple[Document, PassedOn]]:
        """Tag the first of each pair, and hand the second on."""
        waiting: deque[PassedOn] = deque()

        def texts() -> Iterator[SegmentedText]:
            for number, pair in enumerate(pairs):
                check_pair(pair, number)
                waiting.append(pair[1])
                yield self._cut(pair[0], f" {number}")

        for document in self.stream_sentences(texts(), batch_size):
            yield document, waiting.popleft()

    def stream(self, texts: Iterable[MaybeText]) -> Iterator[Document]:
        """The same as `pipe`, which can do more."""
        return self.pipe(texts)

    def _cut(self, text: MaybeText, number: str = "") -> SegmentedText:
        """A text and its sentences; `number` tells it from others in a message."""
        given = text_of(text, number)
        return given, sentences_of(given, self.config.data.tokenizer)

    def stream_sentences(
        self, documents: Iterable[SegmentedText], batch_size: int | None = None
    ) -> Iterator[Document]:
        """Tag documents that are already cut: texts, each with its sentences (with `offsets`).

        At most `batch_size` of them are tagged at once.
        """
        for group in document_groups(documents, FIRST_TOKENS, CHUNK_TOKENS, batch_size):
            yield from self.tag_sentences(group)

    def tag_sentences(
        self, documents: Sequence[SegmentedText], nbest: int = 0, *, together: bool = False
    ) -> list[Document]:
        """Tag documents that are already cut, all of them at once.

        With `nbest` they also have that many alternatives for each sentence. With `together` they
        are parts of one document, which matters to models with document context.
        """
        found = groupby(self._found(documents, together), itemgetter(0))
        by_number = {n: document_of(documents[n], group) for n, group in found}
        tagged = [by_number.get(n) or Document(text, ()) for n, (text, _) in enumerate(documents)]
        if not nbest:
            return tagged
        ranked = self._nbest(documents, nbest)
        return [replace(d, nbest=several) for d, several in zip(tagged, ranked, strict=True)]

    def _found(
        self, documents: Sequence[SegmentedText], together: bool
    ) -> Iterator[tuple[int, Sentence, Prediction]]:
        """The sentences of documents, each with the number of its document and what is found.

        Many are read in groups. A model with document context needs all of a document at once.
        """
        cut = ((number, s) for number, (_, several) in enumerate(documents) for s in several)
        whole = bool(self._bundle.model.indexer.context_columns)
        for group in [list(cut)] if whole else sentence_groups(cut, GROUP_TOKENS):
            numbers = [0 if together else number for number, _ in group]
            found = self.predictions([sentence for _, sentence in group], documents=numbers)
            for (number, sentence), prediction in zip(group, found, strict=True):
                yield number, sentence, prediction

    def _nbest(self, documents: Sequence[SegmentedText], count: int) -> list[tuple[NBest, ...]]:
        """The alternatives of each sentence that has a token, document by document."""
        if count < 1:
            raise UsageError(f"{count} alternatives are too few; ask for 1 or more")
        if self.layers:
            raise UsageError(
                "alternatives are those of one tag layer, and the model has the layers "
                f"{', '.join(self.layers)}; leave --nbest out"
            )
        full = [(t, self.as_raw_text([s for s in cut if s.tokens])) for t, cut in documents]
        tokens = [sentence.tokens for _, cut in full for sentence in cut]
        ranked = iter(predict_nbest(self._bundle.model, tokens, count, self._settings))
        return [tuple(alternatives_of(text, s, next(ranked)) for s in cut) for text, cut in full]

    def as_raw_text(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """The sentences with tokens as this model cuts raw text, if it learnt from such.

        Where a corpus is cut into words that raw text does not show (`data.retokenize`), tokens
        are split, and entities keep their borders. Scores of these sentences hold for raw text.
        """
        return [sentence for sentence, _ in self._retokenized(sentences)]

    def _retokenized(self, sentences: Sequence[Sentence]) -> list[tuple[Sentence, list[int]]]:
        if (data := self.config.data).retokenize == "yes":
            return [retokenize(sentence, data.tokenizer) for sentence in sentences]
        return [(sentence, []) for sentence in sentences]

    def predict(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """The same tokenised sentences with the spans that are found in them."""
        return with_spans(sentences, self.predictions(sentences, with_scores=False))

    def watch(self) -> Watch | None:
        """A watch for text unlike that by which the model was measured; None if that was short."""
        usual = self._profile()
        return Watch(self._bundle.model.indexer, usual) if usual else None

    def _profile(self) -> TextProfile | None:
        """The profile in the model; its mean score holds for the model's own settings alone."""
        stored = self._bundle.about.get("profile")
        if stored is None:
            return None
        profile = TextProfile(**stored)
        alike = same_scores(self.config.predict, self._settings)
        return profile if alike else profile.without_score()

    def contamination(self, sentences: Sequence[Sentence]) -> int:
        """Count the sentences, whatever their labels, that the model has learnt from."""
        return self._bundle.seen.count(sentences)

    def predictions(
        self,
        sentences: Sequence[Sentence],
        *,
        with_scores: bool = True,
        changes: Mapping[str, Any] = {},
        documents: Sequence[int] | None = None,
    ) -> list[Prediction]:
        """The spans of tokenised sentences and their scores, in the order of the sentences.

        `changes` are settings that differ this once, as ``{"predict.o_bias": 0.5}``. Without
        `with_scores`, scores are left out. `documents` are numbers that tell apart to which
        document a sentence belongs, for models with document context; without, those of the
        sentences count. Raises `ConfigError` for settings that do not exist or concern no tagging.
        """
        settings = self._settings
        if changes:
            settings = predict_config(changes, replace(self.config, predict=settings))
        cut = self._retokenized(sentences)
        found = predict(
            self._bundle.model,
            [sentence.tokens for sentence, _ in cut],
            with_scores=with_scores,
            settings=settings,
            overrides=self._overrides,
            documents=document_numbers(sentences) if documents is None else documents,
        )
        return [restored(p, starts) for p, (_, starts) in zip(found, cut, strict=True)]


def load(
    path: str | Path | None = None,
    device: str = "auto",
    settings: Mapping[str, Any] | None = None,
    force: Sequence[str] = (),
    tokenizer: str | None = None,
) -> Tagger:
    """Load a tagger: short for `Tagger.load`, which tells what the arguments are."""
    return Tagger.load(path, device, settings, force, tokenizer)

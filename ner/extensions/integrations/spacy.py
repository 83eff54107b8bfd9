"""The component ``bilstm_ner`` of spaCy's pipelines, which spaCy finds by its entry point.

::

    nlp = spacy.blank("en")
    nlp.add_pipe("bilstm_ner", config={"model": "en"})

The model reads the text of a `Doc` with its own tokenizer, as it was trained to; what it finds is
laid over spaCy's tokens. This module is imported with every pipeline that spaCy makes, so it loads
nothing heavy.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ner.errors import NerError, UsageError
from ner.interchange import load_spacy
from ner.text import Document, layered_label

if TYPE_CHECKING:  # most pipelines have no such component
    from ner.tagger import Tagger

NAME = "bilstm_ner"
SCORE = "ner_score"
"""The extension of spans with the score of an entity: ``span._.ner_score``."""
MISALIGNED = "ner_misaligned"
"""The extension of documents with the number of entities that do not fit their tokens."""

_ALIGNMENT_MODES = ("strict", "contract", "expand")
_FILE = "model.ner"
_BLOCKED = 3  # spaCy's ENT_IOB of a token that begins an entity, or without type: must be in none


class BilstmNer:
    """A tagger of `ner` as a component of spaCy.

    Entities go to ``doc.ents`` or, with `spans_key`, to ``doc.spans[spans_key]``, each with its
    score. Entities that other components have set stay, and ours that overlap them are left out;
    with `overwrite` it is the other way round. Tokens at which there must be no entity are heeded
    in any case.

    Borders inside a token of spaCy's move out (``alignment_mode="expand"``) or in (``contract``),
    or the entity is left out (``strict``); ``doc._.ner_misaligned`` counts the entities that this
    befell. Where two then have a token in common, the second is left out.

    The model is loaded when it is first needed: a pipeline that was stored carries its own, and
    needs none of the name or path in its configuration.
    """

    def __init__(
        self,
        name: str = NAME,
        *,
        model: str = "en",
        spans_key: str | None = None,
        overwrite: bool = False,
        alignment_mode: str = "expand",
        settings: Mapping[str, Any] = {},
    ) -> None:
        """Raise `UsageError` for an unknown mode, and `MissingExtra` without spaCy.

        `model` and `settings` are those of `Tagger.load`, which raises what is wrong with them.
        """
        if alignment_mode not in _ALIGNMENT_MODES:
            modes = ", ".join(_ALIGNMENT_MODES)
            raise UsageError(f"alignment_mode {alignment_mode!r} is unknown; choose one of {modes}")
        self.name, self.spans_key, self.overwrite = name, spans_key, overwrite
        self.alignment_mode = alignment_mode
        self._model, self._settings = model, dict(settings)
        self._tagger: Tagger | None = None
        _extend(load_spacy(NAME).tokens)

    @property
    def tagger(self) -> "Tagger":
        """The tagger at work. Raises what `Tagger.load` raises, and `UsageError` for tag layers."""
        if self._tagger is None:
            self._tagger = self._load(self._model)
        return self._tagger

    def _load(self, path: str | Path) -> "Tagger":
        from ner.tagger import Tagger

        tagger = Tagger.load(path, "cpu", self._settings)
        if tagger.layers and self.spans_key is None:
            raise UsageError(
                f"{self._model}: entities of its tag layers {', '.join(tagger.layers)} may "
                'overlap, which doc.ents cannot hold; set spans_key, as "bilstm"'
            )
        return tagger

    @property
    def labels(self) -> tuple[str, ...]:
        """The types of entities that the model knows; none while there is no model.

        spaCy asks for them before it reads the model that a stored pipeline carries.
        """
        try:
            return tuple(self.tagger.labels)
        except NerError:  # which the first text raises again
            return ()

    # --- at work --------------------------------------------------------------------------------

    def __call__(self, doc: Any) -> Any:
        """Set the entities of a `Doc`, and return it."""
        return self.mark(doc, self.tagger(doc.text))

    def pipe(self, stream: Iterable[Any], *, batch_size: int = 1000) -> Iterator[Any]:
        """Set the entities of each `Doc` of a stream, in batches."""
        pairs = ((doc.text, doc) for doc in stream)
        found = self.tagger.pipe(pairs, as_tuples=True, batch_size=batch_size)
        for document, doc in found:
            yield self.mark(doc, document)

    def mark(self, doc: Any, document: Document) -> Any:
        """Set the entities of a tagged document in its `Doc`, and return that."""
        spans = self._spans(doc, document)
        if self.spans_key is None:
            self._set_ents(doc, spans)
        else:
            doc.spans[self.spans_key] = spans
        return doc

    def _spans(self, doc: Any, document: Document) -> list[Any]:
        """The entities as spans of spaCy's tokens; their scores stay with the document."""
        found, scores, mode = [], doc.user_data, self.alignment_mode
        free = misaligned = 0
        for entity in document.entities:
            start, end, label = entity.start, entity.end, layered_label(entity)
            span = doc.char_span(start, end, label, alignment_mode=mode)
            place = span and (span.start_char, span.end_char)
            misaligned += place != (start, end)
            # Entities in one token that is widened for both: the first has it.
            if place is None or (span.start < free and self.spans_key is None):
                continue
            free = span.end
            scores.setdefault(_score_key(*place), {})[label] = entity.score
            found.append(span)
        if misaligned:
            doc._.set(MISALIGNED, misaligned)
        return found

    def _set_ents(self, doc: Any, spans: Sequence[Any]) -> None:
        """Set ``doc.ents``, beside what stands there already."""
        if not doc.has_annotation("ENT_IOB"):
            doc.set_ents(spans)
            return
        borders, types = doc.to_array(["ENT_IOB", "ENT_TYPE"]).T
        places = ((borders == _BLOCKED) & (types == 0)).nonzero()[0].tolist()
        blocked = [doc[place : place + 1] for place in places]
        spans = _apart(spans, blocked)
        kept = _apart(doc.ents, spans) if self.overwrite else doc.ents
        doc.set_ents([*kept, *_apart(spans, kept)], blocked=blocked)

    def score(self, examples: Iterable[Any], **_: Any) -> dict[str, Any]:
        """Precision, recall and F1 as spaCy counts them, for ``spacy evaluate``."""
        scorer = load_spacy(NAME).scorer
        key = self.spans_key
        if key is None:
            entities: dict[str, Any] = scorer.get_ner_prf(examples)
            return entities
        groups: dict[str, Any] = scorer.Scorer.score_spans(
            examples,
            f"spans_{key}",
            getter=lambda doc, _: doc.spans.get(key, ()),
            has_annotation=lambda doc: key in doc.spans,
            allow_overlap=True,
        )
        return groups

    # --- stored with its pipeline ---------------------------------------------------------------

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the model into a folder, every bit of it."""
        self.tagger.save(Path(path) / _FILE)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "BilstmNer":
        """Take the model in a folder, read without trust. Raises what `Tagger.load` raises."""
        self._tagger = self._load(Path(path) / _FILE)
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """The model, every bit of it."""
        with tempfile.TemporaryDirectory() as folder:
            self.to_disk(folder)
            return Path(folder, _FILE).read_bytes()

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> "BilstmNer":
        """Take the model that `to_bytes` gave, read without trust."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, _FILE).write_bytes(data)
            return self.from_disk(folder)


def _extend(tokens: Any) -> None:
    """Tell spaCy of our extensions, once."""
    if not tokens.Span.has_extension(SCORE):
        tokens.Span.set_extension(SCORE, getter=_score)
    if not tokens.Doc.has_extension(MISALIGNED):
        tokens.Doc.set_extension(MISALIGNED, default=0)


def _score(span: Any) -> float | None:
    """The score that is kept for an entity, with the document; None for other spans."""
    scores = span.doc.user_data.get(_score_key(span.start_char, span.end_char), {})
    score: float | None = scores.get(span.label_)
    return score


def _score_key(start: int, end: int) -> tuple[str, str, int, int]:
    """The key by which spaCy keeps data of a span, so that it moves where its text moves.

    It knows no labels, and several entities may lie there: the scores are kept by label.
    """
    return "._.", SCORE, start, end


def _apart(spans: Iterable[Any], others: Iterable[Any]) -> list[Any]:
    """The spans that overlap none of the others."""
    taken = {token for span in others for token in range(span.start, span.end)}
    return [span for span in spans if taken.isdisjoint(range(span.start, span.end))]


def make_component(
    nlp: Any,
    name: str,
    model: str,
    spans_key: str | None,
    overwrite: bool,
    alignment_mode: str,
    settings: dict[str, Any],
) -> BilstmNer:
    """Make the component for a pipeline `nlp` of spaCy's, which gives its configuration."""
    return BilstmNer(
        name,
        model=model,
        spans_key=spans_key,
        overwrite=overwrite,
        alignment_mode=alignment_mode,
        settings=settings,
    )


# Behind the function: spaCy asks for it while it is told of it.
load_spacy(NAME).Language.factory(
    NAME,
    default_config={
        "model": "en",
        "spans_key": None,
        "overwrite": False,
        "alignment_mode": "expand",
        "settings": {},
    },
    assigns=["doc.ents", "token.ent_iob", "token.ent_type", "doc.spans"],
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
    func=make_component,
)

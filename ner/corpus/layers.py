"""Tag layers: several readings of the same sentences as one, whose entities know their layer."""

from collections.abc import Mapping
from dataclasses import replace

from ner.corpus.corpus import Corpus
from ner.corpus.records import ParseContext, ParseResult
from ner.errors import UsageError
from ner.text import Sentence, in_reading_order


def combined(results: Mapping[str, ParseResult], context: ParseContext) -> ParseResult:
    """The sentences of a file with the entities of each tag layer, read by itself.

    Raises `CorpusError` (through the diagnostics) for unknown tags.
    """
    first, *others = (result.sentences for result in results.values())
    if any([s.tokens for s in first] != [s.tokens for s in other] for other in others):
        return ParseResult((), "")  # errors were collected, and left out what they concern
    rows = zip(*(result.sentences for result in results.values()), strict=True)
    sentences = tuple(_combined(dict(zip(results, row, strict=True)), context) for row in rows)
    return ParseResult(sentences, next((r.scheme for r in results.values() if r.scheme), ""))


def _combined(parts: Mapping[str, Sentence], context: ParseContext) -> Sentence:
    if partly := next((part for part in parts.values() if part.partial), None):
        context.error(partly.line, "has tokens with an unknown tag; read one layer of tags alone")
    spans = (replace(span, layer=name) for name, part in parts.items() for span in part.spans)
    return replace(next(iter(parts.values())), spans=tuple(in_reading_order(spans)), partial=())


def with_layers(corpus: Corpus) -> Corpus:
    """The corpus with the names of all its layers, its own first; of none if it has no entity.

    Raises `UsageError` where entities have no layer, and it names layers or others have one.
    """
    declared = corpus.layers
    sentences = [sentence for split in corpus.splits().values() for sentence in split]
    found = dict.fromkeys(span.layer for sentence in sentences for span in sentence.spans)
    if "" not in found:
        return replace(corpus, layers=tuple(dict.fromkeys([*declared, *found])) if found else ())
    if declared or len(found) > 1:
        lacking = next(sentence for sentence in sentences if "" in sentence.layers)
        raise UsageError(
            f"{lacking.place}: has an entity without a tag layer, and the corpus has the layers "
            f"{', '.join(filter(None, [*declared, *found]))}; name the layer of each, or read one"
        )
    return corpus

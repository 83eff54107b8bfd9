"""CoNLL-U: ten columns, with ``NER=B-PER`` among the last."""

import itertools
import re
from collections.abc import Sequence

from ner.errors import NerError
from ner.render.base import NOWHERE, Renderer, refuse_labels, writable
from ner.tags import OUTSIDE, tags_of
from ner.text import Document, Origin, Sentence

_UNWRITABLE = re.compile("[\t\r\n\0]")
_BLANK = re.compile(r"\s+")


class ConlluRenderer(Renderer):
    """Tokens and IOB2 tags, a comment with its text before each sentence; scores are lost.

    Raises `UsageError` for a type with a separator of the last column.
    """

    extension = ".conllu"

    def __init__(self, labels: Sequence[str], title: str, fields: Sequence[str] = ()) -> None:
        super().__init__(labels, title, fields)
        refuse_labels(labels, " \t|", "CoNLL-U")

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The sentences of the document. Raises `NerError` for a token that no column can hold."""
        sentences = "".join(_sentence(document.text, one) for one in document.sentences)
        return writable(f"# newdoc\n{sentences}") if sentences else ""


def _sentence(text: str, sentence: Sentence) -> str:
    offsets = sentence.offsets or ()
    whole = _BLANK.sub(" ", text[offsets[0][0] : offsets[-1][1]]) if offsets else ""
    tags = tags_of(sentence.spans, len(sentence))
    ends = [end == start for (_, end), (start, _) in itertools.pairwise(offsets)]
    glued = [*ends, False] if offsets else [False] * len(sentence)
    rows = zip(sentence.tokens, tags, glued, strict=True)
    lines = (_row(sentence, number, *row) for number, row in enumerate(rows, 1))
    return f"# text = {whole}\n" + "".join(lines) + "\n"


def _row(sentence: Sentence, number: int, token: str, tag: str, glued: bool) -> str:
    if _UNWRITABLE.search(token + tag):
        raise NerError(
            f"{sentence.place}: {token!r} cannot stand in CoNLL-U (a separator in it, or in its "
            "type); choose --format jsonl"
        )
    misc = [f"NER={tag}"] if tag != OUTSIDE else []
    misc += ["SpaceAfter=No"] if glued else []
    return f"{number}\t{token}" + "\t_" * 7 + f"\t{'|'.join(misc) or '_'}\n"

"""Traits of entities and sentences: the groups by which mistakes are counted.

All rules look at the text alone, so that they hold for any corpus; where they
are rough, they are equally rough before and after a change.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ner.text import Sentence, Span

SEEN = ("as this type", "as this and others", "as others", "not seen")
"""The types of an entity's words in training (case counts): see `seen_as`."""
CAPITALS = (
    "sentence in capitals",
    "all capitals",
    "capitalised",
    "lower-case",
    "mixed",
    "no case",
)
"""Capitalisation of an entity: see `capitals_of`."""
LENGTHS = ("1 token", "2 tokens", "3 tokens", "4 tokens or more")
"""The length of an entity."""
TEXTS = ("headline", "table", "fragment", "prose")
"""The kind of text around a sentence: see `texts_of`."""

Known = Mapping[tuple[str, ...], set[str]]
"""The types that training has for the words of its entities."""

_HEADLINE_WORDS = 3  # fewer are a label, such as JERUSALEM POST
_MANY_NUMBERS = 1 / 3
_FEW_WORDS = 1 / 5
_WORD_LETTERS = 3  # shorter ones stand in tables, too: v, at, of


def known_entities(sentences: Iterable[Sentence]) -> Known:
    """The words of the entities in training sentences, each with the types they have there."""
    known: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for sentence in sentences:
        for span in sentence.spans:
            known[sentence.tokens[span.start : span.end]].add(span.label)
    return dict(known)


def seen_as(sentence: Sentence, span: Span, known: Known) -> str:
    """The one of `SEEN` that a span is, by the types of its words in training."""
    types = known.get(sentence.tokens[span.start : span.end], set())
    if not types:
        return SEEN[3]
    if span.label not in types:
        return SEEN[2]
    return SEEN[1] if len(types) > 1 else SEEN[0]


def length_of(span: Span) -> str:
    """The one of `LENGTHS` that a span has."""
    return LENGTHS[min(span.end - span.start, len(LENGTHS)) - 1]


def main_type(document: Iterable[Sentence]) -> str | None:
    """The type that most entities of a document have; None where no type is alone the first."""
    counts = Counter(span.label for sentence in document for span in sentence.spans)
    ranked = [*counts.most_common(2), ("", 0), ("", 0)]
    return ranked[0][0] if ranked[0][1] > ranked[1][1] else None


def document_kinds(sentences: Sequence[Sentence]) -> list[str]:
    """The kind of the document of each sentence, by its `main_type`: ``mostly PER``.

    Empty where all sentences are of one document.
    """
    documents: defaultdict[tuple[str, int], list[Sentence]] = defaultdict(list)
    for sentence in sentences:
        documents[_document(sentence)].append(sentence)
    if len(documents) < 2:
        return []
    types = {key: main_type(document) for key, document in documents.items()}
    kinds = {key: "of no main type" if t is None else f"mostly {t}" for key, t in types.items()}
    return [kinds[_document(sentence)] for sentence in sentences]


def capitals_of(sentence: Sentence, span: Span) -> str:
    """The one of `CAPITALS` that holds of a span.

    A sentence in capitals has upper-case letters and no lower-case ones, and so all entities in it
    belong there. Elsewhere the letters of the entity count: all upper, all lower, the first upper,
    or else mixed (``al-Qaeda``); scripts and numbers without capitals have no case.
    """
    if _in_capitals(sentence.tokens):
        return CAPITALS[0]
    letters = [c for token in sentence.tokens[span.start : span.end] for c in token if _cased(c)]
    if not letters:
        return CAPITALS[5]
    if not any(letter.islower() for letter in letters):
        return CAPITALS[1]
    if not letters[0].islower():
        return CAPITALS[2]
    return CAPITALS[4] if any(letter.isupper() for letter in letters) else CAPITALS[3]


def _cased(character: str) -> bool:
    return character.isupper() or character.islower() or character.istitle()


def _in_capitals(tokens: Sequence[str]) -> bool:
    """Recognise tokens with upper-case letters and no lower-case ones."""
    return any(map(str.isupper, tokens)) and not any(c.islower() for t in tokens for c in t)


def texts_of(sentences: Sequence[Sentence]) -> list[str]:
    """The one of `TEXTS` that each sentence is, by itself and its neighbours in the document.

    A *headline* is in capitals, with 3 words or more, and numbers are less than a third of it. Of
    the others, a *line* has no running word (letters only, not capitalised, 3 or more of them where
    there is case), or numbers for a third of its tokens, or for less than a fifth running words
    that are no more than its numbers. A line beside another one is *table* (results, standings,
    rosters), one alone a *fragment* (datelines, signatures). All else is *prose*.
    """
    forms = [_form(sentence.tokens) for sentence in sentences]
    return [
        form if form != "line" else _line_kind(sentences, forms, number)
        for number, form in enumerate(forms)
    ]


def _line_kind(sentences: Sequence[Sentence], forms: Sequence[str], number: int) -> str:
    """``table`` for a line beside another one of the same document, else ``fragment``."""
    own = _document(sentences[number])
    beside = (other for other in (number - 1, number + 1) if 0 <= other < len(sentences))
    near = any(forms[one] == "line" and _document(sentences[one]) == own for one in beside)
    return "table" if near else "fragment"


def _document(sentence: Sentence) -> tuple[str, int]:
    return sentence.source, sentence.document


def _form(tokens: Sequence[str]) -> str:
    """The kind of a sentence by itself: ``headline``, ``line`` or ``prose``."""
    numbers = sum(map(_is_number, tokens))
    words = sum(any(map(str.isalpha, token)) for token in tokens)
    many = numbers >= _MANY_NUMBERS * len(tokens)
    if _in_capitals(tokens) and words >= _HEADLINE_WORDS and not many:
        return "headline"
    running = sum(map(_is_running, tokens))
    few = running < _FEW_WORDS * len(tokens) and running <= numbers
    return "line" if many or few or not running else "prose"


def _is_number(token: str) -> bool:
    """With digits and without letters: ``6-3``, ``1996-08-22``, ``1:55.371``."""
    return any(map(str.isdigit, token)) and not any(map(str.isalpha, token))


def _is_running(token: str) -> bool:
    """A word as prose has them and names have not; any word of a script without capitals."""
    if not token.isalpha() or token[0].isupper():
        return False
    return len(token) >= _WORD_LETTERS if any(map(_cased, token)) else True

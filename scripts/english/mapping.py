"""Between the types of corpora: OntoNotes' eighteen, and the three that all gold sets share."""

from collections.abc import Iterable, Mapping, Sequence

from ner.text import Span

PLACES = frozenset({"GPE", "LOC", "FAC"})
NAMES = PLACES | {"PERSON", "ORG"}

# Types of corpora → those of OntoNotes. LOC stands for any of `PLACES`, MISC for what the corpus
# does not tell: both are decided by what a teacher says there. Types that are not named are no
# names in OntoNotes.
PERSONS = ("PER", "person", "politician", "writer", "musicalartist", "scientist", "researcher")
GROUPS = (
    "ORG", "organisation", "politicalparty", "band", "university", "magazine", "academicjournal",
    "corporation", "group",
)  # fmt: skip
WORKS = ("book", "poem", "album", "song", "award", "creative-work")
ONTONOTES: Mapping[str, str] = {
    **dict.fromkeys(PERSONS, "PERSON"),
    **dict.fromkeys(GROUPS, "ORG"),
    **dict.fromkeys(WORKS, "WORK_OF_ART"),
    **dict.fromkeys(("event", "election", "conference"), "EVENT"),
    **dict.fromkeys(("LOC", "location", "astronomicalobject"), "LOC"),
    **dict.fromkeys(("MISC", "misc"), "MISC"),
    "country": "GPE",
    "product": "PRODUCT",
}

THREE: Mapping[str, str] = {
    "PERSON": "PER",
    "PER": "PER",
    "ORG": "ORG",
    **dict.fromkeys(PLACES, "LOC"),
}


def three_types(tokens: Sequence[str], spans: Iterable[Span]) -> tuple[Span, ...]:
    """The persons, organisations and places among spans; a leading "the" is outside of them."""
    found = []
    for span in spans:
        start = span.start + (tokens[span.start].lower() == "the")
        if span.label in THREE and start < span.end:
            found.append(Span(start, span.end, THREE[span.label]))
    return tuple(found)

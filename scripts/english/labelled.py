"""Make labelled sentences with OntoNotes' eighteen types out of corpora that have fewer.

    NER_DATA=/folder/of/corpora python scripts/english/labelled.py SPACY_MODEL OUT

A corpus says where there are persons, organisations and places; what kind of place, what kind of
other name, and all that it does not label (dates, numbers, nationalities …) the teacher says. OUT
becomes a folder with ``train.conll`` and ``valid.conll``, and ``credits.txt``.
"""

import itertools
import os
import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import click

from english.mapping import NAMES, ONTONOTES, PLACES
from english.teacher import load_spacy, spans_of_tokens
from ner import load_corpus
from ner.corpus import write_file
from ner.files import write_folder
from ner.text import Sentence, Span

# Corpora below NER_DATA with the credit that their owners ask for. Of EWT there is no training
# split.
LEARNT: Mapping[str, str] = {
    "open/crossner": "CrossNER, Liu et al. 2021, MIT; text of Wikipedia, CC BY-SA 3.0",
    "open/gum-open": "GUM, Zeldes 2017, CC BY 4.0; texts CC BY, CC BY-SA",
    "open/btc": "Broad Twitter Corpus, Derczynski et al. 2016, CC BY 4.0",
    "open/litbank": "LitBank, Bamman et al. 2019, CC BY 4.0; novels in the public domain",
    "wnut17": "WNUT-2017, Derczynski et al. 2017, CC BY 4.0",
}
CHOSEN = ("open/uner-en-ewt", "open/btc", "open/gum-open", "open/crossner", "wnut17")
MOST_CHOSEN = 600  # sentences of each in `valid`
LISTED = 6  # of so many sentences to learn from, one becomes a point of a list
BULLETS = ("•", "-", "*", "–", "·", ">")
TITLES = frozenset(
    {"mr", "mrs", "miss", "ms", "dr", "sir", "lady", "lord", "madame", "monsieur", "captain"}
    | {"colonel", "professor", "aunt", "uncle"}
)


def merged(tokens: Sequence[str], gold: Sequence[Span], told: Sequence[Span]) -> tuple[Span, ...]:
    """The spans of a sentence with all types, by its corpus where that says something.

    `gold` has types of OntoNotes, MISC, and LOC for any place; `told` is what the teacher says.
    """
    found = [span for given in gold if (span := _resolved(tokens, given, told)) is not None]
    free = [
        span
        for span in told
        if span.label not in NAMES and not any(_overlap(span, given) for given in gold)
    ]
    return tuple(sorted([*found, *free]))


def _resolved(tokens: Sequence[str], given: Span, told: Sequence[Span]) -> Span | None:
    """A gold span with a type of OntoNotes; None where nobody knows one."""
    over = next((span for span in told if _overlap(span, given)), None)
    label, start = given.label, given.start
    if label == "LOC":
        label = over.label if over and over.label in PLACES else "GPE"
    elif label == "MISC":
        if over is None or over.label in NAMES:
            return None
        label = over.label
    elif label == "PERSON":
        titles = itertools.takewhile(_is_title, tokens[start : given.end - 1])
        start += sum(1 for _ in titles)
    if over and over.label == label and over.start == start - 1 and tokens[over.start] == "the":
        start = over.start  # OntoNotes has the article within names
    return Span(start, given.end, label)


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _is_title(token: str) -> bool:
    return token.lower().rstrip(".") in TITLES


def gold_spans(sentence: Sentence) -> tuple[Span, ...]:
    """The spans of a sentence with the types of OntoNotes; an @ before a name is none."""
    return tuple(
        replace(span, label=ONTONOTES[span.label])
        for span in sentence.spans
        if span.label in ONTONOTES and sentence.tokens[span.start : span.end] != ("@",)
    )


def labelled(nlp: object, sentences: Sequence[Sentence]) -> Iterator[Sentence]:
    """The sentences with all eighteen types."""
    told = spans_of_tokens(nlp, [sentence.tokens for sentence in sentences])
    for sentence, spans in zip(sentences, told, strict=True):
        yield replace(sentence, spans=merged(sentence.tokens, gold_spans(sentence), spans))


def as_points(sentences: Iterable[Sentence], chance: random.Random) -> Iterator[Sentence]:
    """The sentences, some of them as points of a list, whose marks are no numbers to the reader.

    Corpora of sentences have none, and the teacher calls them so.
    """
    for sentence in sentences:
        if chance.randrange(LISTED):
            yield sentence
            continue
        mark = _mark(chance)
        spans = (
            replace(span, start=span.start + len(mark), end=span.end + len(mark))
            for span in sentence.spans
        )
        yield replace(sentence, tokens=(*mark, *sentence.tokens), spans=tuple(spans))


def _mark(chance: random.Random) -> tuple[str, ...]:
    """A bullet, a number, or a letter in brackets, as tokens."""
    number = str(chance.randint(1, 20))
    letter = chance.choice("abcdei")
    return chance.choice(
        [(chance.choice(BULLETS),), (f"{number}.",), (number, ")"), ("(", letter, ")")]
    )


@click.command(help=__doc__)
@click.argument("teacher")
@click.argument("out", type=click.Path(path_type=Path))
def main(teacher: str, out: Path) -> None:
    """Write the corpus."""
    nlp, root = load_spacy(teacher), os.environ["NER_DATA"]
    chance = random.Random(1)
    train = [s for name in LEARNT for s in labelled(nlp, load_corpus(f"{root}/{name}").train)]
    chosen: list[Sentence] = []
    for name in CHOSEN:
        valid = load_corpus(f"{root}/{name}").valid
        chosen += labelled(nlp, chance.sample(valid, min(MOST_CHOSEN, len(valid))))
    train = list(as_points(train, chance))
    with write_folder(out) as part:
        write_file(part / "train.conll", train)
        write_file(part / "valid.conll", chosen)
        (part / "credits.txt").write_text("".join(f"{text}\n" for text in LEARNT.values()))
    click.echo(f"{out}: {len(train):,} sentences to learn from, {len(chosen):,} to choose by")


if __name__ == "__main__":
    main()

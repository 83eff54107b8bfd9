"""Judge models on five gold sets: F1 of persons, organisations and places.

    NER_DATA=/folder/of/corpora python scripts/english/judge.py MODEL… [spacy:NAME…]

Gold tokens in; GPE, LOC and FAC count as places, and a leading "the" is outside of a name. The
last column is the mean. MODEL is a run folder, a bundle or a packed file of `ner`.
"""

import os
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import click

import ner
from english.gold_sets import load_gold_sets
from english.mapping import three_types
from english.teacher import load_spacy, spans_of_tokens
from ner.evaluation import evaluate_spans
from ner.text import Sentence, Span

Judged = Callable[[Sequence[Sentence]], list[Sequence[Span]]]


def judged(name: str) -> Judged:
    """A model as a function from sentences to the spans of each."""
    kind, colon, place = name.partition(":")
    if colon and kind == "spacy":
        nlp = load_spacy(place)
        return lambda sentences: spans_of_tokens(nlp, [s.tokens for s in sentences])
    tagger = ner.load(name)
    return lambda sentences: [found.spans for found in tagger.predict(sentences)]


def f1(model: Judged, gold: Sequence[Sentence]) -> float:
    """F1 of the three types, in percent."""
    found = [
        replace(sentence, spans=three_types(sentence.tokens, spans))
        for sentence, spans in zip(gold, model(gold), strict=True)
    ]
    return 100 * evaluate_spans(gold, found).f1


@click.command(help=__doc__)
@click.argument("models", nargs=-1, required=True)
def main(models: Sequence[str]) -> None:
    """Print a table, a model a line."""
    sets = load_gold_sets(os.environ["NER_DATA"])
    click.echo(" | ".join(["model", *sets, "mean"]))
    for name in models:
        model = judged(name)
        scores = [f1(model, gold) for gold in sets.values()]
        figures = [f"{score:.1f}" for score in (*scores, statistics.mean(scores))]
        click.echo(" | ".join([name, *figures]))


if __name__ == "__main__":
    main()

"""Measure the component of spaCy's pipelines against `Tagger.pipe`, on one core.

    NER_DATA=/folder/of/corpora python scripts/benchmark_spacy.py [--model en] [--data conll2003]
        [--texts 20000] [--rounds 5]

Tags the same sentences in four ways in turn, part by part and again and again, so that whatever
else the machine does falls on all: by `Tagger.pipe`; by the component, with documents made
beforehand; by a whole pipeline, which cuts texts by spaCy's tokenizer first; and by that tokenizer
alone. Prints the seconds of processor time, of each part the least of all rounds, as Markdown.
"""

import argparse
import gc
import itertools
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import ner
import ner.extensions.integrations.spacy as component  # tells spaCy of it, installed or not

PARTS = 4
Work = Callable[[], object]


def consume(documents: Iterable[object]) -> None:
    """Take what is yielded, and keep nothing of it."""
    deque(documents, maxlen=0)


def ways(nlp: Any, plain: Any, texts: Sequence[str]) -> dict[str, Work]:
    """The four ways to tag texts, with new documents; `plain` has nothing but the tokenizer."""
    tagging = nlp.get_pipe(component.NAME)
    documents = list(plain.pipe(texts))
    return {
        "`Tagger.pipe`": lambda: consume(tagging.tagger.pipe(texts)),
        "the component, documents made beforehand": lambda: consume(tagging.pipe(documents)),
        "a pipeline, with spaCy's tokenizer": lambda: consume(nlp.pipe(texts)),
        "that tokenizer alone": lambda: consume(plain.pipe(texts)),
    }


def processor_seconds(work: Work) -> float:
    """The processor time that a piece of work takes."""
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started


def least(nlp: Any, plain: Any, texts: Sequence[str], rounds: int) -> dict[str, float]:
    """The least seconds of each way in all rounds, each with documents of its own."""
    found = [
        {name: processor_seconds(work) for name, work in ways(nlp, plain, texts).items()}
        for _ in range(rounds)
    ]
    return {name: min(each[name] for each in found) for name in found[0]}


def compare(model: str, data: str, texts: int, rounds: int) -> dict[str, float]:
    """The seconds of each way, for that many sentences of a corpus, whose words are known."""
    import spacy

    every = itertools.chain(*ner.load_corpus(data).splits().values())
    lines = [" ".join(sentence.tokens) for sentence in itertools.islice(every, texts)]
    nlp, plain = spacy.blank("en"), spacy.blank("en")
    nlp.add_pipe(component.NAME, config={"model": model})
    consume(nlp.get_pipe(component.NAME).tagger.pipe(lines))
    size = max(1, len(lines) // PARTS)
    parts = [
        least(nlp, plain, lines[start : start + size], rounds)
        for start in range(0, len(lines), size)
    ]
    return {name: sum(part[name] for part in parts) for name in parts[0]}


def main() -> None:
    """Compare, and print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="en")
    parser.add_argument("--data", default="conll2003")
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    seconds = compare(given.model, given.data, given.texts, given.rounds)
    whole = next(iter(seconds.values()))
    print("| | seconds | speed beside `Tagger.pipe` |")
    print("|---|---:|---:|")
    for name, taken in seconds.items():
        print(f"| {name} | {taken:.2f} | {whole / taken:.0%} |")


if __name__ == "__main__":
    main()

"""What is gained and lost where a classifier says which sentences a tagger need not read.

    python scripts/skip.py --model DIR --skip-with DIR [--data conll2003] [--split valid]
                           [--below 0.01,0.05,0.2] [--rounds 5]

Tags a split with every word known already, and prints for each bound how much was skipped, F1,
and tokens a second of processor time on one thread: medians, the bounds taking turns. With
``--rounds 0`` each bound has a tagger of its own, which knows no word and is timed once: right
for taggers with language models, which keep what they have read lately.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import torch

from ner.bundle import load_bundle
from ner.classification.classifier import Classifier
from ner.classification.skip import Skip
from ner.corpus import load_corpus
from ner.errors import NerError
from ner.evaluation import count, score
from ner.predict import Prediction
from ner.tagger import Tagger
from ner.text import Sentence

CHUNK = 1000  # sentences tagged together: about as many as `ner tag` takes at once


def tag(tagger: Tagger, sentences: Sequence[Sentence]) -> list[Prediction]:
    """What is found, with scores, chunk by chunk."""
    found = []
    for start in range(0, len(sentences), CHUNK):
        found += tagger.predictions(sentences[start : start + CHUNK])
    return found


def speeds(works: Sequence[Callable[[], object]], rounds: int, tokens: int) -> list[float]:
    """Tokens a second of processor time of each piece of work, which take turns."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, times in zip(works, taken, strict=True):
            begun = time.process_time()
            work()
            times.append(time.process_time() - begun)
    return [tokens / statistics.median(times) for times in taken]


def report(given: argparse.Namespace) -> None:
    """Tag, and print."""
    first = load_bundle(given.model)
    classifier = Classifier.load(given.skip_with, "cpu")
    sentences = load_corpus(given.data, first.config).splits()[given.split]
    gold = [sentence.spans for sentence in sentences]
    texts = [sentence.tokens for sentence in sentences]
    tokens = sum(map(len, texts))
    bounds = [float(bound) for bound in given.below.split(",")]
    rules = [Skip(classifier, bound) for bound in bounds]
    bundles = [load_bundle(given.model) if not given.rounds else first for _ in (first, *rules)]
    taggers = [Tagger(b, skip=rule) for b, rule in zip(bundles, (None, *rules), strict=True)]

    def work(tagger: Tagger) -> Callable[[], object]:
        return lambda: tag(tagger, sentences)

    found, rates = [], []
    for tagger in taggers:
        begun = time.process_time()
        found.append(tag(tagger, sentences))  # from then on every word is known
        rates.append(tokens / (time.process_time() - begun))
    alone = speeds([lambda: rules[0](texts)], max(1, given.rounds), tokens)[0]
    if given.rounds:
        rates = speeds([work(tagger) for tagger in taggers], given.rounds, tokens)
    without = sum(not spans for spans in gold)
    print(
        f"{given.data} {given.split}: {len(sentences):,} sentences, {tokens:,} tokens; "
        f"{100 * without / len(sentences):.1f} % of the sentences have no entity"
    )
    print(f"the classifier alone: {alone:,.0f} tokens a second")
    print("skip below  sentences  tokens  wrongly      F1  tokens a second    gain")
    skips = [[False] * len(texts), *(rule(texts) for rule in rules)]
    rows = zip(["-", *given.below.split(",")], skips, found, rates, strict=True)
    for bound, skipped, spans, rate in rows:
        f1 = score(count(gold, [prediction.spans for prediction in spans])).f1
        left = sum(len(text) for text, skip in zip(texts, skipped, strict=True) if skip)
        wrong = sum(skip and bool(own) for skip, own in zip(skipped, gold, strict=True))
        print(
            f"{bound:>10}  {100 * sum(skipped) / len(texts):7.1f} %  {100 * left / tokens:4.1f} %"
            f"  {wrong:7}  {100 * f1:6.2f}  {rate:15,.0f}  {100 * (rate / rates[0] - 1):+5.1f} %"
        )


def main() -> None:
    """Read the command line, and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, metavar="DIR", help="tagger")
    parser.add_argument("--skip-with", required=True, metavar="DIR", help="classifier")
    parser.add_argument("--data", default="conll2003", metavar="NAME", help="corpus")
    parser.add_argument("--split", default="valid", choices=["train", "valid", "test"])
    parser.add_argument("--below", default="0.01,0.05,0.2", metavar="P,P", help="bounds")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="measured so often")
    given = parser.parse_args()
    torch.set_num_threads(1)
    try:
        report(given)
    except NerError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()

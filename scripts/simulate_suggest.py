"""Simulate labelling: F1 by labelled sentences, chosen by `ner suggest`, by doubt, and at random.

    python scripts/simulate_suggest.py CORPUS... --out results.jsonl [--seeds 1,2,3] [--split test]
    python scripts/simulate_suggest.py --table results.jsonl [--sizes 100,200,400,800,1600]
    python scripts/simulate_suggest.py --hints results.jsonl

The training split of a corpus is the text; its labels are shown for what is chosen. All ways start
from the same random sentences, and at each size a new small model is trained. Results are a line
of JSON for each corpus, seed and way, and those that are there are not computed again.
"""

import argparse
import itertools
import json
import math
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ner.config import Config
from ner.corpus import Corpus, load_corpus
from ner.evaluation import evaluate_spans
from ner.extensions.suggest.doubt import Doubt, doubts
from ner.extensions.suggest.selection import choose
from ner.extensions.suggest.stopping import EXPONENT, Point, expected_f1, exponent_of, gain
from ner.model import Model, Network
from ner.predict import predict, predict_with_inside, with_spans
from ner.text import Sentence
from ner.training import Trainer, build_model

SIZES = (100, 200, 400, 800, 1600, 3000)
POOL, EVALUATED, LONGEST = 5000, 1500, 100
"""Sentences to choose from and to score, most of each; tokens of a sentence, most."""
STEPS = 600
"""Steps of a training, at least. Half of them cost 12 points of F1 at 400 sentences."""
SMALL = {
    "model.hidden": 64, "model.word_dim": 50, "model.char_dim": 25, "model.char_hidden": 30,
    "model.chars": "cnn", "model.bigrams": "no", "train.learning_rate": 0.01, "train.ema": 0.9,
    "train.adversarial": 0.0, "train.case_augmentation": 0.0, "train.patience": 1000,
}  # fmt: skip

Way = Callable[[Sequence[Sentence], Model[Network], int], list[int]]
"""From sentences, a model and a count to the numbers of the sentences to label next."""


def train(sentences: Sequence[Sentence], seed: int) -> Model[Network]:
    """Train a small model for a while."""
    size = len(sentences)
    batch = 8 if size <= 150 else 16 if size <= 800 else 32
    epochs = max(12, math.ceil(STEPS * batch / size))
    pace = {"train.seed": seed, "train.epochs": epochs, "train.batch_sentences": batch}
    config = Config().replace(SMALL | pace)
    untrained = build_model(sentences, config, torch.device("cpu"))
    examples = untrained.training_set(sentences, config)
    trainer = Trainer(untrained.model, examples, (), config.train)
    for _ in trainer.run():
        pass
    return trainer.evaluated_model


def f1(model: Model[Network], sentences: Sequence[Sentence]) -> float:
    """The F1 of a model on labelled sentences."""
    found = predict(model, [s.tokens for s in sentences], with_scores=False)
    return evaluate_spans(sentences, with_spans(sentences, found)).f1


def own_f1(model: Model[Network], sentences: Sequence[Sentence]) -> float:
    """The F1 that a model expects of itself, by its probabilities alone."""
    return expected_f1(*predict_with_inside(model, [s.tokens for s in sentences]))


def _doubt(model: Model[Network], sentences: Sequence[Sentence]) -> list[Doubt]:
    return doubts([model], [s.tokens for s in sentences])


def at_random(sentences: Sequence[Sentence], model: Model[Network], count: int) -> list[int]:
    """The first sentences, which are in random order."""
    return list(range(count))


def by_doubt(sentences: Sequence[Sentence], model: Model[Network], count: int) -> list[int]:
    """Plain uncertainty sampling: those of the highest entropy of the labelling."""
    entropy = [each.entropy for each in _doubt(model, sentences)]
    order: list[int] = np.argsort(-np.array(entropy), kind="stable").tolist()
    return order[:count]


def suggested(sentences: Sequence[Sentence], model: Model[Network], count: int) -> list[int]:
    """Those that ``ner suggest`` chooses."""
    chosen = choose([s.tokens for s in sentences], _doubt(model, sentences), count)
    return [choice.number for choice in chosen]


WAYS: dict[str, Way] = {"random": at_random, "entropy": by_doubt, "suggest": suggested}


def pool(corpus: Corpus, seed: int) -> list[Sentence]:
    """Different sentences of the training split in random order."""
    found = list({s.tokens: s for s in corpus.train if len(s) <= LONGEST}.values())
    random.Random(seed).shuffle(found)
    return found[:POOL]


def simulate(corpus: Corpus, split: str, seed: int, way: str, sizes: Sequence[int]) -> Any:
    """The F1 at each size, tokens labelled, and the F1 that the model expects of itself."""
    left, labelled = pool(corpus, seed), list[Sentence]()
    judged = corpus.splits()[split][:EVALUATED]
    rows: list[dict[str, float]] = []
    model = None
    for size in sizes:
        count = size - len(labelled)
        numbers = WAYS[way](left, model, count) if model else list(range(count))
        labelled += [left[number] for number in numbers]
        taken = set(numbers)
        left = [sentence for number, sentence in enumerate(left) if number not in taken]
        model = train(labelled, seed)
        tokens = sum(map(len, labelled))
        own = own_f1(model, left[-EVALUATED:])
        rows.append({"size": size, "tokens": tokens, "f1": f1(model, judged), "own_f1": own})
    return {"corpus": corpus.name, "split": split, "seed": seed, "way": way, "rows": rows}


def labels_for(curve: Sequence[tuple[float, float]], target: float) -> float:
    """The labels, by a curve of labels and F1, that a target takes: linear in their logarithm."""
    for (n, low), (m, high) in itertools.pairwise(curve):
        if low >= target:
            return n
        if high >= target:
            share = (target - low) / (high - low)
            return float(np.exp(np.log(n) + share * (np.log(m) - np.log(n))))
    return float("nan")


def _means(results: Iterable[Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The mean over seeds for each corpus and way: sizes that all have, tokens, F1, deviation."""
    groups = defaultdict(list)
    for each in results:
        groups[each["corpus"], each["way"]].append(each["rows"])
    means = {}
    for key, found in groups.items():
        runs = [run[: min(map(len, found))] for run in found]
        figures = {name: np.array([[r[name] for r in run] for run in runs]) for name in runs[0][0]}
        means[key] = {name: part.mean(0) for name, part in figures.items()}
        means[key]["sd"] = figures["f1"].std(0, ddof=1) if len(runs) > 1 else figures["f1"][0] * 0
    return means


def table(results: Sequence[Any]) -> str:
    """F1 by size, and the share of sentences and of tokens that random order's last F1 takes."""
    means, lines = _means(results), list[str]()
    for (corpus, way), mean in means.items():
        goal = means[corpus, "random"]
        pairs = zip(100 * mean["f1"], 100 * mean["sd"], strict=True)
        cells = [f"{f1:.1f} ± {deviation:.1f}" for f1, deviation in pairs]
        for unit in ("size", "tokens"):
            curve = list(zip(mean[unit], mean["f1"], strict=True))
            cells.append(f"{labels_for(curve, goal['f1'][-1]) / goal[unit][-1]:.2f}")
        lines.append(f"| {corpus} | {way} | {' | '.join(cells)} |")
    return "\n".join(lines)


def hints(results: Sequence[Any], least: int = 400) -> str:
    """How far the hint of `ner suggest` is off, from a size on: points of F1 in a hundred labels.

    In a row the corpus, the number of gains, the true gain, and the error with the exponent that is
    given, and with one that is fitted to the rounds so far.
    """
    found = defaultdict[str, list[tuple[float, float, float]]](list)
    for each in results:
        found[each["corpus"]] += _told(each["rows"], least)
    found["all"] = [each for gains in found.values() for each in gains]
    lines = []
    for corpus, gains in found.items():
        true, given, fitted = np.array(gains).T
        errors = [np.abs(told - true).mean() for told in (given, fitted)]
        cells = [f"{value:.2f}" for value in (true.mean(), *errors)]
        lines.append(f"| {corpus} | {len(gains)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _told(rows: Sequence[dict[str, float]], least: int) -> Iterator[tuple[float, float, float]]:
    """The gain of a hundred labels between two sizes, and what the first model says of it."""
    points = [Point(int(row["size"]), row["f1"]) for row in rows]
    for number, (row, after) in enumerate(itertools.pairwise(rows), 1):
        if row["size"] >= least:
            sizes = int(row["size"]), int(after["size"])
            told = [
                gain(*sizes, row["own_f1"], exponent)
                for exponent in (EXPONENT, exponent_of(points[:number]))
            ]
            hundreds = (sizes[1] - sizes[0]) / 100
            true, given, fitted = (
                100 * each / hundreds for each in (after["f1"] - row["f1"], *told)
            )
            yield true, given, fitted


def _read(path: Path, sizes: Sequence[int] = ()) -> list[Any]:
    """The results in a file, of these sizes, or of all."""
    lines = path.read_text().splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines]
    for each in found:
        each["rows"] = [row for row in each["rows"] if not sizes or row["size"] in sizes]
    return found


def main() -> None:
    """Read the command line and simulate, or print one of the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", metavar="CORPUS", nargs="*")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--sizes", default="", help=f"default: {SIZES}; of tables all there are")
    parser.add_argument("--split", choices=["valid", "test"], default="valid")
    parser.add_argument("--table", type=Path)
    parser.add_argument("--hints", type=Path)
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",") if size]
    if results := given.table or given.hints:
        print((table if given.table else hints)(_read(results, sizes)))
        return
    torch.set_num_threads(1)
    done = {(r["corpus"], r["seed"], r["way"]) for r in _read(given.out)}
    for seed in map(int, given.seeds.split(",")):
        for name in given.corpora:
            corpus = load_corpus(name)
            for way in given.ways.split(","):
                if (corpus.name, seed, way) not in done:
                    found = simulate(corpus, given.split, seed, way, sizes or SIZES)
                    with given.out.open("a") as file:
                        print(json.dumps(found), file=file)
                    print(
                        corpus.name,
                        seed,
                        way,
                        [round(100 * r["f1"], 1) for r in found["rows"]],
                        file=sys.stderr,
                    )


if __name__ == "__main__":
    main()

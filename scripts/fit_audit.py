"""Fit the weights of ``ner audit``, and measure it against other ways to rank.

    python scripts/plant_mistakes.py --data conll2003 --share 0.03 --out noisy
    ner audit --data noisy --out noisy/audit
    python scripts/fit_audit.py noisy [more …]

Each folder holds a corpus with ``planted.jsonl`` and its ``audit/``. Figures for a folder are those
of weights that were fitted on the other folders; the weights printed at the end are of all.
"""

import argparse
import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner.config import Config
from ner.corpus import read_corpus
from ner.extensions.audit.evidence import Evidence, EvidenceOf
from ner.extensions.audit.judgements import Judgement, load_judgements, pooled
from ner.extensions.audit.places import Place, find_places, overlap
from ner.extensions.audit.usage import Usage
from ner.predict import document_numbers
from ner.text import Sentence, Span

Floats = NDArray[np.float64]
PENALTY = 1.0


@dataclass
class Audited:
    """A corpus with planted mistakes: its places, their evidence, and which are wrong."""

    name: str
    sentences: Sequence[Sentence]
    judged: Mapping[int, list[Judgement]]
    places: Sequence[Place]
    evidence: Floats  # [N, F]
    wrong: Floats  # [N]
    planted: Mapping[int, list[Any]]  # by sentence


def read(folder: Path, members: int = 99) -> Audited:
    """Read a folder, with the judgements of some members of each seed."""
    corpus = read_corpus(folder, Config().data)
    sentences = [s for split in corpus.splits().values() for s in split]
    files = sorted((folder / "audit" / "judgements").glob("seed-*.jsonl"))
    judged = pooled(load_judgements(file, sentences) for file in files)
    documents = document_numbers(sentences)
    places = find_places(sentences, judged, usage := Usage(sentences, documents))
    evidence = EvidenceOf(sentences, documents, usage, places)
    rows = np.array([evidence(place) for place in places])
    planted = read_planted(folder, sentences)
    wrong = np.array([float(is_wrong(place, planted)) for place in places])
    return Audited(folder.name, sentences, judged, places, rows, wrong, planted)


def read_planted(folder: Path, sentences: Sequence[Sentence]) -> dict[int, list[Any]]:
    """The planted mistakes by the number of their sentence."""
    number = {(Path(s.source).name, s.line): i for i, s in enumerate(sentences)}
    found: dict[int, list[Any]] = {}
    for line in (folder / "planted.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        record |= {k: record[k] and Span(**record[k]) for k in ("before", "after")}
        found.setdefault(number[record["source"], record["line"]], []).append(record)
    return found


def is_wrong(place: Place, planted: Mapping[int, list[Any]]) -> bool:
    """Tell if a place is one that was planted."""
    for mistake in planted.get(place.number, ()):
        after, before = mistake["after"], mistake["before"]
        if after and place.labelled == after:
            return True
        if not after and not place.labelled and place.proposed and overlap(place.proposed, before):
            return True
    return False


def fit(rows: Floats, wrong: Floats) -> Floats:
    """Logistic regression by Newton's method with a small penalty: bias, then weights."""
    x = np.hstack([np.ones((len(rows), 1)), rows])
    w = np.zeros(x.shape[1])
    penalty = np.full(len(w), PENALTY)
    penalty[0] = 0
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (p - wrong) + penalty * w
        hessian = (x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty + 1e-9)
        step = np.linalg.solve(hessian, gradient)
        w -= step * min(1.0, 5 / max(1e-9, np.abs(step).max()))
        if np.abs(step).max() < 1e-8:
            break
    return w


def apply(w: Floats, rows: Floats) -> Floats:
    """The probabilities of weights."""
    return np.asarray(1 / (1 + np.exp(-np.clip(w[0] + rows @ w[1:], -30, 30))))


# --- measures -----------------------------------------------------------------------------------


def measures(scores: Floats, wrong: Floats, total: float) -> dict[str, float]:
    """Average precision, and recall among the first ones: as many as are wrong, and twice that."""
    order = np.argsort(-scores, kind="stable")
    hits = wrong[order]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    size = int(total)
    return {
        "AP": float((precision * hits).sum() / total),
        "R@n": hits[:size].sum() / total,
        "R@2n": hits[: 2 * size].sum() / total,
    }


def calibration_error(p: Floats, wrong: Floats, bins: int = 10) -> float:
    """Expected calibration error over places with a probability of at least 0.05, by tenths."""
    kept = p >= 0.05
    p, wrong = p[kept], wrong[kept]
    which = np.minimum((p * bins).astype(int), bins - 1)
    gaps = [abs((p - wrong)[which == b].sum()) for b in range(bins)]
    return float(sum(gaps) / max(1, len(p)))


def by_sentence(data: Audited, scores: Floats) -> tuple[Floats, Floats]:
    """The best place of each sentence, and whether a mistake was planted in it."""
    best = np.full(len(data.sentences), -np.inf)
    for place, score in zip(data.places, scores, strict=True):
        best[place.number] = max(best[place.number], score)
    wrong = np.array([float(i in data.planted) for i in range(len(data.sentences))])
    return best, wrong


def baselines(data: Audited) -> dict[str, Floats]:
    """Other ways to rank sentences."""
    size = len(data.sentences)
    rng = random.Random(1)
    scores = {name: np.zeros(size) for name in ("random", "NLL", "ensemble NLL", "CrossWeigh")}
    scores["random"] = np.array([rng.random() for _ in range(size)])
    for number, judged in data.judged.items():
        scores["NLL"][number] = -judged[0].labelled
        scores["ensemble NLL"][number] = -sum(one.labelled for one in judged) / len(judged)
        own = set(data.sentences[number].spans)
        differing = sum(one.chosen != own for one in judged)
        scores["CrossWeigh"][number] = differing + 1e-6 * rng.random()
    return scores


def show(name: str, measured: Mapping[str, float]) -> None:
    """A line of the table."""
    print(f"  {name:28}", "  ".join(f"{k} {100 * v:5.1f}" for k, v in measured.items()))


def report(data: Audited, w: Floats) -> None:
    """All figures of one folder."""
    p = apply(w, data.evidence)
    total = sum(map(len, data.planted.values()))
    print(f"{data.name}: {len(data.places)} places, {int(data.wrong.sum())} of {total} found there")
    show(
        "places: audit", measures(p, data.wrong, total) | {"ECE": calibration_error(p, data.wrong)}
    )
    show("places: doubt alone", measures(data.evidence[:, 0], data.wrong, total))
    best, wrong = by_sentence(data, p)
    show("sentences: audit", measures(best, wrong, wrong.sum()))
    for name, scores in baselines(data).items():
        show(f"sentences: {name}", measures(scores, wrong, wrong.sum()))


def main() -> None:
    """Measure each folder with the weights of the others, and print those of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    audited = [read(folder) for folder in parser.parse_args().folders]
    for data in audited:
        others = [one for one in audited if one is not data] or [data]
        report(data, fit(*stacked(others)))
    w = fit(*stacked(audited))
    print(f"BIAS = {w[0]:.3f}")
    for name, weight in zip(Evidence._fields, w[1:], strict=True):
        print(f'    "{name}": {weight:.3f},')


def stacked(audited: Sequence[Audited]) -> tuple[Floats, Floats]:
    """Evidence and truth of several folders."""
    rows = np.vstack([data.evidence for data in audited])
    return rows, np.concatenate([data.wrong for data in audited])


if __name__ == "__main__":
    main()

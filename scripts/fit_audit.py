"""Fit the weights of ``ner audit``, and measure it against other ways to rank.

    python scripts/plant_mistakes.py --data conll2003 --share 0.03 --out noisy
    ner audit --data noisy --out noisy/audit
    python scripts/fit_audit.py noisy [more …]

Each folder holds a corpus with ``planted.jsonl`` and its ``audit/``. Figures for a folder are those
of weights that were fitted on the other folders; the weights printed at the end are of all.
"""

import argparse
import json
import random
from collections import Counter
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


def read(folder: Path) -> Audited:
    """Read a folder."""
    corpus = read_corpus(folder, Config().data)
    sentences = [s for split in corpus.splits().values() for s in split]
    files = sorted((folder / "audit" / "judgements").glob("seed-*.jsonl"))
    judged = pooled(load_judgements(file, sentences) for file in files)
    documents = document_numbers(sentences)
    places = find_places(sentences, judged, usage := Usage(sentences, documents))
    evidence = EvidenceOf(sentences, documents, usage, places)
    rows = np.array([evidence(place) for place in places])
    planted = {i: own for i, own in read_planted(folder, sentences).items() if i in judged}
    wrong = np.array([float(bool(kind_of(place, planted))) for place in places])
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


def kind_of(place: Place, planted: Mapping[int, list[Any]]) -> str:
    """The kind of the mistake that was planted at a place; "" where none was."""
    for mistake in planted.get(place.number, ()):
        after, before = mistake["after"], mistake["before"]
        dropped = not (after or place.labelled) and place.proposed
        if place.labelled == after if after else dropped and overlap(dropped, before):
            return str(mistake["kind"])
    return ""


def by_kind(data: Audited, p: Floats, first: int) -> dict[str, float]:
    """The share of the mistakes of each kind that are among the first places."""
    kinds = [kind_of(place, data.planted) for place in data.places]
    every = Counter(record["kind"] for own in data.planted.values() for record in own)
    found = Counter(kinds[i] for i in np.argsort(-p, kind="stable")[:first])
    return {kind: found[kind] / count for kind, count in sorted(every.items())}


def fit(rows: Floats, wrong: Floats, shares: Floats) -> Floats:
    """Logistic regression by Newton's method with a small penalty: bias, then weights.

    `shares` says how much each place counts.
    """
    x = np.hstack([np.ones((len(rows), 1)), rows])
    w = np.zeros(x.shape[1])
    penalty = np.full(len(w), PENALTY)
    penalty[0] = 0
    for _ in range(60):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (shares * (p - wrong)) + penalty * w
        hessian = (x * (shares * p * (1 - p))[:, None]).T @ x + np.diag(penalty + 1e-9)
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


def report(data: Audited, p: Floats) -> None:
    """All figures of one folder, by the probabilities of its places."""
    total = float(max(sum(map(len, data.planted.values())), data.wrong.sum()))
    print(
        f"{data.name}: {len(data.places)} places, {int(data.wrong.sum())} of {int(total)} planted"
    )
    show(
        "places: audit", measures(p, data.wrong, total) | {"ECE": calibration_error(p, data.wrong)}
    )
    show("places: doubt alone", measures(data.evidence[:, 0], data.wrong, total))
    show("recall at 2n by kind", by_kind(data, p, 2 * int(total)))
    best, wrong = by_sentence(data, p)
    show("sentences: audit", measures(best, wrong, wrong.sum()))
    for name, scores in baselines(data).items():
        show(f"sentences: {name}", measures(scores, wrong, wrong.sum()))


def main() -> None:
    """Measure each folder with the weights of the others, and print those of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--tokens", type=Path, help="write label and probabilities of each token")
    given = parser.parse_args()
    audited = [read(folder) for folder in given.folders]
    if given.tokens:
        write_tokens(audited, given.tokens)
    for data in audited:
        others = [one for one in audited if one is not data]
        if others:
            report(data, apply(fit(*stacked(others)), data.evidence))
        else:
            report(data, crossed(data))
    w = fit(*stacked(audited))
    print(f"BIAS = {w[0]:.3f}")
    for name, weight in zip(Evidence._fields, w[1:], strict=True):
        print(f'    "{name}": {weight:.3f},')


def write_tokens(audited: Sequence[Audited], folder: Path) -> None:
    """Write, for each folder, what cleanlab asks for: ``NAME.json`` with labels and probabilities.

    The probability of a type at a token is the sum over the noticeable entities that hold it.
    """
    for data in audited:
        types = ["O", *sorted({span.label for s in data.sentences for span in s.spans})]
        number = {label: place for place, label in enumerate(types)}
        labels, rows = [], []
        for i in data.judged:
            sentence = data.sentences[i]
            own = np.zeros(len(sentence), int)
            for span in sentence.spans:
                own[span.start : span.end] = number[span.label]
            p = np.zeros((len(sentence), len(types)))
            for one in data.judged[i]:
                for span, score in one.scores.items():
                    if span.label in number:
                        p[span.start : span.end, number[span.label]] += score / len(data.judged[i])
            p[:, 0] = np.maximum(0, 1 - p.sum(1))
            labels.append(own.tolist())
            rows.append((p / p.sum(1, keepdims=True)).round(5).tolist())
        wrong = [float(i in data.planted) for i in data.judged]
        folder.mkdir(parents=True, exist_ok=True)
        told = {"labels": labels, "probabilities": rows, "wrong": wrong}
        (folder / f"{data.name}.json").write_text(json.dumps(told), encoding="utf-8")


def crossed(data: Audited) -> Floats:
    """The probabilities of places of one folder, by weights of the other half of its sentences."""
    p = np.zeros(len(data.places))
    half = np.array([place.number % 2 == 0 for place in data.places])
    for own in (half, ~half):
        w = fit(data.evidence[~own], data.wrong[~own], np.ones((~own).sum()))
        p[own] = apply(w, data.evidence[own])
    return p


def stacked(audited: Sequence[Audited]) -> tuple[Floats, Floats, Floats]:
    """Evidence and truth of several folders, each of which counts as much as any other."""
    rows = np.vstack([data.evidence for data in audited])
    mean = len(rows) / len(audited)
    shares = [np.full(len(data.wrong), mean / len(data.wrong)) for data in audited]
    return rows, np.concatenate([data.wrong for data in audited]), np.concatenate(shares)


if __name__ == "__main__":
    main()

"""Parts `tag` and `latency`: how fast a trained model tags, and how well."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from benchmarks import environments
from benchmarks.machine import Counted, Rates, count_operations, hidden_units, rates
from benchmarks.page import Cell, Section, Table, Target
from benchmarks.setting import Setting, Worker, f1
from benchmarks.timing import alternate, medians, percentile, spread
from ner.bundle import load_bundle, tagger_network
from ner.runtime.kernels import description

ENGINES: dict[str, dict[str, str]] = {
    "int8": {"predict.precision": "int8"},
    "float32": {"predict.precision": "float32"},
    "torch": {"predict.engine": "torch"},
}
FLAIR_BATCHES = (32, 128)
SPACY_BATCH = 256


@dataclass
class Speeds:
    """Tags the test split again and again, and keeps what was found the last time."""

    tokens: int
    spans: dict[str, Any] = field(default_factory=dict)

    def work(self, name: str, ask: Callable[[], Any]) -> Callable[[], float]:
        """Something to be repeated: tokens per second of one pass."""

        def once() -> float:
            answer = ask()
            self.spans[name] = answer["spans"]
            return float(self.tokens / answer["seconds"])

        return once


def _ours(speeds: Speeds, worker: Worker, scores: bool = False) -> dict[str, Callable[[], float]]:
    """Each engine, first with nothing kept of any word, then again with all words kept."""

    def anew(settings: dict[str, str]) -> Any:
        worker.ask(do="load", settings=settings)
        return again()

    def again() -> Any:
        return worker.ask(do="tag", split="test", scores=scores)

    works = {}
    suffix = ", with scores" * scores
    for engine, settings in ENGINES.items():
        name = f"ours, {engine}{suffix}"
        works[name] = speeds.work(name, partial(anew, settings))
        if engine != "torch":
            works[f"{name}, words known"] = speeds.work(f"{name}, words known", again)
    return works


def run_tag(setting: Setting) -> Section:
    """Tokens in, tags out: ours, flair and spaCy in turn."""
    notes = [_about(setting, peer) for peer in ("flair", "spacy")]
    speeds = Speeds(sum(len(sentence) for sentence in setting.corpus.test))
    with (
        setting.work("ours", "tag", setting.data, str(setting.trained)) as ours,
        environments.start(setting, "flair", "tag") as flair,
        environments.start(setting, "spacy", "tag") as spacy,
    ):
        works = {**_ours(speeds, ours), **_ours(speeds, ours, scores=True)}
        for size in FLAIR_BATCHES:
            name = f"flair, batches of {size}"
            works[name] = speeds.work(name, partial(flair.ask, do="tag", batch=size))
        works["spaCy"] = speeds.work("spaCy", partial(spacy.ask, do="tag", batch=SPACY_BATCH))
        found = alternate(works, setting.many(5, 1))
        valid = {name: _valid_f1(setting, ours, name) for name in ENGINES}
    rows = _rows(setting, found, speeds, valid)
    network = tagger_network(load_bundle(setting.trained).model)
    counted = count_operations(network)
    machine = rates(hidden_units(network))
    return Section(
        "Tagging",
        f"The test split of CoNLL-2003 ({speeds.tokens:,} tokens in sentences), one thread, tokens "
        "in and spans out. F1 is seqeval's, in percent, on the same gold. *Words known*: the same "
        "text a second time, when everything that a word contributes is kept already.",
        [Table(["", "tokens a second", "spread", "test F1", "valid F1"], rows)],
        _targets(medians(found), counted, machine),
        [*notes, _arithmetic(counted, machine)],
    )


def _about(setting: Setting, peer: str) -> str:
    """How a peer's model was trained."""
    said = environments.fit(setting, peer)
    version = environments.peer_version(setting, peer)
    if peer == "flair":
        epochs = said["epoch_seconds"]
        return (
            f"{version}: LSTM of 200, CRF, one-hot word embeddings of 100 and character LSTM of 25 "
            f"both ways, SGD from 0.1, batches of 32; cut after {len(epochs)} epochs of "
            f"{sorted(epochs)[len(epochs) // 2]:.0f} seconds (not on a quiet machine), the best on "
            "valid kept"
        )
    return (
        f"{version}: `init config --pipeline ner --optimize efficiency`, trained on the same split "
        f"until its own rule stopped it ({environments.steps(setting):,} steps); `nlp.pipe` over "
        f"documents of tokens, {SPACY_BATCH} at a time, nothing but NER in the pipeline"
    )


def _valid_f1(setting: Setting, worker: Worker, engine: str) -> float:
    worker.ask(do="load", settings=ENGINES[engine])
    return f1(setting.corpus.valid, worker.ask(do="tag", split="valid")["spans"])


def _rows(
    setting: Setting, found: dict[str, list[float]], speeds: Speeds, valid: dict[str, float]
) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    for name, rate in medians(found).items():
        engine = name.removeprefix("ours, ")
        test = f1(setting.corpus.test, speeds.spans[name])
        judged = f"{valid[engine]:.2f}" if engine in valid else ""
        rows.append([name, rate, spread(found[name]), f"{test:.2f}", judged])
    return rows


def _targets(speed: dict[str, float], counted: Counted, machine: Rates) -> list[Target]:
    flair = max(speed[f"flair, batches of {size}"] for size in FLAIR_BATCHES)

    most = machine.bound(counted)
    bound = (
        f"at torch's rates the products and gates of the recurrence alone allow {most:,.0f} tokens "
        f"a second in float32 on this core, {most / speed['spaCy']:.1f}× spaCy and "
        f"{most / flair:.1f}× flair"
    )
    targets = []
    for known, (eight, single) in wanted().items():
        exact = speed[f"ours, float32{known}"]
        ratio = speed[f"ours, int8{known}"] / speed["spaCy"]
        targets += [
            Target(f"Tagging, int8{known}, against spaCy", eight, ratio, bound),
            Target(
                f"Tagging, float32{known}, against spaCy", single, exact / speed["spaCy"], bound
            ),
            Target(f"Tagging, float32{known}, against flair's best", 8, exact / flair, bound),
        ]
    return targets


def wanted() -> dict[str, tuple[float, float]]:
    """How many times spaCy's speed is wanted in int8 and float32, by what this processor has."""
    if description().startswith("avx512vnni"):
        return {"": (9, 4.5), ", words known": (12, 7)}
    return {"": (6, 3.5), ", words known": (8, 4.5)}


def _arithmetic(counted: Counted, machine: Rates) -> str:
    operations = (counted.recurrence + counted.projection) / 1000
    rate = {name: value / 1e9 for name, value in machine.products.items()}
    return (
        f"bound by arithmetic: {operations:,.0f} thousand operations a token in products that "
        f"cannot be kept, at {rate['float32']:.0f} (float32) and {rate['bfloat16']:.0f} (bfloat16) "
        f"billion a second, allow {machine.products_bound(counted):,.0f} and "
        f"{machine.products_bound(counted, 'bfloat16'):,.0f} tokens a second; with "
        f"{counted.functions:,} values of sigmoid and tanh at {machine.functions / 1e9:.1f} "
        f"billion a second, {machine.bound(counted):,.0f} and "
        f"{machine.bound(counted, 'bfloat16'):,.0f}"
    )


def run_latency(setting: Setting) -> Section:
    """One sentence at a time, from Python."""
    length, calls = 25, setting.many(1000, 20)
    rows: list[list[Cell]] = []
    with setting.work("ours", "tag", setting.data, str(setting.trained)) as ours:
        for text in (False, True):
            for engine in ENGINES:
                ours.ask(do="load", settings=ENGINES[engine])
                ours.ask(do="one", length=length, calls=min(calls, 50), text=text)
                took = ours.ask(do="one", length=length, calls=calls, text=text)
                call = "`tagger.tag(text)`" if text else "`tagger.predict([sentence])`"
                shares = [1000 * percentile(took, share) for share in (0.5, 0.99)]
                rows.append([f"{call}, {engine}", *shares])
    return Section(
        "Latency",
        f"One sentence of {length} tokens from Python, model loaded, one thread, {calls} calls "
        "with the sentences of that length of the test split: as tokens for tags only, and as raw "
        "text for entities with offsets and scores.",
        [Table(["", "p50, ms", "p99, ms"], rows)],
    )

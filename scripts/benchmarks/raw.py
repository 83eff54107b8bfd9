"""Parts `raw` and `footprint`: raw text to entities, and what it takes to get the first ones."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import distribution
from itertools import islice
from pathlib import Path

import ner
from benchmarks import environments, processes
from benchmarks.environments import size_of
from benchmarks.page import Cell, Section, Table, Target
from benchmarks.setting import Setting
from benchmarks.tagging import ENGINES, SPACY_BATCH
from benchmarks.timing import alternate, medians, spread
from ner.files import write_text
from ner.run_folder import find_bundle
from ner.runtime.kernels import description

LINES = 20_000
NEEDED = ("click", "numpy", "safetensors")  # beside `ner` itself, to tag text
KNOWN = ", words known"
PEERS = {"spacy": "spaCy", "spacy-ready": "spaCy, en_core_web_sm", "flair": "flair"}


def run_raw(setting: Setting) -> Section:
    """Lines of raw text in, JSON Lines out, with scores where there are any."""
    lines = setting.many(LINES, 20)
    path = raw_text(setting, lines)
    characters = len(path.read_text(encoding="utf-8"))
    rate: dict[str, Callable[[], float]] = {}

    def add(name: str, ask: Callable[[], float]) -> None:
        rate[name] = lambda: characters / ask() / 1000

    with (
        setting.work("ours", "tag", setting.data, str(setting.trained)) as ours,
        environments.start(setting, "spacy", "tag") as spacy,
        environments.start(setting, "spacy", "ready") as ready,
    ):
        for engine in ("int8", "float32"):
            add(f"ours, {engine}", partial(_ours, ours.ask, ENGINES[engine], str(path)))
            add(f"ours, {engine}{KNOWN}", lambda: ours.ask(do="lines", path=str(path))["seconds"])
        for name, worker in (("spaCy", spacy), (PEERS["spacy-ready"], ready)):
            add(name, partial(_spacy, worker.ask, str(path)))
        found = alternate(rate, setting.many(3, 1))
    rows: list[list[Cell]] = [
        [name, speed, spread(found[name])] for name, speed in medians(found).items()
    ]
    speed = medians(found)
    wanted = 9 if description().startswith("avx512vnni") else 6
    most = speed[f"ours, int8{KNOWN}"] / speed["spaCy"]
    bound = (
        f"with every word known, so without one product for words, it is {most:.1f}×: the rest is "
        "reading, tokens, the recurrence, decoding, scores and JSON"
    )
    return Section(
        "From raw text",
        f"{lines:,} lines of running text ({characters / 1e6:.1f} million characters) to JSON "
        "Lines of entities with offsets, one thread, nothing kept from before but where *words "
        f"known* says so; ours with a score for each entity, spaCy without ({SPACY_BATCH} lines at "
        "a time, nothing but NER in the pipeline; its scores would take a beam search).",
        [Table(["", "thousand characters a second", "spread"], rows)],
        [
            Target(
                "Raw text, int8, against spaCy", wanted, speed["ours, int8"] / speed["spaCy"], bound
            )
        ],
    )


def _ours(ask: Callable[..., dict[str, float]], settings: dict[str, str], path: str) -> float:
    ask(do="load", settings=settings)
    return ask(do="lines", path=path)["seconds"]


def _spacy(ask: Callable[..., dict[str, float]], path: str) -> float:
    return ask(do="lines", path=path, batch=SPACY_BATCH)["seconds"]


def raw_text(setting: Setting, lines: int) -> Path:
    """A file of so many lines of running text, as they are; kept for the next time."""
    path = setting.peers / f"raw-{lines}.txt"
    if not path.exists():
        setting.peers.mkdir(parents=True, exist_ok=True)
        with write_text(path) as file:
            file.writelines(islice(_lines(setting), lines))
    return path


def _lines(setting: Setting) -> Iterator[str]:
    """Lines of all running texts in turn; sentences of the corpus where there is no such text."""
    texts = processes.running_texts()
    if not texts:
        while True:
            yield from (" ".join(sentence.tokens) + "\n" for sentence in setting.corpus.train)
    sources = [processes.read_lines(path) for path in texts]
    while True:
        for source in sources:
            yield next(source)


def run_footprint(setting: Setting) -> Section:
    """What the first answer costs: time, memory, and room on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        sentence = processes.write_sentence(folder)
        commands = {
            "ours": processes.tag(setting, sentence),
            **{name: environments.first(setting, p, sentence) for p, name in PEERS.items()},
        }
        memory: dict[str, float] = {}

        def once(name: str) -> float:
            spent = processes.spend(commands[name])
            memory[name] = spent.memory
            return spent.seconds

        found = alternate({name: partial(once, name) for name in commands}, setting.many(5, 1))
    sizes = {"ours": (_installed(), size_of(find_bundle(setting.trained)))}
    sizes |= {name: environments.sizes(setting, peer) for peer, name in PEERS.items()}
    rows: list[list[Cell]] = [
        [name, took, spread(found[name]), memory[name] / 1e6, *(s / 1e6 for s in sizes[name])]
        for name, took in medians(found).items()
    ]
    head = ["", "seconds", "spread", "memory, MB", "installed, MB", "model, MB"]
    return Section(
        "The first answer",
        "One sentence to its entities as a whole process: start, loading, tagging; files in the "
        "system's cache, one thread. *Installed*: all packages that this takes, without Python.",
        [Table(head, rows)],
    )


def _installed() -> int:
    """Bytes of the packages that tagging takes."""
    files = [file for name in NEEDED for file in distribution(name).files or ()]
    own = Path(ner.__file__).parent
    return sum(Path(str(file.locate())).stat().st_size for file in files) + size_of(own)

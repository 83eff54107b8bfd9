"""One tagger in many threads, and in processes that are forked after it was loaded."""

import ast
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

import ner
from ner.config import Config
from ner.corpus import Corpus
from ner.lazy import cached_property
from ner.tagger import Tagger
from ner.text import Document, Entity
from tests.cli.command import LIMIT, environment

pytestmark = pytest.mark.slow

THREADS = 16
TEXTS = [
    f"{name} visited {place}. Then {name} left word{number}, and {place} too."
    for number, (name, place) in enumerate(
        [("Anna", "Rome"), ("Berta", "Paris"), ("Carl Maria", "New York"), ("Dora", "Rome")] * 4
    )
]


def places(entities: tuple[Entity, ...] | list[Entity]) -> list[tuple[object, ...]]:
    return [(e.start, e.end, e.label, e.score) for e in entities]


def documents(found: list[Document]) -> list[Any]:
    return [places(document.entities) for document in found]


ASKED: dict[str, Callable[[Tagger, str], Any]] = {
    "tag": lambda tagger, text: places(tagger.tag(text)),
    "stream": lambda tagger, text: documents(list(tagger.stream([text, *TEXTS[:3]]))),
    "nbest": lambda tagger, text: [
        [(one.probability, places(one.entities)) for one in sentence.alternatives]
        for sentence in tagger.tag_nbest(text, 3)
    ],
    "marginals": lambda tagger, text: [
        table.tolist() for table in tagger.marginals(tagger.tag_document(text).sentences)
    ],
}


@pytest.fixture(scope="module")
def hearing(
    tmp_path_factory: pytest.TempPathFactory, tiny_config: Config, tiny_corpus: Corpus
) -> Path:
    """The run of a model with document context."""
    from ner.api import train

    out = tmp_path_factory.mktemp("hearing") / "run"
    train(tiny_corpus, out, tiny_config.replace({"model.context": "document"}), device="cpu")
    return out


@pytest.mark.parametrize("engine", ["native", "torch"])
@pytest.mark.parametrize("kind", ["tiny_run", "hearing"])
def test_many_threads_get_the_answers_of_one(
    kind: str, engine: str, request: pytest.FixtureRequest
) -> None:
    run = request.getfixturevalue(kind)
    settings = {"predict.engine": engine, "predict.cache_mb": 1}
    work = [(ask, text) for text in TEXTS for ask in ASKED]
    alone = Tagger.load(run, "cpu", settings)
    expected = [ASKED[ask](alone, text) for ask, text in work]
    shared = Tagger.load(run, "cpu", settings)  # one that has kept no word yet
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda part: ASKED[part[0]](shared, part[1]), work))
    for (ask, text), one, other in zip(work, expected, found, strict=True):
        assert one == other, (ask, text)


# In the parent OpenMP has threads, and one thread holds the engine's lock, which no child has.
FORKED = """
import multiprocessing, os, sys, threading
import torch
from ner import Tagger
from ner.predict import engine_of

tagger = Tagger.load(sys.argv[1], "cpu", {"predict.engine": sys.argv[2]})
torch.set_num_threads(2)
torch.randn(400, 400) @ torch.randn(400, 400)
torch.randn(1_000_000).exp()
text = "Anna visited New York. " * 300
expected = tagger.tag(text)
assert expected
engine = engine_of(tagger._bundle.model, tagger.settings)
if sys.argv[2] == "native":
    threading.Thread(target=lambda: (engine._lock.acquire(), threading.Event().wait(99)),
                     daemon=True).start()
    while not engine._lock.locked():
        pass

def answer():
    found = tagger.tag(text)
    return [(e.start, e.end, e.label) for e in found] == [
        (e.start, e.end, e.label) for e in expected
    ]

children = []
for _ in range(2):
    child = os.fork()
    if not child:
        os._exit(0 if answer() else 1)
    children.append(child)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
process = multiprocessing.get_context("fork").Process(target=lambda: sys.exit(not answer()))
process.start()
process.join()
print(*codes, process.exitcode, flush=True)
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("engine", ["native", "torch"])
def test_processes_forked_after_loading_work(engine: str, tiny_run: Path) -> None:
    """They would hang without end; so the limit ends them, with the whole group."""
    process = subprocess.Popen(
        [sys.executable, "-c", FORKED, str(tiny_run), engine],
        env=environment(OMP_NUM_THREADS="2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert (process.returncode, out.split()) == (0, ["0", "0", "0"]), err


# A pickled tagger that has been at work goes into other processes.
SENT = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
import ner

TEXTS = ["Anna visited New York.", "Dora left Rome.", ""] * 4

def places(found):
    return [[(e.start, e.end, e.label) for e in entities] for entities in found]

if __name__ == "__main__":
    tagger = ner.load(sys.argv[1], "cpu")
    expected = places(tagger.tag(TEXTS))
    context = multiprocessing.get_context(sys.argv[2])
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        found = list(map(places, pool.map(tagger.tag, [TEXTS, TEXTS[::-1]])))
    assert found == [expected, expected[::-1]] and any(expected), found
    print("done")
"""


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_other_processes_get_a_tagger_that_was_at_work(
    tiny_run: Path, tmp_path: Path, method: str
) -> None:
    program = tmp_path / "program.py"
    program.write_text(SENT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, program, tiny_run, method],
        capture_output=True, text=True, timeout=LIMIT, env=environment(), check=False,
    )  # fmt: skip
    assert done.stdout == "done\n", done.stderr


# Three threads are at work whenever the process is forked. A child that waits for a lock of theirs
# is ended by its alarm. First-time work is raced too: every thread loads a tagger of its own.
FORKED_AT_WORK = """
import os, signal, sys, threading
import torch
from ner import Tagger

run, engine, forks = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.set_num_threads(1)
tagger = Tagger.load(run, "cpu", {"predict.engine": engine})
text = "Anna visited New York."
expected = tagger.tag(text)
assert expected
ended = threading.Event()

def work():
    while not ended.is_set():
        own = Tagger.load(run, "cpu", {"predict.engine": engine})
        for _ in range(5):
            own.tag_nbest(text, 2)
            tagger.tag(text)

threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
for thread in threads:
    thread.start()
codes, children = set(), []
for _ in range(forks):
    child = os.fork()
    if not child:
        signal.alarm(20)
        os._exit(0 if tagger.tag(text) == expected else 1)
    children.append(child)
    if len(children) == 10:  # some at once, as the threads do not rest while one is waited for
        codes.add(os.waitstatus_to_exitcode(os.waitpid(children.pop(0), 0)[1]))
        if codes != {0}:
            break
codes |= {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children}
ended.set()
print(*codes, flush=True)
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("engine", ["native", "torch"])
def test_processes_forked_while_threads_tag_work(engine: str, tiny_run: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", FORKED_AT_WORK, str(tiny_run), engine, "200"],
        env=environment(OMP_NUM_THREADS="1"),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert (process.returncode, process.stdout.split()) == (0, ["0"]), process.stderr


def test_a_value_computed_once_is_one_for_all_threads() -> None:
    entered = Barrier(THREADS)

    class Slow:
        @cached_property
        def value(self) -> object:
            entered.wait(LIMIT)  # every thread has found nothing and computes
            return object()

    slow = Slow()
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda _: slow.value, range(THREADS)))
    assert {id(one) for one in found} == {id(slow.value)}


def test_nothing_is_computed_under_the_lock_of_all_instances() -> None:
    assert not [
        path
        for path in Path(ner.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute | ast.ImportFrom)
        and re.search(r"functools.*\bcached_property", ast.unparse(node).split("\n")[0])
    ]

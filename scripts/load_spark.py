"""Measure `ner.spark.tag` on a local cluster of Spark against as many plain processes.

    python scripts/load_spark.py --model en --data demo [--texts 1000000] [--parts 5]

Both tag the same short texts (the sentences of a corpus, over and over) from the same files, part
by part in turn, so that whatever else the machine does falls on both. Each has two processes that
tag, which have loaded the model and met all words before; those of Spark write every row to a sink
that throws it away. Prints texts per second of both, by the clock and by the processor time of all
processes (for Spark those in Java, too), and the most memory of a Python worker, as Markdown.
"""

import argparse
import itertools
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import ner
import ner.spark

PROCESSES = 2
FILES = 4  # of a part, each a task of Spark: two for each executor
TICKS = os.sysconf("SC_CLK_TCK")  # of processor time in a second


class Spent(NamedTuple):
    """The time for a part, in seconds by the clock and of the processor, and the entities found."""

    clock: float
    processor: float
    entities: int


class Memory(NamedTuple):
    """The most memory of a process, in MB: resident, and of addresses."""

    resident: int
    mapped: int


def families() -> dict[int, int]:
    """The parent of each process of the machine."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            found[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
    return found


def descendants(process: int) -> set[int]:
    """The processes below one."""
    parents = families()
    found, more = set[int](), {process}
    while more := {child for child, parent in parents.items() if parent in more} - found:
        found |= more
    return found


def processor_seconds(processes: set[int]) -> float:
    """The processor time of processes, and of their children that have ended."""
    ticks = 0
    for process in processes:
        try:
            parts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, parts[11:15]))
    return ticks / TICKS


def most_memory(processes: set[int]) -> Memory:
    """The most memory that a Python worker of Spark has had."""
    found = []
    for process in processes:
        folder = Path(f"/proc/{process}")
        if b"pyspark.daemon" in (folder / "cmdline").read_bytes():
            lines = (line.split() for line in (folder / "status").read_text().splitlines())
            values = {line[0]: int(line[1]) * 1024 // 10**6 for line in lines if line[-1] == "kB"}
            found.append(Memory(values["VmHWM:"], values["VmPeak:"]))
    return Memory(*map(max, zip(*found, strict=True)))


def write_texts(data: str, texts: int, parts: int, folder: Path) -> list[list[Path]]:
    """Write the texts: the files of each part, and before them one with all sentences once."""
    sentences = [" ".join(sentence.tokens) for sentence in ner.load_corpus(data).train]
    endless = itertools.cycle(sentences)
    found = []
    for part, size in enumerate([len(sentences) + FILES, *[texts // parts] * parts]):
        files = [folder / f"{part}" / f"{file}.txt" for file in range(FILES)]
        files[0].parent.mkdir()
        for file in files:
            lines = itertools.islice(endless, size // FILES)
            file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        found.append(files)
    return found


def serve(model: str, connection: Connection) -> None:
    """Tag files in a plain process until there are no more: the number of entities found."""
    tagger = ner.load(model)
    while files := connection.recv():
        lines = (line.rstrip("\n") for file in files for line in file.open(encoding="utf-8"))
        connection.send(sum(len(document.entities) for document in tagger.pipe(lines)))


def plain_processes(model: str) -> Iterator[list[Connection]]:
    """The ends of the pipes to plain processes, which end with the block."""
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(PROCESSES)]
    started = [context.Process(target=serve, args=(model, theirs)) for _, theirs in pipes]
    for process in started:
        process.start()
    yield [ours for ours, _ in pipes]
    for ours, _ in pipes:
        ours.send([])
    for process in started:
        process.join()


def tag_plainly(connections: list[Connection], files: list[Path]) -> int:
    """Tag a part in plain processes, each half of its files."""
    for number, connection in enumerate(connections):
        connection.send(files[number::PROCESSES])
    return sum(connection.recv() for connection in connections)


def start_spark() -> Any:
    """A session on a local cluster with executors of one core each."""
    from pyspark.sql import SparkSession

    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.log.level": "ERROR",
        "spark.sql.files.maxPartitionBytes": "100g",
        "spark.sql.files.openCostInBytes": "100g",  # each file is a task
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master(f"local-cluster[{PROCESSES},1,2048]")
    return builder.config(map=settings).getOrCreate()


def tag_in_spark(spark: Any, tagger: ner.Tagger, files: list[Path]) -> int:
    """Tag a part in Spark, every row of which is written to nowhere."""
    from pyspark.sql import Observation, functions

    seen = Observation()
    table = ner.spark.tag(spark.read.text([str(file) for file in files]), "value", tagger)
    counts = functions.sum(functions.size("entities")), functions.count("error")
    table = table.observe(seen, counts[0].alias("entities"), counts[1].alias("errors"))
    table.write.format("noop").mode("overwrite").save()
    assert seen.get["errors"] == 0, "a text has failed"
    return int(seen.get["entities"])


def measured(work: Callable[[], int], processes: set[int]) -> Spent:
    """What a piece of work takes of the clock, and of the processor in some processes."""
    clock, processor = time.perf_counter(), processor_seconds(processes)
    entities = work()
    return Spent(time.perf_counter() - clock, processor_seconds(processes) - processor, entities)


def compare(model: str, parts: list[list[Path]]) -> Iterator[tuple[Spent, Spent, Memory]]:
    """Tag each part in Spark and in plain processes.

    The first, with all words, is no part: before each other, it warms up those who tag then, since
    Spark ends a worker that had nothing to do for a minute.
    """
    plain = plain_processes(model)
    connections = next(plain)
    plainly = descendants(os.getpid())
    tagger, spark = ner.load(model), start_spark()
    for files in parts[1:]:
        tag_in_spark(spark, tagger, parts[0])
        java = descendants(os.getpid()) - plainly
        by_spark = measured(partial(tag_in_spark, spark, tagger, files), java)
        memory = most_memory(java)
        tag_plainly(connections, parts[0])
        plain_one = measured(partial(tag_plainly, connections, files), plainly)
        assert by_spark.entities == plain_one.entities, (by_spark, plain_one)
        yield by_spark, plain_one, memory
    spark.stop()
    next(plain, None)


def main() -> None:
    """Compare, and print a row for each part."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="en")
    parser.add_argument("--data", default="demo")
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--parts", type=int, default=5)
    given = parser.parse_args()
    size = given.texts // given.parts // FILES * FILES
    found = []
    with tempfile.TemporaryDirectory() as folder:
        parts = write_texts(given.data, size * given.parts, given.parts, Path(folder))
        print("| part | Spark s | plain s | Spark processor s | plain processor s | worker MB |")
        print("|---|---:|---:|---:|---:|---:|", flush=True)
        for number, pair in enumerate(compare(given.model, parts)):
            found.append(pair)
            spark, plain, memory = pair
            times = (spark.clock, plain.clock, spark.processor, plain.processor)
            told = [*(f"{seconds:.1f}" for seconds in times), f"{memory.resident}"]
            print(f"| {number + 1} | {' | '.join(told)} |", flush=True)
    print(f"\nA worker of Spark maps {memory.mapped} MB.")
    for name, place in (("clock", 0), ("processor", 1)):
        spark_s, plain_s = (sum(pair[way][place] for pair in found) for way in (0, 1))
        ratios = [plain[place] / spark[place] for spark, plain, _ in found]
        print(
            f"By the {name}: {size * len(found) / spark_s:,.0f} texts a second with Spark, "
            f"{size * len(found) / plain_s:,.0f} without: {plain_s / spark_s:.0%} "
            f"(median of the parts {statistics.median(ratios):.0%})"
        )


if __name__ == "__main__":
    main()

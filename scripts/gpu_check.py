"""Prove on a GPU that its results are those of a CPU, and measure how fast it learns and tags.

    NER_DATA=/folder/of/corpora python scripts/gpu_check.py [--data conll2003] [--before DIR]
        [--minutes 8] [--out gpu.json] [--parts crf,waits,…]

`--before` is the folder of another version of this repository, which does the same work for
comparison. Each part is a process of its own with a share of the minutes: one that fails or takes
too long hides no other. Prints one table, and writes all figures as JSON. Without a GPU only what
does not need one is checked: the arithmetic, which is the same code on a CPU.
"""

import argparse
import functools
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
# A worker of an older version imports that.
sys.path.insert(0, os.environ.get("GPU_CHECK_ROOT", str(ROOT)))

import torch  # noqa: E402

Figures = dict[str, Any]
CUDA = torch.cuda.is_available()
DEVICE = torch.device("cuda" if CUDA else "cpu")
TYPES = 18  # of entities, as in OntoNotes
BATCHES = (32, 64, 128, 256, 512)
CRF_CASES = ((1, 5, 3), (4, 16, 12), (4, 256, 40), (TYPES, 32, 30))  # types, sentences, tokens
TOKENS_A_SENTENCE = 63  # of batches, at most on average: as in the default of 2000 tokens
MOST_SENTENCES = 4000  # to be tagged
SMALL = "demo"  # where the corpus asked for is not there


def waited() -> None:
    """Wait until the GPU has done all that it was told."""
    if CUDA:
        torch.cuda.synchronize()


def milliseconds(work: Callable[[], object], least: float = 0.3) -> float:
    """The time of some work, repeated for so many seconds."""
    for _ in range(3):
        work()
    waited()
    started, times = time.perf_counter(), 0
    while time.perf_counter() - started < least:
        work()
        times += 1
    waited()
    return 1000 * (time.perf_counter() - started) / times


# --- the CRF ------------------------------------------------------------------------------------


class CRFCase(NamedTuple):
    """A head, and a batch to learn from."""

    head: Any
    emissions: torch.Tensor
    tags: torch.Tensor
    lengths: torch.Tensor

    @classmethod
    def draw(cls, types: int, sentences: int, size: int, scale: float = 4.0) -> "CRFCase":
        """Random scores; half of the sentences are shorter, and the first has one token."""
        from ner.model.crf.head import CRFHead
        from ner.tags import tag_set

        torch.manual_seed(types + sentences)
        tags = tag_set([f"T{number}" for number in range(types)], "iobes")
        head = CRFHead(tags, "iobes")
        for weight in head.parameters():
            torch.nn.init.normal_(weight)
        lengths = torch.full((sentences,), size)
        lengths[::2] = torch.randint(1, size + 1, lengths[::2].shape)
        lengths[0], lengths[-1] = 1, size
        emissions = scale * torch.randn(sentences, size, len(tags))
        gold = torch.from_numpy(head.decoder().decode(emissions.numpy(), lengths.numpy()))
        return cls(head, emissions, gold, lengths)

    def learnt(self, device: torch.device, **extra: torch.Tensor) -> list[torch.Tensor]:
        """The losses and all gradients: on a CPU in NumPy, unless the head says otherwise."""
        head = self.head.to(device)
        head.zero_grad()
        x = self.emissions.detach().clone().to(device).requires_grad_()
        more = {name: value.to(device) for name, value in extra.items()}
        losses = head.loss(x, self.tags.to(device), self.lengths, **more)
        (losses * torch.linspace(0.5, 1.5, len(losses), device=device)).sum().backward()
        assert x.grad is not None
        slopes = [weight.grad for weight in head.parameters()]
        return [part.detach().cpu().clone() for part in (losses, x.grad, *slopes)]

    def learn(self, device: torch.device) -> None:
        """The same to be timed; nothing is read."""
        head = self.head.to(device)
        x = self.emissions.detach().to(device).requires_grad_()
        head.loss(x, self.tags.to(device), self.lengths).sum().backward()


def crf() -> Iterator[Figures]:
    """Losses and gradients against those of NumPy in float64."""
    for types, sentences, size in CRF_CASES if CUDA else CRF_CASES[:2]:
        case = CRFCase.draw(types, sentences, size)
        kinds = case.emissions.shape[2]
        choices = torch.rand(case.emissions.shape) < 0.3
        choices.scatter_(2, case.tags[:, :, None], True)
        extras: dict[str, dict[str, torch.Tensor]] = {
            "labels": {},
            "partial labels": {"choices": choices},
            "costs": {"costs": torch.rand(kinds)},
        }
        for name, extra in extras.items():
            case.head.in_torch = True
            ours = case.learnt(DEVICE, **extra)
            case.head.in_torch = False
            theirs = case.learnt(torch.device("cpu"), **extra)
            worst = max(float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True))
            yield {
                "check": f"CRF, {kinds} tags, {sentences} x {size} tokens, {name}",
                "difference": worst,
                "passed": worst <= 1e-4,
            }


def crf_times() -> Iterator[Figures]:
    """Milliseconds of a loss with its gradients, on the GPU and in NumPy."""
    for types, sentences in ((4, 32), (4, 128), (4, 512), (TYPES, 32), (TYPES, 256)):
        case = CRFCase.draw(types, sentences, 20)
        kinds = case.emissions.shape[2]
        for device in (DEVICE, torch.device("cpu")):
            yield {
                "time": f"CRF loss and gradient, {kinds} tags, {sentences} sentences, {device}",
                "ms": milliseconds(functools.partial(case.learn, device)),
            }


def lstm() -> Iterator[Figures]:
    """Milliseconds of an LSTM forth and back in the types of number that a GPU has."""
    layer = torch.nn.LSTM(350, 200, batch_first=True, bidirectional=True).to(DEVICE)
    weights = list(layer.parameters())
    for sentences in (32, 128, 512):
        x = torch.randn(sentences, 20, 350, device=DEVICE, requires_grad=True)

        def plain(x: torch.Tensor = x) -> None:
            layer(x)[0].float().sum().backward()

        def autocast(x: torch.Tensor = x) -> None:
            with torch.autocast("cuda", torch.bfloat16):
                plain(x)

        def cast(x: torch.Tensor = x) -> None:
            start = x.new_zeros(2, len(x), 200, dtype=torch.bfloat16)
            own = [weight.bfloat16() for weight in weights]
            found = torch.lstm(x.bfloat16(), (start, start), own, True, 1, 0.0, True, True, True)
            found[0].float().sum().backward()  # type: ignore[no-untyped-call]

        ways: dict[str, Callable[[], None]] = {
            "float32": plain, "autocast": autocast, "bfloat16": cast,
        }  # fmt: skip
        for name, way in ways.items():
            yield {"time": f"LSTM, {sentences} sentences, {name}", "ms": milliseconds(way)}
        torch.backends.cudnn.allow_tf32 = False
        yield {"time": f"LSTM, {sentences} sentences, no TF32", "ms": milliseconds(plain)}
        torch.backends.cudnn.allow_tf32 = True
        with torch.autocast("cuda", torch.bfloat16):
            kind = str(layer(x)[0].dtype)
        yield {"note": f"LSTM under autocast of bfloat16 gives {kind}"}


# --- training -----------------------------------------------------------------------------------


def corpus_of(name: str) -> Any:
    """The corpus, or the demonstration where there is none of that name."""
    from ner.corpus import load_corpus
    from ner.errors import NerError

    try:
        return load_corpus(name)
    except NerError:
        return load_corpus(SMALL)


def train_settings(changes: dict[str, Any]) -> dict[str, Any]:
    """Settings of section `train`; larger batches may have more tokens in proportion."""
    if "batch_sentences" in changes:
        changes = {**changes, "batch_tokens": TOKENS_A_SENTENCE * changes["batch_sentences"]}
    return {f"train.{name}": value for name, value in changes.items()}


class Bench:
    """A corpus to learn from with various settings."""

    def __init__(self, data: str) -> None:
        from ner.config import Config
        from ner.training import prepare

        self.corpus = corpus_of(data)
        self._prepared = prepare(self.corpus, Config().data)

    def trainer(self, device: torch.device, **changes: Any) -> Any:
        """A trainer of a new model; `changes` are settings of section `train`."""
        from ner.config import Config
        from ner.training import Trainer, build_model, resolve

        config = Config().replace(train_settings(changes))
        config = resolve(config, self._prepared)
        built = build_model(self._prepared.corpus.train, config, device)
        learnt = built.training_set(self._prepared.segments, config)
        return Trainer(built.model, learnt, self.corpus.valid, config.train)


def epochs_of(trainer: Any) -> list[Any]:
    """Train to the end; the epochs."""
    return [event for event in trainer.run() if hasattr(event, "valid")]


def training(
    data: str, epochs: int, batches: Sequence[int], device: str, label: str
) -> Iterator[Figures]:
    """Tokens a second, batch size by batch size; the last epoch counts."""
    bench = Bench(data)
    for size in batches:
        trainer = bench.trainer(torch.device(device), epochs=epochs, batch_sentences=size)
        last = epochs_of(trainer)[-1]
        yield {
            "speed": f"training, {label}, batches of {size}",
            "tokens_per_second": last.tokens_per_second,
            "epoch_seconds": last.seconds,
            "loss": last.loss,
            "f1": last.valid.f1,
        }


def rates(data: str, epochs: int) -> Iterator[Figures]:
    """F1 of whole trainings with larger batches, at rates that follow their size or do not."""
    bench = Bench(data)
    for size, rate in (
        (32, 0.002), (128, 0.002), (128, 0.004), (512, 0.002), (512, 0.008), (256, 0.0057),
    ):  # fmt: skip
        started = time.perf_counter()
        trainer = bench.trainer(
            DEVICE, epochs=epochs, patience=epochs, batch_sentences=size, learning_rate=rate
        )
        found = epochs_of(trainer)
        yield {
            "f1_of": f"{epochs} epochs, batches of {size}, rate {rate}",
            "f1": max(epoch.valid.f1 for epoch in found),
            "seconds": time.perf_counter() - started,
        }


def waits(data: str) -> Iterator[Figures]:
    """The lines at which a step of training waits for the GPU, and where its time goes."""
    import warnings

    trainer = Bench(data).trainer(DEVICE, epochs=3, batch_sentences=32)
    events = trainer.run()
    for _ in range(40):
        next(events)
    torch.cuda.set_sync_debug_mode("warn")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for _ in range(10):
            next(events)
    torch.cuda.set_sync_debug_mode("default")
    places = [f"{Path(w.filename).name}:{w.lineno}" for w in seen if "synchron" in str(w.message)]
    counted = {place: places.count(place) for place in sorted(set(places))}
    yield {"check": "waits in 10 steps", "difference": len(places), "passed": len(places) <= 10}
    yield {"note": f"waits at {counted}"}
    kinds = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=kinds) as profile:
        started = time.perf_counter()
        for _ in range(20):
            next(events)
        waited()
        yield {"time": "step while profiled", "ms": 50 * (time.perf_counter() - started)}
    averages = profile.key_averages()
    for order in ("self_cpu_time_total", "self_device_time_total"):
        yield {"profile": averages.table(sort_by=order, row_limit=22, max_name_column_width=50)}


# --- tagging ------------------------------------------------------------------------------------


def tagging(data: str, label: str) -> Iterator[Figures]:
    """Entities found on the GPU and on the CPU, and tokens a second of both."""
    import ner

    corpus = corpus_of(data)
    sentences = [*corpus.test, *corpus.valid][:MOST_SENTENCES]
    tokens = sum(map(len, sentences))
    texts = [" ".join(s.tokens) for s in sentences]
    found = {}
    float32 = {"predict.precision": "float32"}
    for name, device, settings in (
        ("GPU", DEVICE.type, {}), ("CPU, float32", "cpu", float32), ("CPU, default", "cpu", {}),
    ):  # fmt: skip
        tagger = ner.load("en", device=device, settings=settings)
        for scores in (False, True):
            for _ in range(2):  # the second time, all words are known
                started = time.perf_counter()
                spans = tagger.predictions(sentences, with_scores=scores)
                seconds = time.perf_counter() - started
            yield {
                "speed": f"tagging, {label}, {name}, {'with' if scores else 'without'} scores",
                "tokens_per_second": tokens / seconds,
            }
        found[name] = [prediction.spans for prediction in spans]
        started = time.perf_counter()
        sum(len(document.entities) for document in tagger.pipe(texts))
        speed = tokens / (time.perf_counter() - started)
        yield {"speed": f"raw text, {label}, {name}", "tokens_per_second": speed}
    pairs = zip(found["GPU"], found["CPU, float32"], strict=True)
    different = sum(len({*one} ^ {*other}) for one, other in pairs)
    total = sum(map(len, found["GPU"]))
    yield {
        "check": f"entities that differ from those of the CPU, of {total}, {label}",
        "difference": different,
        "passed": different <= max(2, total // 500),
    }


# --- parts --------------------------------------------------------------------------------------


class Part(NamedTuple):
    """A process of its own: its worker's arguments, the most seconds, and its environment."""

    name: str
    words: list[str]
    seconds: float
    root: Path = ROOT
    needs_gpu: bool = True
    at_once: int = 1


def parts_of(data: str, before: Path | None) -> list[Part]:
    """All parts, the most important first."""
    batches = ",".join(map(str, BATCHES))
    here = ["training", data, "2", batches, "cuda", "now"]
    parts = [
        Part("crf", ["crf"], 60, needs_gpu=False),
        Part("waits", ["waits", data], 60),
        Part("training", here, 100),
        Part("tagging", ["tagging", data, "now"], 60),
        Part("lstm", ["lstm"], 30),
        Part("crf-times", ["crf-times"], 40),
        Part("training-cpu", ["training", data, "1", "32", "cpu", "CPU"], 60),
        Part("seeds", ["training", data, "2", "32", "cuda", "one of 3 at once"], 60, at_once=3),
        Part("rates", ["rates", data, "6"], 120),
    ]
    if before is not None:
        old = ["training", data, "2", "32,256", "cuda", "before"]
        parts.insert(3, Part("training-before", old, 60, before.resolve()))
        parts.insert(5, Part("tagging-before", ["tagging", data, "before"], 60, before.resolve()))
    return parts


WORK: dict[str, Callable[..., Iterator[Figures]]] = {
    "crf": crf,
    "crf-times": crf_times,
    "lstm": lstm,
    "waits": waits,
    "tagging": tagging,
    "training": lambda data, epochs, batches, *rest: training(
        data, int(epochs), [int(size) for size in batches.split(",")], *rest
    ),
    "rates": lambda data, epochs: rates(data, int(epochs)),
}


def work(words: Sequence[str]) -> None:
    """Do one part in this process, and print its figures line by line."""
    try:
        for figures in WORK[words[0]](*words[1:]):
            print(json.dumps(figures), flush=True)
    except Exception as error:
        last = "".join(traceback.format_exception(error)[-3:])
        print(json.dumps({"error": last[-1500:]}), flush=True)


def results_of(part: Part, seconds: float) -> list[Figures]:
    """Run a part for at most so many seconds, and gather what it has printed."""
    command = [sys.executable, __file__, "--work", *part.words]
    environment = {**os.environ, "GPU_CHECK_ROOT": str(part.root)}
    running = [
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(part.at_once)
    ]
    found: list[Figures] = []
    end = time.monotonic() + seconds
    for process in running:
        try:
            out, err = process.communicate(timeout=max(1.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            found.append({"error": f"{part.name} took longer than {seconds:.0f} s"})
        found += [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        if process.returncode and not out:
            found.append({"error": err[-1500:]})
    return found


def line_of(figures: Figures) -> str:
    """One row of the table."""
    kind, name = next((k, str(v)) for k, v in figures.items())
    rest = {k: v for k, v in figures.items() if k != kind}
    shown = [f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in rest.items()]
    if kind == "profile":
        return "a profile is in the file"
    if kind in ("error", "note"):
        return name
    return f"| {name} | {', '.join(shown)} |"


def main() -> None:
    """Run the parts one after the other, and report."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--data", default="conll2003")
    parser.add_argument("--before", type=Path)
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--parts", default="", help="only these, with commas between them")
    parser.add_argument("--work", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work)
        return
    if arguments.before and not (arguments.before / "ner").is_dir():
        parser.error(f"--before {arguments.before}: is no folder of a version of this repository")
    parts = parts_of(arguments.data, arguments.before)
    names = [part.name for part in parts]
    wanted = arguments.parts.split(",") if arguments.parts else names
    if unknown := [name for name in wanted if name not in names]:
        parser.error(f"--parts: no {', '.join(unknown)}; choose of {', '.join(names)}")
    parts = [part for part in parts if part.name in wanted]
    end = time.monotonic() + 60 * arguments.minutes
    machine = torch.cuda.get_device_name() if CUDA else "no GPU"
    results: dict[str, Any] = {"machine": machine, "torch": torch.__version__, "parts": {}}
    print(f"{machine}, torch {torch.__version__}, {os.cpu_count()} cores\n", flush=True)
    for part in parts:
        started = time.monotonic()
        if part.needs_gpu and not CUDA:
            found: list[Figures] = [{"note": f"{part.name}: waits for a machine with a GPU"}]
        elif end - started < 5:
            found = [{"note": f"{part.name}: no time was left"}]
        else:
            found = results_of(part, min(part.seconds, end - started))
        results["parts"][part.name] = found
        print(f"--- {part.name}, {time.monotonic() - started:.0f} s", flush=True)
        print("\n".join(map(line_of, found)), flush=True)
        if arguments.out:
            arguments.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    checks = [f for found in results["parts"].values() for f in found if "check" in f]
    failed = [figures["check"] for figures in checks if not figures["passed"]]
    print(f"\n{len(checks) - len(failed)} of {len(checks)} checks passed")
    sys.exit(1 if failed or not checks else 0)


if __name__ == "__main__":
    main()

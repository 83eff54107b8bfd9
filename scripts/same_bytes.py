"""Prove that a refactoring changes nothing: train and tag, and compare checksums with an older run.

    NER_DATA=/folder/of/corpora python scripts/same_bytes.py record before.json
    … change the code …
    NER_DATA=/folder/of/corpora python scripts/same_bytes.py check before.json

Small trainings with every feature, distillation, a character language model and a classifier, and
`ner tag` in every format: what is compared is SHA-256 of the weights and of what is printed. The
sums hold for one machine, one version of PyTorch and one thread, so they are made anew before each
piece of work and are not kept. Without NER_DATA only those of the bundled corpus are made. Names
of settings are in none of the files that are compared.
"""

import hashlib
import json
import lzma
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
FORMATS = ("text", "jsonl", "conll", "html")
SMALL = ("--set", "model.hidden=50", "--set", "model.char_hidden=30", "--set", "train.epochs=2")
TEXT = """\
Angela Merkel visited Paris on Tuesday and met the head of the World Bank.
Shares of Siemens rose 3.5 % in Frankfurt after the German group won an order from Brazil.
"""


@click.command(help=__doc__)
@click.argument("what", type=click.Choice(["record", "check"]))
@click.argument("file", type=click.Path(path_type=Path))
def main(what: str, file: Path) -> None:
    """Write the sums of this code, or hold them against those in a file."""
    wanted = json.loads(file.read_text()) if what == "check" else {}
    found: dict[str, str] = {}
    changed = []
    with tempfile.TemporaryDirectory(prefix="same-bytes-") as folder:
        for name, digest in sums(Path(folder)):
            found[name] = digest
            click.echo(f"{digest[:16]}  {name}", err=True)
            if what == "check" and wanted.get(name) != digest:
                changed.append(name)
    if what == "record":
        file.write_text(json.dumps(found, indent=2) + "\n")
        return
    changed += sorted(wanted.keys() - found.keys())
    for name in changed:
        click.echo(f"{name}: is not what it was")
    click.echo(f"{len(found) - len(changed)} of {len(wanted)} are the same bytes")
    sys.exit(bool(changed))


def sums(folder: Path) -> Iterator[tuple[str, str]]:
    """Names of files and outputs with their SHA-256, one training after the other."""
    data = os.environ.get("NER_DATA")
    trainings: list[Callable[[Path, Path], Iterator[tuple[str, str]]]] = [_demo, _distilled]
    trainings += [_language_model, _classifier]
    if data:
        trainings += [_conll, _resume_zh, _resources]
    for training in trainings:
        yield from training(folder, Path(data or "."))


def _demo(folder: Path, _: Path) -> Iterator[tuple[str, str]]:
    out = folder / "demo"
    ner("train", "--data", "demo", "--out", out, "--set", "train.epochs=3")
    yield "demo: weights", _weights(out)
    yield from _tagged("demo", out)


def _distilled(folder: Path, _: Path) -> Iterator[tuple[str, str]]:
    out = folder / "distilled"
    ner("train", "--data", "demo", "--out", out, "--seeds", "1,2", "--distill", *SMALL)
    for run in (out / "seed-1", out / "seed-2", out / "student", out):
        yield f"distilled: weights of {run.name}", _weights(run)


def _language_model(folder: Path, data: Path) -> Iterator[tuple[str, str]]:
    text = folder / "text.txt"
    text.write_text(_text(data), encoding="utf-8")
    out = folder / "charlm"
    small = ("--set", "model.hidden=256", "--set", "train.epochs=1", "--direction", "both")
    ner("charlm", "train", text, "--out", out, "--set", "data.tokenizer=words-en", *small)
    for file in sorted((out / "model").glob("*.safetensors")):
        yield f"language model: {file.name}", _sha256(file.read_bytes())
    tagger = folder / "contextual"
    ner("train", "--data", "demo", "--out", tagger, "--charlm", out, *SMALL)
    yield "language model: weights of a tagger", _weights(tagger)
    yield from _tagged("language model", tagger)


def _text(data: Path) -> str:
    """The first million characters of text, or what the demo corpus has."""
    packed = data / "text" / "wikinews-2019-2020.txt.xz"
    if packed.exists():
        with lzma.open(packed, "rt", encoding="utf-8") as lines:
            return "".join(islice(lines, 4000))[:1_000_000]
    sentences = (ROOT / "data" / "demo" / "train.conll").read_text("utf-8")
    words = (line.split()[0] if line.strip() else "\n" for line in sentences.splitlines())
    return " ".join(words)


def _classifier(folder: Path, _: Path) -> Iterator[tuple[str, str]]:
    out = folder / "classifier"
    ner("classify", "train", "--from-corpus", "demo", "--out", out, *SMALL)
    yield "classifier: weights", _weights(out)
    text = folder / "some.txt"
    text.write_text(TEXT)
    yield "classifier: predictions", _sha256(ner("classify", "predict", "--model", out, text))


def _conll(folder: Path, _: Path) -> Iterator[tuple[str, str]]:
    out = folder / "conll2003"
    ner("train", "--data", "conll2003", "--out", out, "--set", "train.epochs=2")
    yield "conll2003: weights", _weights(out)
    yield from _tagged("conll2003", out)
    scores = ner("evaluate", "--model", out, "--data", "conll2003", "--json", "--errors")
    yield "conll2003: evaluation", _sha256(scores)


def _resume_zh(folder: Path, _: Path) -> Iterator[tuple[str, str]]:
    out = folder / "resume-zh"
    ner("train", "--data", "resume-zh", "--out", out, "--set", "train.epochs=1")
    yield "resume-zh: weights", _weights(out)


def _resources(folder: Path, data: Path) -> Iterator[tuple[str, str]]:
    """All that a model may know beside its corpus, on the first sentences of CoNLL-2003."""
    cut = folder / "cut"
    cut.mkdir()
    for split, lines in (("train", 20_000), ("valid", 5_000), ("test", 5_000)):
        with (data / "conll2003" / f"{split}.txt").open() as file:
            (cut / f"{split}.txt").write_text("".join(islice(file, lines)) + "\n")
    names = data / "gazetteers" / "factbook_country_names_nationalities_pd.txt"
    out = folder / "resources"
    ner(
        "train", "--data", cut, "--out", out, *SMALL,
        "--vectors", data / "vectors" / "news100.vec.gz",
        "--clusters", data / "clusters" / "bllip-clusters.gz",
        "--gazetteer", f"LOC={names}",
        "--set", "model.context=document", "--set", "train.epochs=6",
    )  # fmt: skip
    yield "resources: weights", _weights(out)
    yield from _tagged("resources", out)


def _tagged(name: str, model: Path) -> Iterator[tuple[str, str]]:
    """What `ner tag` prints of a text in each of its formats."""
    for form in FORMATS:
        printed = ner("tag", "-", "--model", model, "--format", form, stdin=TEXT)
        yield f"{name}: tagged as {form}", _sha256(printed)
    best = ner("tag", "-", "--model", model, "--format", "jsonl", "--nbest", "3", stdin=TEXT)
    yield f"{name}: the three best analyses", _sha256(best)


def _weights(run: Path) -> str:
    return _sha256((run / "model" / "weights.safetensors").read_bytes())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def ner(*arguments: str | Path, stdin: str = "") -> bytes:
    """Run the command on one thread, and return what it prints; what fails is shown."""
    done = subprocess.run(
        [sys.executable, "-m", "ner", *map(str, arguments)],
        input=stdin.encode(),
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stderr.decode())
        raise SystemExit(f"failed: ner {' '.join(map(str, arguments))}")
    return done.stdout


if __name__ == "__main__":
    main()

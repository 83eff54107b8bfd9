"""The tools: an environment of its own for each, made on demand, and questions to them."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

SCRIPTS = Path(__file__).parents[1]
TORCH = "torch==2.13.0"
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "ner": (TORCH, str(SCRIPTS.parent)),
    "spacy": ("spacy==3.8.18",),
    "flair": (TORCH, "flair[word-embeddings]==0.15.1"),
    "stanza": (TORCH, "stanza==1.15.0"),
    "transformers": (TORCH, "transformers[torch]==5.23.0", "datasets", "evaluate", "seqeval"),
    "spanmarker": (TORCH, "transformers==4.57.6", "span-marker==1.8.1"),
    "gliner": (TORCH, "gliner[training]==0.2.29"),
}
TITLES = {
    "ner": "ner",
    "spacy": "spaCy",
    "flair": "flair",
    "stanza": "stanza",
    "transformers": "transformers",
    "spanmarker": "SpanMarker",
    "gliner": "GLiNER",
}
WEIGHTS = {  # where a model's numbers are, and what is in its place for a pickle to be looked at
    "ner": ("model/weights.safetensors", "model/weights.safetensors"),
    "spacy": ("model-best/ner/model", "model-best/ner/model"),
    "flair": ("best-model.pt", "best-model.pt"),
    "stanza": ("own_nertagger.pt", "own_nertagger.pt"),
    "transformers": ("model.safetensors", "pytorch_model.bin"),
    "spanmarker": ("model.safetensors", "pytorch_model.bin"),
    "gliner": ("model.safetensors", "pytorch_model.bin"),
}


def python(work: Path, tool: str) -> Path:
    """The interpreter of a tool's environment, which is made if it is not there."""
    place = work / "environments" / tool
    found = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not found.exists():
        click.echo(f"{tool}: making an environment in {place}", err=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([found, "-m", "pip", "install", "-q", *PACKAGES[tool]], check=True)
    return found


def ask(work: Path, tool: str, verb: str, *paths: Path, seconds: int | None = None) -> Any:
    """Ask a tool (`comparison.tool`); `None` if it used up the processor's seconds, or failed."""
    command = [python(work, tool), "-P", "-m", f"comparison.with_{tool}", verb, *paths]
    with (work / f"{tool}-{verb}.log").open("w", encoding="utf-8") as log:
        done = subprocess.run(
            list(map(str, command)),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            check=False,
            cwd=work,
            env=variables(),
            preexec_fn=partial(_limit, seconds) if seconds else None,
        )
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None


def variables() -> dict[str, str]:
    """Variables of a process on one thread and without network."""
    one = dict.fromkeys(
        ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS"], "1"
    )
    offline = dict.fromkeys(["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"], "1")
    return {**os.environ, **one, **offline, "PYTHONPATH": str(SCRIPTS)}


def _limit(seconds: int) -> None:
    """Let the processor's seconds of this process, and of each that it starts, be bounded."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))

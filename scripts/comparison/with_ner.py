"""ner itself, asked the same."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import ner
from comparison.tool import Span, Tokens, Tool, run
from ner.corpus import read_file
from ner.text import Sentence


class Ner(Tool):
    """BiLSTM-CRF with word vectors, and with defaults else."""

    package = "bilstm-ner"

    def train(self, corpus: Path, out: Path) -> None:
        """`ner train` with word vectors."""
        command = [sys.executable, "-m", "ner", "train", "--data", str(corpus), "--out", str(out)]
        subprocess.run([*command, "--vectors", str(corpus / "vectors.txt")], check=True)

    def load(self, out: Path) -> Any:
        """`ner.load`."""
        return ner.load(out)

    def tokens(self, model: Any, sentences: list[Tokens]) -> list[list[Span]]:
        """`predict`: sentences of tokens."""
        found = model.predict([Sentence(tuple(tokens)) for tokens in sentences])
        return [[(s.start, s.end, s.label) for s in sentence.spans] for sentence in found]

    def lines(self, model: Any, texts: list[str]) -> list[list[dict[str, Any]]]:
        """`pipe`: texts."""
        return [
            [
                {"start": e.start, "end": e.end, "label": e.label, "score": e.score}
                for e in document.entities
            ]
            for document in model.pipe(texts)
        ]

    def read(self, path: Path) -> list[tuple[Tokens, list[Span]]]:
        """The reader that all commands have."""
        return [
            (s.tokens, [(span.start, span.end, span.label) for span in s.spans])
            for s in read_file(path)
        ]


if __name__ == "__main__":
    run(Ner())

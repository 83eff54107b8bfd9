"""spaCy: `convert`, `init vectors`, `init config`, `train`; `nlp.pipe`."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import spacy
from spacy.cli.convert import convert
from spacy.tokens import Doc, DocBin

from comparison.tool import Span, Tokens, Tool, run


def _spacy(*words: object) -> None:
    subprocess.run([sys.executable, "-m", "spacy", *map(str, words)], check=True)


class Spacy(Tool):
    """The NER of spaCy with its convolutional network."""

    package = "spacy"

    def train(self, corpus: Path, out: Path) -> None:
        """The quickstart of its documents, with word vectors (`--optimize accuracy`)."""
        out.mkdir(parents=True)
        for name in ("train", "valid"):
            _spacy("convert", corpus / f"{name}.conll", out, "-c", "ner", "-n", 1)
        _spacy("init", "vectors", "en", corpus / "vectors.txt", out / "vectors", "--attr", "LOWER")
        config = out / "config.cfg"
        _spacy("init", "config", config, "-p", "ner", "--optimize", "accuracy")
        _spacy(
            "train", config, "--output", out, "--paths.train", out / "train.spacy",
            "--paths.dev", out / "valid.spacy", "--paths.vectors", out / "vectors",
            "--training.seed", 1,
        )  # fmt: skip

    def load(self, out: Path) -> Any:
        """`spacy.load`, without the components that find no entities."""
        best = out / "model-best"
        others = ["tagger", "parser", "senter", "attribute_ruler", "lemmatizer"]
        return spacy.load(best if best.exists() else out, exclude=others)

    def tokens(self, model: Any, sentences: list[Tokens]) -> list[list[Span]]:
        """A `Doc` of words each."""
        docs = model.pipe(Doc(model.vocab, words=list(tokens)) for tokens in sentences)
        return [[(e.start, e.end, e.label_) for e in doc.ents] for doc in docs]

    def lines(self, model: Any, texts: list[str]) -> list[list[dict[str, Any]]]:
        """`nlp.pipe`; no scores."""
        return [
            [{"start": e.start_char, "end": e.end_char, "label": e.label_} for e in doc.ents]
            for doc in model.pipe(texts)
        ]

    def read(self, path: Path) -> list[tuple[Tokens, list[Span]]]:
        """`spacy convert -c ner`."""
        with tempfile.TemporaryDirectory() as folder:
            convert(path, folder, file_type="spacy", converter="ner")
            docs = [
                doc
                for found in Path(folder).glob("*.spacy")
                for doc in DocBin().from_disk(found).get_docs(spacy.blank("en").vocab)
            ]
        return [
            ([t.text for t in doc], [(e.start, e.end, e.label_) for e in doc.ents]) for doc in docs
        ]


if __name__ == "__main__":
    run(Spacy())

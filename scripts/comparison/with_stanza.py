"""stanza: `prepare_ner_file`, `convert_pretrain`, `ner_tagger`, a `Pipeline` without downloads."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import stanza
import torch
from stanza.models.common.pretrain import Pretrain
from stanza.models.ner.utils import process_tags
from stanza.utils.datasets.ner.prepare_ner_file import load_conll03

from comparison.tool import Span, Tokens, Tool, run, spans_of

NAME = "own_nertagger.pt"


def _stanza(module: str, *words: object) -> None:
    subprocess.run([sys.executable, "-m", f"stanza.{module}", *map(str, words)], check=True)


class Stanza(Tool):
    """BiLSTM-CRF over word vectors and a character LSTM; its character models are downloads."""

    package = "stanza"

    def train(self, corpus: Path, out: Path) -> None:
        """All defaults but that valid is asked after each 16 steps, a pass over the corpus."""
        out.mkdir(parents=True)
        for name in ("train", "valid"):
            source = corpus / f"{name}.conll"
            _stanza("utils.datasets.ner.prepare_ner_file", source, out / f"{name}.json")
        vectors = str(corpus / "vectors.txt")
        Pretrain(str(out / "vectors.pt"), vec_filename=vectors, max_vocab=100_000).load()
        _stanza(
            "models.ner_tagger", "--mode", "train", "--shorthand", "en_own",
            "--train_file", out / "train.json", "--eval_file", out / "valid.json",
            "--wordvec_pretrain_file", out / "vectors.pt", "--save_dir", out, "--save_name", NAME,
            "--eval_interval", 16,
        )  # fmt: skip

    def load(self, out: Path) -> Any:
        """`Pipeline`; tokens are what blanks separate, as its tokenizer is a download, too.

        So is its list of models, without which no pipeline starts: an empty one does.
        """
        (out / "resources.json").write_text("{}", encoding="utf-8")
        return stanza.Pipeline(
            "en",
            processors="tokenize,ner",
            dir=str(out),
            package=None,
            tokenize_pretokenized=True,
            ner_model_path=str(out / NAME),
            ner_pretrain_path=str(out / "vectors.pt"),
            download_method=None,
            allow_unknown_language=True,
            use_gpu=False,
        )

    def tokens(self, model: Any, sentences: list[Tokens]) -> list[list[Span]]:
        """A list of lists of tokens, which the pipeline takes when told so."""
        document = model([list(tokens) for tokens in sentences])
        return [
            spans_of(_iob(token.ner) for token in sentence.tokens)
            for sentence in document.sentences
        ]

    def lines(self, model: Any, texts: list[str]) -> list[list[dict[str, Any]]]:
        """A sentence a line."""
        document = model("\n".join(texts))
        return [
            [
                {"start": e.start_char - at, "end": e.end_char - at, "label": e.type}
                for e in sentence.ents
            ]
            for sentence in document.sentences
            for at in [sentence.tokens[0].start_char]
        ]

    def read(self, path: Path) -> list[tuple[Tokens, list[Span]]]:
        """The columns that `prepare_ner_file` reads, and the scheme that training makes of them."""
        sentences = load_conll03(str(path))
        words = [list(zip(tokens, tags, strict=True)) for tokens, tags in sentences]
        pairs = process_tags(words, "bioes")
        return [
            (
                [t for t, _ in s],
                spans_of(_iob(tag[0] if isinstance(tag, tuple) else tag) for _, tag in s),
            )
            for s in pairs
        ]


def _iob(tag: str) -> str:
    return {"S": "B", "E": "I"}.get(tag[0], tag[0]) + tag[1:]


if __name__ == "__main__":
    torch.set_num_threads(1)
    run(Stanza())

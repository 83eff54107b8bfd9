"""GLiNER: `GLiNERConfig` over an encoder, `train_model`, `inference` with the types' names."""

from pathlib import Path
from typing import Any

import torch
from gliner import GLiNER, GLiNERConfig

from comparison.tool import Span, Tokens, Tool, joined, read_columns, run, spans_of

# Types are words to it: those of the corpus in plain English.
NAMES = {"PER": "person", "LOC": "location", "ORG": "organization", "MISC": "miscellaneous"}
TYPES = {name: kind for kind, name in NAMES.items()}
RATE, STEPS = 2e-4, 564  # its defaults: 5e-5 for a model that it has trained, and 10,000


def _records(path: Path) -> list[dict[str, Any]]:
    """Sentences as its trainer takes them: the last word of an entity is named, too."""
    return [
        {
            "tokenized_text": tokens,
            "ner": [[start, end - 1, NAMES[kind]] for start, end, kind in spans_of(tags)],
        }
        for tokens, tags in read_columns(path)
    ]


class Gliner(Tool):
    """A span model that knows nothing but its encoder: the trained ones are downloads."""

    package = "gliner"

    def train(self, corpus: Path, out: Path) -> None:
        """From the encoder, with its defaults but for rate and steps (three epochs)."""
        torch.manual_seed(1)
        config = GLiNERConfig(model_name=str(corpus / "encoder"), max_len=256)
        model = GLiNER.from_config(config, backbone_from_pretrained=True)
        model.train_model(
            train_dataset=_records(corpus / "train.conll"),
            eval_dataset=_records(corpus / "valid.conll"),
            output_dir=str(out),
            learning_rate=RATE,
            max_steps=STEPS,
            use_cpu=True,
            dataloader_num_workers=0,
        )
        model.save_pretrained(str(out))

    def load(self, out: Path) -> Any:
        """`from_pretrained`."""
        return GLiNER.from_pretrained(str(out), local_files_only=True).eval()

    def tokens(self, model: Any, sentences: list[Tokens]) -> list[list[Span]]:
        """Text with blanks between tokens; entities that end within a token are left out."""
        texts = [joined(tokens) for tokens in sentences]
        found = self._infer(model, [text for text, _, _ in texts])
        return [
            [
                (starts[e["start"]], ends[e["end"]], TYPES[e["label"]])
                for e in entities
                if e["start"] in starts and e["end"] in ends
            ]
            for entities, (_, starts, ends) in zip(found, texts, strict=True)
        ]

    def lines(self, model: Any, texts: list[str]) -> list[list[dict[str, Any]]]:
        """Texts, which it cuts into words itself."""
        keys = ("start", "end", "label", "score")
        return [
            [{key: e[key] for key in keys} for e in entities]
            for entities in self._infer(model, texts)
        ]

    def _infer(self, model: Any, texts: list[str]) -> list[list[dict[str, Any]]]:
        with torch.inference_mode():
            found: list[list[dict[str, Any]]] = model.inference(texts, list(TYPES), batch_size=32)
        return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    run(Gliner())

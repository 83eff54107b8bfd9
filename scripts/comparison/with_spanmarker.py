"""SpanMarker: `SpanMarkerModel.from_pretrained` over an encoder, its `Trainer`, `predict`."""

from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from span_marker import SpanMarkerModel, Trainer
from transformers import TrainingArguments

from comparison.tool import Span, Tokens, Tool, read_columns, run

RATE, EPOCHS = 2e-4, 1  # its documents: 5e-5 and 1 to 3


def _dataset(path: Path, ids: dict[str, int]) -> Dataset:
    rows = [
        {"tokens": tokens, "ner_tags": [ids[tag] for tag in tags]}
        for tokens, tags in read_columns(path)
    ]
    return Dataset.from_list(rows)


class SpanMarker(Tool):
    """All spans up to 8 words, each with markers in the input of the encoder."""

    package = "span-marker"

    def train(self, corpus: Path, out: Path) -> None:
        """As its documents have it, but one epoch at a higher rate, and shorter inputs."""
        labels = sorted({t for _, tags in read_columns(corpus / "train.conll") for t in tags})
        ids = {label: number for number, label in enumerate(labels)}
        model = SpanMarkerModel.from_pretrained(
            str(corpus / "encoder"),
            labels=labels,
            model_max_length=128,
            marker_max_length=64,
            entity_max_length=8,
        )
        arguments = TrainingArguments(
            str(out),
            learning_rate=RATE,
            per_device_train_batch_size=8,
            num_train_epochs=EPOCHS,
            weight_decay=0.01,
            warmup_ratio=0.1,
            save_strategy="no",
            use_cpu=True,
            report_to=[],
        )
        trainer = Trainer(
            model=model, args=arguments, train_dataset=_dataset(corpus / "train.conll", ids)
        )
        trainer.train()
        trainer.save_model(str(out))

    def load(self, out: Path) -> Any:
        """`from_pretrained`."""
        return SpanMarkerModel.from_pretrained(str(out)).eval()

    def tokens(self, model: Any, sentences: list[Tokens]) -> list[list[Span]]:
        """Lists of tokens; `word_end_index` is that behind the last word."""
        found = model.predict([list(tokens) for tokens in sentences], batch_size=32)
        return [
            [(e["word_start_index"], e["word_end_index"], e["label"]) for e in entities]
            for entities in found
        ]

    def lines(self, model: Any, texts: list[str]) -> list[list[dict[str, Any]]]:
        """Texts, which it cuts into words itself."""
        return [
            [
                {
                    "start": e["char_start_index"],
                    "end": e["char_end_index"],
                    "label": e["label"],
                    "score": e["score"],
                }
                for e in entities
            ]
            for entities in model.predict(texts, batch_size=32)
        ]


if __name__ == "__main__":
    torch.set_num_threads(1)
    run(SpanMarker())

"""transformers: `AutoModelForTokenClassification`, `Trainer`, the pipeline for tokens."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
    Trainer,
    TrainingArguments,
    pipeline,
)

from comparison.tool import Span, Tokens, Tool, read_columns, run, spans_of

Encoded = dict[str, list[int]]


class Encodings(Dataset[Encoded]):
    """Sentences in pieces; the first piece of a word has its label, others have none."""

    def __init__(self, path: Path, tokenizer: Any, ids: dict[str, int]) -> None:
        self._rows = [self._encode(*sentence, tokenizer, ids) for sentence in read_columns(path)]

    def _encode(
        self, tokens: list[str], tags: list[str], tokenizer: Any, ids: dict[str, int]
    ) -> Encoded:
        encoding = tokenizer(tokens, is_split_into_words=True, truncation=True)
        words = encoding.word_ids()
        first = [w is not None and w != before for before, w in pairwise([None, *words])]
        labels = [ids[tags[word]] if at else -100 for word, at in zip(words, first, strict=True)]
        return {**encoding, "labels": labels}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> Encoded:
        return self._rows[place]


class Transformers(Tool):
    """An encoder with a linear layer, as in the guide to token classification."""

    package = "transformers"

    def train(self, corpus: Path, out: Path) -> None:
        """As the guide has it, but a higher rate and more epochs: the encoder is small."""
        tags = sorted({t for _, tags in read_columns(corpus / "train.conll") for t in tags})
        ids = {tag: number for number, tag in enumerate(tags)}
        tokenizer = AutoTokenizer.from_pretrained(corpus / "encoder")
        model = AutoModelForTokenClassification.from_pretrained(
            corpus / "encoder", id2label=dict(enumerate(tags)), label2id=ids
        )
        trainer = Trainer(
            model,
            TrainingArguments(
                str(out),
                learning_rate=RATE,
                per_device_train_batch_size=16,
                num_train_epochs=EPOCHS,
                weight_decay=0.01,
                eval_strategy="epoch",
                save_strategy="epoch",
                load_best_model_at_end=True,
                use_cpu=True,
                report_to=[],
            ),
            train_dataset=Encodings(corpus / "train.conll", tokenizer, ids),
            eval_dataset=Encodings(corpus / "valid.conll", tokenizer, ids),
            processing_class=tokenizer,
            data_collator=DataCollatorForTokenClassification(tokenizer),
        )
        trainer.train()
        trainer.save_model()

    def load(self, out: Path) -> Any:
        """`pipeline`, with the last epoch if the training was stopped."""
        epochs = sorted(out.glob("checkpoint-*"), key=lambda path: path.stat().st_mtime)
        model = out if (out / "config.json").exists() or not epochs else epochs[-1]
        return pipeline(
            "token-classification", model=str(model), aggregation_strategy="first", device="cpu"
        )

    def tokens(self, model: Any, sentences: list[Tokens]) -> list[list[Span]]:
        """The label of the first piece of each token, as the guide scores it."""
        return [spans_of(self._tags(model, list(tokens))) for tokens in sentences]

    def _tags(self, model: Any, tokens: list[str]) -> list[str]:
        encoding = model.tokenizer(
            tokens, is_split_into_words=True, truncation=True, return_tensors="pt"
        )
        with torch.inference_mode():
            best = model.model(**encoding).logits[0].argmax(-1).tolist()
        tags = ["O"] * len(tokens)
        for word, label in reversed(list(zip(encoding.word_ids(), best, strict=True))):
            if word is not None:
                tags[word] = model.model.config.id2label[label]
        return tags

    def lines(self, model: Any, texts: list[str]) -> list[list[dict[str, Any]]]:
        """The pipeline over a list, 32 texts at a time."""
        return [
            [
                {
                    "start": int(e["start"]),
                    "end": int(e["end"]),
                    "label": e["entity_group"],
                    "score": float(e["score"]),
                }
                for e in found
            ]
            for found in model(texts, batch_size=32)
        ]


RATE, EPOCHS = 2e-4, 4  # the guide: 2e-5 and 2

if __name__ == "__main__":
    torch.set_num_threads(1)
    run(Transformers())

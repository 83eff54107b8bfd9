"""Tiny transformers with random weights, saved as the library saves them, where it is installed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PIECES = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "anna", "carl", "maria", "berta", "dora", "rome",
    "paris", "new", "york", "visited", "left", ".", "!", "##s", "news", "saw",
]  # fmt: skip

Saved = Callable[..., Path]


def wordpiece() -> Any:
    """A tokenizer of a few pieces, with the limits of texts that published ones have."""
    import tokenizers
    from tokenizers import models, normalizers, pre_tokenizers, processors

    vocabulary = {piece: number for number, piece in enumerate(PIECES)}
    found = tokenizers.Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    found.normalizer = normalizers.BertNormalizer(lowercase=True)
    found.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    found.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    found.enable_truncation(4)
    found.enable_padding(length=4)
    return found


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """Save an encoder of two layers of 8 units; `changes` are settings of it."""
    transformers = pytest.importorskip("transformers")
    import torch

    def save(kind: str = "bert", seed: int = 1, **changes: Any) -> Path:
        folder = tmp_path_factory.mktemp(kind) / "encoder"
        sizes = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
        sizes |= {"intermediate_size": 12, "hidden_dim": 12, "vocab_size": len(PIECES)}
        sizes |= {"max_position_embeddings": 40, "pad_token_id": 0}
        if kind == "mpnet":
            sizes |= {"pad_token_id": 1}  # as its positions are counted
        torch.manual_seed(seed)
        config = transformers.AutoConfig.for_model(kind, **sizes | changes)
        network = transformers.AutoModel.from_config(config)
        with torch.no_grad():  # as drawn, layers would hardly differ
            for weight in network.parameters():
                weight.add_(0.2 * torch.randn_like(weight))
        network.save_pretrained(folder)
        wordpiece().save(str(folder / "tokenizer.json"))
        return folder

    return save


@pytest.fixture(scope="session")
def bert(saved: Saved) -> Path:
    """The folder of a tiny BERT; not to be changed."""
    return saved()


def changed(folder: Path, target: Path, name: str, **changes: Any) -> Path:
    """A copy of a transformer with other values in one of its JSON files; None removes one."""
    import shutil

    shutil.copytree(folder, target)
    values = json.loads((target / name).read_text()) | changes
    kept = {key: value for key, value in values.items() if value is not None}
    (target / name).write_text(json.dumps(kept))
    return target

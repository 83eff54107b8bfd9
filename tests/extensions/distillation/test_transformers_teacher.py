"""Token classifiers of transformers as teachers: a tiny real one where it is installed."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ner.config import Config
from ner.errors import MissingExtra, UsageError
from ner.extensions.distillation.segmentation import SpanChain
from ner.extensions.distillation.teacher import Circumstances
from ner.extensions.distillation.transformers_teacher import TransformersTeacher
from ner.text import Sentence
from tests.extensions.distillation.conftest import CPU

WHERE = Circumstances(CPU, Config())
LABELS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "anna", "saw", "new", "york", "##s", "."]

Saved = Callable[..., Path]


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    """Save a classifier with random weights and a tokenizer of a few pieces."""
    transformers = pytest.importorskip("transformers")

    def save(labels: tuple[str, ...] = LABELS, name: str = "classifier", seed: int = 1) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "vocab.txt").write_text("\n".join(PIECES))
        tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=True)
        config = transformers.BertConfig(
            vocab_size=len(PIECES), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=16, max_position_embeddings=20,
            id2label=dict(enumerate(labels)), label2id={x: i for i, x in enumerate(labels)},
        )  # fmt: skip
        torch.manual_seed(seed)
        model = transformers.BertForTokenClassification(config)
        with torch.no_grad():
            model.classifier.weight.mul_(40)  # sure of something
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return save


def teacher(folder: Path) -> TransformersTeacher:
    return TransformersTeacher(f"hf:{folder}", WHERE)


def sentence(text: str) -> Sentence:
    return Sentence(tuple(text.split()))


def test_the_first_piece_of_a_token_has_its_probabilities(saved: Saved) -> None:
    """Compared with the model itself, sentence by sentence, without padding."""
    folder = saved()
    taught, transformers = teacher(folder), pytest.importorskip("transformers")
    model: Any = transformers.AutoModelForTokenClassification.from_pretrained(folder).eval()
    texts = ["Anna saw news .", "York", "news news Anna saw New Yorks ."]
    first = [[1, 2, 3, 5], [1], [1, 3, 5, 6, 7, 8, 10]]  # behind [CLS]
    ids = [[5, 6, 7, 9, 10], [8], [7, 9, 7, 9, 5, 6, 7, 8, 9, 10]]
    wanted = []
    for numbers, places in zip(ids, first, strict=True):
        logits = model(torch.tensor([[2, *numbers, 3]])).logits[0, places]
        wanted.append(logits.detach().double().log_softmax(1).numpy())
    expected = SpanChain(LABELS, "iobes").labels(wanted)
    found = list(taught.label([("", [sentence(text) for text in texts])]))
    for one, other in zip(found, expected, strict=True):
        assert one.spans == other.spans
        assert one.expected is not None
        assert other.expected is not None
        np.testing.assert_allclose(one.expected.unary, other.expected.unary, atol=1e-4)
        np.testing.assert_allclose(one.expected.pairwise, other.expected.pairwise, atol=1e-4)


def test_sentences_with_tokens_that_it_does_not_see_teach_nothing(saved: Saved) -> None:
    taught = teacher(saved())
    sentences = [sentence("Anna saw"), Sentence(("Anna", "\u00ad")), sentence("saw " * 40)]
    labels = list(taught.label([("", sentences[:1]), ("", sentences[1:])]))
    assert [each.spans is None for each in labels] == [False, True, True]


def test_types_and_identity(saved: Saved) -> None:
    one, same = teacher(saved(name="a")), teacher(saved(name="b"))
    other = teacher(saved(name="c", seed=2))
    io = teacher(saved(("PER", "O", "ORG"), name="d"))
    assert one.tags == ["O", *(f"{p}-{t}" for t in ("LOC", "PER") for p in "BIES")]
    assert io.tags == ["O", *(f"{p}-{t}" for t in ("ORG", "PER") for p in "BIES")]
    assert one.identity == same.identity
    assert len({one.identity, other.identity, io.identity}) == 3
    assert one.size == same.size > 1000


def test_what_cannot_teach_is_refused(saved: Saved, tmp_path: Path) -> None:
    for folder, said in (
        (saved(("LABEL_0", "LABEL_1"), name="a"), r"its labels \(LABEL_0, LABEL_1\) are not O and"),
        (saved(("B-PER", "I-PER"), name="b"), r"its labels \(B-PER, I-PER\) are not O and tags"),
        (tmp_path / "none", "no token classifier of transformers"),
    ):
        with pytest.raises(UsageError, match=f"^--teacher hf:{folder}: {said}") as caught:
            teacher(folder)
        assert "\n" not in str(caught.value)


def test_transformers_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(
        MissingExtra, match=r"^--teacher hf:x needs a package: pip install 'transformers>=4.40'$"
    ):
        TransformersTeacher("hf:x", WHERE)

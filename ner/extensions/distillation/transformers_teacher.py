"""A token classifier of transformers as a teacher: its probabilities are soft labels."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ner.errors import UsageError, reason_of
from ner.extensions.distillation.labels import Labels
from ner.extensions.distillation.segmentation import SpanChain
from ner.extensions.distillation.teacher import Circumstances
from ner.interchange import load_transformers
from ner.tags import OUTSIDE
from ner.text import SegmentedText

_TOGETHER = 32  # sentences of a batch
_SPECIAL = 2  # pieces beside those of the text
_UNBOUNDED = 512  # pieces of a model that names no bound


class TransformersTeacher:
    """A token classifier of transformers, ``hf:NAME`` on the Hub or ``hf:FOLDER``.

    It reads our tokens. The first piece of each has its probabilities; a sentence of which a token
    has none (a character that the model's tokenizer drops, or the end of one that is too long)
    teaches nothing.
    """

    tokenizer = ""

    def __init__(self, spec: str, where: Circumstances) -> None:
        """Load it. Raises `MissingExtra`, and `UsageError` for a model that cannot teach."""
        self.name = spec
        library = load_transformers(f"--teacher {spec}")
        self._tokenizer, self._model = _load(library, spec)
        self._model.to(where.device).eval()
        names = self._model.config.id2label
        labels = [str(names[number]) for number in range(len(names))]
        _check_labels(spec, labels)
        self._chain = SpanChain(labels, where.scheme)
        self.tags = self._chain.tags
        weights = self._model.state_dict().values()
        self.size = sum(weight.numel() * weight.element_size() for weight in weights)
        facts = library.__version__, labels, _digest(self._model, self._tokenizer)
        self.identity = f"transformers {facts} {where.device.type}"

    def label(self, documents: Sequence[SegmentedText]) -> Iterator[Labels]:
        """The labels of each sentence."""
        tokens = [sentence.tokens for _, sentences in documents for sentence in sentences]
        order = sorted(range(len(tokens)), key=lambda number: len(tokens[number]))
        read: dict[int, NDArray[np.float64]] = {}
        for start in range(0, len(order), _TOGETHER):
            batch = order[start : start + _TOGETHER]
            rows = self._log_p([tokens[number] for number in batch])
            read |= {n: row for n, row in zip(batch, rows, strict=True) if len(row)}
        numbers = sorted(read)
        found = dict(zip(numbers, self._chain.labels([read[n] for n in numbers]), strict=True))
        for number in range(len(tokens)):
            yield found.get(number, Labels(None))

    @torch.inference_mode()
    def _log_p(self, sentences: Sequence[Sequence[str]]) -> Iterator[NDArray[np.float64]]:
        """Log probabilities ``[T, L]`` by the first piece of each token; none if one lacks it."""
        pieces = self._tokenizer(
            [list(tokens) for tokens in sentences],
            is_split_into_words=True,
            truncation=True,
            max_length=self._most_pieces(),
            padding=True,
            return_tensors="pt",
        )
        logits = self._model(**pieces.to(self._model.device)).logits  # [B, P, L]
        log_p = logits.double().log_softmax(2).cpu().numpy()
        for row, tokens in enumerate(sentences):
            first: dict[int, int] = {}
            for place, token in enumerate(pieces.word_ids(row)):
                if token is not None:
                    first.setdefault(token, place)
            complete = len(first) == len(tokens)
            yield log_p[row, [first[token] for token in range(len(tokens))] if complete else []]

    def _most_pieces(self) -> int:
        bound = getattr(self._model.config, "max_position_embeddings", None)
        return int(min(self._tokenizer.model_max_length, (bound or _UNBOUNDED) - _SPECIAL))


class _Parts(NamedTuple):
    tokenizer: Any
    model: Any


def _load(library: Any, spec: str) -> _Parts:
    name = spec.partition(":")[2]
    library.utils.logging.disable_progress_bar()
    try:
        tokenizer = library.AutoTokenizer.from_pretrained(name, add_prefix_space=True)
        model = library.AutoModelForTokenClassification.from_pretrained(name)
    except Exception as error:  # the library raises what it likes
        reason = reason_of(error)
        raise UsageError(
            f"--teacher {spec}: no token classifier of transformers {library.__version__} can be "
            f"loaded ({reason}); name its folder, or a model of the Hub"
        ) from None
    if not tokenizer.is_fast:
        raise UsageError(
            f"--teacher {spec}: its tokenizer does not say which token a piece is of; name a "
            "model with a fast tokenizer (tokenizer.json)"
        )
    return _Parts(tokenizer, model)


def _check_labels(spec: str, labels: Sequence[str]) -> None:
    """Refuse labels that are no tags. Raises `UsageError`."""
    if OUTSIDE not in labels or len(labels) < 2 or any(x.startswith("LABEL_") for x in labels):
        shown = ", ".join(labels[:5])
        raise UsageError(
            f"--teacher {spec}: its labels ({shown}) are not O and tags such as B-PER; name a "
            "model that was trained to recognise entities, or write its labels into id2label of "
            "its config.json"
        )


def _digest(model: Any, tokenizer: Any) -> str:
    """A checksum of weights and tokenizer."""
    digest = hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode())
    for name, weight in model.state_dict().items():
        digest.update(name.encode())
        digest.update(weight.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()

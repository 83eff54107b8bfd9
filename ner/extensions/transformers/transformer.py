"""A frozen transformer encoder: which one, which of its layers, and their states at each token.

Nothing is fetched and no code of a model is run: encoders are of kinds that the library has itself,
and are built from settings that stand in `_FIELDS`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import ner.model.device  # noqa: F401  (says what a forked process must do with torch)
from ner.errors import BundleError, reason_of
from ner.extensions.transformers.pieces import PieceTokenizer
from ner.features import pack_batches
from ner.interchange import load_transformers
from ner.model import without_weights
from ner.predict.windows import windows
from ner.stored import Arrays, Form, ValidationError, damaged
from ner.tensors import tensor_forms, to_arrays, to_tensors

Floats = NDArray[np.float32]
States = NDArray[np.float16]

KINDS = ("bert", "camembert", "distilbert", "electra", "mpnet", "roberta", "xlm-roberta")
POOLINGS = ("mean", "first")
USUAL = 4  # layers, where none are named
_FIELDS = frozenset(
    {
        "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "hidden_act",
        "intermediate_size", "max_position_embeddings", "type_vocab_size", "layer_norm_eps",
        "pad_token_id", "embedding_size", "relative_attention_num_buckets", "dim", "n_layers",
        "n_heads", "hidden_dim", "activation",
    }
)  # fmt: skip
_MOST_PIECES = 512  # read at once, special ones among them: bounds the memory
_READ_TOGETHER = 256  # pieces of texts of one length: more are no faster
_LARGEST = np.finfo(np.float16).max


class NoSuchLayer(ValidationError):
    """A layer that an encoder does not have."""


@dataclass(frozen=True)
class Description:
    """An encoder without its weights, and how tokens get their embeddings from it."""

    kind: str
    fields: Mapping[str, Any]
    layers: tuple[int, ...]  # from 1, the first; their states are side by side
    pooling: str  # of the pieces of a token
    tokenizer: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain values; `read_description` reads them."""
        return {**vars(self), "layers": list(self.layers)}


def describe(
    config: Mapping[str, Any],
    tokenizer: Mapping[str, Any],
    place: Path,
    layers: Sequence[int] = (),
    pooling: str = POOLINGS[0],
    *,
    of_sentences: bool = False,
) -> Description:
    """The encoder in a folder of transformers: of its layers those that are needed.

    Without `layers` they are the last four, which Devlin et al. (2019, "BERT", table 7) found best
    for frozen encoders; of one that was trained on for embeddings of whole sentences four from the
    middle on, since its last ones tell little of single tokens. Raises `ValidationError` for an
    encoder of another kind.
    """
    kind = config.get("model_type")
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise ValidationError(place, f"is of the kind {kind!r:.40}, not one that is read: {known}")
    if config.get("is_decoder") or config.get("position_embedding_type", "absolute") != "absolute":
        raise ValidationError(place, "is of a decoder, or counts positions in a way of its own")
    fields = {name: value for name, value in config.items() if name in _FIELDS}
    most = fields.get(_layers_field(kind))
    if type(most) is not int or most < 1:
        raise damaged(place, "no number of layers")
    if not all(0 < layer <= most for layer in layers):
        raise NoSuchLayer(place, f"has layers 1 to {most}")
    end = min(most, most // 2 + USUAL - 1) if of_sentences else most
    chosen = tuple(layers) or tuple(range(1, end + 1)[-USUAL:])
    fields[_layers_field(kind)] = max(chosen)
    return Description(kind, fields, chosen, pooling, tokenizer)


def read_description(value: Any, place: Path) -> Description:
    """Read the values of `Description.to_dict`. Raises `ValidationError`."""
    match value:
        case {
            "kind": str(kind),
            "fields": dict(fields),
            "layers": [_, *_] as layers,
            "pooling": str(pooling),
            "tokenizer": dict(tokenizer),
        }:
            pass
        case _:
            raise damaged(place, "no transformer")
    if pooling not in POOLINGS or not all(type(layer) is int for layer in layers):
        raise damaged(place, "no choice of layers and pooling")
    if not fields.keys() <= _FIELDS or any(isinstance(f, dict | list) for f in fields.values()):
        raise damaged(place, "settings that no encoder has")
    return describe({**fields, "model_type": kind}, tokenizer, place, layers, pooling)


def _layers_field(kind: str) -> str:
    return "n_layers" if kind == "distilbert" else "num_hidden_layers"


class Transformer:
    """An encoder at work, in float32 and on the CPU; safe for threads.

    Sentences are read together if they have one number of pieces: none sees another, nor padding,
    but products of larger matrices may be rounded in another way.
    """

    def __init__(self, description: Description, place: Path, user: str) -> None:
        """Build it without weights, for a `user` who is named where transformers is missing.

        Raises `MissingExtra`, and `ValidationError` for what makes no encoder.
        """
        self.description = description
        library = load_transformers(user)
        self._pieces = PieceTokenizer(description.tokenizer, place)
        try:
            self._network = _skeleton(library, description)
        except Exception as error:  # the library raises what it likes
            raise damaged(place, f"no encoder: {reason_of(error)}") from None
        self.forms: Mapping[str, Form] = tensor_forms(self._network.state_dict())
        config = self._network.config
        self._room = _most_pieces(self._network) - len(self._pieces.start + self._pieces.end)
        empty = any(0 in form.shape for form in self.forms.values())
        if empty or self._room < 1 or self._pieces.size > config.vocab_size:
            raise damaged(place, "a tokenizer and an encoder that do not fit each other")
        self.dim: int = len(description.layers) * config.hidden_size

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy is made anew: the library's networks cannot be copied."""
        return _restored, (self.description, self.weights)

    def fill(self, weights: Arrays) -> None:
        """Take weights of the names and shapes of `forms`."""
        single = {name: weight.astype(np.float32) for name, weight in weights.items()}
        self._network.load_state_dict(to_tensors(single), assign=True)
        _fill_buffers(self._network)
        self._network.eval().requires_grad_(False)

    @property
    def weights(self) -> Arrays:
        """The weights by name, in half precision."""
        single = to_arrays(self._network.state_dict())
        return {name: weight.astype(np.float16) for name, weight in single.items()}

    def knows(self, token: str) -> bool:
        """Tell if a token has pieces, all of them known."""
        return self._pieces.knows(token)

    def drops(self, token: str) -> bool:
        """Tell if the tokenizer drops all characters of a token."""
        return not self._pieces.pieces(token)

    def embed(self, sentences: Sequence[Sequence[str]]) -> list[States]:
        """The states of the layers at each token, ``[T, dim]``; zeros where it has no piece.

        Raises `BundleError` for an encoder that cannot be computed.
        """
        pieces = [[self._pieces.pieces(token) for token in tokens] for tokens in sentences]
        texts = [[number for own in text for number in own] for text in pieces]
        found: dict[int, States] = {}
        for batch in _of_one_length(texts):
            read = self._read([texts[place] for place in batch])
            for place, rows in zip(batch, read, strict=True):
                found[place] = self._pooled(pieces[place], rows)
        return [found[place] for place in range(len(texts))]

    def _pooled(self, pieces: Sequence[Sequence[int]], rows: Floats) -> States:
        """The states of tokens from those of their pieces, ``[P, dim]`` → ``[T, dim]``."""
        found = np.zeros((len(pieces), self.dim), np.float32)
        start = 0
        for row, own in zip(found, pieces, strict=True):
            if own:
                several = len(own) if self.description.pooling == "mean" else 1
                row[:] = rows[start : start + several].mean(axis=0)
            start += len(own)
        return np.clip(found, -_LARGEST, _LARGEST).astype(np.float16)

    def _read(self, texts: Sequence[Sequence[int]]) -> Floats:
        """The states at the pieces of texts of one length, ``[B, P, dim]``.

        Many pieces are read in windows that overlap.
        """
        length = len(texts[0])
        found = np.empty((len(texts), length, self.dim), np.float32)
        for w in windows(length, self._room, self._room // 8) if length else ():
            states = self._states([text[w.start : w.end] for text in texts])
            kept = states[:, w.keep_start - w.start : w.keep_end - w.start]
            found[:, w.keep_start : w.keep_end] = kept
        return found

    @torch.inference_mode()
    def _states(self, texts: Sequence[Sequence[int]]) -> Floats:
        """The states at the pieces of texts of one length, all read at once."""
        start = len(self._pieces.start)
        ids = torch.tensor([[*self._pieces.start, *text, *self._pieces.end] for text in texts])
        try:
            read = self._network(
                input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True
            )
        except Exception as error:  # settings may fit the weights and still make no sense
            reason = reason_of(error)
            raise BundleError(
                f"a transformer cannot be computed ({reason}); use another model"
            ) from None
        chosen = [read.hidden_states[layer] for layer in self.description.layers]
        states: Floats = torch.cat(chosen, dim=2)[:, start : start + len(texts[0])].numpy()
        return states


def _of_one_length(texts: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """The places of texts that are read together."""
    lengths = [len(text) for text in texts]
    order = sorted(range(len(texts)), key=lengths.__getitem__)
    most = _READ_TOGETHER
    for _, same in groupby(order, key=lengths.__getitem__):
        yield from pack_batches([*same], lengths, most_sentences=most, most_tokens=most)


def _restored(description: Description, weights: Arrays) -> Transformer:
    transformer = Transformer(description, Path("copy"), "a copy of a transformer")
    transformer.fill(weights)
    return transformer


def _skeleton(library: Any, description: Description) -> Any:
    """The network on torch's meta device, without the layer for whole texts that some have."""
    config = library.AutoConfig.for_model(description.kind, **description.fields)
    with without_weights():
        network = library.AutoModel.from_config(config)
    if hasattr(network, "pooler"):
        network.pooler = None
    return network


def _fill_buffers(network: Any) -> None:
    """Fill the buffers that no file has: numbers of positions, and the only type of tokens."""
    for module in network.modules():
        for name, buffer in module.named_buffers(recurse=False):
            row = torch.arange(buffer.shape[-1]) * (name == "position_ids")
            setattr(module, name, row.expand(buffer.shape))


def _most_pieces(network: Any) -> int:
    """The pieces that an encoder has positions for; some count them from behind the padding."""
    behind = [
        module.padding_idx + 1
        for name, module in network.named_modules()
        if name.endswith("position_embeddings") and module.padding_idx is not None
    ]
    return int(min(_MOST_PIECES, network.config.max_position_embeddings - sum(behind)))

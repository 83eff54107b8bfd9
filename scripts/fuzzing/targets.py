"""What is attacked: for each part of `ner`, what has to hold for every input.

A check takes the bytes of one input and passes, or raises `NerError` (an input
that is refused), or anything else, which is a finding. Modules that load torch
are imported where they are needed: most targets run without.
"""

import functools
import io
import itertools
import json
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fuzzing.inputs import Choices, hold
from ner.config import Config, DataConfig
from ner.corpus import read_columns, read_file, read_jsonl, write_stream
from ner.corpus.partial import (
    count_lost_labels,
    known_tags,
    read_partial_labels,
    with_partial_labels,
)
from ner.errors import CorpusError, NerError, UsageError
from ner.features import read_vectors
from ner.tags import (
    SCHEMES,
    TAG_UNKNOWN,
    SchemeCounts,
    Tag,
    illegal_positions,
    parse_tag,
    spans_of,
    tags_of,
)
from ner.text import SURROGATE, Entity, Sentence
from ner.tokenize import STYLES, sentences_of, tokenize

if TYPE_CHECKING:
    from ner.tagger import Tagger

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"


@dataclass(frozen=True)
class Target:
    """One part of `ner` under attack.

    `seeds` are inputs to start from, `words` what its inputs are made of, and
    `shapes` inputs as ``(head, piece, tail)``, whose piece may be repeated as
    often as one likes: time and memory must grow as the input does.
    """

    check: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    words: Sequence[bytes] = ()
    shapes: Sequence[tuple[bytes, bytes, bytes]] = ()


def judge(target: Target, data: bytes) -> None:
    """Try one input. Whatever this raises is a finding."""
    try:
        target.check(data)
    except NerError as error:
        hold(len(str(error).splitlines()) == 1, f"a message of several lines: {str(error)!r}")


def _files(folder: str, *patterns: str) -> list[bytes]:
    """The golden files of a folder, each once."""
    paths = {path for pattern in patterns for path in (GOLDEN / folder).glob(pattern)}
    return [path.read_bytes() for path in sorted(paths) if path.suffix != ".json"]


@functools.cache
def scratch() -> Path:
    """A folder for the input of readers that open files by themselves."""
    return Path(tempfile.mkdtemp(prefix="ner-fuzz-"))


# --- labelled files -----------------------------------------------------------------

# UTF-8 most of the time; the others are of every kind: stateful, wide, escaping, no text at all.
ENCODINGS = (
    *("utf-8",) * 8,
    *("latin-1", "utf-16", "utf-32-be", "utf-8-sig", "utf-7", "gb18030", "shift_jis", "cp1140"),
    *("iso2022_jp", "hz", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "hex"),
)
LOSSLESS = [name for name in SCHEMES if name != "io"]


def check_columns(data: bytes) -> None:
    """What is read is written, and read back as it was."""
    given = Choices(data)
    config = DataConfig(
        encoding=given.pick(ENCODINGS),
        scheme=given.pick(("auto", *SCHEMES)),
        unknown_tag=given.pick(("?", "?", "", "O")),
        comments=given.pick((False, True)),
        strict=given.pick((False, True)),
    )
    scheme = given.pick(LOSSLESS)
    sentences = read_columns(io.BytesIO(given.rest()), config)
    hold(sentences and all(sentence.tokens for sentence in sentences), "a sentence of no token")
    stream = io.StringIO()
    try:
        write_stream(stream, sentences, scheme)
    except CorpusError as error:  # the mark of a document as a type
        hold("-DOCSTART-" in str(error), f"cannot write what was read: {error}")
        return
    written = stream.getvalue().encode()
    back = read_columns(io.BytesIO(written), DataConfig(scheme=scheme, strict=True))
    hold(len(back) == len(sentences), "another number of sentences was read back")
    for one, other in zip(sentences, back, strict=True):
        hold(
            (one.tokens, one.document) == (other.tokens, other.document)
            and (count_lost_labels(one, scheme) or _labels(one) == _labels(other)),
            f"{one} was read back as {other} in {scheme}",
        )


def _labels(sentence: Sentence) -> object:
    return sentence.spans, sentence.partial


def check_jsonl(data: bytes) -> None:
    """Tokens stand where their offsets say; what is read is written, and read back as it was."""
    given = Choices(data)
    config = DataConfig(
        encoding=given.pick(ENCODINGS),
        tokenizer=given.pick(("auto", *STYLES)),
        align=given.pick(("strict", "expand")),
    )
    made_up = given.pick((False, True))
    body = _record(given) if made_up else given.rest()
    sentences = read_jsonl(io.BytesIO(body), config)
    for sentence in sentences:
        hold(sentence.tokens and sentence.offsets, "a sentence of no token")
        if made_up:
            _check_offsets(sentence, json.loads(body)["text"])
    stream = io.StringIO()
    write_stream(stream, sentences, "jsonl")
    back = read_jsonl(io.BytesIO(stream.getvalue().encode()))
    hold(
        [(s.tokens, s.spans, s.document) for s in sentences]
        == [(s.tokens, s.spans, s.document) for s in back],
        f"{sentences} was read back as {back}",
    )


def _check_offsets(sentence: Sentence, text: str) -> None:
    offsets = sentence.offsets or ()
    hold(
        sentence.tokens == tuple(text[start:end] for start, end in offsets),
        f"the offsets of {sentence} are not those of its tokens",
    )


def _record(given: Choices) -> bytes:
    """A record that is JSON, with entities somewhere in its text."""
    entities: list[dict[str, Any]] = []
    end = 0
    for _ in range(given.number() % 4):
        start = end + given.number() % 8
        end = start + 1 + given.number() % 8
        entities.append({"start": start, "end": end, "label": given.pick(("PER", "地", "\ud800"))})
    text = given.text()
    entities = [entity for entity in entities if entity["end"] <= len(text)]
    return json.dumps({"text": text, "entities": entities}).encode()


# --- text ---------------------------------------------------------------------------


def check_tokenize(data: bytes) -> None:
    """Each character but white space is in one token, and each token in one sentence."""
    given = Choices(data)
    style, text = given.pick(STYLES), given.text()
    ranges = tokenize(text, style)  # takes anything that Python can hold
    solid = "".join(text.split())
    hold("".join(text[a:b] for a, b in ranges) == solid, "a character is lost or added")
    hold(all(start < end for start, end in ranges), "an empty token")
    hold(all(a[1] <= b[0] for a, b in itertools.pairwise(ranges)), "tokens out of order")
    try:
        sentences = sentences_of(text, style, line=1)
    except UsageError as error:
        hold(SURROGATE.search(text), f"refused for nothing: {error}")
        raise
    hold(not SURROGATE.search(text), "half a surrogate pair is taken for a character")
    hold([o for s in sentences for o in s.offsets or ()] == ranges, "a token is lost")
    for sentence in sentences:
        hold(sentence.tokens, "a sentence of no token")
        _check_offsets(sentence, text)


def check_tagger(data: bytes) -> None:
    """Entities are slices of the text, in order, and every output holds the text."""
    given = Choices(data)
    style, context = given.pick(STYLES), given.pick(("sentence", "document"))
    text = given.text()
    tagger = _tagger(style, context)
    document = tagger.tag_document(text)
    _check_entities(document.entities, text)
    for ranked in tagger.tag_nbest(text, 2):
        for alternative in ranked.alternatives:
            _check_entities(alternative.entities, text, ranked.start, ranked.end)
    from ner.render import FORMATS, renderer

    for form in FORMATS:
        out = renderer(form, tagger.labels).document(document)
        out.encode()
        if form == "jsonl":
            hold(len(out.splitlines()) == 1, "a record of several lines")
            hold(json.loads(out)["text"] == text, "another text")


def _check_entities(
    entities: Sequence[Entity], text: str, position: int = 0, limit: int | None = None
) -> None:
    for entity in entities:
        hold(position <= entity.start < entity.end, f"{entity} is out of order")
        hold(limit is None or entity.end <= limit, f"{entity} is in another sentence")
        hold(text[entity.start : entity.end] == entity.text, f"{entity} is not in its place")
        hold(0 <= entity.score <= 1, f"{entity} has an impossible score")
        position = entity.end


@functools.cache
def _tagger(style: str, context: str) -> "Tagger":
    """A small model that has learnt nothing, and so finds entities everywhere."""
    import torch

    from ner.bundle.format import Bundle
    from ner.tagger import Tagger
    from ner.training.build import build_model

    torch.set_num_threads(1)
    sizes = {"word_dim": 4, "char_dim": 4, "char_hidden": 4, "hidden": 4}
    config = Config().replace(
        {f"model.{name}": size for name, size in sizes.items()}
        | {"model.chars": "cnn", "model.bigrams": "no"}
        | {"model.context": context, "data.tokenizer": style, "predict.cache_mb": 1}
    )
    sentences = read_file(ROOT / "data" / "demo" / "valid.conll")[:50]
    model = build_model(sentences, config, torch.device("cpu")).model
    model.network.eval()
    return Tagger(Bundle(model, config, {"corpus": "demo"}))


# --- tags ---------------------------------------------------------------------------

LETTERS = "BIESMLUW"


def check_tags(data: bytes) -> None:
    """Any tags are read as spans, which every scheme but IO writes and reads back."""
    given = Choices(data)
    scheme, target = given.pick(list(SCHEMES)), given.pick(LOSSLESS)
    written = _tags(given)
    tags = [TAG_UNKNOWN if tag == "?" else parse_tag(tag) for tag in written]
    if not tags:
        return  # there is no sentence without a token
    known = [tag for tag in tags if tag != TAG_UNKNOWN]
    spans = spans_of(known)
    again = tags_of(spans, len(known), target)
    hold(spans_of(again) == spans, f"{spans} was read back as {spans_of(again)} in {target}")
    hold(not illegal_positions([*map(parse_tag, again)], target), f"{again} is illegal in {target}")
    counts = SchemeCounts("?")
    counts.add(written)
    hold(counts.scheme() in SCHEMES, "no such scheme")
    _check_clues(tags, scheme, target)


def _check_clues(tags: Sequence[Tag], scheme: str, target: str) -> None:
    """Partly known tags: spans are in order, and what a scheme can say of them it says truly."""
    told = read_partial_labels(tags, scheme)
    sentence = with_partial_labels(Sentence(tuple(tag.prefix for tag in tags)), told.labels)
    pairs = itertools.pairwise(sentence.spans)
    hold(all(one.end <= other.start for one, other in pairs), f"{sentence.spans} overlap")
    rows = [TAG_UNKNOWN if t is None else parse_tag(t) for t in known_tags(sentence, target)]
    if not count_lost_labels(sentence, target):
        back = with_partial_labels(
            Sentence(sentence.tokens), read_partial_labels(rows, target).labels
        )
        hold(_labels(back) == _labels(sentence), f"{sentence} was read back as {back}")


def _tags(given: Choices) -> list[str]:
    """A tag for each byte; the last few may be any text."""
    rows = []
    for byte in given.rest().partition(b"\xff")[0]:
        letter, label = LETTERS[byte % 8], ("PER", "LOC", "a-b", "O")[byte // 8 % 4]
        rows.append(("O", "?")[byte % 2] if byte >= 192 else f"{letter}-{label}")
    strange = given.rest().partition(b"\xff")[2].decode("utf-8", "surrogateescape").split()
    for text in strange:
        try:
            parse_tag(text)
        except CorpusError:
            hold(parse_tag(text, bare=True).label == text, f"{text!r} is no bare type")
        else:
            rows.append(text)
    return rows


# --- settings, vectors, models --------------------------------------------------------


def check_config(data: bytes) -> None:
    """Settings from a file and from ``--set`` come back from the file that they are written to."""
    file, *assignments = data.split(b"\xff")
    path = scratch() / "settings.toml"
    path.write_bytes(file)
    config = Config.load(path, [part.decode("utf-8", "surrogateescape") for part in assignments])
    hold(
        Config.from_dict(config.to_dict()) == config, "a dictionary is read back as something else"
    )
    hold(Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config, "so is JSON")
    written = config.to_toml().encode()
    hold(Config.from_dict(tomllib.loads(written.decode())) == config, "so is TOML")


TOKENS = ("the", "Paris", "1996", "dog", "a", "é", "中", "0", "b c")


def check_vectors(data: bytes) -> None:
    """Words differ, numbers are finite, and what is written as word2vec text is read back."""
    given = Choices(data)
    path = scratch() / given.pick(("v.txt", "v.txt", "v.txt.gz", "v.txt.xz"))
    path.write_bytes(given.rest())
    vectors = read_vectors(path, TOKENS, out_of_training=3)
    hold(len(set(vectors.words)) == len(vectors.words), "a word has two vectors")
    hold(len(vectors.words) == len(vectors.rows), "a word has no vector")
    hold(0 < len(vectors.words) <= vectors.size, "numbers do not add up")
    hold(np.isfinite(vectors.rows).all() and vectors.dim > 1, "a vector of impossible numbers")
    rows = zip(vectors.words, vectors.rows.tolist(), strict=True)
    lines = [" ".join([word, *map(repr, row)]) for word, row in rows if word.split() == [word]]
    if len(lines) < len(vectors.words):
        return  # a word with white space in it: binary files can hold what text cannot
    text = f"{len(lines)} {vectors.dim}\n" + "\n".join(lines)
    path = scratch() / "again.vec"
    path.write_text(text + "\n", "utf-8", newline="\n")
    again = read_vectors(path, vectors.words)
    hold((again.rows == vectors.rows).all(), f"{lines} was read back as {again}")


TEXT = "Noor Aziz adored Bergen ."


def check_bundle(data: bytes) -> None:
    """A model of which one file is harmed is refused, or it works; whatever its checksums say."""
    from ner.stored import CHECKSUMS, write_stored
    from ner.tagger import Tagger

    given = Choices(data)
    good = _bundle()
    name, signed = given.pick([*good, CHECKSUMS]), given.pick((True, True, True, False))
    folder = scratch() / "model"
    folder.mkdir(exist_ok=True)
    write_stored(folder, good)
    harmed = _harmed(given, (folder / name).read_bytes())
    if signed and name != CHECKSUMS:
        write_stored(folder, {**good, name: harmed})
    else:
        (folder / name).write_bytes(harmed)
    _check_entities(Tagger.load(folder, "cpu").tag(TEXT), TEXT)


def check_packed(data: bytes) -> None:
    """A model in one file is refused, or it works: harmed as a zip, or with a harmed member in it.

    Members may change places; their checksums may be made anew.
    """
    from ner.stored import CHECKSUMS, to_archive, with_checksums
    from ner.tagger import Tagger

    given = Choices(data)
    way = given.pick(("file", "bits", "swap", "member", "signed"))
    files = dict(_packed())
    if way == "swap":
        one, other = given.pick([*files]), given.pick([*files])
        files[one], files[other] = files[other], files[one]
    elif way in ("member", "signed"):
        name = given.pick([*files])
        files[name] = _harmed(given, files[name])
    if way != "member" and given.pick((True, False)):
        files = with_checksums({name: files[name] for name in files if name != CHECKSUMS})
    out = io.BytesIO()
    to_archive(files, out)
    whole = out.getvalue()
    if way == "file":
        whole = _harmed(given, whole)
    elif way == "bits":
        whole = _flipped(given, whole)
    path = scratch() / "m.ner"
    path.write_bytes(whole)
    _check_entities(Tagger.load(path, "cpu").tag(TEXT), TEXT)


def _flipped(given: Choices, whole: bytes) -> bytes:
    """Some bits changed; half of all places are in the last 512 bytes, where the directory is."""
    changed, rest = bytearray(whole), given.rest()
    for near, low, bit in zip(rest[::3], rest[1::3], rest[2::3], strict=False):
        place = 256 * near + low if near < 128 else -1 - (256 * near + low) % 512
        changed[place % len(changed)] ^= 1 << bit % 8
    return bytes(changed)


@functools.cache
def _packed() -> dict[str, bytes]:
    """The files of a small model with all features, its layers in 8 bits."""
    from ner.bundle import export_bundle

    place = scratch() / "good.ner"
    export_bundle(GOLDEN / "bundles" / "format-3", place, precision="int8")
    with zipfile.ZipFile(place) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def _harmed(given: Choices, whole: bytes) -> bytes:
    """A file with something else in it: wholly, cut off, or from some place on."""
    way = given.pick(("over", "insert", "whole", "cut"))
    if way == "whole":
        return given.rest()
    # Two bytes choose a place; half of all places are in the first 256 bytes, where headers are.
    high, low = given.number(), given.number()
    at = min(low if high < 128 else (high - 128) * 256 + low, len(whole))
    if way == "cut":
        return whole[:at]
    new = given.rest()
    return whole[:at] + new + whole[at + (len(new) if way == "over" else 0) :]


@functools.cache
def _bundle() -> dict[str, bytes]:
    """The files of a small model with all features, by name; all that have checksums."""
    folder = GOLDEN / "bundles" / "format-3"
    names = json.loads((folder / "checksums.json").read_bytes())
    return {name: (folder / name).read_bytes() for name in sorted(names)}


def _instead_of(name: str) -> bytes:
    """The start of an input whose rest takes the place of a file."""
    return bytes([[*_bundle()].index(name), 0, 2])


# --- all of them ----------------------------------------------------------------------

TAGS = [f"{letter}-{label}".encode() for letter in LETTERS for label in ("PER", "LOC")]
JSON = [
    *(b'"text"', b'"entities"', b'"start"', b'"end"', b'"label"', b'"tokens"', b'"document"'),
    *(b"null", b"true", b"1e9", b"[[", b"{", b"}", b'\\ud800"', b"NaN", b"-1"),
]


def _column_seeds() -> list[bytes]:
    files = _files("corpus", "*.conll", "*.tsv", "*.bio", "*.txt")
    return [bytes(6) + file for file in files] + [
        b"\x0c" + bytes(5) + b"+2AA- B-X\nb O\n",
        bytes(5) + b"\1" + b"a ?\nb I-X\nc ?\n\n-DOCSTART- O\n\nd E-Y\n",
    ]


def _json_seeds() -> list[bytes]:
    texts = [
        "Angela Merkel visited Paris.",
        "高勇，男",
        "He can't. She did!",
        "😀 é\u00a0 Orléans.",
    ]
    made_up = [b"\0\0\0\1\1\0\5" + bytes(2) + text.encode() for text in texts]
    whole = [json.dumps({"text": t, "entities": [], "tokens": [[0, 2]]}).encode() for t in texts]
    return [bytes(4) + file for file in (*_files("corpus", "*.jsonl"), *whole)] + made_up


def _text_seeds(head: bytes) -> list[bytes]:
    lines = [line for file in _files("tokenize", "*.txt") for line in file.splitlines()]
    return [head + line[2:] for line in lines if line.startswith(b">")]


def _config_seeds() -> list[bytes]:
    sets = [
        b'resources.vectors=["a","b"]',
        b"model.cell=gru",
        b"train.epochs=0x10",
        b"data.encoding=5",
    ]
    return [Config().to_toml().encode(), b"\xff" + b"\xff".join(sets), b"[model]\nhidden = 5\n"]


TARGETS = {
    "columns": Target(
        check_columns,
        _column_seeds,
        [*TAGS, b"-DOCSTART-", b" ?", b"\tO\n", b"\xc2\xa0", b"\xe2\x80\xa8", b"\xef\xbb\xbf"],
        [
            (bytes(6), b"a B-X\n", b""),
            (bytes(6), b"a O\n\n", b""),
            (bytes(6), b"a ?\n", b"b I-X\n"),
            (bytes(6), b"a ?\nb I-X\n", b""),
            (bytes(6), b"-DOCSTART- O\n\na O\n\n", b""),
            (bytes(6), b"a I-X\nb E-Y\n", b""),
            (bytes(6), b"x", b" O\n"),
            (bytes(6), b" \t", b"a O\n"),
            (bytes(6) + b"a B-", b"X", b"\n"),
            (bytes(6) + b"a", b" b", b" O\n"),
            (b"\x09" + bytes(5), b"\0a", b"\0 \0O"),
        ],
    ),
    "jsonl": Target(
        check_jsonl,
        _json_seeds,
        JSON,
        [
            (bytes(4), b'{"text": "a b", "entities": []}\n', b""),
            (bytes(4) + b'{"entities": [], "text": "', b"Go! ", b'"}'),
            (bytes(4) + b'{"entities": [], "text": "', b"\\ud83d\\ude00", b'"}'),
            (bytes(4) + b'{"text": "a", "entities": [', b"[", b"]}"),
            (bytes(4) + b'{"text": "a", "entities": [', b'{"start": 0},', b"0]}"),
            (bytes(4) + b'{"text": "a", "entities": [], "document": ', b"9", b"}"),
            (bytes(4) + b'{"text": "a", "entities": [], "tokens": [', b"[0, 1],", b"0]}"),
        ],
    ),
    "tokenize": Target(
        check_tokenize,
        lambda: [seed for style in b"\0\1\2" for seed in _text_seeds(bytes([style, 0]))],
        [b"http://", b"www.", b"n't", b"'s", b"U.S.", b"Mr.", b"&amp;", b"\n\n", b"...", b":-)"],
        [
            (b"\1\0", piece.encode(), b"")
            for piece in ("a", ". ", "A.", "中", "。”", "a@", "1,", "\n", "'", "a. \n", "«", "x-, ")
        ]
        + [(b"\2\0", piece.encode(), b"") for piece in ("é\u0301", "& ", "Dr. ", "😀\u200d")],
    ),
    "tags": Target(
        check_tags,
        lambda: [bytes([0, n, *range(n, 256, 7)]) for n in range(6)] + [b"\0\0\xffB-X I-X X-X"],
        [b"\xffB-", b" S-", b"\xc0", b"\xc1"],
        [(b"\0\0", bytes(piece), b"") for piece in ([0], [1], [1, 9], [193], [193, 1], [0, 2])],
    ),
    "tagger": Target(
        check_tagger,
        lambda: _text_seeds(bytes(3))[::4],
        [b"Paris", b". ", b"\n\n"],
        [(bytes(3), piece.encode(), b"") for piece in ("a ", "a. ", "中", "a")],
    ),
    "bundle": Target(
        check_bundle,
        lambda: [
            bytes([n, signed, way, high, 9]) + b"\xff[]"
            for n in range(1 + len(_bundle()))
            for signed in (0, 3)
            for way in range(4)
            for high in (0, 130)
        ],
        [*JSON, b'"F32"', b'"I64"', b'"shape"', b'"data_offsets"', b'"dtype"', b"\x00" * 8],
        [
            (_instead_of("characters.json"), b"[", b""),
            (_instead_of("characters.json") + b"[", b'"a",', b'"b"]'),
            (_instead_of("tags.json") + b"[", b'"B-a",', b'"O"]'),
            (_instead_of("weights.safetensors"), b"\0", b""),
        ],
    ),
    "packed": Target(
        check_packed,
        lambda: [
            bytes([way, n, high, low]) + b"\x81\x07\x01"
            for way in range(5)
            for n in range(1 + len(_packed()))
            for high in (0, 2, 130)
            for low in (0, 9)
        ],
        [*JSON, b"PK\1\2", b"PK\3\4", b"PK\5\6", b"\xff" * 4, b'"I8"', b'.scale"', b"\x08\x00"],
        [
            (b"\0\0\2", b"PK\3\4", b""),
            (b"\0\0\2", b"PK\5\6" + bytes(18), b""),
            (b"\1\0", b"\x81\x07\x01", b""),
            (b"\4\1\2", b"[", b""),
        ],
    ),
    "config": Target(
        check_config,
        _config_seeds,
        [
            *(f"{key}=".encode() for key in ("model.hidden", "resources.vectors", "data.encoding")),
            b"[model]\n",
            b"= 0x",
            b"= [[",
            b"1979-05-27",
            b'"""',
            b"nan",
            b"\xff",
        ],
        [
            (b"", b"# x\n", b""),
            (b"[train]\nvectors = [", b'"a",', b"]"),
            (b"a = ", b"[", b""),
            (b"\xffmodel.hidden=", b"9", b""),
            (b"\xff", b"data.encoding=a\xff", b"data.encoding=a"),
            (b"\xffmodel.hidden=0x", b"F", b""),
            (b"\xfftrain.clip=", b"9", b""),
            (b"\xfftrain.clip=0x", b"F", b""),
            (b"\xffdata.tag_column=-0x", b"F", b""),
        ],
    ),
    "vectors": Target(
        check_vectors,
        lambda: [
            bytes([2 * file.startswith(b"\x1f\x8b")]) + file for file in _files("vectors", "*")
        ],
        [b"the ", b"1 2\n", b" 1e9", b" nan", b"\xc2\xa0", b"5 2\n", b"1e38 "],
        [
            (b"\0the 1 2\n", b"a 1 2\n", b""),
            (b"\0the 1 2\n", b"a", b" 1 2\n"),
            (b"\0the 1 2\n", b"a ", b"1 2\n"),
            (b"\x009999999 2\nthe ", b"\0", b""),
            (b"\0the ", b"1 ", b"\n"),
        ],
    ),
}

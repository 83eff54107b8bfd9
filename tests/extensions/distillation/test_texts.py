"""Text without labels: what is drawn of it, and what is refused."""

import gzip
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import CorpusError, UsageError
from ner.extensions.distillation.texts import (
    TextFile,
    draw_documents,
    draw_lines,
    style_of_text,
    text_files,
)
from ner.text import Sentence
from ner.training.preparation import prepare, resolve


def drawn(path: Path, corpus: Corpus, config: Config, **train: Any) -> list[Sentence]:
    changes = {f"train.{name}": value for name, value in train.items()}
    config = resolve(config, prepare(corpus)).replace(changes)
    known = {sentence.tokens for split in corpus.splits().values() for sentence in split}
    drawn_of = draw_documents([TextFile(str(path))], known, config)
    return [sentence for _, sentences in drawn_of for sentence in sentences]


def test_all_sentences_are_drawn_but_those_of_the_corpus(
    text: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    found = drawn(text, tiny_corpus, tiny_config)
    assert (
        sorted((s.line, " ".join(s.tokens)) for s in found)
        == [
            (1, "Anna loved Rome ?"),
            (1, "Berta met Carl Maria in Paris ."),
            (3, "Dora saw New York ."),
            (3, "She left ."),
            (4, "The weather was fine ."),
        ][1:]
    )  # the test split has "Anna loved Rome ?"
    assert {s.source for s in found} == {str(text)}
    assert not any(s.spans for s in found)


def test_no_more_sentences_than_asked_for_and_the_same_for_the_same_seed(
    text: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    text.write_text("".join(f"One{i} went to Rome. Two{i} stayed.\n" for i in range(50)))
    draws = [
        drawn(text, tiny_corpus, tiny_config, unlabelled_sentences=9, seed=seed)
        for seed in (1, 1, 2)
    ]
    assert [len({s.tokens for s in found}) for found in draws] == [9, 9, 9]
    assert draws[0] == draws[1]
    assert draws[0] != draws[2]


def test_a_sentence_that_stands_there_often_is_drawn_once(
    text: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    text.write_text("It rained.\n" * 20 + "It snowed.\n")
    found = drawn(text, tiny_corpus, tiny_config)
    assert sorted(s.tokens[1] for s in found) == ["rained", "snowed"]


def test_packed_text(text: Path, tiny_corpus: Corpus, tiny_config: Config) -> None:
    packed = text.with_suffix(".txt.gz")
    packed.write_bytes(gzip.compress(text.read_bytes()))
    one, other = (drawn(path, tiny_corpus, tiny_config) for path in (text, packed))
    assert [s.tokens for s in one] == [s.tokens for s in other]


def test_long_sentences_are_cut(text: Path, tiny_corpus: Corpus, tiny_config: Config) -> None:
    text.write_text(" ".join(f"word{i}" for i in range(1200)))
    found = drawn(text, tiny_corpus, tiny_config)
    assert sorted(len(s) for s in found) == [1200 - 2 * 512, 512, 512]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"good line\n\nJos\xe9 left.\n", "{}:3: byte 0xE9 at offset 14 is not utf-8"),
        (b"\x00\x01", "{}:1: holds a NUL byte"),
        (b"", "{}: holds no text; name a file with a paragraph on each line"),
        (b" \n\t\n", "{}: holds no text"),
        (b"Anna visited Rome.\n", "{}: holds no sentence that the corpus lacks"),
    ],
)
def test_text_that_will_not_do(
    text: Path, tiny_corpus: Corpus, tiny_config: Config, content: bytes, said: str
) -> None:
    text.write_bytes(content)
    with pytest.raises(CorpusError) as caught:
        drawn(text, tiny_corpus, tiny_config)
    assert str(caught.value).startswith(said.format(text))
    assert "\n" not in str(caught.value)


def test_text_in_the_encoding_that_is_named(
    text: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    text.write_bytes("José left.\n".encode("latin-1"))
    config = tiny_config.replace({"data.encoding": "latin-1"})
    assert drawn(text, tiny_corpus, config)[0].tokens == ("José", "left", ".")


def test_text_that_is_not_there(tmp_path: Path, tiny_corpus: Corpus, tiny_config: Config) -> None:
    for path, said in ((tmp_path / "none.txt", "no such file"), (tmp_path, "is a folder")):
        with pytest.raises(UsageError, match=said):
            drawn(path, tiny_corpus, tiny_config)


def test_each_line_has_the_same_chance() -> None:
    lines = [(number, str(number)) for number in range(8)]
    counts: Counter[int] = Counter()
    first: Counter[int] = Counter()
    for seed in range(4000):
        found = draw_lines(lines, 3, random.Random(seed))
        assert len({number for number, _ in found}) == 3
        counts.update(number for number, _ in found)
        first[found[0][0]] += 1
    # Binomial: 4000 draws with chance 3/8 (1/8 for the first place); five deviations.
    assert all(abs(counts[n] - 1500) < 5 * 31 and abs(first[n] - 500) < 5 * 21 for n in range(8))
    assert sorted(draw_lines(lines, 9, random.Random(1))) == lines


# --- several files --------------------------------------------------------------------------------


def test_files_have_shares_and_the_others_the_rest() -> None:
    assert text_files("a.txt") == [TextFile("a.txt", 1.0)]
    several = text_files(["0.3=a.txt", "b.txt", "c.txt"])
    assert [file.path for file in several] == ["a.txt", "b.txt", "c.txt"]
    assert [file.share for file in several] == pytest.approx([0.3, 0.35, 0.35])
    assert [file.share for file in text_files([".25=a", "0.75=b"])] == [0.25, 0.75]
    assert text_files(()) == []


def test_names_that_look_like_shares_are_given_with_their_folder() -> None:
    assert text_files("./0.3=x") == [TextFile("./0.3=x")]
    assert text_files("a=0.3") == [TextFile("a=0.3")]
    assert text_files("x=y=z") == [TextFile("x=y=z")]
    assert text_files("1=0.3=x") == [TextFile("0.3=x", 1.0)]


@pytest.mark.parametrize("given", [["0.3=a"], ["0.6=a", "0.6=b"], ["1=a", "b"], ["0=a", "b"]])
def test_shares_sum_to_1(given: list[str]) -> None:
    with pytest.raises(UsageError, match="give shares above 0 that sum to 1, or leave one file"):
        text_files(given)


def test_files_give_as_many_sentences_as_their_shares(tmp_path: Path, tiny_config: Config) -> None:
    for name in "abc":
        lines = "".join(f"{name}{i} went. {name}{i} stayed.\n" for i in range(100))
        (tmp_path / name).write_text(lines)
    (tmp_path / "c").write_text("c0 went.\na1 went.\n")  # fewer than its share
    config = tiny_config.replace({"train.unlabelled_sentences": 40, "data.tokenizer": "words"})
    files = text_files([f"0.25={tmp_path / 'a'}", str(tmp_path / "b"), f"0.5={tmp_path / 'c'}"])
    drawn = [
        sentence
        for _, sentences in draw_documents(files, {("a1", "went", ".")}, config)
        for sentence in sentences
    ]
    names = Counter(sentence.tokens[0][0] for sentence in drawn)
    assert names == {"a": 10, "b": 10, "c": 1}
    assert len({sentence.tokens for sentence in drawn}) == len(drawn)


def test_sentences_come_with_their_paragraph_and_offsets(
    tmp_path: Path, tiny_config: Config
) -> None:
    path = tmp_path / "text"
    path.write_text("Anna left. She came. Anna left.\n" + " ".join(f"w{i}" for i in range(600)))
    config = tiny_config.replace({"data.tokenizer": "words"})
    for text, sentences in draw_documents(text_files(path), (), config):
        for sentence in sentences:
            assert sentence.offsets is not None
            assert tuple(text[a:b] for a, b in sentence.offsets) == sentence.tokens


def test_the_tokenizer_is_chosen_by_the_beginning_of_the_text(tmp_path: Path) -> None:
    for text, style in (("He doesn't know.\n" * 9, "words-en"), ("他在北京。\n" * 9, "characters")):
        (tmp_path / "text").write_text(text, encoding="utf-8")
        assert style_of_text(text_files(tmp_path / "text"), "utf-8") == style

"""The demo corpus: made by `scripts/make_demo.py`, and worth learning from."""

import os
import random
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from demo_corpus.members import Name, home_of
from demo_corpus.source import CULTURES, templates
from demo_corpus.story import Story, assemble
from make_demo import usable, write_corpus
from ner.tags import illegal_positions, parse_tag, spans_of

ROOT = Path(__file__).parent.parent
DEMO = ROOT / "data" / "demo"
SPLITS = ("train", "valid", "test")
LABELS = {"PER", "ORG", "LOC", "MISC"}

Rows = list[tuple[str, str]]
Form = tuple[str, ...]


def read(name: str) -> list[list[Rows]]:
    """Documents of sentences of (token, tag), read without the code under test elsewhere."""
    text = (DEMO / f"{name}.conll").read_text(encoding="utf-8")
    documents = text.split("-DOCSTART- O\n\n")
    assert documents[0] == ""
    return [
        [
            [(token, tag) for token, tag in (line.split(" ") for line in block.split("\n"))]
            for block in document.removesuffix("\n\n").split("\n\n")
        ]
        for document in documents[1:]
    ]


def sentences(name: str) -> list[Rows]:
    return [sentence for document in read(name) for sentence in document]


def entities(rows: Rows) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label) for span in spans_of(tag for _, tag in rows)]


def forms(name: str) -> Counter[Form]:
    return Counter(
        tuple(token for token, _ in rows[start:end])
        for rows in sentences(name)
        for start, end, _ in entities(rows)
    )


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["0", "123"])
def test_the_script_writes_exactly_the_files_that_are_kept(tmp_path: Path, hash_seed: str) -> None:
    subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "make_demo.py"), "--out", str(tmp_path)],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
    )
    for split in SPLITS:
        made = (tmp_path / f"{split}.conll").read_bytes()
        assert made == (DEMO / f"{split}.conll").read_bytes(), f"run scripts/make_demo.py: {split}"


def test_another_seed_gives_another_corpus(tmp_path: Path) -> None:
    write_corpus(tmp_path, seed=2)
    assert (tmp_path / "test.conll").read_bytes() != (DEMO / "test.conll").read_bytes()


@pytest.mark.parametrize(("split", "least"), [("train", 1200), ("valid", 250), ("test", 250)])
def test_splits_are_large_enough(split: str, least: int) -> None:
    assert len(sentences(split)) >= least


@pytest.mark.parametrize("name", [*SPLITS, "handwritten"])
def test_all_tags_are_legal_iob2_of_four_types(name: str) -> None:
    seen = set()
    for rows in sentences(name):
        tags = [parse_tag(tag) for _, tag in rows]
        assert illegal_positions(tags, "iob2") == [], rows
        seen |= {tag.label for tag in tags} - {""}
    assert seen == LABELS


@pytest.mark.parametrize("name", [*SPLITS, "handwritten"])
def test_tokens_are_those_of_running_text(name: str) -> None:
    for rows in sentences(name):
        text = " ".join(token for token, _ in rows)
        assert not re.search(r"[\[\]{}|~_*]", text), f"a template shows: {text}"
        assert not re.search(r" [.,;:] [.,;]| \ba a\b|\bthe the\b", text, re.IGNORECASE), text
        # A word glued to a mark was not tokenised; "Inc." and "U.S." are words.
        assert not re.search(r"[a-z]{2}[,;:?!\"]|[a-z]'s\b", text), text
        assert text.count('"') % 2 == 0, text


@pytest.mark.parametrize("split", SPLITS)
def test_sentences_end_with_a_mark(split: str) -> None:
    headlines = 2  # at most, headline and dateline
    for document in read(split):
        for rows in document[headlines:]:
            last = rows[-1][0]
            if len(rows) > 8 and last.islower():  # a table ends with names or figures
                assert last in ("seconds", "behind", "points"), rows


@pytest.mark.parametrize("split", SPLITS)
def test_documents_are_short_stories(split: str) -> None:
    lengths = [len(document) for document in read(split)]
    assert max(lengths) <= 12
    # Only the last one may be cut short, to end at the size wanted.
    assert min(lengths[:-1]) >= 4


@pytest.mark.parametrize("split", SPLITS)
def test_a_sixth_to_a_quarter_of_the_sentences_has_no_entity(split: str) -> None:
    rows = sentences(split)
    free = sum(not entities(row) for row in rows)
    assert 0.15 <= free / len(rows) <= 0.25


def test_sentences_vary_in_length() -> None:
    lengths = [len(rows) for rows in sentences("train")]
    assert min(lengths) <= 5
    assert max(lengths) >= 40
    assert 10 <= sum(lengths) / len(lengths) <= 20


def test_no_sentence_occurs_twice_in_any_split() -> None:
    texts = Counter(
        tuple(token for token, _ in rows)
        for name in [*SPLITS, "handwritten"]
        for rows in sentences(name)
    )
    assert [text for text, count in texts.items() if count > 1] == []


@pytest.mark.parametrize("split", ["valid", "test"])
def test_half_of_the_names_are_unseen_in_training(split: str) -> None:
    known = forms("train")
    there = forms(split)
    assert sum(form not in known for form in there) / len(there) >= 0.5


def surnames_in(split: str) -> set[str]:
    return {
        rows[end - 1][0]
        for rows in sentences(split)
        for _, end, label in entities(rows)
        if label == "PER"
    }


def test_training_knows_no_surname_that_is_held_out() -> None:
    held_out = {
        surname
        for culture in CULTURES.values()
        for surname in culture.surnames
        if home_of(surname) != "train" and " " not in surname
    }
    assert not held_out & surnames_in("train")
    assert len(held_out & (surnames_in("valid") | surnames_in("test"))) >= 25


def pattern(rows: Rows) -> Form:
    """A sentence with its entities and numbers blotted out."""
    shown = (re.sub(r"\d+", "0", token) if tag == "O" else tag for token, tag in rows)
    return tuple(word for word in shown if not word.startswith("I-"))


def test_some_patterns_are_unseen_in_training() -> None:
    every = templates()
    assert len(every) >= 150
    assert sum(template.unseen for template in every) / len(every) >= 0.1
    assert not [each for each in usable("train", every) if each.unseen]
    known = {pattern(rows) for rows in sentences("train")}
    rows = sentences("test")
    assert sum(pattern(row) not in known for row in rows) / len(rows) >= 0.1


def test_one_form_has_several_types() -> None:
    types: dict[Form, set[str]] = defaultdict(set)
    for rows in sentences("train"):
        for start, end, label in entities(rows):
            types[tuple(token for token, _ in rows[start:end])].add(label)
    assert sum(len(labels) > 1 for labels in types.values()) >= 25


def look_up(rows: Rows, names: dict[Form, str]) -> set[tuple[int, int, str]]:
    """What a list of names finds: the longest match from the left."""
    tokens = tuple(token for token, _ in rows)
    found = set()
    start = 0
    while start < len(tokens):
        ends = (end for end in range(len(tokens), start, -1) if tokens[start:end] in names)
        end = next(ends, 0)
        if end:
            found.add((start, end, names[tokens[start:end]]))
        start = max(end, start + 1)
    return found


@pytest.mark.parametrize("split", ["valid", "test"])
def test_names_alone_do_not_solve_it(split: str) -> None:
    counts: dict[Form, Counter[str]] = defaultdict(Counter)
    for rows in sentences("train"):
        for start, end, label in entities(rows):
            counts[tuple(token for token, _ in rows[start:end])][label] += 1
    names = {form: labels.most_common(1)[0][0] for form, labels in counts.items()}
    right = found = wanted = 0
    for rows in sentences(split):
        gold, guess = set(entities(rows)), look_up(rows, names)
        right, found, wanted = right + len(gold & guess), found + len(guess), wanted + len(gold)
    assert 0.1 < 2 * right / (found + wanted) < 0.65


def test_every_template_can_be_filled_in() -> None:
    rng = random.Random(0)
    for split in SPLITS:
        for template in templates():
            sentence = Story(rng, split).sentence(template)
            assert sentence.tokens, template
            assert not re.search(r"[\[\]{}|]", " ".join(sentence.tokens)), template


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a Italian", "an Italian"),
        ("an Dutch", "a Dutch"),
        ("a Ukrainian", "a Ukrainian"),
        ("a hour", "an hour"),
        ("a 8-2", "an 8-2"),
        ("a U.S.", "a U.S."),
        ("an NATO", "a NATO"),
    ],
)
def test_articles_fit_the_next_word(before: str, after: str) -> None:
    article, word = before.split()
    sentence = assemble([Name(f"it was {article}"), Name(word)], False)
    assert " ".join(sentence.tokens) == f"It was {after}"


def test_the_handwritten_file_has_sixty_sentences_in_several_documents() -> None:
    assert len(sentences("handwritten")) == 60
    assert len(read("handwritten")) >= 5


@pytest.mark.parametrize("split", SPLITS)
def test_the_readme_has_the_figures(split: str) -> None:
    rows = sentences(split)
    labels = Counter(label for row in rows for _, _, label in entities(row))
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    table = {key: row for key, *row in re.findall(r"(?m)^ *(\w+)" + r" +([\d,]+)" * 3 + "$", text)}
    measured = {"sentences": len(rows), "tokens": sum(map(len, rows)), **labels}
    for key, value in measured.items():
        assert table[key][SPLITS.index(split)] == f"{value:,}", (
            f"{key} of {split}: update data/README.md"
        )


def test_the_readers_of_the_library_agree() -> None:
    from ner.config import DataConfig
    from ner.corpus import read_columns

    for name in [*SPLITS, "handwritten"]:
        read_by_library = read_columns(DEMO / f"{name}.conll", DataConfig(strict=True))
        assert [
            (sentence.tokens, [(s.start, s.end, s.label) for s in sentence.spans])
            for sentence in read_by_library
        ] == [(tuple(token for token, _ in rows), entities(rows)) for rows in sentences(name)]

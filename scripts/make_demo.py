"""Write the demo corpus: news-like English with PER, ORG, LOC and MISC, from templates.

    python scripts/make_demo.py [--out data/demo] [--seed 1]

The names and sentences in ``data/demo/source`` were written for this project;
data/README.md tells how to read them. A *story* is one document: its theme gives the
templates, its cast (people, companies, towns …) is drawn once and recurs, first in full,
later by surname, acronym or short form. Words are *at home* in the training split or held
out for the validation or the test split (`home_of`), and templates marked ``~`` never occur
in training, so that a tagger has to read the context.

The same seed gives the same bytes, whatever the machine and its hash seed.
"""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

from demo_corpus.source import NAMED, PLAIN, THEMES, Template
from demo_corpus.story import Story
from ner.files import write_text
from ner.tags import tags_of
from ner.text import Sentence

SIZES = {"train": 1600, "valid": 300, "test": 300}
GENERAL = 0.26  # the share of sentences that could stand in any story


def repeats(sentence: Sentence) -> bool:
    """Tell if a name stands twice in a sentence, as when a side would play itself."""
    names = [sentence.tokens[s.start : s.end] for s in sentence.spans if s.label != "MISC"]
    return len(names) != len(set(names))


def usable(split: str, options: list[Template]) -> list[Template]:
    """The templates a split may use: training none of the unseen ones."""
    return [each for each in options if split != "train" or not each.unseen]


class Writer:
    """Writes the stories of all splits; no sentence occurs twice anywhere."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.seen: set[tuple[str, ...]] = set()

    def documents(self, split: str, size: int) -> Iterator[list[Sentence]]:
        """Yield stories until there are `size` sentences."""
        rng = random.Random(f"{self.seed} {split}")
        missing = size
        while missing:
            theme = rng.choice(sorted(THEMES))
            story = self._story(rng, split, theme)[:missing]
            missing -= len(story)
            yield story

    def _story(self, rng: random.Random, split: str, theme: str) -> list[Sentence]:
        """Write one document: often a headline and a dateline, a lead, and the body."""
        story = Story(rng, split)
        heads, leads, body = (usable(split, part) for part in THEMES[theme].values())
        length = rng.randint(5, 12)
        sentences: list[Sentence] = []
        if story.pool.chance(0.5):
            sentences += self._draw(story, heads, headline=True)
        if story.pool.chance(0.25):
            everything = " ".join(each.text for part in THEMES[theme].values() for each in part)
            place = "n.t" if "{n.t}" in everything else "t"
            sentences += self._draw(story, [Template(f"{{{place}}} , {{date}}")], headline=True)
        sentences += self._draw(story, leads)
        table = theme.startswith("results")
        if table:  # the lines that are results recur, the others do not
            body = [line for line in body for _ in range(4 if line.text[0] == "{" else 1)]
        named, plain_ones = usable(split, NAMED), usable(split, PLAIN)
        while len(sentences) < length:
            options = body
            if not table and story.pool.chance(GENERAL):
                about = "p" in story.introduced and story.pool.chance(0.35)
                options = named if about else plain_ones
            sentences += self._draw(story, options, spend=True)
        return sentences

    def _draw(
        self,
        story: Story,
        options: list[Template],
        headline: bool = False,
        spend: bool = False,
    ) -> list[Sentence]:
        """One new sentence from any of the templates; `spend` takes that one off the list."""
        for template in story.rng.sample(options, len(options)):
            introduced = set(story.introduced)
            sentence = story.sentence(template, headline)
            if sentence.tokens not in self.seen and not repeats(sentence):
                self.seen.add(sentence.tokens)
                if spend:
                    options.remove(template)
                return [sentence]
            story.introduced = introduced
        return []


def lines_of(documents: Iterator[list[Sentence]]) -> Iterator[str]:
    """Write documents as two columns in IOB2, each after a ``-DOCSTART-`` line."""
    for document in documents:
        yield "-DOCSTART- O\n\n"
        for sentence in document:
            tags = tags_of(sentence.spans, len(sentence), "iob2")
            rows = zip(sentence.tokens, tags, strict=True)
            yield "".join(f"{token} {tag}\n" for token, tag in rows) + "\n"


def write_corpus(out: Path, seed: int = 1) -> None:
    """Write ``train.conll``, ``valid.conll`` and ``test.conll`` into a folder."""
    writer = Writer(seed)
    for split, size in SIZES.items():
        with write_text(out / f"{split}.conll") as file:
            file.writelines(lines_of(writer.documents(split, size)))


def main() -> None:
    """Read the command line and write the corpus."""
    parser = argparse.ArgumentParser(description="Write the demo corpus from templates.")
    parser.add_argument("--out", type=Path, default=Path("data/demo"), help="folder to write to")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another corpus")
    arguments = parser.parse_args()
    write_corpus(arguments.out, arguments.seed)


if __name__ == "__main__":
    main()

"""Cast the stories: what a member of the cast is called, and where its words come from."""

import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from demo_corpus.source import COUNTRIES, CULTURES, LISTS, STEMS, Country

NEW_NAMES = 0.4  # how often valid and test prefer a word that training does not have
HELD_OUT = {"valid": range(72, 86), "test": range(86, 100)}  # percent of the words


def home_of(word: str) -> str:
    """The split a word for names belongs to: training (seven in ten), valid or test.

    It depends on the word alone, so a word held out as a town is held out as
    a surname too.
    """
    percent = zlib.crc32(word.encode()) % 100
    return next((split for split, range_ in HELD_OUT.items() if percent in range_), "train")


@dataclass(frozen=True)
class Name:
    """One form of a name: the entity, its type, and the article that stands before it."""

    text: str
    label: str = ""
    article: str = ""

    def bare(self) -> "Name":
        """The same without article, for headlines and for use before a noun."""
        return Name(self.text, self.label)


@dataclass
class Member:
    """Somebody or something in a story: how it is introduced, how it is called later."""

    first: list[Name]
    later: list[list[Name]]
    forms: dict[str, list[Name]] = field(default_factory=dict)


class Pool:
    """Where the names of one story come from: its split, its culture, its random numbers."""

    def __init__(self, rng: random.Random, split: str) -> None:
        self.rng = rng
        self.split = split
        home = self.chance(0.42)
        self.home = "english" if home else rng.choice(sorted(CULTURES))
        self.taken: set[str] = set()
        self.nation = self.country(self.home)

    def chance(self, share: float) -> bool:
        """True in this share of the cases."""
        return self.rng.random() < share

    def pick(self, options: Sequence[str]) -> str:
        """Choose a word that this split may use, preferably one the story has not used."""
        known = [word for word in options if home_of(word) == "train"]
        new = [word for word in options if home_of(word) == self.split != "train"]
        groups = [new, known] if self.chance(NEW_NAMES) else [known, new]
        fresh = [[word for word in group if word not in self.taken] for group in groups]
        choice = next(group for group in [*fresh, *groups] if group)
        word = self.rng.choice(choice)
        self.taken.add(word)
        return word

    def word(self, kind: str) -> str:
        """`pick` from one of the `LISTS`."""
        return self.pick(LISTS[kind])

    def common(self, kind: str) -> str:
        """Any word of one of the `LISTS`, for the parts that names of a kind share."""
        return self.rng.choice(LISTS[kind])

    def culture(self, abroad: bool = False) -> str:
        """The story's culture, mostly; any other for somebody from abroad."""
        if abroad or self.chance(0.04):
            return self.rng.choice(sorted(CULTURES))
        return self.home

    def country(self, culture: str | None = None) -> Country:
        """A country that this split may use: of the culture where it has one, or any."""
        rows = CULTURES[culture].countries if culture else []
        rows = [row for row in rows if home_of(row.name) in ("train", self.split)] or COUNTRIES
        name = self.pick([row.name for row in rows])
        return next(row for row in rows if row.name == name)

    def town(self) -> str:
        """An invented town of the story's culture, or a plain English one."""
        towns = [t for t in CULTURES[self.home].towns if home_of(t) in ("train", self.split)]
        return self.pick(towns or STEMS)

    def surname(self, culture: str) -> str:
        """A surname; English ones are often towns as well."""
        if culture == "english" and self.chance(0.55):
            return self.pick(STEMS)
        return self.pick(CULTURES[culture].surnames)


def name(text: str, label: str) -> Name:
    """Read a name that may begin with an article."""
    article, _, rest = text.partition(" ")
    return Name(rest, label, "the") if article == "the" else Name(text, label)


def plain(text: str) -> list[Name]:
    """Words that are no name."""
    return [Name(text)]


def one(text: str, label: str) -> Member:
    """A member with a single form."""
    named = [name(text, label)]
    return Member(named, [named], {})


def the(text: str, label: str) -> Member:
    """A member with a single form that takes the article."""
    return one(f"the {text}", label)


def listed(kind: str, label: str) -> Callable[[Pool], Member]:
    """A maker that takes the name from one of the `LISTS` as it stands."""
    return lambda pool: one(pool.word(kind), label)

"""Turn templates into the sentences of a story."""

import random
import re

from demo_corpus.fillers import filler
from demo_corpus.makers import MAKERS
from demo_corpus.members import Member, Name, Pool, plain
from demo_corpus.places import nation, person
from demo_corpus.source import CULTURE_OF, Template
from ner.text import Sentence, Span

CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{([^{}]+)\}")
MEMBER = re.compile(r"([a-z]+)(\d*\*?)(?:\.(\w+))?")
HOMES = {"d": "2", "e": "3"}  # {d} comes from {n2} and {e} from {n3}
SHORT = {"last", "bare", "city", "nick", "short"}  # forms that come after the full name


def choose(text: str, rng: random.Random) -> str:
    """Settle every ``[a|b]``, the innermost first."""
    while match := CHOICE.search(text):
        chosen = rng.choice(match[1].split("|"))
        text = text[: match.start()] + chosen + text[match.end() :]
    return " ".join(text.split())


def fill(text: str, rng: random.Random) -> str:
    """Put in the words that are no names; the slots that are left stand alone between spaces."""
    return SLOT.sub(lambda slot: filler(slot[1], rng) or slot[0], text)


class Story:
    """One document in the making: its theme, its cast and who has been introduced."""

    def __init__(self, rng: random.Random, split: str) -> None:
        self.rng = rng
        self.pool = Pool(rng, split)
        self.cast: dict[str, Member] = {}
        self.introduced: set[str] = set()

    def sentence(self, template: Template, headline: bool = False) -> Sentence:
        """Fill a template in; headlines drop articles and are mostly in capitals."""
        parts: list[Name] = []
        for token in fill(choose(template.text, self.rng), self.rng).split():
            slot = SLOT.fullmatch(token)
            parts.extend(self._names(slot[1], headline) if slot else plain(token))
        self.cast = {key: who for key, who in self.cast.items() if not key.endswith("*")}
        self.introduced = {key for key in self.introduced if key in self.cast}
        if headline:
            parts = [part.bare() for part in parts]
        return assemble(parts, capitals=headline and self.pool.chance(0.65))

    def _names(self, slot: str, headline: bool) -> list[Name]:
        """What a slot stands for at this point of the story."""
        match = MEMBER.fullmatch(slot)
        assert match, f"{slot} is not a slot"
        key, form = match[1] + match[2], match[3]
        member = self._member(match[1], match[2])
        if form == "x":
            return member.forms.get("x") or [each.bare() for each in member.first]
        known = key in self.introduced
        if form is not None and (known or headline or key.endswith("*") or form not in SHORT):
            return member.forms[form]
        if not headline:
            self.introduced.add(key)
        return self.rng.choice(member.later) if known else member.first

    def _member(self, kind: str, number: str) -> Member:
        """The member of this name, cast on first use."""
        key = kind + number
        if key not in self.cast:
            self.cast[key] = self._cast(kind, number)
        return self.cast[key]

    def _cast(self, kind: str, number: str) -> Member:
        """Draw a new member; {n} is the home country, {d} is from {n2}, {p*} from anywhere."""
        if kind == "n" and not number:
            return nation(self.pool, self.pool.nation)
        if kind in HOMES:
            return person(self.pool, CULTURE_OF[self._member("n", HOMES[kind]).first[0].text])
        abroad = number.endswith("*")
        return MAKERS["q" if kind == "p" and abroad else kind](self.pool)


def assemble(parts: list[Name], capitals: bool) -> Sentence:
    """Join words and names to a sentence with its spans, its articles and its capitals."""
    tokens: list[str] = []
    spans: list[Span] = []
    for part in parts:
        tokens.extend(part.article.split())
        start = len(tokens)
        tokens.extend(part.text.split())
        if part.label:
            spans.append(Span(start, len(tokens), part.label))
    for position, token in enumerate(tokens[:-1]):
        if token in ("a", "an", "A", "An") and not any(s.start <= position < s.end for s in spans):
            tokens[position] = token[0] + ("n" if sounds_open(tokens[position + 1]) else "")
    tokens = [token.upper() for token in tokens] if capitals else sentence_case(tokens)
    return Sentence(tuple(tokens), tuple(spans))


def sounds_open(word: str) -> bool:
    """Tell if a word takes ``an``: it begins with the sound of a vowel."""
    if re.match(r"(uni[^n]|us|ut|eu|one\b|once|ukr|ug|uru|u\.)", word.lower()):
        return False
    return (
        word[0].lower() in "aeiou"
        or word.startswith(("hour", "honest"))
        or re.match(r"(8|11\b|18\b)", word) is not None
    )


def sentence_case(tokens: list[str]) -> list[str]:
    """Begin with a capital, also after an opening quotation mark or bracket."""
    first = next((i for i, token in enumerate(tokens) if token[0].isalnum()), 0)
    word = tokens[first]
    return [*tokens[:first], word[0].upper() + word[1:], *tokens[first + 1 :]]

"""Makers of events, laws, products, titles and whatever else has a name."""

from collections.abc import Callable

from demo_corpus.members import Member, Name, Pool, name, one, the


def event(*kinds: str) -> Callable[[Pool], Member]:
    """A maker of cups, races and other events of these kinds; with none, of any kind."""

    def make(pool: Pool) -> Member:
        kind = pool.rng.choice(kinds) if kinds else pool.common("eventkind")
        words_before = [pool.word("eventword"), pool.town(), pool.country().adjective]
        options = [f"{first} {kind}" for first in words_before]
        if not kinds:
            scope = pool.rng.choice(["World", "European"])
            options.append(f"{scope} {pool.common('sportkind')} Championships")
        if "Classic" in kinds:
            options.append(f"Tour of {name(pool.country().name, 'LOC').text}")
        return the(pool.rng.choice(options), "MISC")

    return make


def law(pool: Pool) -> Member:
    """A law or treaty."""
    if pool.chance(0.25):
        kind = pool.rng.choice(["Treaty of {}", "{} Accord", "{} Convention"])
        return the(kind.format(pool.town()), "MISC")
    return the(f"{pool.word('lawword')} {pool.common('lawkind')}", "MISC")


def product(pool: Pool) -> Member:
    """A thing that is sold under a name."""
    version = pool.rng.choice(["300", "X2", "5", "70", "GT", "Mini", "Pro", "2000", "S4", "XL"])
    return one(f"{pool.word('product')} {version}", "MISC")


def title(pool: Pool) -> Member:
    """A film or book between quotation marks, which are not part of it."""
    text = f"{pool.word('noun1')} {pool.word('noun2')}"
    patterns = ["The {}", "{}", "A {}", "Return to the {}", "The {} of " + pool.town()]
    named = Name(pool.rng.choice(patterns).format(text), "MISC")
    return Member([Name('"'), named, Name('"')], [[Name('"'), named, Name('"')]], {})


def prize(pool: Pool) -> Member:
    """A prize, without its article."""
    own = f"{pool.surname(pool.culture(True))} {pool.rng.choice(['Prize', 'Medal', 'Award'])}"
    return one(own if pool.chance(0.5) else pool.word("prize"), "MISC")


def language(pool: Pool) -> Member:
    """A language: the adjective of some country that has one of its own."""
    return one(pool.word("language"), "MISC")


def probe(pool: Pool) -> Member:
    """A spacecraft."""
    return one(f"{pool.word('probe')} {pool.rng.randint(1, 12)}", "MISC")


def brand(pool: Pool) -> Member:
    """The brand of a drug."""
    start = pool.rng.choice(["Vel", "Zan", "Cor", "Oxi", "Lam", "Trem", "Pul", "Neuro", "Gas"])
    end = pool.rng.choice(["idon", "april", "axin", "umed", "ivir", "octane", "ophen"])
    return one(start + end, "MISC")

"""Makers of people, of countries and of other places."""

from collections.abc import Callable

from demo_corpus.members import Member, Name, Pool, home_of, name, one, plain
from demo_corpus.source import COUNTRIES, CULTURES, INVENTED, STEMS, Country


def person(pool: Pool, culture: str | None = None, surname: str | None = None) -> Member:
    """A man or woman: full name first, surname later; country and pronouns as other forms."""
    culture = culture or pool.culture()
    people = CULTURES[culture]
    woman = pool.chance(0.45)
    first = pool.pick(people.women if woman else people.men)
    last = surname or pool.surname(culture)
    middle = f" {pool.rng.choice('ABCDEFGHJKLMNPRSTW')}." if pool.chance(0.06) else ""
    full = f"{first}{middle} {last}"
    country = pool.country(culture)
    forms = {
        "full": [Name(full, "PER")],
        "last": [Name(last, "PER")],
        "name": [Name(last, "PER")],
        "init": [Name(f"{first[0]}. {last}", "PER")],
        "n": [name(country.name, "LOC").bare()],
        "adj": [Name(country.adjective, "MISC")],
        "he": plain("she" if woman else "he"),
        "his": plain("her" if woman else "his"),
        "him": plain("her" if woman else "him"),
    }
    return Member(forms["full"], [forms["last"]] * 4 + [forms["full"]], forms)


def foreigner(pool: Pool) -> Member:
    """A person from anywhere."""
    return person(pool, pool.culture(abroad=True))


def nation(pool: Pool, country: Country | None = None) -> Member:
    """A country with its adjective, its people and two of its cities."""
    country = country or pool.country()
    adjective = Name(country.adjective, "MISC")
    people = [Name(country.people, "MISC")] if country.people else None
    cities = [c for c in country.cities if home_of(c) in ("train", pool.split)]
    first = pool.pick(cities or [pool.town()])
    others = [c for c in cities if c != first]
    member = one(country.name, "LOC")
    member.forms = {
        "adj": [adjective],
        "people": people or [adjective, *plain("citizens")],
        "people2": people or [adjective, *plain("nationals")],
        "t": [Name(first, "LOC")],
        "t2": [Name(pool.pick(others or [pool.town()]), "LOC")],
    }
    return member


def land(pool: Pool) -> Member:
    """An invented country."""
    chosen = pool.pick([each.name for each in INVENTED])
    return nation(pool, next(each for each in INVENTED if each.name == chosen))


def city(pool: Pool) -> Member:
    """A real city, of any country."""
    return one(pool.pick([each for row in COUNTRIES for each in row.cities]), "LOC")


def town(pool: Pool) -> Member:
    """An invented town."""
    return one(pool.town(), "LOC")


WATERS = ["Lake {}", "the River {}", "the {} River", "the {} Valley", "Lake {}"]
COASTS = ["Cape {}", "the Gulf of {}", "the {} Islands", "the {} Peninsula", "the Strait of {}"]
HEIGHTS = ["Mount {}", "the {} Mountains", "Mount {}", "the {} Glacier"]


def landscape(*patterns: str) -> Callable[[Pool], Member]:
    """A maker of lakes, mountains, capes …"""

    def make(pool: Pool) -> Member:
        member = one(pool.rng.choice(patterns).format(pool.word("nature")), "LOC")
        member.forms["in"] = [*plain("villages around"), *member.first]
        return member

    return make


def region(pool: Pool) -> Member:
    """A province or county."""
    county = pool.home == "english" and pool.chance(0.6)
    return one(f"{pool.pick(STEMS)} County" if county else pool.word("province"), "LOC")


def venue(pool: Pool) -> Member:
    """A stadium, named after a street, a person or a town."""
    stem = pool.rng.choice([pool.word("street"), pool.surname(pool.home), pool.town()])
    return one(f"{stem} {pool.rng.choice(['Park', 'Road', 'Stadium', 'Arena'])}", "LOC")


def airport(pool: Pool) -> Member:
    """An airport, named after a town or a person."""
    stem = pool.town() if pool.chance(0.7) else pool.surname(pool.home)
    return one(f"{stem} {pool.rng.choice(['Airport', 'International Airport'])}", "LOC")


def street(pool: Pool) -> Member:
    """A street, named after what stands there or after a town."""
    stem = pool.word("street") if pool.chance(0.7) else pool.pick(STEMS)
    return one(f"{stem} {pool.rng.choice(['Street', 'Road', 'Lane', 'Square'])}", "LOC")

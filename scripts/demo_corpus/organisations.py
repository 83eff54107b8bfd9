"""Makers of organisations."""

from collections.abc import Callable

from demo_corpus.members import Member, Name, Pool, name, one, the
from demo_corpus.places import city, person


def company(*sectors: str) -> Callable[[Pool], Member]:
    """A maker of companies, often named after the founder; later without Inc or Ltd."""

    def make(pool: Pool) -> Member:
        sector = pool.rng.choice(sectors) if sectors else pool.common("sector")
        surname = pool.surname(pool.home)
        founded, style = pool.chance(0.5), pool.rng.random()
        if founded and style < 0.35:
            stem = core = f"{surname} & {pool.surname(pool.home)}"
        elif founded:
            stem, core = surname, f"{surname} {sector}"
        else:
            stem = company_stem(pool, style)
            core = stem if style < 0.3 else f"{stem} {sector}"
        full = f"{core} {pool.common('suffix')}" if pool.chance(0.55) or core == stem else core
        bare, later = [Name(stem, "ORG")], [Name(core, "ORG")]
        founder = person(pool, pool.home, surname if founded else None).first
        forms = {"bare": bare, "founder": founder, "x": later}
        return Member([Name(full, "ORG")], [later, later, bare], forms)

    return make


def company_stem(pool: Pool, style: float) -> str:
    """The first word of a company without a founder: coined, a town or letters."""
    if style < 0.55:
        return pool.word("coined")
    if style < 0.8:
        return pool.town()
    return "".join(pool.rng.sample("ABCDEGHKLMNPRSTVZ", 3))


def bank(pool: Pool) -> Member:
    """A commercial bank or broker."""
    stem = pool.rng.choice([pool.town(), pool.word("coined"), pool.surname(pool.home)])
    kind = pool.rng.choice(["Bank", "Savings Bank", "Securities", "Capital", "Brothers"])
    return one(f"{stem} {kind}", "ORG")


def central_bank(pool: Pool) -> Member:
    """The central bank: of a place, or by its own kind of name."""
    kinds = ["the Bank of {}", "the National Bank of {}", "the Reserve Bank of {}"]
    pattern = pool.rng.choice(kinds)
    return one(pattern.format(name(pool.nation.name, "LOC").text), "ORG")


def agency(text: str, pool: Pool) -> Member:
    """A public body: full name, often with its letters in brackets, which then serve alone."""
    letters = "".join(word[0] for word in text.split() if word[0].isupper())
    full, short = Name(text, "ORG", "the"), Name(letters, "ORG", "the")
    if len(letters) < 3 or pool.chance(0.4):
        return Member([full], [[full]], {"x": [full.bare()]})
    first = [full, Name("("), short.bare(), Name(")")]
    return Member(first, [[short]], {"x": [full.bare()]})


def body(kind: str, *offices: str) -> Callable[[Pool], Member]:
    """A maker of agencies: scope, field of work and office."""

    def make(pool: Pool) -> Member:
        office = pool.rng.choice(offices)
        return agency(f"{pool.common('scope')} {pool.word(kind)} {office}", pool)

    return make


def space_agency(pool: Pool) -> Member:
    """An agency for space flight, some of them with a country in their name."""
    scope = pool.country().adjective if pool.chance(0.4) else pool.common("scope")
    kind = pool.rng.choice(["Space Agency", "Space Research Organisation", "Aerospace Centre"])
    return agency(f"{scope} {kind}", pool)


def ministry_of(*portfolios: str) -> Callable[[Pool], Member]:
    """A maker of ministries, in either order of words."""

    def make(pool: Pool) -> Member:
        word = pool.rng.choice(portfolios) if portfolios else pool.common("portfolio")
        if pool.chance(0.5) and " " not in word:
            return the(f"{word} Ministry", "ORG")
        return the(f"Ministry of {'the ' if word == 'Interior' else ''}{word}", "ORG")

    return make


def party(pool: Pool) -> Member:
    """A political party, of two or three words."""
    text = f"{pool.word('partyword')} {pool.common('partykind')}"
    return agency(f"{pool.word('partyword')} {text}" if pool.chance(0.3) else text, pool)


def union(*trades: str) -> Callable[[Pool], Member]:
    """A maker of trade unions."""
    patterns = ["National Union of {}", "{} ' Federation", "United {} ' Union", "{} ' Union"]

    def make(pool: Pool) -> Member:
        trade = pool.rng.choice(trades) if trades else pool.word("trade")
        return the(pool.rng.choice(patterns).format(trade), "ORG")

    return make


def front(pool: Pool) -> Member:
    """A rebel movement."""
    kind = pool.rng.choice(["Liberation Front", "Liberation Army", "Resistance Movement"])
    return the(f"{pool.word('province')} {kind}", "ORG")


def club(pool: Pool) -> Member:
    """A sports club: full name, its city alone, or its nickname alone."""
    place = pool.town()
    if pool.chance(0.3):
        place = city(pool).first[0].text
    foreign = pool.home != "english" and pool.chance(0.7)
    nick = pool.word("prefix" if foreign else "nick")
    full = [Name(f"{nick} {place}" if foreign else f"{place} {nick}", "ORG")]
    by_city = [Name(place, "ORG")]
    by_nick = [Name(nick, "ORG")] if nick not in ("FC", "AC", "Real") else full
    short = pool.rng.choice([by_city, by_nick, full])
    forms = {"city": by_city, "nick": by_nick, "t": [Name(place, "LOC")], "short": short}
    return Member(full, [full, by_city, by_nick], forms)


def university(pool: Pool) -> Member:
    """A university, mostly named after a place."""
    patterns = ["the University of {}", "{} University", "the {} Institute of Technology"]
    return one(pool.rng.choice(patterns).format(pool.town()), "ORG")


def hospital(pool: Pool) -> Member:
    """A hospital, named after a saint, a town or a person."""
    options = [f"St {pool.word('saint')} Hospital", f"{pool.town()} General Hospital"]
    options += [f"{pool.surname(pool.home)} Memorial Hospital", f"{pool.town()} Infirmary"]
    return one(pool.rng.choice(options), "ORG")


def museum(pool: Pool) -> Member:
    """A museum or gallery."""
    kinds = ["the {} Museum", "the {} Gallery", "the {} Museum of Modern Art", "the {} Collection"]
    stem = pool.rng.choice([pool.town(), pool.surname(pool.home)])
    return one(pool.rng.choice(kinds).format(stem), "ORG")


def orchestra(pool: Pool) -> Member:
    """An orchestra or choir."""
    kinds = ["Philharmonic", "Symphony Orchestra", "Chamber Choir", "String Quartet"]
    return the(f"{pool.town()} {pool.rng.choice(kinds)}", "ORG")


def newspaper(pool: Pool) -> Member:
    """A newspaper."""
    stem = pool.rng.choice(["Daily", "Evening", "Sunday", pool.town(), pool.town()])
    return the(f"{stem} {pool.common('masthead')}", "ORG")


def journal(pool: Pool) -> Member:
    """A scientific journal, an organisation as CoNLL-2003 sees it."""
    subjects = ["Climate", "Geological", "Botanical", "Polar", "Zoological", "Marine"]
    pattern = pool.rng.choice(["the Journal of {} Science", "the {} Review", "{} Letters"])
    return one(pattern.format(pool.rng.choice(subjects)), "ORG")

"""Read the texts and names of ``data/demo/source``; data/README.md tells their formats."""

import re
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "data" / "demo" / "source"


@dataclass(frozen=True)
class Country:
    """A country with what belongs to it; `people` is empty where the plural is awkward."""

    name: str
    adjective: str
    people: str
    cities: tuple[str, ...]


@dataclass(frozen=True)
class Culture:
    """Where people, towns and countries go together."""

    men: list[str]
    women: list[str]
    surnames: list[str]
    towns: list[str]
    countries: list[Country]


@dataclass(frozen=True)
class Template:
    """A sentence with slots; `unseen` ones are kept from training."""

    text: str
    unseen: bool = False


def read(name: str) -> str:
    """The text of a file."""
    return (SOURCE / name).read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """Parts of a text by the ``title:`` lines above them."""
    parts = re.split(r"^(\w+):\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def words(text: str) -> list[str]:
    """Names between commas; a line may end wherever a name does."""
    return re.split(r",\s+", text.strip())


def countries(text: str) -> list[Country]:
    """Countries, one a line: name, adjective, people (``-`` for none), cities."""
    rows = [words(line) for line in text.strip().splitlines()]
    return [Country(n, a, "" if p == "-" else p, tuple(cities)) for n, a, p, *cities in rows]


def culture(text: str) -> Culture:
    """A culture; one without towns of its own has those that are named like people."""
    parts = sections(text)
    names = {kind: words(parts[kind]) for kind in ("men", "women", "surnames")}
    towns = words(parts["towns"]) if "towns" in parts else STEMS
    return Culture(**names, towns=towns, countries=countries(parts["countries"]))


def templates_of(text: str) -> list[Template]:
    """Templates, one a line; an indented line goes on with the one before."""
    lines = re.sub(r"\n +", " ", text.strip()).splitlines()
    return [Template(line.lstrip("~ "), line.startswith("~")) for line in lines]


def theme(text: str) -> dict[str, list[Template]]:
    """The ``heads``, ``leads`` and ``body`` of a theme."""
    return {kind: templates_of(lines) for kind, lines in sections(text).items()}


LISTS = {kind: words(text) for kind, text in sections(read("words.txt")).items()}
STEMS = LISTS["stem"]  # each is a town here, a surname there, the founder of a company elsewhere

CULTURES = {
    path.stem: culture(path.read_text(encoding="utf-8"))
    for path in sorted((SOURCE / "cultures").iterdir())
}
COUNTRIES = [country for each in CULTURES.values() for country in each.countries]
CULTURE_OF = {
    country.name.removeprefix("the "): key
    for key, each in CULTURES.items()
    for country in each.countries
}
INVENTED = countries(read("invented_countries.txt"))  # those at war

THEMES = {
    path.stem: theme(path.read_text(encoding="utf-8"))
    for path in sorted((SOURCE / "themes").iterdir())
}
NAMED = templates_of(read("general_named.txt"))
PLAIN = templates_of(read("general_plain.txt"))


def templates() -> list[Template]:
    """All templates there are."""
    themed = [t for each in THEMES.values() for part in each.values() for t in part]
    return [*themed, *NAMED, *PLAIN]

"""Fillers: words and numbers that are no names."""

import random
from collections.abc import Callable

from demo_corpus.source import LISTS

COINS = ["euros", "pounds", "dollars"]


def money(rng: random.Random) -> str:
    """An amount as a company pays it."""
    amount = f"{rng.randint(1, 90)}.{rng.randint(1, 9)}"
    unit = rng.choice(["million", "million", "billion"])
    return rng.choice([f"$ {amount} {unit}", f"{amount} {unit} euros", f"{amount} {unit} pounds"])


def record(rng: random.Random) -> str:
    """A line of a league table: played, won, drawn, lost, goals for and against, points."""
    won, drawn, lost = (rng.randint(1, 12) for _ in range(3))
    goals = f"{won * 2 + rng.randint(2, 9)} {lost * 2 + rng.randint(2, 9)}"
    return f"{won + drawn + lost} {won} {drawn} {lost} {goals} {won * 3 + drawn}"


def match_score(rng: random.Random) -> str:
    """A score in which the first side wins."""
    loser = rng.randint(0, 3)
    return f"{loser + rng.randint(1, 3)}-{loser}"


FILLERS: dict[str, Callable[[random.Random], str]] = {
    "day": lambda rng: rng.choice(LISTS["day"]),
    "month": lambda rng: rng.choice(LISTS["month"]),
    "date": lambda rng: f"{rng.choice(LISTS['month'])} {rng.randint(1, 28)}",
    "year": lambda rng: str(rng.randint(1948, 2019)),
    "age": lambda rng: str(rng.randint(31, 68)),
    "recent": lambda rng: str(rng.randint(1979, 2019)),
    "sportage": lambda rng: str(rng.randint(18, 36)),
    "few": lambda rng: rng.choice(["two", "three", "four", "five", "six"]),
    "small": lambda rng: rng.choice(LISTS["small"]),
    "nth": lambda rng: rng.choice(["third", "fourth", "fifth", "sixth", "seventh", "tenth"]),
    "pct": lambda rng: f"{rng.randint(1, 48)}.{rng.randint(1, 9)} percent",
    "money": money,
    "money.small": lambda rng: f"$ {rng.randint(3, 95)}",
    "share": lambda rng: f"{rng.randint(21, 69)}.{rng.randint(0, 9)} percent",
    "rate": lambda rng: f"{rng.randint(1, 12)}.{rng.randint(0, 9)} percent",
    "fee": lambda rng: f"{rng.randint(1, 9)}.{rng.randint(1, 9)} million {rng.choice(COINS)}",
    "score": match_score,
    "draw": lambda rng: rng.choice(["0-0", "1-1", "2-2", "3-3"]),
    "halftime": lambda rng: f"{rng.randint(0, 2)}-{rng.randint(0, 2)}",
    "record": record,
    "set": lambda rng: rng.choice(["6-4", "6-3", "7-5", "6-2", "7-6", "6-1", "6-0"]),
    "sport.upper": lambda rng: rng.choice(["ATHLETICS", "CYCLING", "ROWING", "SKIING", "JUDO"]),
}


def filler(slot: str, rng: random.Random) -> str | None:
    """The words for a slot that is no name; None if it is one."""
    if slot.startswith("int:"):
        low, high = slot[4:].split("-")
        return str(rng.randint(int(low), int(high)))
    return FILLERS[slot](rng) if slot in FILLERS else None

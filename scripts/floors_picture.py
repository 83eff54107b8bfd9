"""Draw the floors of the house: which rooms there are, and which may import which."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, GAP, LEFT, TOP, LINE = 128, 40, 10, 150, 16, 72
COLOURS = {"core": ("#e6f2f0", "#00796b"), "extensions": ("#fdf1e0", "#b26a00")}


def draw(floors: Sequence[tuple[str, Mapping[str, str]]], rooms: Mapping[str, str]) -> str:
    """Draw floors from the ground up, each with a caption and rooms; `rooms` are of extensions.

    Rooms have a line about them, which a browser shows where the mouse rests.
    """
    most = max(len(rooms), *(len(inside) for _, inside in floors))
    width = LEFT + most * (WIDTH + GAP) + TOP
    height = TOP + len(floors) * LINE + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="system-ui, sans-serif" font-size="14">',
        "<title>The floors of ner</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#fff"/>',
    ]
    for number, (caption, inside) in enumerate(floors):
        y = TOP + (len(floors) - 1 - number) * LINE
        kind = "extensions" if "extensions" in inside else "core"
        parts += _floor(number, caption, rooms if kind == "extensions" else inside, y, width, kind)
    parts.append(
        f'<text x="{LEFT}" y="{height - 16}" fill="#555">A room imports from the floors below it, '
        "and never from beside or above.</text></svg>\n"
    )
    return "\n".join(parts)


def _floor(
    number: int, caption: str, inside: Mapping[str, str], y: int, width: int, kind: str
) -> list[str]:
    """One floor: a band with its number, its caption and its rooms."""
    fill, stroke = COLOURS[kind]
    parts = [
        f'<rect x="8" y="{y}" width="{width - 16}" height="{LINE - 8}" rx="6" fill="#f6f6f6"/>',
        f'<text x="20" y="{y + 38}" font-size="20" font-weight="600" fill="#333">{number}</text>',
        f'<text x="44" y="{y + 37}" font-size="13" fill="#555">{escape(caption)}</text>',
    ]
    for place, (name, about) in enumerate(inside.items()):
        x = LEFT + place * (WIDTH + GAP)
        parts += [
            f'<g><title>{escape(about)}</title><rect x="{x}" y="{y + 12}" width="{WIDTH}" '
            f'height="{HEIGHT}" rx="5" fill="{fill}" stroke="{stroke}"/>',
            f'<text x="{x + WIDTH // 2}" y="{y + 37}" text-anchor="middle" '
            f'fill="#222">{escape(name)}</text></g>',
        ]
    return parts

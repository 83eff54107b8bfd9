"""The design that files and served pages share."""

import itertools
import re

from ner.render import page_head, renderer, stylesheet
from ner.render.design import DARK, LIGHT, hues, legend, type_classes

LABELS = ["PER", "LOC", "<b>"]


def test_a_served_page_has_the_rules_of_a_file() -> None:
    page = renderer("html", LABELS).begin()
    rules = [line for line in stylesheet(len(LABELS)).splitlines() if line not in ("", "}")]
    assert len(rules) > 20
    for rule in rules:
        assert rule in page


def test_each_type_has_a_hue_and_a_place_in_the_legend() -> None:
    classes = type_classes(LABELS)
    assert [*classes.values()] == ["t0", "t1", "t2"]
    assert len({*hues(24).splitlines()}) == 24
    assert legend(classes).splitlines()[2] == '<li><mark class="t2">&lt;b&gt;</mark></li>'


def test_no_two_types_look_alike() -> None:
    """Neither in hue, on the circle of 360 degrees, nor in their edge."""
    rules = [re.fullmatch(r"\.t\d+ { --hue: (\d+);(.*) }", rule) for rule in hues(24).splitlines()]
    looks = [(int(rule[1]), rule[2]) for rule in rules if rule]
    assert len(looks) == 24
    for (hue, edge), (other, its) in itertools.combinations(looks, 2):
        apart = abs((hue - other + 180) % 360 - 180)
        assert edge != its or apart >= 32
    assert all(not edge for _, edge in looks[:8])


def test_a_head_has_both_schemes_and_an_escaped_title() -> None:
    head = page_head("<x>", "p {}", light=LIGHT, dark=DARK, width="1rem", font="1rem serif")
    assert "<title>&lt;x&gt;</title>" in head
    assert head.index(LIGHT) < head.index("prefers-color-scheme: dark") < head.index(DARK)
    assert head.endswith("p {}\n</style>\n</head>\n<body>\n")


def test_a_head_may_have_a_policy() -> None:
    how = {"light": LIGHT, "dark": DARK, "width": "1rem", "font": "1rem serif"}
    meta = '<meta http-equiv="Content-Security-Policy" content="default-src &#x27;none&#x27;">'
    assert meta in page_head("x", "", **how, policy="default-src 'none'")
    assert "Content-Security-Policy" not in page_head("x", "", **how)

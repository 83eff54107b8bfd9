"""The design that files and served pages share."""

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

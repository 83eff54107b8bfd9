"""The model card: what people read of a model."""

import json
import re
from dataclasses import replace
from pathlib import Path

from ner.bundle.format import load_bundle


def test_the_card_says_what_the_model_is(tiny_run: Path) -> None:
    bundle = load_bundle(tiny_run)
    text = (tiny_run / "model" / "README.md").read_text(encoding="utf-8")
    assert text == bundle.card()
    assert text.startswith("# A named-entity tagger trained on tiny\n")
    assert "Entity types: LOC, PER." in text
    scores = json.loads((tiny_run / "result.json").read_text())["scores"]
    assert set(scores) == {"valid", "test"}
    for split, row in scores.items():
        figures = " | ".join(f"{100 * row[name]:.2f}" for name in ("precision", "recall", "f1"))
        assert f"| {split} | {figures} |" in text
    for split, digest in bundle.about["checksums"].items():
        assert f"- {split}: {digest}" in text


def test_the_card_is_sound_markdown(tiny_run: Path) -> None:
    lines = load_bundle(tiny_run).card().splitlines()
    assert sum(line.startswith("```") for line in lines) == 2
    headings = [line for line in lines if line.startswith("#")]
    assert [line.split()[0] for line in headings] == ["#", "##", "##", "##", "##"]
    for start, columns in (("| split |", 4), ("| setting |", 2)):
        first = next(i for i, line in enumerate(lines) if line.startswith(start))
        assert lines[first - 1] == ""
        assert lines[first + 1] == "|" + "---|" * columns
        table = [line for line in lines[first:] if line]
        rows = table[: next((i for i, x in enumerate(table) if not x.startswith("|")), len(table))]
        assert all(row.count("|") == columns + 1 for row in rows)


def test_the_card_lists_every_setting_with_its_value(tiny_run: Path) -> None:
    bundle = load_bundle(tiny_run)
    rows = re.findall(r"^\| (\w+\.\w+) \| (.*) \|$", bundle.card(), re.MULTILINE)
    values = {
        f"{section}.{name}": list(value) if isinstance(value, tuple) else value
        for section, part in bundle.config.to_dict().items()
        if section != "resources"
        for name, value in part.items()
    }
    assert {key: json.loads(value) for key, value in rows} == values
    assert values["data.tokenizer"] != "auto", "what auto came to is what a reader needs"


def test_what_is_written_into_the_card_stands_there_as_it_is(tiny_run: Path) -> None:
    bundle = load_bundle(tiny_run)
    about = {"corpus": "a $seed ${x} $$", "notes": ["${y}"], "resources": {"clusters": ["p.txt"]}}
    text = replace(bundle, about=about).card()
    assert text.startswith("# A named-entity tagger trained on a $seed ${x} $$\n")
    assert "\n## Data\n\n- ${y}\n- clusters: p.txt\n\n## Use\n" in text
    assert "Made with an earlier ner; seed" in text

"""The model card: what a model is, how good, made from what and how; in Markdown."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ner.config import Config


def tagger_card(labels: Sequence[str], config: Config, about: Mapping[str, Any]) -> str:
    """The model card: what the model is, how good, made from what and how; in Markdown."""
    scores = [
        f"| {split} | {100 * s['precision']:.2f} | {100 * s['recall']:.2f} | {100 * s['f1']:.2f} |"
        for split, s in about.get("scores", {}).items()
    ]
    return compose_card(
        f"A named-entity tagger trained on {about.get('corpus', 'a corpus')}",
        f"Entity types: {', '.join(labels)}.",
        config,
        about,
        [
            "Entity precision, recall and F1 in percent (as conlleval counts them).",
            "The model was chosen on valid; test was looked at once, after that.",
            "",
            "| split | precision | recall | F1 |",
            "|---|---|---|---|",
            *scores,
        ],
        [
            "```python",
            "import ner",
            'tagger = ner.Tagger.load("path/to/this/folder")',
            "for entity in tagger.tag(text):",
            "    print(entity.text, entity.label, entity.start, entity.end, entity.score)",
            "```",
        ],
    )


def compose_card(
    title: str,
    labels: str,
    config: Config,
    about: Mapping[str, Any],
    scores: Iterable[str],
    use: Iterable[str],
) -> str:
    """The card of a model of any kind, in Markdown."""
    notes = [f"- {note}" for note in about.get("notes", ())]
    made_with = ", ".join(f"{name} {v}" for name, v in about.get("versions", {}).items())
    settings = [
        f"| {section}.{name} | {json.dumps(value)} |"
        for section, part in config.to_dict().items()
        if section != "resources"
        for name, value in part.items()
    ]
    lines = [
        f"# {title}",
        "",
        labels,
        f"Made with {made_with or 'an earlier ner'}; seed {config.train.seed}.",
        "",
        "## Scores",
        "",
        *scores,
        "",
        "## Data",
        "",
        *notes,
        *(f"- {kind}: {', '.join(names)}" for kind, names in about.get("resources", {}).items()),
        *(f"- {split}: {digest}" for split, digest in about.get("checksums", {}).items()),
        "",
        "## Use",
        "",
        *use,
        "",
        "## Settings",
        "",
        "| setting | value |",
        "|---|---|",
        *settings,
        "",
    ]
    return "\n".join(lines)

"""The model card, in Markdown: scores, data and settings of a model.

Each kind of model has a template, ``card.md`` in its package.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ner.errors import escaped


class Card(NamedTuple):
    """The card of a kind of model: the package of its template, and the columns of its scores."""

    package: str
    figures: Sequence[str]
    corpus: str  # stands for one without name

    def fill(
        self, settings: Mapping[str, Any], about: Mapping[str, Any], labels: Iterable[str]
    ) -> str:
        """Fill in the template; `settings` go by dotted key."""
        from importlib import resources  # cards are only written: tagging needs none of this
        from string import Template

        template = resources.files(self.package).joinpath("card.md").read_text(encoding="utf-8")
        versions = ", ".join(f"{name} {v}" for name, v in about.get("versions", {}).items())
        return Template(template).substitute(
            corpus=_plain(about.get("corpus", self.corpus)),
            labels=", ".join(map(_plain, labels)),
            versions=versions or "an earlier ner",
            seed=settings["train.seed"],
            description="".join(_described(about)),
            scores="".join(
                " | ".join(
                    [f"| {_plain(split)}", *(f"{100 * row[name]:.2f}" for name in self.figures)]
                )
                + " |\n"
                for split, row in _scores(about)
            ),
            precision=_precision(about, settings),
            data="".join(_data(about)),
            settings="\n".join(
                f"| {key} | {json.dumps(value)} |"
                for key, value in settings.items()
                if not key.startswith("resources.")  # paths
            ),
        )


def _scores(about: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, float]]]:
    """The scores of each split, and of each corpus or tag layer in it where there are several."""
    for split, report in about.get("scores", {}).items():
        yield split, report
        for name, row in (report.get("per_corpus", {}) | report.get("per_layer", {})).items():
            yield f"{split} of {name}", row


def _described(about: Mapping[str, Any]) -> Iterator[str]:
    """The lines that its makers say of it, with a heading."""
    lines = about.get("description", ())
    if lines:
        yield "\n## About\n\n"
    yield from (f"- {_plain(line)}\n" for line in lines)


def _plain(text: object) -> str:
    """A text in Markdown that is shown as it is: no link, no tag, no cell or line of its own."""
    import html

    return re.sub(r"[\[\]|`]", r"\\\g<0>", html.escape(escaped(str(text)), quote=False))


def precision_in_words(measured: Mapping[str, Any]) -> str:
    """The result of tagging valid in both precisions, and the one chosen by it."""
    return (
        f"tagging is in {measured['chosen']}: in int8, valid F1 is "
        f"{100 * measured['f1']['int8']:.2f} instead of {100 * measured['f1']['float32']:.2f}, "
        f"and {measured['different']} spans differ of {measured['spans']}"
    )


def is_precision(measured: Any) -> bool:
    """Tell whether a value is what training measures, or None."""
    match measured:
        case None | {
            "chosen": "float32" | "int8",
            "f1": {"float32": float(), "int8": float()},
            "spans": int(),
            "different": int(),
        }:
            return True
    return False


def int8_chosen(about: Mapping[str, Any]) -> bool:
    """Tell if the training has chosen 8 bits for tagging."""
    return bool(about.get("precision", {}).get("chosen") == "int8")


def _precision(about: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    measured = about.get("precision")
    if measured is None:
        known = settings["predict.precision"] == "int8"
        return f"Tagging is in {'int8' if known else 'float32'}."
    line = precision_in_words(measured)
    return f"{line[0].upper()}{line[1:]}."


def _data(about: Mapping[str, Any]) -> list[str]:
    """Lines on the data: notes, the files beside it, its checksums."""
    resources = {kind: ", ".join(names) for kind, names in about.get("resources", {}).items()}
    facts = {**resources, **about.get("checksums", {})}
    return [
        *(f"- {_plain(note)}\n" for note in about.get("notes", ())),
        *(f"- {_plain(name)}: {_plain(fact)}\n" for name, fact in facts.items()),
    ]

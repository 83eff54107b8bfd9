"""A page of a model's mistakes: gold beside predicted, to be filtered by kind and type.

It is one file that needs no other and loads nothing: its policy lets only its own script run.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ner.markup import escaped
from ner.render.design import DARK, LEGEND, LIGHT, MARKS, PAGES, hues, page_head
from ner.text import Sentence, Span, layered_label
from ner.tokenize import joined

_STYLE = f"""\
h1 {{ font-size: 1.375rem; line-height: 1.3; margin: 0 0 0.5rem; }}
{LEGEND}
p {{ margin: 0.25rem 0; }}
article {{
  border-top: 1px solid var(--rule); padding: 0.5rem 0;
  content-visibility: auto; contain-intrinsic-size: auto 7rem;
}}
article p {{ line-height: 2; }}
article b {{ display: inline-block; min-width: 6.5rem; font-weight: 600; }}
.hint {{ font-size: 0.875rem; opacity: 0.8; }}
.wrong {{ outline: 2px solid; }}
select, button {{
  font: inherit; color: inherit; background: var(--page);
  border: 1px solid var(--rule); border-radius: 0.3em; padding: 0.3em 0.5em;
}}
:focus-visible {{ outline: 2px solid #0072b2; outline-offset: 2px; }}
{MARKS}"""
_BODY = """\
<h1>{title}</h1>
<p>
<label for="kind">Kind of mistake</label> <select id="kind"></select>
<label for="type">Type</label> <select id="type"></select>
</p>
<p id="told" class="hint" role="status"></p>
<ul id="legend" aria-label="Types"></ul>
<main id="found" lang=""></main>
<p><button type="button" id="more" hidden>Show more</button></p>
<noscript><p>This page needs its script to show the mistakes.</p></noscript>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; "
    "form-action 'none'\">\n"
)


class Mistake(NamedTuple):
    """A mistake: its kind, the gold entity and the predicted one, or one of them alone."""

    kind: str
    gold: Span | None
    predicted: Span | None


class ComparedSentence(NamedTuple):
    """A gold sentence, what is predicted in it with which probabilities, and the mistakes."""

    gold: Sentence
    predicted: Sequence[Span]
    scores: Sequence[float]
    mistakes: Sequence[Mistake]


def mistakes_page(title: str, sentences: Iterable[ComparedSentence]) -> str:
    """The page of the sentences that have mistakes; `title` is text."""
    rows = [_row(sentence) for sentence in sentences if sentence.mistakes]
    spans = [span for row in rows for span in (*row["gold"], *row["predicted"])]
    types = sorted({(span.get("layer", ""), span["label"]) for span in spans})
    data = {"types": [{"layer": layer, "label": label} for layer, label in types], "rows": rows}
    script = "".join((PAGES / name).read_text("utf-8") for name in ("marks.js", "report.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    head = page_head(
        title, _STYLE + hues(len(types)), light=LIGHT, dark=DARK, width="60rem",
        font="1rem/1.6 system-ui, sans-serif",
    )  # fmt: skip
    body = _BODY.format(title=escaped(title), data=_embedded(data), script=script)
    return head.replace("<title>", f"{_POLICY.format(digest=digest)}<title>", 1) + body


def _embedded(value: Any) -> str:
    """JSON within a script, where only an end tag or a comment could be misread."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _row(sentence: ComparedSentence) -> dict[str, Any]:
    gold = sentence.gold
    scores: Sequence[float | None] = sentence.scores or [None] * len(sentence.predicted)
    return {
        "place": gold.place,
        "tokens": list(gold.tokens),
        "joined": joined(gold),
        "gold": [span.to_dict() for span in gold.spans],
        "predicted": [
            span.to_dict() | {"score": score}
            for span, score in zip(sentence.predicted, scores, strict=True)
        ],
        "mistakes": [
            {
                "kind": kind,
                "gold": gold_one and gold_one.to_dict(),
                "predicted": predicted and predicted.to_dict(),
                "types": sorted({layered_label(s) for s in (gold_one, predicted) if s}),
            }
            for kind, gold_one, predicted in sentence.mistakes
        ],
    }

"""Pages with a script that lists rows, some at a time, and filters them.

Such a page is one file that needs no other and loads nothing: its policy lets only its own script
run, and what a corpus holds is data to that, never code.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from ner.markup import escaped
from ner.render.design import DARK, LEGEND, LIGHT, MARKS, PAGES, hues, page_head

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
label {{ display: inline-block; margin-inline-end: 0.75rem; max-width: 100%; }}
select, button {{
  font: inherit; color: inherit; background: var(--page); max-width: 100%;
  border: 1px solid var(--rule); border-radius: 0.3em; padding: 0.3em 0.5em;
}}
:focus-visible {{ outline: 2px solid #0072b2; outline-offset: 2px; }}
{MARKS}"""
_BODY = """\
<h1>{title}</h1>
{above}<p>
{selects}
</p>
<p id="told" class="hint" role="status"></p>
<ul id="legend" aria-label="Types"></ul>
<main id="found" lang=""></main>
<p><button type="button" id="more" hidden>Show more</button></p>
<noscript><p>This page needs its script to show the list.</p></noscript>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
    "base-uri 'none'; form-action 'none'"
)


def scripted_page(
    title: str,
    data: dict[str, Any],
    script: Path,
    selects: dict[str, str],
    *,
    above: str = "",
    style: str = "",
) -> str:
    """A page of rows that a script draws out of `data`, which has their ``types`` as well.

    `script` is a file that goes on behind ``marks.js`` and ``list.js``. `selects` are the names of
    the filters by their identifiers, `above` is HTML in front of these, `style` is CSS.
    """
    files = (PAGES / "marks.js", PAGES / "list.js", script)
    code = "".join(file.read_text("utf-8") for file in files)
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    head = page_head(
        title,
        _STYLE + style + hues(len(data["types"])),
        light=LIGHT,
        dark=DARK,
        width="60rem",
        font="1rem/1.6 system-ui, sans-serif",
        policy=_POLICY.format(digest=digest),
    )
    return head + _BODY.format(
        title=escaped(title),
        above=above,
        selects="\n".join(map(_select, selects, selects.values())),
        data=_embedded(data),
        script=code,
    )


def _select(name: str, label: str) -> str:
    return f'<label>{escaped(label)} <select id="{name}"></select></label>'


def _embedded(value: Any) -> str:
    """JSON within a script, where only an end tag or a comment could be misread."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")

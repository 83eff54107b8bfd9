"""Pages with a script: what they are given stands in them as data, and only their script runs."""

import base64
import hashlib
import html
from pathlib import Path

import pytest

from ner.render import scripted_page
from tests.render.data import data_of

DATA = {"types": [{"layer": "", "label": "LOC"}], "rows": []}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "own.js"
    file.write_text("list({});\n")
    return file


def test_its_parts_are_there(script: Path) -> None:
    page = scripted_page(
        "A & B", DATA, script, {"kind": "Kind <1>"}, above="<p>above</p>", style="x { y: z }"
    )
    assert "<title>A &amp; B</title>" in page
    assert page.index("<p>above</p>") < page.index('<label>Kind &lt;1&gt; <select id="kind">')
    assert page.index("x { y: z }") < page.index(".t0 {")
    assert ".t1 {" not in page
    assert data_of(page) == DATA


def test_scripts_follow_one_another_and_only_they_may_run(script: Path) -> None:
    page = scripted_page("x", DATA, script, {})
    code = page.rsplit("<script>", 1)[1].split("</script>")[0]
    assert code.index("function drawSentence") < code.index("function list(")
    assert code.endswith("list({});\n")
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html.unescape(page)


@pytest.mark.parametrize("evil", ["</script>", "<!--", "{title}", "\u2028", '"', "&amp;"])
def test_data_are_never_code(script: Path, evil: str) -> None:
    data = {"types": [], "rows": [{"text": evil}]}
    page = scripted_page(evil, data, script, {})
    assert data_of(page) == data
    assert page.count("</script>") == 2

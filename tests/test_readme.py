"""The README: it is short, its links lead somewhere, and what it shows works."""

import functools
import re
import shlex
from pathlib import Path

import pytest

import ner
from ner.cli import main
from ner.config import Config
from ner.corpus import Corpus, load_corpus, write_file
from ner.run_folder import find_bundle

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_its_links_lead_somewhere() -> None:
    text = re.sub(r"^```.*?^```$", "", README, flags=re.DOTALL | re.MULTILINE)
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#([^)]+))?\)", text)
    assert len(links) > 20
    for place, anchor in links:
        page = (ROOT / place).read_text(encoding="utf-8")
        headings = re.findall("^#+ (.*)$", page, re.MULTILINE)
        anchors = {
            re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings
        }
        assert not anchor or anchor in anchors, f"{place}#{anchor}"


def test_the_scripts_that_it_names_are_there() -> None:
    scripts = set(re.findall(r"\bscripts/[a-z_]+\b(?:\.py)?", README))
    assert "scripts/demo" in scripts
    assert all((ROOT / script).exists() for script in scripts)


@pytest.fixture
def somewhere(tmp_path: Path, tiny_corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which a small corpus is found by the name of the bundled one."""
    for split, sentences in tiny_corpus.splits().items():
        write_file(tmp_path / "data" / "demo" / f"{split}.conll", sentences)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NER_DATA", raising=False)
    return tmp_path


def test_the_commands_run(somewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As they stand, on a small corpus; what they print has the form that is shown."""
    (block,) = [block for _, block in BLOCKS if block.startswith("ner ")]
    shown = [block for language, block in BLOCKS if language == "text"]
    text = re.sub(r"\[([^]]*)\]\(\w+\)", r"\1", shown[0])
    (somewhere / "text.txt").write_text(text, encoding="utf-8")
    for line, example in zip(block.splitlines(), shown, strict=True):
        with pytest.raises(SystemExit) as left:
            main(shlex.split(line)[1:])
        assert left.value.code == 0
        printed = capsys.readouterr().out
        if "train" in line:
            assert example.splitlines()[-1] == printed.splitlines()[-1] == "model: runs/demo"
            assert re.findall("(?m)^(?:valid|test) F1", example + printed) == 2 * [
                "valid F1",
                "test F1",
            ]
        else:
            assert re.sub(r"\[([^]]*)\]\(\w+\)", r"\1", printed) == text


@pytest.mark.usefixtures("somewhere")
def test_the_library_example_runs(
    tiny_config: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it stands, on a small corpus that is found by the same name, with a small model."""
    (code,) = [block for language, block in BLOCKS if language == "python"]
    monkeypatch.setattr(ner, "train", functools.partial(ner.train, config=tiny_config))
    names: dict[str, object] = {}
    exec(code.replace("Angela Merkel flew to Paris on Monday.", "Carl Maria visited Paris."), names)
    printed = capsys.readouterr().out.splitlines()
    assert [line.rpartition(" ")[0] for line in printed] == [
        "Carl Maria PER 0 10",
        "Paris LOC 19 24",
    ]
    assert all(0 < float(line.rpartition(" ")[2]) <= 1 for line in printed)
    assert names["corpus"] == load_corpus("demo")
    assert find_bundle("runs/library").exists()


def test_the_output_of_the_example_is_shown() -> None:
    """The entities of the text, with offsets that are right."""
    shown = README.partition("prints\n\n```\n")[2].partition("```")[0].splitlines()
    (code,) = [block for language, block in BLOCKS if language == "python"]
    (text,) = re.findall(r'tagger\.tag\("(.*)"\)', code)
    assert shown
    for line in shown:
        entity, label, start, end, score = line.rsplit(" ", 4)
        assert text[int(start) : int(end)] == entity
        assert label in ("PER", "ORG", "LOC", "MISC")
        assert 0 < float(score) <= 1

"""`scripts/dictionary_lists.py`: lists of words by their part of speech, for a tagger to read."""

import subprocess
import sys
from pathlib import Path

import pytest

from ner.features.word_lists import read_word_lists

SCRIPT = Path(__file__).parents[1] / "scripts" / "dictionary_lists.py"
DICTIONARY = """\
北京 34488 ns
北京大学 2053 nt
大学生 1000 n
大 144099 a
T恤 4 n
白居易 300 nr
王子 1300 nrt
忽然 3900 ad
的 318825 uj
"""


def cut(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def dictionary(tmp_path: Path) -> Path:
    path = tmp_path / "dict.txt"
    path.write_text(DICTIONARY, encoding="utf-8")
    return path


def test_words_are_listed_by_their_part_of_speech(dictionary: Path, tmp_path: Path) -> None:
    out = tmp_path / "lists"
    done = cut(dictionary, out)
    assert done.returncode == 0, done.stderr
    found = {path.stem: path.read_text(encoding="utf-8").split() for path in out.iterdir()}
    assert found == {
        "NS": ["北京"],
        "NT": ["北京大学"],
        "N": ["大学生"],
        "NR": ["白居易", "王子"],
        "A": ["忽然"],
    }
    assert f"        2 {out / 'NR.txt'}" in done.stdout.splitlines()


def test_a_tagger_finds_the_words_in_characters(dictionary: Path, tmp_path: Path) -> None:
    cut(dictionary, tmp_path / "lists")
    (words,) = read_word_lists([f"NT={tmp_path / 'lists' / 'NT.txt'}"], "characters")
    assert list(words.matches(list("在北京大学"))) == [(1, 5)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("北京 34488 ns\n北京\n", "dict.txt:2: is not a word, its count and its part of speech"),
        (None, "dict.txt: no such file"),
    ],
)
def test_what_is_no_dictionary_is_refused(tmp_path: Path, text: str | None, told: str) -> None:
    path, out = tmp_path / "dict.txt", tmp_path / "lists"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    done = cut(path, out)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not out.exists()


def test_a_folder_that_is_there_stays(dictionary: Path, tmp_path: Path) -> None:
    done = cut(dictionary, tmp_path)
    assert done.returncode == 1
    assert "is there already; choose another folder" in done.stderr
    assert dictionary.read_text(encoding="utf-8") == DICTIONARY

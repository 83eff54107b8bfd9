"""What `scripts/fuzz.py` attacks, attacked for a moment here, too; and what it once has found."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fuzz
from fuzzing import targets
from fuzzing.growth import check_growth, packed, unpacked
from fuzzing.inputs import Broken, Choices, hold
from fuzzing.targets import TARGETS, Target, judge

pytestmark = pytest.mark.slow

SCRIPT = Path(fuzz.__file__)
FOUND = Path(__file__).parent / "golden" / "fuzz"
EACH = pytest.mark.parametrize("name", TARGETS)


@pytest.fixture(scope="module", autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let targets put their files where tests have theirs."""
    before = tempfile.tempdir
    tempfile.tempdir = str(tmp_path_factory.mktemp("fuzz"))
    yield
    tempfile.tempdir = before
    targets.scratch.cache_clear()


def test_the_names_are_those_of_the_targets() -> None:
    assert set(fuzz.NAMES) == set(TARGETS)


@EACH
def test_what_an_attack_begins_with(name: str) -> None:
    for data in TARGETS[name].seeds():
        judge(TARGETS[name], data)


@EACH
@settings(max_examples=50)
@given(data=st.data())
def test_made_up_inputs(name: str, data: st.DataObject) -> None:
    """Bytes, and words of the target among them, behind the start of an input that is one."""
    target = TARGETS[name]
    seed = data.draw(st.sampled_from(_seeds(name)))
    words = [*target.words, seed[len(seed) // 2 :]]
    pieces = data.draw(st.lists(st.sampled_from(words) | st.binary(max_size=20), max_size=12))
    judge(target, seed[: data.draw(st.integers(0, 40))] + b"".join(pieces))


def _seeds(name: str) -> list[bytes]:
    return [b"", *sorted(set(TARGETS[name].seeds()))]


@pytest.mark.parametrize("path", sorted(FOUND.glob("*-*")), ids=lambda path: path.name)
def test_what_was_found_once(path: Path) -> None:
    fuzz.replay(path)


# --- that it finds what there is ---------------------------------------------------


def check_seven(data: bytes) -> None:
    """A property that does not hold for all inputs."""
    hold(b"7" not in data, "a seven")


SEVEN = Target(check_seven, lambda: [b"6"])


def test_a_property_that_does_not_hold_is_a_finding() -> None:
    judge(SEVEN, b"1234568")
    with pytest.raises(Broken, match="a seven"):
        judge(SEVEN, b"1234567")


def _square(data: bytes) -> None:
    bytes(len(data) ** 2 // 4)


def _line(data: bytes) -> None:
    bytes(len(data) * 1000)


@pytest.mark.parametrize(("check", "said"), [(_square, "memory"), (_line, "")])
def test_memory_that_grows_too_fast_is_a_finding(check: Callable[[bytes], None], said: str) -> None:
    target, shape = Target(check, list), (b"a", b"b", b"c")
    assert unpacked(packed(shape)) == shape
    if said:
        with pytest.raises(Broken, match=said):
            check_growth(target, shape)
    else:
        check_growth(target, shape)


def test_choices_never_end() -> None:
    given_bytes = Choices(b"\1\0ab")
    assert given_bytes.pick("xyz") == "y"
    assert given_bytes.text() == "ab"
    assert Choices(b"").pick("xyz") == "x"
    assert Choices(b"\1\x00\xd8").text() == "\ud800"


def test_a_finding_can_be_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGETS, "tags", SEVEN)
    shape = b"6", b"7", b"6"
    for name, content in (("tags-input-1", b"7"), ("tags-growth-1", packed(shape))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Broken, match="a seven"):
            fuzz.replay(tmp_path / name)
    with pytest.raises(SystemExit, match="its name begins with no target; these are columns, "):
        fuzz.replay(tmp_path / "strange")


def test_a_short_attack(tmp_path: Path) -> None:
    """Where a fuzzer is installed."""
    pytest.importorskip("atheris")
    options = ["--minutes", "0.03", "--target", "tags", "--out", str(tmp_path)]
    command = [sys.executable, str(SCRIPT), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n| tags | " in done.stdout

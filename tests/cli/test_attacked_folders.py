"""Run folders in which somebody else is at work, has planted links, or has been killed early."""

from collections.abc import Generator
from pathlib import Path

import pytest

from ner.api import train_events
from ner.config import Config
from ner.corpus import Corpus
from ner.errors import UsageError
from ner.files import exclusive_lock
from tests.cli.command import BRIEF, run

pytestmark = pytest.mark.slow

SEEDS = [*BRIEF, "--seeds", "1,2", "--out", "r"]


@pytest.mark.parametrize("how", [[], ["--overwrite"], ["--resume"]])
@pytest.mark.parametrize("inner", ["seed-1", "seed-2", "student"])
def test_a_run_inside_is_not_trained_into_twice(
    inner: str, how: list[str], empty: Path, tiny_folder: Path
) -> None:
    arguments = ["train", "--data", tiny_folder, *SEEDS, *(["--distill"] * (inner == "student"))]
    with exclusive_lock(Path("r", inner)):
        outcome = run(*arguments, *how)
        assert f"r/{inner}: another process is at work there" in outcome.complaint()
        assert [path.name for path in Path("r").iterdir()] == [inner]


def test_a_run_inside_has_its_own_lock(
    empty: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    events = train_events(tiny_corpus, "r", tiny_config, seeds=(1, 2), device="cpu")
    next(events)
    for inner in ("seed-1", "seed-2"):
        with pytest.raises(UsageError, match=f"r/{inner}: another process is at work there"):
            next(train_events(tiny_corpus, Path("r", inner), tiny_config, device="cpu"))
    assert isinstance(events, Generator)
    events.close()


PLANTED = (
    "config.toml", "metrics.jsonl", "log.txt", "contexts.json", "curves.svg", "result.json",
)  # fmt: skip


@pytest.mark.parametrize("there", [True, False])
def test_nothing_is_written_through_links(there: bool, empty: Path, tiny_folder: Path) -> None:
    """Those of a run that is gone on with, mostly: a new one is refused, or clears its folder."""
    victims = {name: Path("elsewhere", name) for name in PLANTED}
    Path("elsewhere").mkdir()
    train = ["train", "--data", tiny_folder, *BRIEF, "--set", "model.context=document"]
    run(*train, "--out", "r").good()
    for name, victim in victims.items():
        if there:
            victim.write_bytes(Path("r", name).read_bytes())
        Path("r", name).unlink()
        Path("r", name).symlink_to(victim.absolute())
    before = {name: victim.read_bytes() for name, victim in victims.items() if there}
    for how in (["--resume"], [], ["--overwrite"]):
        run(*train, "--out", "r", *how)
        after = {path.name: path.read_bytes() for path in Path("elsewhere").iterdir()}
        assert after == before
    assert not any(Path("r", name).is_symlink() for name in PLANTED)


def test_a_folder_inside_that_is_a_link_is_refused(empty: Path, tiny_folder: Path) -> None:
    Path("elsewhere").mkdir()
    Path("r").mkdir()
    Path("r", "seed-2").symlink_to(Path("elsewhere").absolute())
    outcome = run("train", "--data", tiny_folder, *SEEDS)
    assert "r/seed-2: is a link" in outcome.complaint()
    assert not list(Path("elsewhere").iterdir())


@pytest.mark.parametrize("left", [(), ("metrics.jsonl",), ("metrics.jsonl", "config.toml")])
def test_a_run_killed_before_its_first_checkpoint_begins_anew(
    left: tuple[str, ...], empty: Path, tiny_folder: Path
) -> None:
    Path("r").mkdir()
    Path("r", ".config.toml.12-0123abcd.part").write_text("")
    for name in left:
        Path("r", name).write_text("")
    outcome = run("train", "--data", tiny_folder, *BRIEF, "--out", "r", "--resume").good()
    assert "r: stopped before its first checkpoint; the run begins anew\n" in outcome.err

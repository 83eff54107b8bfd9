"""Several seeds: a folder each, one figure, and the best one's model."""

import json
import statistics
from pathlib import Path

import pytest

from ner.bundle.format import load_bundle
from ner.config import Config
from ner.corpus import Corpus
from ner.errors import UsageError
from ner.evaluation import Report, count, score
from ner.text import Span
from ner.training.run import Finished
from ner.training.seeds import (
    SeedsFinished,
    TaggerTraining,
    finish_seeds,
    seed_folder,
    seed_folders,
)


def report(correct: int) -> Report:
    """A report of ten spans of which some are right."""
    gold = [[Span(i, i + 1, "X") for i in range(10)]]
    return score(count(gold, [gold[0][:correct]]))


def finished(out: Path, seed: int, valid: int, test: int | None = None) -> Finished:
    """A run in its folder: nothing but a model that knows its seed, and its scores."""
    folder = seed_folder(out, seed)
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "config.json").write_text(str(seed))
    scores = {"valid": report(valid)} | ({} if test is None else {"test": report(test)})
    return Finished(folder, 3, 2, 1.5, scores)


def closed(out: Path, seeds: list[int], runs: list[Finished]) -> SeedsFinished:
    """The folder after its last run."""
    result = SeedsFinished(out, dict(zip(seeds, runs, strict=True)))
    finish_seeds(result)
    return result


def test_the_best_on_valid_becomes_the_model(tmp_path: Path) -> None:
    runs = [finished(tmp_path, 5, 4, 9), finished(tmp_path, 1, 8, 2), finished(tmp_path, 9, 6, 10)]
    result = closed(tmp_path, [5, 1, 9], runs)
    assert result.best == 1, "test has no say in it"
    assert (tmp_path / "model" / "config.json").read_text() == "1"


def test_what_a_killed_process_has_left_goes(tmp_path: Path) -> None:
    (tmp_path / ".model.1-01234567.part").mkdir()
    (tmp_path / ".result.json.1-01234567.part").write_text("half of it")
    closed(tmp_path, [5], [finished(tmp_path, 5, 4)])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model",
        "result.json",
        "seed-5",
    ]


def test_the_first_of_equals_is_best(tmp_path: Path) -> None:
    runs = [finished(tmp_path, seed, valid) for seed, valid in ((7, 3), (2, 6), (1, 6))]
    assert closed(tmp_path, [7, 2, 1], runs).best == 2


def test_the_result_has_means_and_spreads(tmp_path: Path) -> None:
    runs = [finished(tmp_path, 1, 4, 9), finished(tmp_path, 2, 8, 2)]
    result = closed(tmp_path, [1, 2], runs)
    kept = json.loads((tmp_path / "result.json").read_text())
    assert kept == result.to_dict()
    assert kept["seeds"] == [1, 2]
    assert kept["best_seed"] == 2
    for split in ("valid", "test"):
        f1s = [run.scores[split].f1 for run in runs]
        assert result.f1(split) == f1s
        assert kept["f1"][split]["mean"] == pytest.approx(statistics.mean(f1s))
        assert kept["f1"][split]["sd"] == pytest.approx(statistics.stdev(f1s))
    assert kept["runs"] == {"1": runs[0].to_dict(), "2": runs[1].to_dict()}


def test_a_corpus_without_test_has_no_figure_for_it(tmp_path: Path) -> None:
    result = closed(tmp_path, [1], [finished(tmp_path, 1, 4)])
    assert result.f1("test") == []
    assert set(result.to_dict()["f1"]) == {"valid"}
    assert result.to_dict()["f1"]["valid"]["sd"] == 0.0


def test_only_folders_of_seeds_are_taken_for_such(tmp_path: Path) -> None:
    for name in ("seed-1", "seed-12", "seed-notes", "seed-", "seed-1.bak", "seeds-1"):
        (tmp_path / name).mkdir()
    assert seed_folders(tmp_path) == [seed_folder(tmp_path, 1), seed_folder(tmp_path, 12)]
    assert seed_folders(tmp_path / "nowhere") == []


def test_a_cluster_is_for_several_models(tmp_path: Path, tiny_corpus: Corpus) -> None:
    with pytest.raises(UsageError, match="--on ray trains several models at once; add --seeds"):
        TaggerTraining(tiny_corpus, tmp_path / "r", on="ray")
    assert not (tmp_path / "r").exists()


@pytest.mark.slow
def test_seeds_end_to_end(tmp_path: Path, tiny_corpus: Corpus, tiny_config: Config) -> None:
    from ner.api import train_events

    config = tiny_config.replace({"train.epochs": 3})
    *_, last = train_events(tiny_corpus, tmp_path, config, seeds=[2, 3], device="cpu")
    assert isinstance(last, SeedsFinished)
    assert {path.name for path in tmp_path.iterdir()} == {
        "seed-2",
        "seed-3",
        "model",
        "log.txt",
        "result.json",
    }
    log = (tmp_path / "log.txt").read_text()
    said = [line.partition("INFO ")[2] for line in log.splitlines()]
    assert said[-3:] == list(last.lines())
    ends = [
        f"seed {seed}: {run.out}, valid F1 {100 * run.scores['valid'].f1:.2f}"
        for seed, run in last.runs.items()
    ]
    assert [line for line in said if line.startswith("seed ")] == ends
    assert said.index(ends[0]) < said.index(f"run folder: {tmp_path / 'seed-3'}") < len(said) - 4
    assert log.count("INFO epoch ") == 6
    for seed, run in last.runs.items():
        folder = seed_folder(tmp_path, seed)
        assert run.out == folder
        assert load_bundle(folder).config.train.seed == seed
        assert json.loads((folder / "result.json").read_text()) == run.to_dict()
    best = seed_folder(tmp_path, last.best) / "model"
    for path in best.iterdir():
        assert (tmp_path / "model" / path.name).read_bytes() == path.read_bytes()
    assert load_bundle(tmp_path).config.train.seed == last.best

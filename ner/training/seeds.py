"""Several seeds of one configuration: each in a folder of its own, and what they come to."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ner.bundle.discovery import FINISHED
from ner.evaluation import Report, summarise
from ner.files import clear_leftovers, write_folder, write_text
from ner.training.run import Finished


@dataclass(frozen=True)
class Distilled:
    """What came of several models together, and of the one that they taught."""

    ensemble: Mapping[str, Report]  # by split
    student: Finished

    def to_dict(self) -> dict[str, Any]:
        """What ``result.json`` holds of it."""
        return {
            "ensemble": {split: report.to_dict() for split, report in self.ensemble.items()},
            "student": self.student.to_dict(),
        }


@dataclass(frozen=True)
class SeedsFinished:
    """Several runs have come to their end; `best` was the best of them on valid."""

    out: Path
    runs: Mapping[int, Finished]  # by seed
    best: int
    distilled: Distilled | None = None

    def f1(self, split: str) -> list[float]:
        """Micro F1 on a split, run by run; empty where the corpus lacks the split."""
        return [run.scores[split].f1 for run in self.runs.values() if split in run.scores]

    def to_dict(self) -> dict[str, Any]:
        """What ``result.json`` holds."""
        splits = [split for split in ("valid", "test") if self.f1(split)]
        means = {split: summarise(self.f1(split)) for split in splits}
        return {
            "seeds": list(self.runs),
            "best_seed": self.best,
            "f1": {split: {"mean": mean, "sd": sd} for split, (mean, sd) in means.items()},
            "runs": {str(seed): run.to_dict() for seed, run in self.runs.items()},
            **(self.distilled.to_dict() if self.distilled else {}),
        }


def seed_folder(out: Path, seed: int) -> Path:
    """Where the run of one seed goes."""
    return out / f"seed-{seed}"


def seed_folders(out: Path) -> list[Path]:
    """The folders of single seeds that stand in a folder, whoever made them."""
    return [path for path in sorted(out.glob("seed-*")) if path.name[5:].isdecimal()]


def student_folder(out: Path) -> Path:
    """Where the run of the model goes that those of all seeds teach."""
    return out / "student"


def finish_seeds(
    out: Path,
    seeds: Sequence[int],
    runs: Sequence[Finished],
    distilled: Distilled | None = None,
) -> SeedsFinished:
    """Close a folder of finished runs.

    The model that they taught, or else the one that was best on valid (the
    first of equals), becomes the folder's own, ``model/``; ``result.json`` is
    written last. No other process may write there meanwhile.
    """
    clear_leftovers(out, ("model", FINISHED))  # of a process that was killed just here
    by_seed = dict(zip(seeds, runs, strict=True))
    best = max(by_seed, key=lambda seed: by_seed[seed].scores["valid"].f1)
    finished = SeedsFinished(out, by_seed, best, distilled)
    chosen = distilled.student.out if distilled else seed_folder(out, best)
    with write_folder(out / "model") as part:
        for file in (chosen / "model").iterdir():
            shutil.copyfile(file, part / file.name)
    with write_text(out / FINISHED) as text:
        text.write(json.dumps(finished.to_dict(), indent=2) + "\n")
    return finished

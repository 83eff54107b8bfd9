"""Several seeds of one configuration: a folder for each, and one result."""

import json
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ner.config import Config
from ner.errors import UsageError
from ner.evaluation import format_summary, summarise
from ner.files import clear_leftovers, exclusive_lock, inner_locks, write_folder
from ner.plugins import declared
from ner.run_folder import FINISHED, check_restart, log_file, write_file
from ner.training.base import check_resumable
from ner.training.run import Event, Finished, Run

LOG = "log.txt"


@dataclass(frozen=True)
class SeedsFinished:
    """The end of several runs."""

    out: Path
    runs: Mapping[int, Finished]  # by seed

    @property
    def best(self) -> int:
        """The seed that was best on valid, the first of equals."""
        return max(self.runs, key=lambda seed: self.runs[seed].scores["valid"].f1)

    @property
    def chosen(self) -> Path:
        """The run whose model becomes the folder's own."""
        return seed_folder(self.out, self.best)

    def f1(self, split: str) -> list[float]:
        """Micro F1 on a split, run by run; empty where the corpus lacks the split."""
        return [run.scores[split].f1 for run in self.runs.values() if split in run.scores]

    def to_dict(self) -> dict[str, Any]:
        """Give the content of ``result.json``."""
        splits = [split for split in ("valid", "test") if self.f1(split)]
        means = {split: summarise(self.f1(split)) for split in splits}
        return {
            "seeds": list(self.runs),
            "best_seed": self.best,
            "f1": {split: {"mean": mean, "sd": sd} for split, (mean, sd) in means.items()},
            "runs": {str(seed): run.to_dict() for seed, run in self.runs.items()},
        }

    def lines(self) -> Iterator[str]:
        """Report the scores of all runs."""
        for split in ("valid", "test"):
            if f1s := self.f1(split):
                each = ", ".join(f"{100 * f1:.2f}" for f1 in f1s)
                yield f"{split} F1 {format_summary(f1s)} ({each})"
        yield f"best seed on valid: {self.best}"


def seed_folder(out: Path, seed: int) -> Path:
    """The folder for the run of one seed."""
    return out / f"seed-{seed}"


def seed_folders(out: Path) -> list[Path]:
    """The folders of single seeds that stand in a folder, whoever made them."""
    return [path for path in sorted(out.glob("seed-*")) if path.name[5:].isdecimal()]


def declared_folders(out: Path) -> dict[Path, str]:
    """The folders of runs that extensions add to those of seeds, and the option behind each."""
    return {out / name: option for name, option in declared("RUN_FOLDERS").items()}


@contextmanager
def locked_folder(
    out: Path, seeds: Sequence[int], *, resume: bool, overwrite: bool, option: str = ""
) -> Iterator[list[Path]]:
    """Lock a folder for the runs of some seeds; gives the older runs that these are to replace.

    `option` is that of the extension that takes part, if there is one.
    Raises `UsageError` for a seed named twice, and runs in the way or begun otherwise.
    """
    check_restart(resume=resume, overwrite=overwrite)
    if len(set(seeds)) < len(seeds):
        raise UsageError(f"--seeds {','.join(map(str, seeds))} names a seed twice; leave one out")
    further = declared_folders(out)
    with exclusive_lock(out) as new, inner_locks(out, _inside(out, seeds, further, option)):
        if resume:
            check_resumable(Run.folder, out, *seed_folders(out), *further, new=new)
        old = [] if resume else [out, *seed_folders(out), *further]
        for place in old:
            Run.folder.check(place, overwrite=overwrite)
        if resume and seeds and (out / "config.toml").exists():
            raise UsageError(f"{out}: holds a run without --seeds; resume it without, too")
        for folder, its in further.items():
            if resume and its != option and (folder / "config.toml").exists():
                raise UsageError(f"{out}: holds a run with --{its}; resume it with that, too")
        yield old


def _inside(
    out: Path, seeds: Sequence[int], further: Mapping[Path, str], option: str
) -> list[Path]:
    """The folders of runs in a folder, those that are there and those that will be."""
    there = [path for path in (*seed_folders(out), *further) if path.is_dir()]
    new = [*(seed_folder(out, seed) for seed in seeds)]
    new += [path for path, its in further.items() if its == option]
    return list(dict.fromkeys([*there, *new]))


def train_seeds(
    start: Callable[[Config, Path], Run],
    config: Config,
    seeds: Sequence[int],
    out: Path,
    *,
    resume: bool,
    replaced: Sequence[Path] = (),
) -> Generator[Event, None, list[Finished]]:
    """Train one model per seed, or, without seeds, a single one in `out` itself.

    `start` makes a run. Those in `replaced` are removed once it is clear that the first can be.
    """
    configs = [config.replace({"train.seed": seed}) for seed in seeds] or [config]
    folders = [seed_folder(out, seed) for seed in seeds] or [out]
    finished: list[Finished] = []
    for part, folder in zip(configs, folders, strict=True):
        run = start(part, folder)
        if resume and (run.has_begun or not seeds):
            run.resume()
        elif not finished:
            for place in replaced:
                Run.folder.clear(place)
        finished.append((yield from run.events()))
    return finished


def finish_seeds(finished: SeedsFinished) -> None:
    """Close a folder of finished runs.

    The chosen model becomes that of the folder, which must be locked; ``log.txt`` says where the
    runs are and how good; ``result.json`` comes last.
    """
    # Of a process that was killed just here.
    clear_leftovers(finished.out, ("model", LOG, FINISHED))
    with write_folder(finished.out / "model") as part:
        for file in (finished.chosen / "model").iterdir():
            shutil.copyfile(file, part / file.name)
    with log_file(finished.out / LOG) as note:
        for seed, run in finished.runs.items():
            note(f"seed {seed}: {run.out}, valid F1 {100 * run.scores['valid'].f1:.2f}")
        for line in finished.lines():
            note(line)
    write_file(finished.out / FINISHED, json.dumps(finished.to_dict(), indent=2) + "\n")

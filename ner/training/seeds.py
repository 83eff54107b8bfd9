"""Several seeds of one configuration: a folder for each, and one result."""

import json
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ner.config import Config
from ner.corpus import Corpus, with_layers
from ner.errors import UsageError
from ner.evaluation import format_summary, summarise
from ner.files import clear_leftovers, exclusive_lock, inner_locks, write_folder
from ner.model import choose_device
from ner.plugins import declared
from ner.run_folder import FINISHED, check_restart, find_bundle, log_file, run_path, write_file
from ner.training.base import check_resumable, has_begun
from ner.training.jobs import Begun, Done, Failed, Job, Runner, RunWork, open_runner
from ner.training.parallel import processes
from ner.training.preparation import PreparedCorpus, prepare
from ner.training.run import Event, Finished, Run
from ner.training.start import StartModel

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
                yield from self._by_corpus(split)
        yield f"best seed on valid: {self.best}"

    def _by_corpus(self, split: str) -> Iterator[str]:
        """The scores of each of several corpora in a split."""
        figures = [run.scores[split].figures() for run in self.runs.values()]
        for name in figures[0]:
            if name.startswith("f1_"):
                f1s = format_summary([run[name] for run in figures])
                yield f"{split} F1 of {name.removeprefix('f1_')} {f1s}"


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


class TaggerTraining:
    """The training of a tagger into a folder, or of one for each seed; `events` does the work.

    An extension may go on from there: it overrides `_prepare`, `_member` and `_close`.
    """

    option: ClassVar[str] = ""  # of that extension
    one_layer: ClassVar[str] = ""  # the option by which there are soft labels, of one tag layer
    _note: Callable[[str], None]  # writes into the log of all seeds

    def __init__(
        self,
        corpus: Corpus,
        out: str | Path,
        config: Config | None = None,
        *,
        seeds: Sequence[int] = (),
        device: str = "auto",
        resume: bool = False,
        overwrite: bool = False,
        progress: Callable[[int], None] = lambda _: None,
        start_from: str | Path | None = None,
        keep_types: bool = False,
        on: str = "",
    ) -> None:
        """`progress` is called with the number of bytes of vectors files that have been read.

        Training goes on from the model `start_from`, if there is one; `keep_types` is for those of
        its types that the corpus does not label. The models of several seeds are trained `on` the
        runner at that address. Raises `UsageError` for a folder without a name, a device that is
        not there, a start model in the run folder, and one for several tag layers.
        """
        self.seeds = seeds
        self._check_machines(on)
        self.out = run_path(out)
        self.device = choose_device("auto" if on else device)
        self._on = on, device
        self.config = config or Config()
        self.resume = resume
        self._corpus = corpus
        self._overwrite = overwrite
        self._progress = progress
        self._start_from, self._keep_types = start_from, keep_types
        self._check_start()
        self._check_layers("--start-from" if start_from else self.one_layer)
        self._start: StartModel | None = None

    def _check_machines(self, on: str) -> None:
        """Refuse several models under ``torchrun``, and a runner for one. Raises `UsageError`."""
        if processes().count > 1 and (option := "seeds" * bool(self.seeds) or self.option):
            raise UsageError(
                f"--{option} is for one process, and torchrun starts several; leave it out, or "
                "start ner train without torchrun"
            )
        if on and not self.seeds:
            raise UsageError(
                f"--on {on} trains several models at once; add --seeds 1,2,3, or leave it out"
            )

    def _check_start(self) -> None:
        """Refuse a start model that would be replaced, or is missing. Raises `UsageError`."""
        if self._start_from is None:
            if self._keep_types:
                raise UsageError("--keep-types is for the types of a start model; add --start-from")
        elif _is_within(self._start_from, self.out):
            raise UsageError(
                f"{self._start_from}: is the run in {self.out}, which would be replaced; name "
                "another folder with --out"
            )

    def _check_layers(self, option: str) -> None:
        """Refuse several tag layers with an option for one. Raises `UsageError`."""
        layers = with_layers(self._corpus).layers
        if layers and option:
            raise UsageError(
                f"{option} is for one tag layer, and {self._corpus.name} has "
                f"{', '.join(layers)}; leave it out, or choose one column with --tag-column"
            )

    def events(self) -> Iterator[Event | SeedsFinished]:
        """Train; yields the events of each run, and `SeedsFinished` if there are several."""
        how: dict[str, bool] = {"resume": self.resume, "overwrite": self._overwrite}
        locked: AbstractContextManager[list[Path]] = nullcontext([])
        if processes().leads:
            locked = locked_folder(self.out, self.seeds, option=self.option, **how)
        with locked as old, ExitStack() as logs:
            self._prepare()
            on, device = self._on
            with open_runner(on, device, self._progress, self.config) as runner:
                finished = yield from self._train(runner, old, logs)
            if self.seeds:
                last = yield from self._close(dict(zip(self.seeds, finished, strict=True)))
                for line in last.lines():
                    self._note(line)
                finish_seeds(last)
                yield last

    def _prepared(self) -> PreparedCorpus:
        if self._start_from is None:
            return prepare(self._corpus, self.config.data)
        self._start = StartModel.load(self._start_from, keep_types=self._keep_types)
        return self._start.prepare(self._corpus, self.config.data)

    def _work(self) -> RunWork:
        """The way in which each run over the prepared corpus is done."""
        return RunWork(self.prepared, self._start)

    def _prepare(self) -> None:
        """Prepare the corpus, and read what is needed beside it, before the first run."""
        self.prepared = self._prepared()

    def _member(self) -> Config:
        """The configuration of each run, but for the seed."""
        return self.config

    def _train(
        self, runner: Runner, replaced: Sequence[Path], logs: ExitStack
    ) -> Generator[Event, None, list[Finished]]:
        """Train one model for each seed, or, without seeds, a single one in the folder itself.

        Older runs are removed once it is clear that the first new one can be; from then on `logs`
        holds the log of all seeds.
        """
        jobs, finished = self._jobs(), dict[Job[Config], Finished]()
        begun = False
        with closing(runner.run(self._work(), jobs)) as events:
            for job, event in events:
                match event:
                    case Begun():
                        if not begun:
                            self._begin(replaced, logs)
                        begun = True
                    case Failed(error):
                        raise error
                    case Done(last):
                        finished[job] = last
                        if self.seeds:
                            valid = 100 * last.scores["valid"].f1
                            self._note(f"{job.name}: {job.out}, valid F1 {valid:.2f}")
                    case _:
                        yield event
        return [finished[job] for job in jobs]

    def _jobs(self) -> list[Job[Config]]:
        config = self._member()
        if not self.seeds:
            return [Job("the run", config, self.out, self.resume)]
        folders = {seed: seed_folder(self.out, seed) for seed in self.seeds}
        return [
            Job(
                f"seed {seed}",
                config.replace({"train.seed": seed}),
                folder,
                self.resume and has_begun(folder),
            )
            for seed, folder in folders.items()
        ]

    def _begin(self, replaced: Sequence[Path], logs: ExitStack) -> None:
        """Make room for the new runs, and open the log of all seeds."""
        for place in replaced:
            Run.folder.clear(place)
        if self.seeds:
            clear_leftovers(self.out, (LOG,))
            self._note = logs.enter_context(log_file(self.out / LOG))

    def _close(self, runs: Mapping[int, Finished]) -> Generator[Event, None, SeedsFinished]:
        """Make the result of several runs, by seed."""
        yield from ()
        return SeedsFinished(self.out, runs)


def _is_within(model: str | Path, out: Path) -> bool:
    return find_bundle(model).resolve().is_relative_to(out.resolve())


def finish_seeds(finished: SeedsFinished) -> None:
    """Close a folder of finished runs.

    The chosen model becomes that of the folder, which must be locked; ``result.json`` comes last.
    """
    clear_leftovers(finished.out, ("model", FINISHED))  # of a process that was killed just here
    with write_folder(finished.out / "model") as part:
        for file in (finished.chosen / "model").iterdir():
            shutil.copyfile(file, part / file.name)
    write_file(finished.out / FINISHED, json.dumps(finished.to_dict(), indent=2) + "\n")

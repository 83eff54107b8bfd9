"""An audit in a folder, which can be stopped and resumed.

::

    audit.json               what is audited, and how
    judgements/              what each model has said, a file each
    queue.jsonl              the ranking of places, for ``ner review --queue``
    guidelines.txt           where parts of the corpus are labelled by different rules
    audit.html               both on a page
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ner.config import Config
from ner.corpus import Corpus, QueueItem, checksum, write_queue
from ner.errors import CorpusError, NerError, TrainingError, UsageError
from ner.extensions.audit.judgements import (
    Judgements,
    load_judgements,
    pooled,
    save_judgements,
)
from ner.extensions.audit.members import (
    FoldTraining,
    Member,
    MemberStep,
    is_judged,
    judge_by_model,
    members_of,
)
from ner.extensions.audit.page import audit_page
from ner.extensions.audit.ranking import rank
from ner.files import clear_leftovers, exclusive_lock
from ner.model import threads
from ner.run_folder import RunFolder, check_restart, find_bundle, run_path, write_file
from ner.text import Sentence, layers_of
from ner.training import Done, Failed, Job, Runner, open_runner

SIGN, JUDGEMENTS = "audit.json", "judgements"
QUEUE, GUIDELINES, PAGE = "queue.jsonl", "guidelines.txt", "audit.html"
FOLDER = RunFolder("audit", (SIGN, JUDGEMENTS, QUEUE, GUIDELINES, PAGE), (SIGN,))


@dataclass(frozen=True)
class MemberDone:
    """A model has judged, just now or before."""

    number: int  # from 1
    members: int
    name: str
    judged: int  # sentences


@dataclass(frozen=True)
class Ranking:
    """The end of an audit: places by falling probability that the label is wrong."""

    out: Path
    sentences: int
    items: tuple[QueueItem, ...]
    differences: tuple[str, ...]  # between parts of the corpus


def audit_events(
    corpus: Corpus,
    out: str | Path,
    config: Config,
    *,
    models: Sequence[str] = (),
    folds: int = 5,
    seeds: int = 2,
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[int], None] = lambda _: None,
    on: str = "",
) -> Iterator[MemberStep | MemberDone | Ranking]:
    """Audit all splits of a corpus; a generator, to be run to its end.

    Yields the steps of each training, `MemberDone` behind each model, and at last the `Ranking`.
    With `resume`, models that have judged do not judge again. Those of folds are trained `on` the
    runner at that address, or here. Raises `NerError` for a corpus, model or folder that will not
    do.
    """
    check_restart(resume=resume, overwrite=overwrite)
    sentences = [sentence for split in corpus.splits().values() for sentence in split]
    _check(corpus, sentences)
    out = run_path(out)
    about = {"checksum": checksum(sentences), "folds": folds, "config": config.to_toml()}
    places = [find_bundle(model) for model in models]
    with exclusive_lock(out):
        if resume:
            FOLDER.check_begun(out)
            _check_same(out, about)
        else:
            FOLDER.check(out, overwrite=overwrite)
            FOLDER.clear(out)
            write_file(out / SIGN, json.dumps(about, indent=2) + "\n")
        clear_leftovers(out, FOLDER.contents)
        members: list[Path | Member] = [*places, *members_of(folds, seeds)]
        found = _kept(out, members, sentences)
        missing = [member for member in members if member not in found]
        for number, member in enumerate(found, 1):
            yield MemberDone(number, len(members), _name(member), len(found[member]))
        with open_runner(on, device, progress, config) as runner, threads(config.train.threads):
            for event in _judged(runner, FoldTraining(sentences, config), missing, sentences):
                if isinstance(event, MemberStep):
                    yield event
                    continue
                member, judgements = event
                save_judgements(_path(out, member), judgements)
                found[member] = judgements
                yield MemberDone(len(found), len(members), _name(member), len(judgements))
        judged = pooled(found[member] for member in members)
        if not judged:
            raise CorpusError(
                f"{corpus.name}: is too small for an audit, as no part has an entity to learn "
                "from; add sentences"
            )
        items, told = rank(sentences, judged)
        write_queue(out / QUEUE, items)
        write_file(out / GUIDELINES, "".join(f"{line}\n" for line in told))
        write_file(out / PAGE, audit_page(corpus, judged, items, told))
        yield Ranking(out, len(judged), tuple(items), tuple(told))


def _kept(
    out: Path, members: Sequence[Path | Member], sentences: Sequence[Sentence]
) -> dict[Path | Member, Judgements]:
    """The judgements that are in their files already. Raises `NerError` for a damaged one."""
    found: dict[Path | Member, Judgements] = {}
    for member in members:
        path = _path(out, member)
        if path.is_file():
            try:
                found[member] = load_judgements(path, sentences)
            except (ValueError, LookupError, TypeError):
                raise NerError(f"{path}: is damaged; remove it and go on with --resume") from None
    return found


def _judged(
    runner: Runner,
    training: FoldTraining,
    members: Sequence[Path | Member],
    sentences: Sequence[Sentence],
) -> Iterator[MemberStep | tuple[Path | Member, Judgements]]:
    """The judgements of members, as each is done; those at hand judge here."""
    for member in members:
        if isinstance(member, Path):
            yield member, judge_by_model(member, sentences)
    jobs = [Job(member.name, member) for member in members if isinstance(member, Member)]
    with closing(runner.run(training, jobs)) as events:
        for job, event in events:
            match event:
                case Failed(error):
                    raise error
                case Done(judgements):
                    yield job.task, judgements
                case MemberStep():
                    yield event


def _path(out: Path, member: Member | Path) -> Path:
    return out / JUDGEMENTS / f"{_file_name(member)}.jsonl"


def _name(member: Member | Path) -> str:
    return member.name if isinstance(member, Member) else str(member)


def _file_name(member: Member | Path) -> str:
    if isinstance(member, Member):
        return member.name
    path = os.fsencode(member.resolve())
    return f"model-{hashlib.blake2b(path, digest_size=4).hexdigest()}"


def _check(corpus: Corpus, sentences: Sequence[Sentence]) -> None:
    """Refuse a corpus in which nothing can be audited. Raises `CorpusError` or `UsageError`."""
    if not any(sentence.spans for sentence in sentences if is_judged(sentence)):
        raise CorpusError(
            f"{corpus.name}: no sentence with all its labels has an entity, so there is nothing to "
            "audit; choose the column of the tags with --tag-column"
        )
    if layers_of(sentences):
        raise UsageError(
            f"{corpus.name}: has tag layers; audit them one by one, each with its --tag-column"
        )


def _check_same(out: Path, about: Mapping[str, Any]) -> None:
    """Refuse to go on with an audit of something else. Raises `TrainingError`."""
    try:
        before = json.loads((out / SIGN).read_text(encoding="utf-8"))
        names = {"checksum": "the corpus", "folds": "--folds", "config": "settings"}
        other = [told for key, told in names.items() if before[key] != about[key]]
    except (OSError, ValueError, LookupError, TypeError):
        raise TrainingError(f"{out / SIGN}: is damaged; start anew with --overwrite") from None
    if other:
        raise TrainingError(
            f"{out}: was started otherwise ({', '.join(other)}); resume with the same, or start "
            "anew with --overwrite"
        )

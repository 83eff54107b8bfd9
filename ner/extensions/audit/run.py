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
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
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
from ner.model import choose_device, threads
from ner.run_folder import RunFolder, check_restart, find_bundle, run_path, write_file
from ner.text import Sentence, layers_of

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
) -> Iterator[MemberStep | MemberDone | Ranking]:
    """Audit all splits of a corpus; a generator, to be run to its end.

    Yields the steps of each training, `MemberDone` behind each model, and at last the `Ranking`.
    With `resume`, models that have judged do not judge again. Raises `NerError` for a corpus, model
    or folder that will not do.
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
        training = FoldTraining(sentences, config, choose_device(device), progress)
        members: list[Path | Member] = [*places, *members_of(folds, seeds)]
        found: list[Judgements] = []
        for number, member in enumerate(members, 1):
            name = member.name if isinstance(member, Member) else str(member)
            with threads(config.train.threads):
                found.append((yield from _judged(out, member, training, sentences)))
            yield MemberDone(number, len(members), name, len(found[-1]))
        judged = pooled(found)
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


def _judged(
    out: Path, member: Member | Path, training: FoldTraining, sentences: Sequence[Sentence]
) -> Generator[MemberStep, None, Judgements]:
    """The judgements of a member, or of the model at hand of that path; kept in its file."""
    name = _file_name(member)
    path = out / JUDGEMENTS / f"{name}.jsonl"
    if path.is_file():
        try:
            return load_judgements(path, sentences)
        except (ValueError, LookupError, TypeError):
            raise NerError(f"{path}: is damaged; remove it and go on with --resume") from None
    judgements: Judgements = {}
    if isinstance(member, Path):
        judgements = judge_by_model(member, sentences)
    else:
        for event in training.events(member):
            if isinstance(event, MemberStep):
                yield event
            else:
                judgements = event
    save_judgements(path, judgements)
    return judgements


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

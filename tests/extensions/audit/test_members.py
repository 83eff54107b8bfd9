"""Members: each judges sentences that it has not learnt from, and no others."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import UsageError
from ner.extensions.audit.folds import folds_of
from ner.extensions.audit.judgements import Judgements
from ner.extensions.audit.members import (
    QUICK,
    FoldTraining,
    Member,
    MemberStep,
    is_judged,
    judge_by_model,
    members_of,
    quick,
)
from ner.text import PartialLabel, Sentence, Span
from ner.training import Job, Slot


def test_all_folds_of_a_seed_come_before_the_next_seed() -> None:
    members = members_of(2, 2)
    assert [(member.seed, member.fold) for member in members] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert [member.name for member in members[:2]] == ["seed-1-fold-1", "seed-1-fold-2"]


def test_quick_settings_give_way_to_those_of_the_user() -> None:
    assert {key: quick(Config(), [])[key] for key in QUICK} == QUICK
    fixed = quick(Config(), ["model.hidden"])
    assert fixed["model.hidden"] == Config()["model.hidden"]
    chosen = Config().replace({"model.hidden": 7, "model.context": "document"})
    assert quick(chosen, [])["model.hidden"] == 7
    assert quick(chosen, [])["model.context"] == "sentence"


def trained(
    sentences: Sequence[Sentence], config: Config, member: Member
) -> tuple[list[MemberStep], Judgements]:
    training = FoldTraining(sentences, config)
    *steps, judgements = training(Job(member.name, member), Slot(torch.device("cpu")))
    assert not isinstance(judgements, MemberStep)
    return [step for step in steps if isinstance(step, MemberStep)], judgements


def test_a_member_judges_its_fold(tiny_corpus: Corpus, tiny_config: Config) -> None:
    member = Member(1, 0, 2)
    steps, judgements = trained(tiny_corpus.train, tiny_config, member)
    folds = folds_of(tiny_corpus.train, 2, 1)
    assert [*judgements] == [number for number, fold in enumerate(folds) if fold == 0]
    assert [step.step for step in steps] == [*range(1, len(steps) + 1)]
    assert {step.steps for step in steps} == {len(steps)}


def test_copies_of_its_sentences_are_not_learnt(tiny_corpus: Corpus, tiny_config: Config) -> None:
    twice = [*tiny_corpus.train, *tiny_corpus.train]
    for fold in (0, 1):
        steps, _ = trained(twice, tiny_config, Member(1, fold, 2))
        folds = folds_of(twice, 2, 1)
        held = {s.tokens for s, own in zip(twice, folds, strict=True) if own == fold}
        learnt = sum(sentence.tokens not in held for sentence in twice)
        assert bool(steps) == bool(learnt)


def test_partly_labelled_sentences_are_not_judged(tiny_corpus: Corpus, tiny_config: Config) -> None:
    first = tiny_corpus.train[0]
    unknown = (PartialLabel(None, "open"),) * len(first)
    partly = replace(first, spans=(), partial=unknown)
    assert not is_judged(partly)
    assert not is_judged(replace(first, unannotated=frozenset({"X"})))
    sentences = [partly, *tiny_corpus.train[1:]]
    found = trained(sentences, tiny_config, Member(1, folds_of(sentences, 2, 1)[0], 2))[1]
    assert 0 not in found
    assert found


def test_without_entities_in_other_folds_nothing_is_judged(tiny_config: Config) -> None:
    one = Sentence(("Rome", "fell"), (Span(0, 1, "LOC"),), document=0)
    other = Sentence(("it", "fell"), document=1)
    fold = folds_of([one, other], 2, 1)[0]
    assert trained([one, other], tiny_config, Member(1, fold, 2)) == ([], {})


def test_a_model_at_hand_judges_what_it_has_not_learnt(tiny_corpus: Corpus, tiny_run: Path) -> None:
    sentences = [*tiny_corpus.train, *tiny_corpus.test]
    found = judge_by_model(tiny_run / "model", sentences)
    assert [*found] == [*range(len(tiny_corpus.train), len(sentences))]


def test_a_model_of_other_types_is_refused(tiny_corpus: Corpus, tiny_run: Path) -> None:
    other = replace(tiny_corpus.test[0], spans=(Span(0, 1, "DATE"),))
    with pytest.raises(UsageError, match="does not know the types DATE of the corpus"):
        judge_by_model(tiny_run / "model", [other])


def test_a_model_with_layers_is_refused(tiny_corpus: Corpus, layered_run: Path) -> None:
    with pytest.raises(UsageError, match="has tag layers"):
        judge_by_model(layered_run / "model", tiny_corpus.test)

"""An audit: finds what was planted, keeps what models have said, and goes on from there."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ner.config import Config
from ner.corpus import Corpus, read_queue
from ner.errors import CorpusError, NerError, TrainingError, UsageError
from ner.extensions.audit.run import MemberDone, Ranking, audit_events
from ner.text import Span, layers_of
from tests.render.data import data_of

pytestmark = pytest.mark.slow


def audited(corpus: Corpus, out: Path, config: Config, **how: Any) -> tuple[list[Any], Ranking]:
    *events, ranking = audit_events(
        corpus, out, config, **{"folds": 3, "seeds": 1, "device": "cpu", **how}
    )
    assert isinstance(ranking, Ranking)
    return [event for event in events if isinstance(event, MemberDone)], ranking


@pytest.fixture(scope="module")
def planted(tiny_corpus: Corpus) -> Corpus:
    """`tiny_corpus` with a person as a place in one sentence."""
    wrong = replace(
        tiny_corpus.train[4], spans=(Span(0, 1, "LOC"), *tiny_corpus.train[4].spans[1:])
    )
    train = (*tiny_corpus.train[:4], wrong, *tiny_corpus.train[5:])
    return replace(tiny_corpus, train=train)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, planted: Corpus, tiny_config: Config
) -> tuple[Path, Ranking]:
    out = tmp_path_factory.mktemp("audit") / "out"
    return out, audited(planted, out, tiny_config)[1]


def test_a_planted_mistake_comes_first(finished: tuple[Path, Ranking], planted: Corpus) -> None:
    out, ranking = finished
    assert ranking.sentences == sum(map(len, planted.splits().values()))
    first, own = ranking.items[0], planted.train[4]
    assert (first.source, first.line, first.tokens) == (own.source, own.line, own.tokens)
    assert first.labelled == Span(0, 1, "LOC")
    assert first.proposed == Span(0, 1, "PER")
    assert read_queue(out / "queue.jsonl") == [*ranking.items]
    assert (out / "guidelines.txt").read_text() == "".join(f"{x}\n" for x in ranking.differences)
    rows = data_of((out / "audit.html").read_text())["rows"]
    assert [row["probability"] for row in rows] == [item.score for item in ranking.items]


def test_it_goes_on_from_what_was_judged(
    finished: tuple[Path, Ranking], planted: Corpus, tiny_config: Config
) -> None:
    out, ranking = finished
    for seeds, judged in ((1, 3), (2, 6)):
        before = {path.name for path in (out / "judgements").iterdir()}
        done, again = audited(planted, out, tiny_config, resume=True, seeds=seeds)
        assert [one.number for one in done] == [*range(1, judged + 1)]
        if seeds == 1:
            assert again == ranking
        after = {path.name for path in (out / "judgements").iterdir()}
        assert len(after - before) == judged - len(before)


def test_a_model_at_hand_judges_too(
    tmp_path: Path, planted: Corpus, tiny_config: Config, tiny_run: Path
) -> None:
    how: dict[str, Any] = {"models": [str(tiny_run)], "folds": 2}
    done, _ = audited(planted, tmp_path / "out", tiny_config, **how)
    assert [one.name for one in done] == [str(tiny_run / "model"), "seed-1-fold-1", "seed-1-fold-2"]
    assert done[0].judged == len(planted.valid) + len(planted.test)


def test_other_settings_do_not_go_on(
    finished: tuple[Path, Ranking], planted: Corpus, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    out = finished[0]
    other = tiny_config.replace({"model.hidden": 5})
    for corpus, config, folds, named in (
        (tiny_corpus, tiny_config, 3, "the corpus"),
        (planted, other, 3, "settings"),
        (planted, tiny_config, 2, "--folds"),
    ):
        with pytest.raises(TrainingError, match=rf"was started otherwise \({named}\)"):
            audited(corpus, out, config, folds=folds, resume=True)


def test_a_folder_in_use_is_left_alone(
    finished: tuple[Path, Ranking], planted: Corpus, tiny_config: Config, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="holds a run already"):
        audited(planted, finished[0], tiny_config)
    with pytest.raises(UsageError, match="choose one"):
        audited(planted, finished[0], tiny_config, resume=True, overwrite=True)
    with pytest.raises(UsageError, match="holds no run to go on with"):
        audited(planted, tmp_path / "new", tiny_config, resume=True)


@pytest.mark.parametrize(("name", "remedy"), [("judgements", "--resume"), ("audit", "--overwrite")])
def test_what_is_damaged_is_named(
    tmp_path: Path, planted: Corpus, tiny_config: Config, name: str, remedy: str
) -> None:
    quick = tiny_config.replace({"train.epochs": 1})
    out = tmp_path / "out"
    audited(planted, out, quick)
    path = out / "audit.json" if name == "audit" else next((out / name).iterdir())
    path.write_text("{")
    with pytest.raises(NerError, match=f"{path}: is damaged.*{remedy}"):
        audited(planted, out, quick, resume=True)
    path.write_text("[]" if name == "audit" else "7\n")
    with pytest.raises(NerError, match=f"{path}: is damaged"):
        audited(planted, out, quick, resume=True)
    audited(planted, out, quick, overwrite=True)
    assert json.loads((out / "audit.json").read_text())["folds"] == 3


def test_a_corpus_without_entities_is_refused(
    tmp_path: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    bare = tiny_corpus.map(lambda sentence: replace(sentence, spans=()))
    with pytest.raises(CorpusError, match="nothing to audit"):
        audited(bare, tmp_path / "out", tiny_config)
    assert not (tmp_path / "out").exists()


def test_a_corpus_of_one_document_is_too_small(
    tmp_path: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    small = Corpus("small", train=tiny_corpus.train[:3])
    with pytest.raises(CorpusError, match="too small for an audit"):
        audited(small, tmp_path / "out", tiny_config)


def test_layers_are_refused(tmp_path: Path, layered_corpus: Corpus, tiny_config: Config) -> None:
    sentences: Sequence[Any] = layered_corpus.train
    assert layers_of(sentences)
    with pytest.raises(UsageError, match="has tag layers"):
        audited(layered_corpus, tmp_path / "out", tiny_config)

"""The verbs of the library: the example of the documentation, and what happens to folders."""

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ner
from ner.api import train_events
from ner.config import Config
from ner.corpus import Corpus, write_file
from ner.errors import ConfigError, NerError, TrainingError, UsageError
from ner.tagger import Tagger
from ner.text import Sentence, Span
from ner.training.loop import Epoch
from ner.training.run import Event, Finished
from ner.training.seeds import SeedsFinished

Events = Callable[..., Iterator[Event | SeedsFinished]]


@pytest.fixture
def events(tiny_corpus: Corpus, tiny_config: Config) -> Events:
    """`train_events` over two epochs of `tiny_corpus`, with some settings changed."""

    def make(
        out: Path, corpus: Corpus = tiny_corpus, settings: dict[str, Any] | None = None, **how: Any
    ) -> Iterator[Event | SeedsFinished]:
        config = tiny_config.replace({"train.epochs": 2, **(settings or {})})
        return train_events(corpus, out, config, device="cpu", **how)

    return make


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def stop(events: Iterator[Any], number: int = 1) -> None:
    """Take events up to an epoch (0: one step) and leave."""
    for event in events:
        if not number or (isinstance(event, Epoch) and event.number == number):
            break
    events.close()  # type: ignore[attr-defined]


def refusal(events: Iterator[Any], kind: type[NerError]) -> str:
    with pytest.raises(kind) as caught:
        list(events)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- the public face ---------------------------------------------------------------


@pytest.mark.slow
def test_the_example_of_the_documentation(
    tmp_path: Path,
    tiny_corpus: Corpus,
    tiny_config: Config,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The lines of the public face in the design, on a corpus of that name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NER_DATA", raising=False)
    monkeypatch.setattr(ner.api, "Config", lambda: tiny_config)  # the default takes minutes
    for split, sentences in tiny_corpus.splits().items():
        write_file(tmp_path / "data" / "conll2003" / f"{split}.txt", sentences)

    corpus = ner.load_corpus("conll2003")  # name, folder or file
    tagger = ner.train(corpus, out="runs/conll2003")  # returns the best model
    report = ner.evaluate(tagger, corpus.test)
    tagger = ner.Tagger.load("runs/conll2003")
    for entity in tagger.tag("Anna visited New York."):
        print(entity.text, entity.label, entity.start, entity.end, entity.score)

    assert corpus.name == "conll2003"
    assert report.f1 > 0.9
    told = [line.rpartition(" ") for line in capsys.readouterr().out.splitlines()]
    assert [entity for entity, _, _ in told] == ["Anna PER 0 4", "New York LOC 13 21"]
    assert all(0.0 < float(score) <= 1.0 for _, _, score in told)


def test_what_train_returns_is_what_load_gives(
    tmp_path: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    config = tiny_config.replace({"train.epochs": 3})
    tagger = ner.train(tiny_corpus, tmp_path, config, device="cpu")
    loaded = Tagger.load(tmp_path, "cpu")
    texts = ["Anna visited Rome.", "Nobody left. Carl Maria loved New York!"]
    assert list(tagger.stream(texts)) == list(loaded.stream(texts))


def test_training_prints_nothing(events: Events, tmp_path: Path, capfd: Any) -> None:
    list(events(tmp_path))
    assert capfd.readouterr() == ("", "")


# --- evaluate ----------------------------------------------------------------------


def test_unknown_types_are_missed_and_said_once(
    tiny_tagger: Tagger, tiny_corpus: Corpus, caplog: pytest.LogCaptureFixture
) -> None:
    odd = Sentence(("Zeus", "and", "Ra", "slept"), (Span(0, 1, "GOD"), Span(2, 3, "DEITY")))
    report = ner.evaluate(tiny_tagger, [*tiny_corpus.valid, odd])
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == ("types that the model does not know count as missed: DEITY, GOD")
    assert report.per_type["GOD"].recall == 0.0
    assert report.per_type["GOD"].support == 1
    assert report.recall < 1.0


def test_known_types_are_worth_no_word(
    tiny_tagger: Tagger, tiny_corpus: Corpus, caplog: pytest.LogCaptureFixture
) -> None:
    assert ner.evaluate(tiny_tagger, tiny_corpus.valid).f1 == 1.0
    assert not caplog.records


def test_sentences_that_were_learnt_from_are_said_once(
    tiny_tagger: Tagger, tiny_corpus: Corpus, caplog: pytest.LogCaptureFixture
) -> None:
    ner.evaluate(tiny_tagger, [*tiny_corpus.valid[:7], *tiny_corpus.train[:3]])
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        "3 of 10 sentences are among those that the model has learnt from; "
        "scores on them say little of new text"
    )


@pytest.mark.parametrize("sentences", [[], [Sentence(("nothing",))], [Sentence(())]])
def test_nothing_to_find_gives_an_answer(tiny_tagger: Tagger, sentences: list[Sentence]) -> None:
    report = ner.evaluate(tiny_tagger, sentences)
    assert (report.support, report.sentences) == (0, len(sentences))
    assert report.f1 == 0.0


# --- folders -----------------------------------------------------------------------


def test_a_run_is_not_overwritten_unasked(events: Events, tiny_run: Path, tmp_path: Path) -> None:
    out = shutil.copytree(tiny_run, tmp_path / "run")
    before = snapshot(out)
    assert "--overwrite" in refusal(events(out), UsageError)
    assert "seed" not in refusal(events(out, seeds=[1]), UsageError).removeprefix(str(out))
    assert snapshot(out) == before


def test_overwriting_replaces_the_run_and_nothing_else(
    events: Events, tiny_run: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(tiny_run, tmp_path / "run")
    (out / "notes.txt").write_text("mine")
    stop(events(out, overwrite=True), 0)
    left = {path.name for path in out.iterdir()}
    assert left == {"notes.txt", "config.toml", "metrics.jsonl", "log.txt", "checkpoint"}
    list(events(out, overwrite=True))
    assert (out / "notes.txt").read_text() == "mine"
    assert len((out / "metrics.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("fault", ["corpus", "vectors", "device", "seed"])
def test_an_old_run_stays_until_the_new_one_can_start(
    events: Events, tiny_run: Path, tmp_path: Path, tiny_corpus: Corpus, fault: str
) -> None:
    out = shutil.copytree(tiny_run, tmp_path / "run")
    before = snapshot(out)
    broken = {
        "corpus": lambda: events(out, Corpus("empty"), overwrite=True),
        "vectors": lambda: events(
            out, settings={"resources.vectors": str(tmp_path / "no.vec")}, overwrite=True
        ),
        "device": lambda: train_events(tiny_corpus, out, device="tpu", overwrite=True),
        "seed": lambda: events(out, seeds=[1, -1], overwrite=True),
    }
    with pytest.raises(NerError):
        list(broken[fault]())
    assert snapshot(out) == before


def test_nothing_happens_before_the_first_event_is_asked_for(
    events: Events, tmp_path: Path
) -> None:
    events(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_resume_and_overwrite_exclude_each_other(events: Events, tiny_run: Path) -> None:
    message = refusal(events(tiny_run, resume=True, overwrite=True), UsageError)
    assert "choose one" in message


def test_resuming_goes_on(events: Events, tmp_path: Path) -> None:
    stop(events(tmp_path), 1)
    told = list(events(tmp_path, resume=True))
    assert [event.number for event in told if isinstance(event, Epoch)] == [2]
    assert isinstance(told[-1], Finished)


def test_there_must_be_something_to_resume(events: Events, tmp_path: Path) -> None:
    """Not even a mistyped folder starts a new run."""
    out = tmp_path / "run"
    for seeds in ((), (1, 2)):
        message = refusal(events(out, resume=True, seeds=seeds), UsageError)
        assert f"{out}: holds no run to go on with" in message
        assert "leave --resume out" in message
        assert not out.exists()
    stop(events(out), 1)  # the remedy is one
    assert (out / "model").exists()


def test_a_run_that_was_stopped_before_its_first_step_begins_anew(
    events: Events, tmp_path: Path
) -> None:
    stop(events(tmp_path), 0)
    shutil.rmtree(tmp_path / "checkpoint")
    told = list(events(tmp_path, resume=True))
    assert [event.number for event in told if isinstance(event, Epoch)] == [1, 2]


# --- seeds -------------------------------------------------------------------------


def test_a_seed_that_is_named_twice(events: Events, tmp_path: Path) -> None:
    assert "--seeds 1,2,1" in refusal(events(tmp_path, seeds=[1, 2, 1]), UsageError)


def test_a_seed_below_nothing(events: Events, tmp_path: Path) -> None:
    assert "train.seed" in refusal(events(tmp_path, seeds=[-3]), ConfigError)


@pytest.fixture
def half(events: Events, tmp_path: Path) -> Path:
    """A folder in which the first of two seeds is done and the second is not."""
    out = tmp_path / "seeds"
    for event in events(out, seeds=[1, 2]):
        if isinstance(event, Finished):
            break
    return out


def test_seeds_that_were_stopped_are_not_overwritten_unasked(events: Events, half: Path) -> None:
    before = snapshot(half)
    for how in ({"seeds": [1, 2]}, {"seeds": [3]}, {}):
        assert "seeds: holds a run already" in refusal(events(half, **how), UsageError)
    assert snapshot(half) == before


def test_seeds_that_were_stopped_are_overwritten_if_asked(events: Events, half: Path) -> None:
    (half / "seed-1" / "notes.txt").write_text("mine")
    *_, last = events(half, seeds=[2], overwrite=True)
    assert isinstance(last, SeedsFinished)
    assert list(last.runs) == [2]
    assert [path.name for path in (half / "seed-1").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("steps", [None, 0])
def test_seeds_go_on_where_they_were_stopped(events: Events, half: Path, steps: int | None) -> None:
    """Whether the second had not begun, or had not finished its first epoch."""
    if steps is not None:
        going = events(half, seeds=[1, 2], resume=True)
        for event in going:
            if isinstance(event, Finished):
                next(going)
                break
        going.close()  # type: ignore[attr-defined]
        assert (half / "seed-2" / "checkpoint").exists()
        assert not (half / "seed-2" / "model").exists()
    done = (half / "seed-1" / "model" / "weights.safetensors").read_bytes()
    told = list(events(half, seeds=[1, 2], resume=True))
    assert [event.number for event in told if isinstance(event, Epoch)] == [1, 2]
    assert isinstance(told[-1], SeedsFinished)
    assert list(told[-1].runs) == [1, 2]
    assert (half / "seed-1" / "model" / "weights.safetensors").read_bytes() == done
    assert json.loads((half / "result.json").read_text())["seeds"] == [1, 2]


def test_the_order_of_resumed_seeds_does_not_matter(events: Events, half: Path) -> None:
    """The first one named has not begun; that is no reason to clear the others away."""
    done = snapshot(half / "seed-1")
    told = list(events(half, seeds=[2, 1], resume=True))
    assert [event.number for event in told if isinstance(event, Epoch)] == [1, 2]
    for name in ("metrics.jsonl", "model/weights.safetensors", "config.toml"):
        assert (half / "seed-1" / name).read_bytes() == done[name]


def test_a_finished_seed_without_its_checkpoint_is_not_trained_anew(
    events: Events, half: Path
) -> None:
    shutil.rmtree(half / "seed-1" / "checkpoint")
    before = snapshot(half)
    message = refusal(events(half, seeds=[1, 2], resume=True), TrainingError)
    assert str(half / "seed-1" / "checkpoint") in message
    assert snapshot(half) == before


def test_seeds_do_not_go_on_with_a_single_run(
    events: Events, tiny_run: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(tiny_run, tmp_path / "run")
    before = snapshot(out)
    message = refusal(events(out, seeds=[1, 2], resume=True), UsageError)
    assert "holds a run without --seeds" in message
    assert snapshot(out) == before


def test_what_is_read_in_windows_is_said(
    tiny_tagger: Tagger, caplog: pytest.LogCaptureFixture
) -> None:
    short = Sentence(("Anna", "left"), (Span(0, 1, "PER"),), source="a.conll", line=1)
    long = Sentence(("Anna", "left") * 300, (Span(0, 1, "PER"),), source="a.conll", line=4)
    with caplog.at_level(logging.INFO, "ner"):
        ner.evaluate(tiny_tagger, [short])
        assert not caplog.messages
        ner.evaluate(tiny_tagger, [short, long, long])
    assert [text.partition(" that overlap")[0] for text in caplog.messages] == [
        "a.conll:4: a sentence of 600 tokens is read in windows of 512"
    ]


def test_a_run_folder_without_a_name_is_refused(
    tiny_corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="the name of the run folder is empty"):
        ner.train(tiny_corpus, "")
    assert list(tmp_path.iterdir()) == []

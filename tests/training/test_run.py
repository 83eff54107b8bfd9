"""A run in its folder: what it leaves, how it goes on, what it refuses."""

import itertools
import json
import logging
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ner.bundle.format import load_bundle
from ner.config import Config, PredictConfig, chosen
from ner.corpus import Corpus, map_labels, merge_corpora
from ner.corpus.partial import known_tags, read_partial_labels, with_partial_labels
from ner.errors import ConfigError, CorpusError, NerError, TrainingError, UsageError
from ner.evaluation import CountedScores, Report, evaluate_spans
from ner.extensions.charlm.folder import load_model, save_model
from ner.features import Batch
from ner.model import multiplies_bfloat16
from ner.predict.predictions import predict_sentences
from ner.predict.profiles import profile_of
from ner.tags import TAG_UNKNOWN, parse_tag
from ner.text import PartialLabel, Sentence
from ner.training import run as run_module
from ner.training.gradients import Gradient
from ner.training.loop import Epoch, Step
from ner.training.preparation import check_corpus, prepare
from ner.training.run import (
    CONTENTS,
    CONTEXTS,
    CorpusRun,
    Event,
    Finished,
    Run,
)
from tests.signing import sign

Start = Callable[..., Run]
TIMES = {"tokens_per_second", "seconds"}


@pytest.fixture
def start(tiny_corpus: Corpus, tiny_config: Config) -> Start:
    """Make a short run over `tiny_corpus`, or the corpus given, with some settings changed."""

    def make(out: Path, corpus: Corpus = tiny_corpus, **changes: Any) -> Run:
        config = tiny_config.replace({"train.epochs": 4})
        config = config.replace({k.replace("__", "."): v for k, v in changes.items()})
        return Run(prepare(corpus), config, out, torch.device("cpu"))

    return make


@pytest.fixture(scope="module")
def straight(
    tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Corpus, tiny_config: Config
) -> Path:
    """The folder of a run of four epochs that nothing has stopped."""
    out = tmp_path_factory.mktemp("straight") / "run"
    list(
        Run(
            prepare(tiny_corpus), tiny_config.replace({"train.epochs": 4}), out, torch.device("cpu")
        ).events()
    )
    return out


def metrics(out: Path) -> list[dict[str, Any]]:
    """The records of the epochs."""
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def timeless(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in record.items() if k not in TIMES} for record in records]


def until(events: Iterator[Event], epoch: int, step: int = 0) -> None:
    """Take events to the end of an epoch and some steps beyond, then leave the generator."""
    beyond = 0
    for event in events:
        if isinstance(event, Epoch) and event.number == epoch and not step:
            break
        if isinstance(event, Step) and event.epoch == epoch + 1:
            beyond += 1
            if beyond == step:
                break
    events.close()  # type: ignore[attr-defined]


# --- what it leaves ----------------------------------------------------------------


def test_the_folder_holds_what_the_docstring_says(tiny_run: Path) -> None:
    assert {path.name for path in tiny_run.iterdir()} == {*CONTENTS} - {CONTEXTS}
    assert run_module.__doc__
    told = [line.split()[0] for line in run_module.__doc__.splitlines() if line.startswith("    ")]
    assert [name.rstrip("/") for name in told] == list(CONTENTS)


def test_the_settings_are_kept_as_they_came_out(tiny_run: Path, tiny_config: Config) -> None:
    kept = Config.load(tiny_run / "config.toml")
    assert tiny_config.data.tokenizer == "auto"
    assert kept.data.tokenizer != "auto"
    filled = {
        "data.tokenizer": kept.data.tokenizer,
        "data.retokenize": "no",
        "model.bigrams": "no",
        "train.adversarial": 0.0,
    }
    assert kept == tiny_config.replace(filled | {"model.chars": kept.model.chars})
    assert load_bundle(tiny_run).config == kept


def test_a_tokenizer_that_was_chosen_is_kept(start: Start, tmp_path: Path) -> None:
    run = start(tmp_path, data__tokenizer="characters")
    assert run.config.data.tokenizer == "characters"


def test_metrics_have_one_object_an_epoch(tiny_run: Path, tiny_config: Config) -> None:
    records = metrics(tiny_run)
    assert [record["epoch"] for record in records] == list(
        range(1, chosen(tiny_config.train.epochs) + 1)
    )
    for record in records:
        assert set(record) == TIMES | {
            "epoch",
            "loss",
            "valid_precision",
            "valid_recall",
            "valid_f1",
            "learning_rate",
            "best",
        }
    best = -1.0
    for record in records:
        assert record["best"] is (record["valid_f1"] > best)
        best = max(best, record["valid_f1"])


def test_the_result_is_that_of_the_model(tiny_run: Path, tiny_corpus: Corpus) -> None:
    result = json.loads((tiny_run / "result.json").read_text())
    records = metrics(tiny_run)
    best = next(r for r in records if r["valid_f1"] == max(x["valid_f1"] for x in records))
    assert result["epochs"] == len(records)
    assert result["best_epoch"] == best["epoch"]
    assert result["seconds"] > 0
    assert result["scores"]["valid"]["f1"] == pytest.approx(best["valid_f1"])
    bundle = load_bundle(tiny_run)
    for split in ("valid", "test"):
        gold = getattr(tiny_corpus, split)
        report = evaluate_spans(gold, predict_sentences(bundle.model, gold)).to_dict()
        assert result["scores"][split] == report == bundle.about["scores"][split]
    assert bundle.about["checksums"] == tiny_corpus.checksums()


def test_the_profile_is_that_of_valid(start: Start, tiny_corpus: Corpus, tmp_path: Path) -> None:
    valid = tiny_corpus.train * 6
    *_, finished = start(tmp_path, replace(tiny_corpus, valid=valid)).events()
    about = load_bundle(finished.out / "model").about
    found = profile_of(load_bundle(finished.out / "model").model, valid, PredictConfig())
    assert found is not None
    assert about["profile"] == asdict(found)


def test_a_short_valid_has_no_profile(tiny_run: Path) -> None:
    assert "profile" not in load_bundle(tiny_run / "model").about


def test_a_rate_for_larger_batches_is_in_the_log(start: Start, tmp_path: Path) -> None:
    run = start(tmp_path, train__batch_sentences=64, train__learning_rate="auto", train__epochs=1)
    list(run.events())
    assert (tmp_path / "log.txt").read_text().count("as batches hold more than 32 sentences") == 1


def test_the_curves_are_drawn(tiny_run: Path) -> None:
    assert "<svg" in (tiny_run / "curves.svg").read_text(encoding="utf-8")


def test_the_log_has_every_epoch_although_nobody_listens(
    straight: Path,
) -> None:
    lines = (straight / "log.txt").read_text(encoding="utf-8").splitlines()
    epochs = Config.load(straight / "config.toml").train.epochs
    for record in metrics(straight):
        said = f"INFO epoch {record['epoch']}/{epochs}: loss {record['loss']:.4f}, valid precision"
        [line] = [line for line in lines if said in line]
        assert ("(best); " in line) is record["best"]
        assert re.search(r"; \d+\.\d s, at most \d+\.\d s left$", line)
    assert line.endswith(", at most 0.0 s left") is (record["epoch"] == epochs)


def test_logging_is_left_as_it_was(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = logging.getLogger("ner")
    monkeypatch.setattr(logger, "handlers", [])  # commands in this process left theirs
    before = list(logger.handlers), logger.level
    events = start(tmp_path).events()
    next(events)
    assert len(logger.handlers) == len(before[0]) + 1
    events.close()
    assert (list(logger.handlers), logger.level) == before


def test_a_level_that_the_program_chose_is_kept(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = logging.getLogger("ner")
    monkeypatch.setattr(logger, "level", logging.ERROR)
    events = start(tmp_path).events()
    next(events)
    assert logger.level == logging.ERROR
    events.close()


def test_the_threads_are_those_of_the_settings(start: Start, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    events = start(tmp_path, train__threads=before + 1).events()
    next(events)
    assert torch.get_num_threads() == before + 1
    events.close()
    assert torch.get_num_threads() == before


@pytest.mark.slow
def test_an_epoch_is_on_disk_before_it_is_told(start: Start, tmp_path: Path) -> None:
    run = start(tmp_path)
    best = -1.0
    for event in run.events():
        if isinstance(event, Epoch):
            assert [r["epoch"] for r in metrics(tmp_path)] == list(range(1, event.number + 1))
            best = max(best, event.valid.f1)
            bundle = load_bundle(tmp_path)
            assert bundle.about["scores"]["valid"]["f1"] == best
            state = json.loads((tmp_path / "checkpoint" / "state.json").read_text())
            assert state["trainer"]["epoch"] == event.number
            assert not (tmp_path / "result.json").exists()
    assert isinstance(event, Finished)
    assert event.to_dict() == json.loads((tmp_path / "result.json").read_text())


def test_the_model_is_that_of_the_best_epoch(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not that of the last one: from the third epoch on F1 falls."""
    run = start(tmp_path)
    trainer = run.trainer
    evaluate, f1s = trainer._evaluate, iter([0.1, 0.3, 0.2, 0.3])
    monkeypatch.setattr(trainer, "_evaluate", lambda: replace(evaluate(), f1=next(f1s)))
    kept: dict[int, torch.Tensor] = {}
    for event in run.events():
        if isinstance(event, Epoch):
            kept[event.number] = trainer.evaluated_model.network.projection.weight.clone()
    assert isinstance(event, Finished)
    assert event.best_epoch == 2
    found = torch.from_numpy(load_bundle(tmp_path).model.weights["projection.weight"])
    assert torch.equal(found, kept[2])
    assert not torch.equal(found, kept[4])


# --- how it goes on ----------------------------------------------------------------


def is_like(out: Path, straight: Path) -> None:
    """A run came to the very same end as the one that was not stopped."""
    for name in ("model", "checkpoint"):
        weights = "weights.safetensors" if name == "model" else "tensors.safetensors"
        assert (out / name / weights).read_bytes() == (straight / name / weights).read_bytes()
    assert timeless(metrics(out)) == timeless(metrics(straight))
    one, other = (json.loads((path / "result.json").read_text()) for path in (out, straight))
    assert {**one, "seconds": 0} == {**other, "seconds": 0}


@pytest.mark.slow
@pytest.mark.parametrize(("epoch", "step"), [(1, 0), (1, 2), (3, 0), (4, 0)])
def test_a_resumed_run_is_like_one_that_was_not_stopped(
    start: Start, straight: Path, tmp_path: Path, epoch: int, step: int
) -> None:
    until(start(tmp_path).events(), epoch, step)
    torch.rand(7)  # whatever else this process draws
    run = start(tmp_path)
    run.resume()
    told = [event.number for event in run.events() if isinstance(event, Epoch)]
    assert told == list(range(epoch + 1, 5))
    is_like(tmp_path, straight)


def test_ctrl_c_in_the_middle_of_an_epoch_loses_nothing(
    start: Start, straight: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(tmp_path)
    learn = run.trainer._learn

    def stop_in_the_third_epoch(batch: Batch) -> Gradient | None:
        if run.trainer.epoch == 3 and run.trainer.step % 2:
            raise KeyboardInterrupt
        return learn(batch)

    monkeypatch.setattr(run.trainer, "_learn", stop_in_the_third_epoch)
    with pytest.raises(KeyboardInterrupt):
        list(run.events())
    assert len(metrics(tmp_path)) == 2
    assert load_bundle(tmp_path).about["scores"]["valid"]["f1"] == max(
        record["valid_f1"] for record in metrics(tmp_path)
    )
    resumed = start(tmp_path)
    resumed.resume()
    list(resumed.events())
    is_like(tmp_path, straight)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["run.save_bundle", "base.write_records", "base.write_checkpoint"])
def test_a_crash_between_two_files_loses_nothing(
    start: Start, straight: Path, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Model, metrics and checkpoint are three files: whichever is behind, the run goes on."""
    run = start(tmp_path)
    events = run.events()
    for event in events:
        if isinstance(event, Epoch) and event.number == 2:
            break

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"ner.training.{what}", crash)
        with pytest.raises(KeyboardInterrupt):
            list(events)
    resumed = start(tmp_path)
    resumed.resume()
    list(resumed.events())
    is_like(tmp_path, straight)


def test_a_finished_run_is_finished_again(start: Start, straight: Path, tmp_path: Path) -> None:
    out = shutil.copytree(straight, tmp_path / "run")
    run = start(out)
    run.resume()
    [event] = run.events()
    assert isinstance(event, Finished)
    assert event.epochs == 4
    is_like(out, straight)


def refusal(run: Run, kind: type[NerError] = TrainingError) -> str:
    with pytest.raises(kind) as caught:
        run.resume()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def stopped(straight: Path, tmp_path: Path) -> Path:
    """A folder to resume in."""
    return shutil.copytree(straight, tmp_path / "stopped")


def test_other_settings_are_refused_by_name(start: Start, stopped: Path) -> None:
    message = refusal(start(stopped, train__learning_rate=0.5, model__cell="gru"))
    assert message.startswith(f"{stopped}: was started with other settings ")
    assert "(model.cell, train.learning_rate)" in message


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_another_corpus_is_refused(
    start: Start, stopped: Path, tiny_corpus: Corpus, split: str
) -> None:
    other = replace(tiny_corpus, **{split: getattr(tiny_corpus, split)[:-1]})
    assert "(the corpus)" in refusal(start(stopped, other))


def test_another_vectors_file_of_the_same_name_is_refused(
    start: Start, tiny_corpus: Corpus, tmp_path: Path
) -> None:
    """Its words would take the rows of others, and nobody would ever know."""
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("rome 1 2\nthe 3 4\nof 5 6\n")
    until(start(tmp_path / "run", resources__vectors=str(vectors)).events(), 1)
    vectors.write_text("rome 1 2\nof 3 4\nthe 5 6\n")
    message = refusal(start(tmp_path / "run", resources__vectors=str(vectors)))
    assert "(the content of files of vectors, clusters or word lists)" in message


def test_another_device_is_refused_by_name(start: Start, stopped: Path) -> None:
    """Half of what is random comes from the device."""
    path = stopped / "checkpoint" / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"device": "cuda"}))
    sign(path.parent)
    assert "was started with other settings (--device cuda)" in refusal(start(stopped))


def test_a_processor_with_other_products_is_refused(
    start: Start, stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights would not be those of a run that was not stopped."""
    other = not multiplies_bfloat16()
    monkeypatch.setattr("ner.training.loop.multiplies_bfloat16", lambda: other)
    assert "products in bfloat16, which only one of the two" in refusal(start(stopped))


def test_the_state_of_a_run_has_the_precision_of_its_products(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for able in (False, True):
        monkeypatch.setattr("ner.training.loop.multiplies_bfloat16", able.__bool__)
        for mixed in (False, True):
            out = tmp_path / f"{able}-{mixed}"
            run = start(out, train__epochs=1, train__mixed_precision=mixed)
            list(run.events())
            assert run.trainer.bfloat16 is (able and mixed)
            state = json.loads((out / "checkpoint" / "state.json").read_text())
            assert state["precision"] == ("bfloat16" if able and mixed else "float32")


def test_without_a_checkpoint_there_is_nothing_to_go_on_from(start: Start, tmp_path: Path) -> None:
    message = refusal(start(tmp_path / "run"))
    assert message.startswith(f"{tmp_path / 'run' / 'checkpoint'}: no checkpoint")
    assert "--overwrite" in message, "without --resume alone the folder would be refused"


def test_a_damaged_checkpoint(start: Start, stopped: Path) -> None:
    path = stopped / "checkpoint" / "state.json"
    state = json.loads(path.read_text())
    for missing in ("trainer", "history", "checksums", "vocabulary"):
        path.write_text(json.dumps({k: v for k, v in state.items() if k != missing}))
        assert "state.json is damaged (it is not the file that" in refusal(start(stopped))
        sign(path.parent)
        assert f"checkpoint: is damaged ('{missing}')" in refusal(start(stopped))
    path.write_text(json.dumps(state))
    tensors = stopped / "checkpoint" / "tensors.safetensors"
    tensors.write_bytes((stopped / "model" / "weights.safetensors").read_bytes())
    sign(path.parent)
    assert "checkpoint: is damaged" in refusal(start(stopped))


def test_a_checkpoint_without_its_settings(start: Start, stopped: Path) -> None:
    (stopped / "config.toml").unlink()
    assert "config.toml" in refusal(start(stopped), NerError)


def test_a_checkpoint_without_its_best_model(start: Start, stopped: Path) -> None:
    """Said before hours of training, not after."""
    shutil.rmtree(stopped / "model")
    assert str(stopped / "model") in refusal(start(stopped), UsageError)


# --- what it refuses ---------------------------------------------------------------


def test_a_folder_that_holds_a_run_is_refused(straight: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds a run already") as caught:
        CorpusRun.folder.check(straight)
    assert all(f"--{option}" in str(caught.value) for option in ("out", "resume", "overwrite"))
    CorpusRun.folder.check(straight, overwrite=True)
    CorpusRun.folder.check(tmp_path)
    CorpusRun.folder.check(tmp_path / "new")
    (tmp_path / "notes.txt").write_text("mine")
    CorpusRun.folder.check(tmp_path)


@pytest.mark.parametrize("name", CONTENTS)
def test_any_part_of_a_run_is_reason_to_refuse(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(UsageError):
        CorpusRun.folder.check(tmp_path)


def test_clearing_removes_the_run_and_nothing_else(straight: Path, tmp_path: Path) -> None:
    out = shutil.copytree(straight, tmp_path / "run")
    (out / "notes.txt").write_text("mine")
    (out / "models").mkdir()
    CorpusRun.folder.clear(out)
    assert {path.name for path in out.iterdir()} == {"notes.txt", "models"}
    CorpusRun.folder.clear(tmp_path / "nowhere")


def test_clearing_removes_a_link_and_not_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model").symlink_to(tmp_path / "elsewhere")
    CorpusRun.folder.clear(tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []
    assert (tmp_path / "elsewhere" / "file").read_text() == "mine"


def test_whether_there_is_something_to_go_on_from(
    straight: Path, start: Start, tmp_path: Path
) -> None:
    assert start(straight).has_begun
    assert not start(tmp_path).has_begun
    until(start(tmp_path).events(), 0, 1)
    assert start(tmp_path).has_begun


def test_a_place_that_cannot_be_written(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NerError) as caught:
        list(start(tmp_path / "file" / "run").events())
    assert str(tmp_path / "file" / "run") in str(caught.value)
    assert "choose another place" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["config.toml", "model"])
def test_what_is_of_no_run_is_never_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    for overwrite in (False, True):
        with pytest.raises(UsageError, match=f"{name}: is not of a run, but in its way"):
            CorpusRun.folder.check(tmp_path, overwrite=overwrite)


def test_a_corpus_without_a_test_split_is_judged_on_valid_alone(
    start: Start, tmp_path: Path, tiny_corpus: Corpus
) -> None:
    *_, finished = start(tmp_path, replace(tiny_corpus, test=()), train__epochs=1).events()
    assert isinstance(finished, Finished)
    assert list(finished.scores) == ["valid"]


def test_a_validation_split_without_entities_gives_an_answer(
    start: Start, tmp_path: Path, tiny_corpus: Corpus
) -> None:
    plain = (Sentence(("nothing", "here")),)
    corpus = replace(tiny_corpus, valid=plain, test=plain)
    *_, finished = start(tmp_path, corpus, train__epochs=2).events()
    assert isinstance(finished, Finished)
    scores = finished.scores["test"]
    assert isinstance(scores, CountedScores)
    assert scores.support == 0
    assert scores.f1 == 0.0


def test_a_model_does_not_tell_the_folders_of_its_maker(
    start: Start, tiny_corpus: Corpus, tmp_path: Path
) -> None:
    home = tmp_path / "home" / "somebody"
    home.mkdir(parents=True)
    word = tiny_corpus.train[0].tokens[0].lower()
    (home / "my.vec").write_text(f"1 2\n{word} 0.5 0.25\n", encoding="utf-8")
    source = str(home / "train.txt")
    corpus = replace(
        tiny_corpus,
        train=tuple(replace(sentence, source=source) for sentence in tiny_corpus.train),
        notes=(f"{source}:7: an illegal tag was repaired",),
    )
    run = start(tmp_path / "run", corpus, resources__vectors=str(home / "my.vec"), train__epochs=1)
    list(run.events())
    shared = [path.read_bytes() for path in (tmp_path / "run" / "model").iterdir()]
    assert any(b"train.txt:7: an illegal tag was repaired" in content for content in shared)
    assert any(b"my.vec" in content for content in shared)
    assert not any(b"somebody" in content for content in shared)
    assert Config.load(tmp_path / "run" / "config.toml").resources.vectors == (
        str(home / "my.vec"),
    )


# --- partly labelled corpora, weights of types -------------------------------------


def every_third_hidden(sentences: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    """Sentences of which every third token, counted through, has an unknown tag."""
    count = itertools.count()
    found = []
    for sentence in sentences:
        tags = map(parse_tag, filter(None, known_tags(sentence, "iob2")))
        told = read_partial_labels(
            [TAG_UNKNOWN if next(count) % 3 == 0 else t for t in tags], "iob2"
        )
        found.append(with_partial_labels(sentence, told.labels))
    return tuple(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "scheme", "least"),
    # For softmax each token is alone: where an entity goes on, it learns less from its neighbours.
    [("crf", "iobes", 1), ("crf", "iob2", 1), ("crf", "io", 1), ("softmax", "iobes", 0.7)],
)
def test_a_partly_labelled_corpus_is_learnt(
    start: Start, tmp_path: Path, tiny_corpus: Corpus, head: str, scheme: str, least: float
) -> None:
    train = every_third_hidden(tiny_corpus.train)
    assert sum(bool(sentence.partial) for sentence in train) > len(train) / 2
    corpus = replace(tiny_corpus, train=train)
    settings = {"model__head": head, "model__scheme": scheme, "train__epochs": 16}
    *_, finished = start(tmp_path, corpus, **settings).events()
    assert isinstance(finished, Finished)
    assert finished.scores["test"].f1 >= least


@pytest.mark.parametrize("split", ["valid", "test"])
def test_unknown_tags_where_scores_come_from_are_refused(tiny_corpus: Corpus, split: str) -> None:
    partly = Sentence(("Zeus",), source="b.txt", line=7, partial=(PartialLabel(None, "no"),))
    sentences = (*tiny_corpus.splits()[split], partly, replace(partly, line=9))
    changes: dict[str, Any] = {split: sentences}
    with pytest.raises(
        CorpusError, match=r"^b\.txt:7: has tokens with an unknown tag.*: 2\); label"
    ):
        check_corpus(replace(tiny_corpus, **changes))


def test_nothing_to_set_apart_for_validation(tiny_corpus: Corpus) -> None:
    corpus = replace(tiny_corpus, train=every_third_hidden(tiny_corpus.train), valid=())
    with pytest.raises(TrainingError) as caught:
        check_corpus(corpus)
    assert "too few fully labelled sentences or documents to set one apart" in str(caught.value)
    assert "add a file valid.txt" in str(caught.value)


def test_weights_of_types_change_what_is_learnt(start: Start, tmp_path: Path) -> None:
    losses = []
    for weights in ("", "PER=1", "PER=3"):
        run = start(tmp_path / weights, train__type_weights=weights, train__epochs=1)
        losses.append([event.loss for event in run.events() if isinstance(event, Epoch)])
    assert losses[0] == losses[1] != losses[2]


def test_a_weight_of_no_type_is_refused_before_anything_is_written(
    start: Start, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"'MISC=2' will not do; .*; the corpus has LOC, PER"):
        start(tmp_path / "run", train__type_weights="MISC=2")
    assert not (tmp_path / "run").exists()


# --- document context --------------------------------------------------------------


def model_files(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out / "model").iterdir()}


@pytest.fixture
def listening(
    start: Start, tmp_path: Path, tiny_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Run]:
    """Make a run with document context in a folder of that name."""
    longer = {"model.context": "sentence", "train.epochs": 6}  # so that something is heard
    monkeypatch.setattr(run_module, "fold_config", lambda config: config.replace(longer))
    train = tuple(replace(s, document=i // 4) for i, s in enumerate(tiny_corpus.train))
    corpus = replace(tiny_corpus, train=train)

    def make(name: str) -> Run:
        return start(tmp_path / name, corpus, model__context="document", train__epochs=3)

    return make


def test_models_of_folds_have_no_document_context_and_never_stop_early() -> None:
    """Nothing is validated while they learn, so patience would be out after some epochs."""
    config = Config().replace(
        {"model.context": "document", "train.epochs": 30, "train.patience": 2}
    )
    own = run_module.fold_config(config)
    assert (own.model.context, own.train.epochs, own.train.patience) == ("sentence", 10, 10)
    assert run_module.fold_config(config.replace({"train.epochs": 1})).train.epochs == 1


@pytest.mark.slow
def test_a_run_with_document_context_keeps_what_it_heard(
    listening: Callable[[str], Run], tmp_path: Path
) -> None:
    list(listening("whole").events())
    whole = tmp_path / "whole"
    assert {path.name for path in whole.iterdir()} == {*CONTENTS}
    heard = json.loads((whole / CONTEXTS).read_text())
    assert any(echo and any(map(any, echo)) for echo in heard)
    until(listening("part").events(), 1, step=2)
    resumed = listening("part")
    resumed.resume()
    list(resumed.events())
    assert (tmp_path / "part" / CONTEXTS).read_bytes() == (whole / CONTEXTS).read_bytes()
    assert timeless(metrics(tmp_path / "part")) == timeless(metrics(whole))
    assert model_files(tmp_path / "part") == model_files(whole)
    CorpusRun.folder.clear(whole)
    assert list(whole.iterdir()) == []


@pytest.mark.slow
def test_a_run_with_language_models_goes_on_as_it_would_have(
    start: Start, tiny_charlm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Document context, too: the models of its folds read the same file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    settings = {
        "resources__token_embedders": (f"charlm={tiny_charlm}",),
        "model__context": "document",
    }
    whole, part = tmp_path / "whole", tmp_path / "part"
    list(start(whole, **settings).events())
    until(start(part, **settings).events(), 2, step=2)
    shutil.rmtree(tmp_path / "cache")  # what was kept may be gone, and is read again
    resumed = start(part, **settings)
    resumed.resume()
    list(resumed.events())
    assert timeless(metrics(part)) == timeless(metrics(whole))
    assert model_files(part) == model_files(whole)
    bundle = load_bundle(whole)
    assert bundle.about["resources"] == {"token_embedders": [f"charlm={tiny_charlm.name}"]}
    assert bundle.model.contextual is not None
    assert len(list((tmp_path / "cache" / "ner" / "embeddings").iterdir())) == 1


def test_another_language_model_is_refused(
    start: Start, tiny_charlm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(tiny_charlm, tmp_path / "lm")
    settings = {"resources__token_embedders": (f"charlm={tmp_path / 'lm'}",)}
    until(start(tmp_path / "run", **settings).events(), 1, step=0)
    model = load_model(tiny_charlm)
    model.weights["forward"]["embed.weight"][1] += 1
    save_model(model, tmp_path / "lm")
    with pytest.raises(TrainingError, match=r"other settings \(the content of .*language models"):
        start(tmp_path / "run", **settings).resume()


@pytest.mark.slow
def test_a_run_that_goes_on_hears_what_it_heard_before(
    listening: Callable[[str], Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(listening("run").events(), 1)
    monkeypatch.setattr(run_module, "jackknife", None)
    resumed = listening("run")
    resumed.resume()
    list(resumed.events())
    assert len(metrics(tmp_path / "run")) == 3


@pytest.mark.slow
@pytest.mark.parametrize("text", [None, "[[[1, 2", "[null]"])
def test_what_was_heard_may_be_damaged(
    listening: Callable[[str], Run], tmp_path: Path, text: str | None
) -> None:
    until(listening("run").events(), 1)
    place = tmp_path / "run" / CONTEXTS
    place.unlink()
    if text is not None:
        place.write_text(text)
    resumed = listening("run")
    resumed.resume()
    with pytest.raises(TrainingError, match=r"contexts\.json: is damaged .* start anew"):
        list(resumed.events())


def test_document_context_is_learnt_only_with_all_that_was_heard(
    listening: Callable[[str], Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is stopped while it listens leaves nothing that is half-written."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_module, "jackknife", stop)
    with pytest.raises(KeyboardInterrupt):
        list(listening("run").events())
    assert not (tmp_path / "run" / CONTEXTS).exists()
    CorpusRun.folder.check(tmp_path / "run", overwrite=True)


# --- several corpora ------------------------------------------------------------------------------


@pytest.fixture
def two(tiny_corpus: Corpus) -> Corpus:
    """`tiny_corpus`, and a second one in which no place is labelled."""
    persons = map_labels(replace(tiny_corpus, name="persons"), {"LOC": ""})
    other = persons.map(lambda s: replace(s, tokens=(*s.tokens[:-1], ";"), source="/home/me/b.txt"))
    return merge_corpora([tiny_corpus, other])


def without_gaps(corpus: Corpus) -> Corpus:
    """A merged corpus in which what is outside is outside every type."""
    train = tuple(replace(sentence, unannotated=frozenset()) for sentence in corpus.train)
    return replace(corpus, train=train)


@pytest.mark.slow
@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_a_corpus_that_lacks_a_type_does_not_suppress_it(
    start: Start, two: Corpus, tmp_path: Path, head: str
) -> None:
    def run(name: str, corpus: Corpus) -> Report:
        settings = {"train__epochs": 8, "model__head": head}
        *_, finished = start(tmp_path / name, corpus, **settings).events()
        assert isinstance(finished, Finished)
        report = finished.scores["test"]
        assert isinstance(report, Report)
        return report

    report, naive = run("partial", two), run("naive", without_gaps(two))
    assert report.per_corpus["tiny"].f1 == 1.0
    assert report.per_corpus["persons"].f1 == 1.0
    assert naive.per_corpus["persons"].unannotated == ("LOC",)
    persons = [sentence for sentence in two.test if sentence.corpus == "persons"]
    places = {
        name: sum(
            span.label == "LOC"
            for sentence in predict_sentences(load_bundle(tmp_path / name).model, persons)
            for span in sentence.spans
        )
        for name in ("partial", "naive")
    }
    assert places["naive"] == 0, "only the sentence's end tells the corpora apart"
    assert places["partial"] > len(persons) / 2


def test_scores_of_each_corpus_are_kept(start: Start, two: Corpus, tmp_path: Path) -> None:
    *_, finished = start(tmp_path, two, train__epochs=2).events()
    records = metrics(tmp_path)
    assert {"valid_f1", "valid_f1_tiny", "valid_f1_persons"} <= records[0].keys()
    result = json.loads((tmp_path / "result.json").read_text())
    scores = result["scores"]["test"]["per_corpus"]
    assert [*scores] == ["tiny", "persons"]
    assert scores["persons"]["unannotated"] == ["LOC"]
    log = (tmp_path / "log.txt").read_text()
    assert f"F1 of tiny {100 * records[0]['valid_f1_tiny']:.2f}" in log
    assert f"test F1 {100 * finished.scores['test'].f1:.2f} (tiny " in log
    card = (tmp_path / "model" / "README.md").read_text()
    assert "trained on tiny+persons" in card
    assert "| test of persons | " in card
    assert "persons: sentences 24 train, " in card
    assert "licence not known here" in card
    assert "train of persons: " in card
    assert "/home/me" not in card


@pytest.mark.slow
def test_a_run_over_shares_goes_on_as_it_would_have(
    start: Start, two: Corpus, tmp_path: Path
) -> None:
    settings = {"train__shares": "persons=0.3", "train__epochs": 3}
    list(start(tmp_path / "straight", two, **settings).events())
    until(start(tmp_path / "stopped", two, **settings).events(), 1, 2)
    torch.rand(7)
    run = start(tmp_path / "stopped", two, **settings)
    run.resume()
    list(run.events())
    is_like(tmp_path / "stopped", tmp_path / "straight")


@pytest.mark.slow
def test_a_run_over_layers_goes_on_as_it_would_have(
    start: Start, layered_corpus: Corpus, tmp_path: Path
) -> None:
    list(start(tmp_path / "straight", layered_corpus).events())
    until(start(tmp_path / "stopped", layered_corpus).events(), 2, 2)
    torch.rand(7)
    run = start(tmp_path / "stopped", layered_corpus)
    run.resume()
    list(run.events())
    is_like(tmp_path / "stopped", tmp_path / "straight")
    assert {"valid_f1_outer", "valid_f1_inner"} <= metrics(tmp_path / "stopped")[0].keys()


def test_other_shares_and_other_gaps_are_refused_by_name(
    start: Start, two: Corpus, tmp_path: Path
) -> None:
    until(start(tmp_path, two, train__shares="persons=0.3").events(), 1)
    with pytest.raises(TrainingError, match=r"other settings \(train.shares\)"):
        start(tmp_path, two).resume()
    with pytest.raises(TrainingError, match=r"other settings \(the corpus\)"):
        start(tmp_path, without_gaps(two), train__shares="persons=0.3").resume()


def test_a_share_of_no_corpus_is_refused_before_anything_is_written(
    start: Start, tiny_corpus: Corpus, two: Corpus, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="its corpus is one of tiny, persons"):
        start(tmp_path, two, train__shares="other=0.3")
    with pytest.raises(ConfigError, match="there is but one"):
        start(tmp_path, tiny_corpus, train__shares="tiny=0.3")
    assert not [*tmp_path.iterdir()]

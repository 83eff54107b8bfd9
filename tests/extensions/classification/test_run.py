"""Runs: what is in the folder, exact resume, early stopping, and what is refused."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch

from ner.config import Config, DataConfig
from ner.corpus import Corpus
from ner.errors import ConfigError, NerError, TrainingError
from ner.extensions.classification import run as module
from ner.extensions.classification.bundle import load_classifier
from ner.extensions.classification.predict import LabelScores, score_labels
from ner.extensions.classification.reading import labelled
from ner.extensions.classification.run import ClassifierRun, prepare_texts, train_events
from ner.training.loop import Epoch, Step
from ner.training.run import CONTENTS, CONTEXTS, Event, Finished


def weights(out: Path) -> dict[str, bytes]:
    tensors = safetensors.torch.load((out / "model" / "weights.safetensors").read_bytes())
    return {name: tensor.numpy().tobytes() for name, tensor in tensors.items()}


def records(out: Path) -> list[dict[str, Any]]:
    timed = ("seconds", "tokens_per_second")
    lines = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
    return [{k: v for k, v in line.items() if k not in timed} for line in lines]


def train(corpus: Corpus, config: Config, out: Path, **how: Any) -> Finished:
    *_, last = train_events(corpus, out, config, device="cpu", **how)
    assert isinstance(last, Finished)
    return last


def test_a_run_leaves_what_a_tagger_leaves(kinds_run: Path, kinds: Corpus) -> None:
    assert {path.name for path in kinds_run.iterdir()} == {*CONTENTS} - {CONTEXTS}
    result = json.loads((kinds_run / "result.json").read_text())
    assert set(result["scores"]) == {"valid", "test"}
    assert result["scores"]["test"]["accuracy"] > 0.9
    best = [record for record in records(kinds_run) if record["best"]][-1]
    assert best["epoch"] == result["best_epoch"]
    assert best["valid_f1"] == result["scores"]["valid"]["f1"]
    assert {"valid_accuracy", "valid_precision", "valid_recall"} < best.keys()
    log = (kinds_run / "log.txt").read_text()
    assert "valid accuracy " in log
    bundle = load_classifier(kinds_run)
    assert bundle.model.outputs == ("sport", "weather")
    assert bundle.seen.count(kinds.train) == len(kinds.train)
    assert bundle.about["scores"] == result["scores"]
    card = (kinds_run / "model" / "README.md").read_text()
    assert "# A classifier of texts trained on kinds" in card
    assert "| split | accuracy | macro F1 |" in card


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model(kinds: Corpus, small: Config, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(kinds, small.replace({"train.seed": seed, "train.epochs": 1}), tmp_path / name)
    assert weights(tmp_path / "a") == weights(tmp_path / "b") != weights(tmp_path / "c")


@pytest.mark.parametrize(("chosen", "share"), [("auto", 0.0), (0.3, 0.3)])
def test_texts_are_shown_in_another_case_where_that_is_asked_for(
    chosen: float | str, share: float, kinds: Corpus, small: Config, tmp_path: Path
) -> None:
    config = small.replace({"train.case_augmentation": chosen, "train.epochs": 1})
    train(kinds, config, tmp_path / "run")
    kept = Config.load(tmp_path / "run" / "config.toml")
    assert kept.train.case_augmentation == share
    train(kinds, kept, tmp_path / "run", resume=True)
    train(kinds, small.replace({"train.epochs": 1}), tmp_path / "plain")
    same = weights(tmp_path / "run") == weights(tmp_path / "plain")
    assert same is (share == 0.0)


def until(events: Iterator[Event], epoch: int, step: int) -> None:
    """Let a run happen up to a step, and stop it there."""
    for event in events:
        if isinstance(event, Step) and (event.epoch, event.step) == (epoch, step):
            break
    events.close()  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize(("epoch", "step"), [(1, 1), (2, 3), (4, 6)])
def test_a_run_that_was_stopped_goes_on_exactly(
    epoch: int, step: int, kinds: Corpus, small: Config, kinds_run: Path, tmp_path: Path
) -> None:
    """Bit by bit; from within an epoch, too."""
    often = small.replace({"train.checkpoint_minutes": 0.0})
    until(train_events(kinds, tmp_path / "run", often, device="cpu"), epoch, step)
    train(kinds, small, tmp_path / "run", resume=True)
    assert weights(tmp_path / "run") == weights(kinds_run)
    assert records(tmp_path / "run") == records(kinds_run)


def test_other_texts_settings_or_vectors_are_refused(
    kinds: Corpus, small: Config, tmp_path: Path
) -> None:
    often = small.replace({"train.checkpoint_minutes": 0.0})
    until(train_events(kinds, tmp_path / "run", often, device="cpu"), 1, 2)
    with pytest.raises(TrainingError, match=r"other settings \(model\.hidden\)"):
        train(kinds, small.replace({"model.hidden": 9}), tmp_path / "run", resume=True)
    fewer = replace(kinds, train=kinds.train[1:])
    with pytest.raises(TrainingError, match=r"other settings \(the corpus\)"):
        train(fewer, small, tmp_path / "run", resume=True)


def test_it_stops_when_macro_f1_does_not_rise(
    kinds: Corpus, small: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accuracy does not matter: it rises all the time."""

    def scored(f1: float, accuracy: float) -> LabelScores:
        return replace(score_labels(["a"], ["a"]), f1=f1, accuracy=accuracy)

    run = ClassifierRun(
        prepare_texts(kinds, DataConfig()),
        small.replace({"train.epochs": 9, "train.patience": 2}),
        tmp_path,
        _cpu(),
    )
    told = iter([scored(0.5, 0.1), scored(0.6, 0.2), scored(0.6, 0.3), scored(0.5, 0.9)])
    monkeypatch.setattr(run.trainer, "_evaluate", lambda: next(told))
    epochs = [event for event in run.events() if isinstance(event, Epoch)]
    assert [epoch.best for epoch in epochs] == [True, True, False, False]


def _cpu() -> Any:
    import torch

    return torch.device("cpu")


def test_labels_that_weigh_more_are_found_more(
    kinds: Corpus, small: Config, tmp_path: Path
) -> None:
    """With hardly any training, most texts get the label whose mistakes count."""
    found = []
    for label in ("sport", "weather"):
        weighed = small.replace(
            {
                "train.type_weights": f"{label}=1000",
                "train.epochs": 1,
                "train.batch_sentences": 4,
            }
        )
        scores = train(kinds, weighed, tmp_path / label).scores["valid"]
        assert isinstance(scores, LabelScores)
        found.append(scores.per_label[label].predicted)
    assert min(found) > len(kinds.valid) / 2


def complaint(corpus: Corpus, config: Config, out: Path, **how: Any) -> NerError:
    with pytest.raises(NerError) as caught:
        train(corpus, config, out, **how)
    assert "\n" not in str(caught.value)
    return caught.value


def test_texts_from_which_nothing_can_be_learnt(
    kinds: Corpus, small: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = replace(kinds, train=tuple(labelled(s, "x") for s in kinds.train))
    error = complaint(same, small, tmp_path / "run")
    assert "all 48 texts to learn from have the label 'x'; a classifier needs two" in str(error)
    assert "no training split" in str(complaint(replace(kinds, train=()), small, tmp_path / "run"))
    lone = replace(kinds, train=kinds.train[:1], valid=())
    assert "1 text(s) are too few" in str(complaint(lone, small, tmp_path / "run"))
    monkeypatch.setattr(module, "MOST_OUTPUTS", 1)
    assert "2 labels, of which there can be 1" in str(complaint(kinds, small, tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [("model.head", "softmax"), ("model.context", "document"), ("predict.o_bias", 1.0)],
)
def test_settings_of_taggers(
    key: str, value: Any, kinds: Corpus, small: Config, tmp_path: Path
) -> None:
    error = complaint(kinds, small.replace({key: value}), tmp_path / "run")
    assert isinstance(error, ConfigError)
    assert f"setting {key} is for taggers" in str(error)


def test_labels_that_training_lacks_are_said(
    kinds: Corpus, small: Config, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = replace(kinds, valid=(*kinds.valid, labelled(kinds.test[0], "music")))
    train(other, small.replace({"train.epochs": 1}), tmp_path / "run")
    assert "labels that are not in train count as missed in valid: music" in caplog.text


def test_folders_are_not_overwritten_by_chance(
    kinds: Corpus, small: Config, tmp_path: Path
) -> None:
    brief = small.replace({"train.epochs": 1})
    train(kinds, brief, tmp_path / "run")
    assert "holds a run already" in str(complaint(kinds, brief, tmp_path / "run"))
    both = complaint(kinds, brief, tmp_path / "run", resume=True, overwrite=True)
    assert "choose one" in str(both)
    train(kinds, brief, tmp_path / "run", overwrite=True)


def test_long_texts_are_learnt_in_pieces(
    kinds: Corpus, small: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr("ner.extensions.classification.predict.LONGEST", 2)
    run = ClassifierRun(prepare_texts(kinds, DataConfig()), small, tmp_path / "run", _cpu())
    assert "long texts are learnt in pieces: 48 more" in caplog.text
    sizes = [batch.lengths.tolist() for batch in run.trainer._set.batches(1)]
    assert {length for batch in sizes for length in batch} == {2}

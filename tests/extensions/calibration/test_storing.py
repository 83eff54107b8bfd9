"""A calibration in the model."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ner.bundle import export_bundle, find_bundle, load_bundle
from ner.corpus import Corpus
from ner.errors import TrainingError, UsageError
from ner.extensions.calibration import storing, temperature
from ner.extensions.calibration.storing import calibrate_run
from ner.extensions.calibration.temperature import Fit
from ner.tagger import Tagger
from ner.text import Sentence, Span
from tests.cli.command import tree


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temperature, "FEWEST", 10)


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_run, tmp_path / "run"))


def calibrate(
    model: Path, sentences: Sequence[Sentence], name: str, out: Path | None = None
) -> Fit:
    path = find_bundle(model)
    return storing.calibrate(path, load_bundle(path), sentences, name, out)


def mixed(corpus: Corpus) -> list[Sentence]:
    """A third of the sentences with labels that the model does not find."""
    wrong = [Span(0, 1, "LOC")]
    return [s if n % 3 else s.with_spans(tuple(wrong)) for n, s in enumerate(corpus.test)]


def test_a_model_keeps_its_temperature(run: Path, tiny_corpus: Corpus) -> None:
    before = Tagger.load(run)
    fit = calibrate(run, mixed(tiny_corpus), "mixed test")
    after = Tagger.load(run)
    assert after.settings.temperature == fit.temperature != 1.0
    old, new = (tagger.predictions(tiny_corpus.test) for tagger in (before, after))
    assert [p.spans for p in old] == [p.spans for p in new]
    assert [p.scores for p in old] != [p.scores for p in new]


def test_weights_and_all_else_stay(run: Path, tiny_corpus: Corpus) -> None:
    before = tree(run)
    calibrate(run, mixed(tiny_corpus), "mixed test")
    after = tree(run)
    changed = {name for name in after if before.get(name) != after[name]}
    assert changed == {f"model/{name}" for name in ("config.json", "checksums.json", "README.md")}


def test_it_is_on_the_card_once(run: Path, tiny_corpus: Corpus) -> None:
    for name in ("first", "second"):
        calibrate(run, mixed(tiny_corpus), name)
    lines = [n for n in load_bundle(run).about["notes"] if n.startswith("scores are calibrated")]
    assert len(lines) == 1
    assert "24 sentences of second: temperature" in lines[0]
    assert lines[0] in (run / "model" / "README.md").read_text()


def test_calibrating_again_changes_nothing(run: Path, tiny_corpus: Corpus) -> None:
    first = calibrate(run, mixed(tiny_corpus), "x")
    before = tree(run)
    assert calibrate(run, mixed(tiny_corpus), "x") == first
    assert tree(run) == before


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_packed_model_stays_packed(
    precision: str, run: Path, tiny_corpus: Corpus, tmp_path: Path
) -> None:
    packed, copy = tmp_path / "m.ner", tmp_path / "copy.ner"
    export_bundle(run, packed, precision=precision)
    untouched = packed.read_bytes()
    fit = calibrate(packed, mixed(tiny_corpus), "x", copy)
    assert packed.read_bytes() == untouched
    assert Tagger.load(copy).settings.temperature == fit.temperature
    calibrate(packed, mixed(tiny_corpus), "x")
    assert packed.read_bytes() == copy.read_bytes()
    old, new = (Tagger.load(path).predictions(tiny_corpus.test) for path in (run, packed))
    assert [p.spans for p in old] == [p.spans for p in new]


def test_a_model_of_an_installation_is_not_changed(
    run: Path, tiny_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "named_models", lambda: {"own": run / "model"})
    before = tree(run)
    with pytest.raises(UsageError, match=r"add --out FILE\.ner"):
        calibrate(run / "model", mixed(tiny_corpus), "x")
    assert tree(run) == before
    calibrate(run / "model", mixed(tiny_corpus), "x", run / "x.ner")


def test_sentences_that_it_has_learnt_from_are_refused(run: Path, tiny_corpus: Corpus) -> None:
    with pytest.raises(UsageError, match="has learnt from 24 of its 24 sentences"):
        calibrate(run, tiny_corpus.train, "tiny train")


def test_the_profile_is_that_of_the_text(run: Path, tiny_corpus: Corpus) -> None:
    calibrate(run, mixed(tiny_corpus) * 6, "x")
    profile = load_bundle(run).about["profile"]
    assert profile.keys() == {"unknown_words", "unknown_characters", "score"}
    assert 0 < profile["unknown_words"] < 0.3  # "loved"
    assert Tagger.load(run).watch() is not None


def test_a_short_text_leaves_no_profile(run: Path, tiny_corpus: Corpus) -> None:
    """Nor that of before, whose scores are of another temperature."""
    calibrate(run, mixed(tiny_corpus) * 6, "x")
    calibrate(run, mixed(tiny_corpus), "y")
    assert Tagger.load(run).watch() is None


def test_a_run_is_calibrated_by_its_valid(run: Path, tiny_corpus: Corpus) -> None:
    corpus = replace(tiny_corpus, valid=tuple(mixed(tiny_corpus)))
    told = calibrate_run(run, corpus)
    temperature = Tagger.load(run).settings.temperature
    assert temperature != 1
    assert told.startswith(f"temperature {temperature:g}: expected calibration error ")
    assert "24 sentences of tiny valid" in load_bundle(run).about["notes"][-1]


def test_types_that_the_corpus_of_a_run_lacks_do_not_count(run: Path, tiny_corpus: Corpus) -> None:
    """Those that a start model keeps are right wherever they are found, for all that is known."""
    people = tiny_corpus.map(
        lambda s: s.with_spans(tuple(span for span in s.spans if span.label == "PER"))
    )
    persons = sum(len(sentence.spans) for sentence in people.valid)
    assert persons < sum(len(sentence.spans) for sentence in tiny_corpus.valid)
    assert calibrate_run(run, people).endswith(f"over {persons} entities")


def test_a_run_that_cannot_be_calibrated_is_whole(
    run: Path, tiny_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(run)
    with pytest.raises(
        TrainingError, match=r"run: is trained, but not .* new to it, with ner cali"
    ):
        calibrate_run(run, replace(tiny_corpus, valid=tiny_corpus.train))
    monkeypatch.setattr(temperature, "FEWEST", 1000)
    with pytest.raises(TrainingError, match=r"too few .* it finds 1000, with ner calibrate$"):
        calibrate_run(run, tiny_corpus)
    assert tree(run) == before

import logging
from pathlib import Path

import pytest

from ner.config import Config, DataConfig
from ner.corpus import hub
from ner.corpus.loading import cache_folder, find, load_corpus, locate, read_corpus
from ner.corpus.named import NAMED
from ner.errors import CorpusError, NerError, UsageError

PARIS, BONN = "Paris B-LOC\n\n", "Bonn B-LOC\n\n"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, data folder and cache, and no Hub."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("NER_DATA", str(tmp_path / "ner_data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def refuse(*_: object) -> None:
        raise CorpusError("the Hub is away")

    monkeypatch.setattr(hub, "fetch", refuse)
    return tmp_path


def _folder(path: Path, **files: str) -> Path:
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return path


def test_folder_is_three_splits(alone: Path) -> None:
    _folder(alone / "c", train__txt=PARIS, dev__conll=BONN, test__tsv=BONN * 2, LICENCE="no tags")
    (alone / "c" / "train").mkdir()
    corpus = load_corpus(alone / "c")
    assert corpus.name == "c"
    assert [len(split) for split in corpus.splits().values()] == [1, 1, 2]
    assert corpus.schemes == {"train": "iob2", "valid": "iob2", "test": "iob2"}
    assert "train: 1 sentences, tag scheme iob2" in corpus.notes


def test_places_are_tried_in_order(alone: Path) -> None:
    def loaded() -> str:
        return Path(load_corpus("conll2003").train[0].source).parent.as_posix()

    places = [
        alone / "cache" / "ner" / "conll2003",
        Path("data") / "conll2003",
        alone / "ner_data" / "conll2003",
        Path("conll2003"),
    ]
    for place in places:
        _folder(place, train__txt=PARIS)
        assert loaded() == place.as_posix()
    assert load_corpus("conll2003").name == "conll2003"


def test_file_is_all_train_with_a_cut(alone: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = alone / "mine.conll"
    path.write_text(PARIS * 19 + BONN)
    with caplog.at_level(logging.INFO, "ner"):
        corpus = load_corpus(str(path), DataConfig(valid_fraction=0.2))
    assert [len(split) for split in corpus.splits().values()] == [16, 4, 0]
    note = "no validation split: 4 of 20 training sentences set apart (4 of 20 sentences"
    assert any(note in line for line in corpus.notes)
    assert note in caplog.text
    assert [len(s) for s in read_corpus(path, DataConfig()).splits().values()] == [20, 0, 0]


def test_single_sentence_corpus_loads(alone: Path) -> None:
    (alone / "one.conll").write_text(PARIS)
    corpus = load_corpus(alone / "one.conll")
    assert [len(split) for split in corpus.splits().values()] == [1, 0, 0]


def test_a_corpus_is_called_by_the_real_name_of_its_folder(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_folder(alone / "mine", train__txt=PARIS * 3) / "sub").mkdir()
    monkeypatch.chdir(alone / "mine" / "sub")
    assert load_corpus("..").name == "mine"


def test_evaluation_splits_alone_load(alone: Path) -> None:
    corpus = load_corpus(_folder(alone / "c", eng__testa=PARIS, eng__testb=BONN))
    assert [len(split) for split in corpus.splits().values()] == [0, 1, 1]
    assert load_corpus(_folder(alone / "d", test__txt=PARIS)).valid == ()


def test_test_split_may_have_other_labels(alone: Path) -> None:
    corpus = load_corpus(_folder(alone / "c", train__txt=PARIS * 3, test__txt="x B-NEW\n"))
    assert corpus.labels == ("LOC",)
    assert corpus.test[0].spans[0].label == "NEW"


def test_repairs_overlaps_and_mixed_schemes_are_noted(
    alone: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = _folder(
        alone / "c",
        train__txt=PARIS + "a B-X\nb I-Y\n",
        valid__txt="a B-X\nb E-X\n",
        test__txt=PARIS + BONN,
    )
    corpus = load_corpus(folder)
    assert "1 of 2 test sentences are in train, too" in corpus.notes
    assert any("(illegal tags in this file: 1)" in note for note in corpus.notes)
    assert any("train iob2, valid iobes, test iob2" in note for note in corpus.notes)
    assert "train iob2, valid iobes, test iob2" in caplog.text


def test_nothing_found_lists_every_place_and_how_to_supply_files(alone: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_corpus("conll2003")
    message = str(caught.value)
    for part in (
        "no corpus 'conll2003'",
        "looked at conll2003, ",
        f"{alone}/ner_data/conll2003",
        "data/conll2003",
        f"{alone}/cache/ner/conll2003",
        "the Hub is away",
        "put train, valid and test files",
    ):
        assert part in message
    assert "\n" not in message


def test_unknown_name_suggests_the_nearest_and_says_ner_data_is_not_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NER_DATA")
    with pytest.raises(UsageError, match=r"\(did you mean 'conll2003'\?\).*NER_DATA \(not set\)"):
        load_corpus("conl2003")


def test_missing_path_is_not_looked_for_elsewhere(alone: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_corpus(alone / "nowhere.txt")
    assert str(alone / "cache") not in str(caught.value)


def test_folder_without_splits_and_folder_with_two_of_one_are_errors(alone: Path) -> None:
    with pytest.raises(CorpusError, match="no file in this folder is a split"):
        load_corpus(_folder(alone / "c", notes__md="x"))
    with pytest.raises(CorpusError, match=r"dev\.txt and valid\.txt are both the valid split"):
        load_corpus(_folder(alone / "d", dev__txt=PARIS, valid__txt=PARIS))


def test_empty_split_is_an_error(alone: Path) -> None:
    with pytest.raises(CorpusError, match=r"test\.txt: has no sentence"):
        load_corpus(_folder(alone / "c", train__txt=PARIS, test__txt=""))


def test_strict_refuses_what_is_repaired_otherwise(alone: Path) -> None:
    folder = _folder(alone / "c", train__txt=PARIS + "a O\nb I-LOC\n")
    with pytest.raises(NerError, match=r"train\.txt:4: 'I-LOC' between 'O' and the end"):
        load_corpus(folder, DataConfig(strict=True))


def test_hub_copy_goes_to_the_cache_and_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def fetch(source: object, folder: Path) -> None:
        calls.append((source, folder))
        _folder(folder, train__conll=PARIS, valid__conll=BONN, test__conll=BONN)

    monkeypatch.setattr(hub, "fetch", fetch)
    for _ in range(2):
        assert load_corpus("wnut17").name == "wnut17"
    assert calls == [(NAMED["wnut17"].hub, cache_folder() / "wnut17")]


def test_demo_is_found_beside_the_code(alone: Path) -> None:
    kind, path = locate("demo") or ("", Path())
    if kind == "":
        pytest.skip("the demo corpus is not there")
    assert kind == "checkout"
    assert find("demo") == path


def test_cache_is_in_the_home_without_xdg(monkeypatch: pytest.MonkeyPatch, alone: Path) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(alone))
    assert cache_folder() == alone / ".cache" / "ner"


def test_the_whole_configuration_will_do_and_an_empty_name_will_not(alone: Path) -> None:
    folder = _folder(alone / "c", train__txt=PARIS * 3)
    assert load_corpus(folder, Config()) == load_corpus(folder)
    with pytest.raises(UsageError, match="name of the corpus is empty"):
        load_corpus("")

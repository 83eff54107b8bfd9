"""Going on from a model: all that it knows is copied, what is new grows, the rest is refused."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import ner
from ner.bundle import Bundle, export_bundle, load_bundle, save_bundle
from ner.config import Config
from ner.corpus import Corpus
from ner.errors import ConfigError, TrainingError, UsageError
from ner.features import ExpectedCounts
from ner.features.gazetteers import Gazetteers
from ner.predict import predict, predict_marginals
from ner.text import PartialLabel, Sentence, Span
from ner.training.build import UntrainedModel, build_model
from ner.training.loop import Epoch
from ner.training.preparation import PreparedCorpus, prepare
from ner.training.run import CONTEXTS, Run
from ner.training.start import StartModel

CPU = torch.device("cpu")
Made = Callable[..., Path]


def told(*words: str, spans: tuple[Span, ...] = ()) -> Sentence:
    return Sentence(words, spans, source="new", line=1)


# Words, characters and bigrams that `tiny_corpus` lacks, each bigram twice; `Oslo` has a vector.
NEW = (
    told("Zoë", "visited", "Oslo", "#", spans=(Span(0, 1, "PER"), Span(2, 3, "LOC"))),
    told("Zoë", "visited", "Rome", "#", spans=(Span(0, 1, "PER"), Span(2, 3, "LOC"))),
    told("Anna", "met", "Zoë", ".", spans=(Span(0, 1, "PER"), Span(2, 3, "PER"))),
)
END = (told("Oslo", "!", spans=(Span(1, 2, "END"),)),)
ORG = (told("Zoë", "left", "Acme", ".", spans=(Span(0, 1, "PER"), Span(2, 3, "ORG"))),)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with vectors, cased ones too, clusters and a word list."""
    (tmp_path / "vectors").write_text("rome 1 2\nthe 3 4\nanna 5 6\noslo 7 8\nand 9 10\n")
    (tmp_path / "cased").write_text("Rome 1 2 3\nrome 4 5 6\nZoë 7 8 9\nOslo 1 1 1\n")
    (tmp_path / "clusters").write_text("0010\tRome\t3\n0011\tthe\t2\n01\tOslo\t2\n")
    (tmp_path / "places.txt").write_text("New York\nRome\n")
    return tmp_path


@pytest.fixture
def made(tiny_corpus: Corpus, tiny_config: Config, tmp_path: Path) -> Made:
    """Save a model of `tiny_corpus` that has not been trained, with weights at random."""

    def make(corpus: Corpus = tiny_corpus, **changes: Any) -> Path:
        resolved = {"model.chars": "cnn", "model.bigrams": "no", "data.tokenizer": "words"}
        config = tiny_config.replace({**resolved, **changes})
        model = build_model(corpus.train, config, CPU).model
        with torch.no_grad():
            for number, weight in enumerate(model.network.parameters()):
                # Of frozen rows, too, none is like another.
                weight.add_(torch.randn(weight.shape, generator=torch.manual_seed(number)) / 4)
        save_bundle(
            Bundle(model, config, {"corpus": "tiny"}, prepare(corpus).fingerprints),
            tmp_path / "start",
        )
        return tmp_path / "start"

    return make


def grown(start: StartModel, sentences: tuple[Sentence, ...], **changes: Any) -> UntrainedModel:
    """The model that goes on with sentences, before its first step."""
    config = start.settings(Config().replace({"data.tokenizer": "words", **changes}))
    return build_model(sentences, config, CPU, start=start)


KINDS: dict[str, dict[str, Any]] = {
    "words": {"model.chars": "none", "model.casing_dim": 0},
    "rare words": {"model.min_count": 3},
    "cased words": {"model.fold_case": False, "model.fold_digits": False},
    "character CNN": {},
    "character LSTM": {"model.chars": "lstm"},
    "bigrams": {"model.bigrams": "yes"},
    "clusters": {"resources.clusters": "clusters"},
    "word lists": {"resources.gazetteers": ["LOC=places.txt"]},
    "tuned vectors": {"resources.vectors": ["vectors", "cased"]},
    "few vectors": {"resources.vectors": ["vectors"], "model.out_of_training_vectors": 0},
    "frozen vectors": {"resources.vectors": ["vectors", "cased"], "model.vectors": "frozen"},
    "projected vectors": {"resources.vectors": ["vectors"], "model.vectors": "projected"},
    "document context": {"model.context": "document"},
    "language models": {"resources.token_embedders": ["charlm"]},
    "all": {
        "model.bigrams": "yes",
        "model.context": "document",
        "resources.clusters": "clusters",
        "resources.gazetteers": ["LOC=places.txt"],
        "resources.vectors": ["vectors", "cased"],
    },
    "softmax": {"model.head": "softmax"},
    "one way": {"model.bidirectional": False, "model.layers": 2, "model.cell": "gru"},
    "IOB2": {"model.scheme": "iob2"},
}


def placed(kind: str, files: Path, charlm: Path) -> dict[str, Any]:
    """The settings of a kind of model, with the paths of its files."""

    def place(name: str) -> str:
        label, equals, path = name.rpartition("=")
        return f"charlm={charlm}" if name == "charlm" else f"{label}{equals}{files / path}"

    return {
        key: ([place(name) for name in value] if isinstance(value, list) else place(value))
        if key.startswith("resources.")
        else value
        for key, value in KINDS[kind].items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_with_the_same_types_gives_the_same_bits_before_its_first_step(
    kind: str, made: Made, files: Path, tiny_charlm: Path, tiny_corpus: Corpus
) -> None:
    start = StartModel.load(made(**placed(kind, files, tiny_charlm)))
    old, new = start.bundle.model, grown(start, NEW).model
    assert new.outputs == old.outputs
    sentences = [s.tokens for s in (*NEW, *ORG, *tiny_corpus.test)]
    pairs = zip(*(predict_marginals(model, sentences) for model in (old, new)), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)
    documents = [number // 5 for number in range(len(sentences))]
    first, second = (predict(model, sentences, documents=documents) for model in (old, new))
    assert first == second
    assert any(spans for spans, _ in first)
    torch_engine = start.bundle.config.replace({"predict.engine": "torch"}).predict
    pairs = zip(
        *(predict_marginals(model, sentences, torch_engine) for model in (old, new)), strict=True
    )
    assert all(np.array_equal(*pair) for pair in pairs)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["all", "frozen vectors", "projected vectors", "language models"])
def test_what_has_learnt_on_is_saved_and_read(
    kind: str, made: Made, files: Path, tiny_charlm: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    place = made(**placed(kind, files, tiny_charlm))
    corpus = replace(tiny_corpus, name="new", train=(*NEW, *ORG, *tiny_corpus.train))
    config = tiny_config.replace({"train.epochs": 2})
    tagger = ner.train(corpus, files / "run", config, device="cpu", start_from=place)
    before, after = load_bundle(place), load_bundle(files / "run")
    assert after.labels == ["LOC", "ORG", "PER"]
    assert after.config.model == before.config.model
    assert (files / "run" / CONTEXTS).exists() is (kind == "all"), "found by models of folds"
    assert tagger.predict(NEW)
    tokens = [sentence.tokens for sentence in (*NEW, *ORG)]
    one, other = (
        predict_marginals(model, tokens)[0]
        for model in (after.model, load_bundle(files / "run" / "model").model)
    )
    assert np.array_equal(one, other)


# --- what grows ---------------------------------------------------------------------------------


def words_of(model: Any, number: int = 0) -> dict[str, list[float]]:
    """The vector of each word of a table, learnt or frozen."""
    name = f"embedder.words.{number}."
    rows = [model.weights[name + "trained.weight"], model.weights[name + "spare"]]
    return dict(
        zip(
            ["", "?", *model.indexer.words.tables[number].words],
            np.concatenate(rows).tolist(),
            strict=True,
        )
    )


def test_old_words_keep_their_rows_and_new_ones_begin_as_the_unknown(
    made: Made, files: Path
) -> None:
    start = StartModel.load(made(**{"resources.vectors": [str(files / "vectors")]}))
    untrained = grown(start, NEW)
    [before], [after] = (m.indexer.words.tables for m in (start.bundle.model, untrained.model))
    old, new = words_of(start.bundle.model), words_of(untrained.model)
    assert {word: new[word] for word in old} == old
    assert [*after.words][: before.size.trained - 2] == [*before.words][: before.size.trained - 2]
    assert {*new} - {*old} == {"zoë", "#", "met"}
    assert all(new[word] == old["?"] for word in {*new} - {*old})
    assert new["oslo"] == [7, 8]
    spare = [*before.words][before.size.trained - 2 :]
    assert "oslo" in spare
    assert [*after.words][after.size.trained - 2 :] == [word for word in spare if word != "oslo"]
    assert untrained.has_vector == {"anna", "oslo", "rome", "visited", "."}, "known from before"


def test_frozen_vectors_stay_frozen(made: Made, files: Path) -> None:
    vectors = {"resources.vectors": [str(files / "vectors")], "model.vectors": "frozen"}
    start = StartModel.load(made(**vectors))
    model = grown(start, NEW).model
    scratch, frozen = model.indexer.words.tables
    assert {"zoë", "oslo"} <= {*scratch.words}
    assert frozen == start.bundle.model.indexer.words.tables[1]
    assert words_of(model, 1) == words_of(start.bundle.model, 1)


def test_rare_words_are_unknown_as_the_start_model_has_it(made: Made) -> None:
    start = StartModel.load(made(**{"model.min_count": 3}))
    assert {*grown(start, NEW).model.indexer.words.tables[0].words} - {
        *start.bundle.model.indexer.words.tables[0].words
    } == {"zoë"}


def test_word_lists_grow_by_the_files_given(made: Made, files: Path) -> None:
    lists = {"resources.gazetteers": [f"LOC={files / 'places.txt'}"]}
    start = StartModel.load(made(**lists))
    (files / "more.txt").write_text("Oslo\nRome\n")
    more = grown(start, NEW, **{"resources.gazetteers": [f"LOC={files / 'more.txt'}"]})
    found = more.model.indexer.find(Gazetteers)
    assert found is not None
    assert [part.entries for part in found.lists] == [(("New", "York"), ("Rome",), ("Oslo",))]
    with pytest.raises(UsageError, match=r"gazetteers: .* no word list PER; add to .* \(LOC\)"):
        grown(start, NEW, **{"resources.gazetteers": [f"PER={files / 'more.txt'}"]})


# --- types --------------------------------------------------------------------------------------


def by_tag(model: Any, name: str) -> dict[Any, NDArray[Any]]:
    """The rows of a weight, or the cells of transitions, by tag."""
    tags, weight = model.outputs, model.weights[name]
    if name != "head.transitions":
        return dict(zip(tags, weight, strict=True))
    return {(a, b): weight[i, j] for i, a in enumerate(tags) for j, b in enumerate(tags)}


WEIGHTS = (
    "projection.weight", "projection.bias", "head.start_transitions", "head.transitions",
    "head.end_transitions",
)  # fmt: skip


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_go_by_tag(name: str, made: Made) -> None:
    start = StartModel.load(made())
    only = tuple(replace(s, spans=tuple(x for x in s.spans if x.label != "LOC")) for s in NEW)
    for sentences, labels in ((ORG, {"ORG", "PER"}), (only, {"PER"}), ((*NEW, *ORG), None)):
        model = grown(start, sentences).model
        assert {tag[2:] for tag in model.outputs} - {""} == (labels or {"LOC", "ORG", "PER"})
        old, new = by_tag(start.bundle.model, name), by_tag(model, name)
        assert all(np.array_equal(new[tag], old[tag]) for tag in old.keys() & new.keys())
        drawn = [new[tag] for tag in new.keys() - old.keys()]
        assert all(np.abs(weight).max() < 1 for weight in drawn)


def test_the_seed_decides_the_weights_of_new_types(made: Made) -> None:
    start = StartModel.load(made())
    one, other, third = (
        grown(start, ORG, **{"train.seed": seed}).model.weights["projection.weight"]
        for seed in (1, 1, 2)
    )
    assert np.array_equal(one, other)
    assert not np.array_equal(one, third)


def test_a_note_says_which_types_are_kept_new_and_dropped(made: Made) -> None:
    place = made()
    start = StartModel.load(place)
    told = f"goes on from start (SHA-256 {start.checksum}); types "
    assert start.note(["PER", "ORG"]) == f"{told}kept: PER; new: ORG; dropped: LOC"
    keeping = StartModel.load(place, keep_types=True)
    assert keeping.note(["PER", "ORG"]) == f"{told}kept: LOC, PER; new: ORG; dropped: none"
    assert start.checksum == keeping.checksum


def test_no_common_type_is_worth_a_warning(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    start = StartModel.load(made())
    start.report(["PER", "X"])
    assert "has no type of the corpus" not in caplog.text
    start.report(["person"])
    assert "has no type of the corpus" in caplog.text


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"), [("hidden", 17), ("chars", "lstm"), ("context", "document")]
)
def test_other_settings_of_the_network_are_refused(key: str, value: Any, made: Made) -> None:
    start = StartModel.load(made())
    with pytest.raises(ConfigError, match=rf"model\.{key} is {value!r}, and .* model start, whose"):
        start.settings(Config().replace({f"model.{key}": value}))
    own = start.bundle.config
    assert start.settings(own) == own
    assert start.settings(Config().replace({"train.epochs": 3})).model == own.model


@pytest.mark.parametrize("kind", ["tuned vectors", "clusters", "word lists", "language models"])
def test_files_for_features_of_the_start_model_are_refused(
    kind: str, made: Made, files: Path, tiny_charlm: Path
) -> None:
    start = StartModel.load(made())
    given = placed(kind, files, tiny_charlm)
    with pytest.raises(UsageError, match=r"resources\.[a-z_]+: .* leave these (files )?out"):
        grown(start, NEW, **given)


@pytest.mark.parametrize("kind", ["tuned vectors", "clusters"])
def test_files_are_refused_a_second_time(kind: str, made: Made, files: Path) -> None:
    given = placed(kind, files, files)
    with pytest.raises(UsageError, match="a start model brings its own"):
        grown(StartModel.load(made(**given)), NEW, **given)


def checked(place: Path, *train: Sentence, **changes: str) -> None:
    data = Config().replace({f"data.{key}": value for key, value in changes.items()}).data
    StartModel.load(place).prepare(Corpus("new", train, valid=train), data)


def test_another_script_is_refused(made: Made) -> None:
    place = made()
    russian = told("Анна", "видела", "Рим", ".", spans=(Span(0, 1, "PER"),))
    with pytest.raises(TrainingError, match=r"new: .* start knows 25\.0 % .* another script"):
        checked(place, russian, tokenizer="words")


def test_characters_for_words_are_refused(made: Made) -> None:
    letters = told(*"AnnavisitedRome", spans=(Span(0, 4, "PER"),))
    with pytest.raises(TrainingError, match=r"is `characters`, and that of the .* start `words`"):
        checked(made(), letters, tokenizer="characters")


def test_another_way_to_cut_words_is_told(
    made: Made, caplog: pytest.LogCaptureFixture, tiny_corpus: Corpus
) -> None:
    checked(made(), *tiny_corpus.train, tokenizer="words-en")
    assert "--tokenizer words as the start model does" in caplog.text


def test_few_known_tokens_and_sentences_known_already_are_told(
    made: Made, caplog: pytest.LogCaptureFixture, tiny_corpus: Corpus
) -> None:
    caplog.set_level(logging.INFO, "ner")
    place = made()
    checked(place, *tiny_corpus.train, tokenizer="words")
    assert "knows 100.0 % of the tokens and 100.0 % of the characters" in caplog.text
    assert f"{len(tiny_corpus.train)} sentences of valid are among those" in caplog.text
    caplog.clear()
    foreign = told("nona", "disiti", "voro", ".", spans=(Span(0, 1, "PER"),))
    checked(place, foreign, tokenizer="words")
    [line] = [x for x in caplog.records if "knows" in x.msg]
    assert line.levelno == logging.WARNING


# --- types that are kept ------------------------------------------------------------------------


def completed(start: StartModel, *train: Sentence) -> PreparedCorpus:
    data = Config().replace({"data.tokenizer": "words"}).data
    return start.prepare(Corpus("new", train, valid=train[:1]), data)


def test_targets_are_expectations_where_the_labels_say_nothing(made: Made) -> None:
    start = StartModel.load(made(), keep_types=True)
    segments = completed(start, *ORG).segments
    assert segments[0].unannotated == {"LOC"}
    untrained = grown(start, ORG)
    tags = untrained.model.outputs
    assert {tag[2:] for tag in tags} == {"", "LOC", "ORG", "PER"}
    [(tokens, expected)] = start.targets(untrained.model, segments)
    assert tokens == ORG[0].tokens
    assert isinstance(expected, ExpectedCounts)
    assert expected.unary.sum(1) == pytest.approx([1] * 4, abs=1e-5)
    for place, known in ((0, "S-PER"), (2, "S-ORG")):
        assert expected.unary[place, tags.index(known)] == 1
    free = [tag[2:] in ("", "LOC") for tag in tags]
    for place in (1, 3):
        assert expected.unary[place, free].sum() == pytest.approx(1, abs=1e-5)
        assert (expected.unary[place, free] > 0).sum() > 1


def test_what_is_expected_of_old_types_is_what_the_start_model_expects(made: Made) -> None:
    """Of a sentence where the new type does not stand: the same probabilities."""
    start = StartModel.load(made(), keep_types=True)
    bare = told("Anna", "visited", "New", "York", ".")
    segments = completed(start, bare, *END).segments
    untrained = grown(start, (bare, *END))
    [(_, expected), *_] = start.targets(untrained.model, segments)
    assert isinstance(expected, ExpectedCounts)
    old = start.bundle.model
    [wanted] = predict_marginals(old, [bare.tokens])
    columns = [untrained.model.outputs.index(tag) for tag in old.outputs]
    assert expected.unary[:, columns] == pytest.approx(wanted, abs=1e-5)


def test_nothing_is_expected_where_the_corpus_labels_every_type(made: Made) -> None:
    start = StartModel.load(made(), keep_types=True)
    segments = completed(start, *NEW).segments
    assert start.targets(grown(start, NEW).model, segments) == []
    asked = StartModel.load(made())
    assert asked.targets(grown(asked, ORG).model, completed(asked, *ORG).segments) == []


def test_labels_that_the_start_model_cannot_complete_are_refused(made: Made) -> None:
    labels = (PartialLabel("PER", "no"), PartialLabel(None, "open"), PartialLabel("", "no"))
    full = told("Anna", "visited", ".", spans=(Span(0, 1, "PER"),))
    start = StartModel.load(made(), keep_types=True)
    completed(start, full, replace(full, unannotated=frozenset({"LOC"})))
    for gap in (replace(full, partial=labels), replace(full, unannotated=frozenset({"X"}))):
        with pytest.raises(TrainingError, match="new: not all of its types are labelled every"):
            completed(start, full, gap)
        completed(replace(start, keeps_types=False), full, gap)


def test_weights_of_types_do_not_go_with_types_that_are_kept(made: Made) -> None:
    weights = Config().replace({"train.type_weights": "PER=2"})
    StartModel.load(made()).settings(weights)
    with pytest.raises(ConfigError, match="type_weights is for labels, and with --keep-types"):
        StartModel.load(made(), keep_types=True).settings(weights)


@pytest.mark.slow
def test_a_type_is_added_and_the_old_ones_are_still_found(
    tiny_corpus: Corpus, tiny_config: Config, tmp_path: Path
) -> None:
    sure = tiny_config.replace({"train.epochs": 20, "train.patience": 20, "train.ema": 0.0})
    ner.train(tiny_corpus, tmp_path / "old", sure, device="cpu")

    def only(sentences: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
        """The mark at the end is the only entity that is labelled."""
        return tuple(replace(s, spans=(Span(len(s) - 1, len(s), "END"),)) for s in sentences)

    corpus = Corpus("new", only(tiny_corpus.train), only(tiny_corpus.valid))
    found = {}
    for keep in (False, True):
        how: dict[str, Any] = {"start_from": tmp_path / "old", "keep_types": keep, "device": "cpu"}
        tagger = ner.train(corpus, tmp_path / str(keep), tiny_config, **how)
        found[keep] = tagger.predict(tiny_corpus.test)
    assert all({span.label for span in s.spans} == {"END"} for s in found[False])
    pairs = list(zip(found[True], tiny_corpus.test, strict=True))
    assert all(s.spans[-1].label == "END" for s, _ in pairs)
    assert all({*gold.spans} < {*s.spans} for s, gold in pairs)


# --- runs ---------------------------------------------------------------------------------------


def a_run(corpus: Corpus, config: Config, out: Path, start: StartModel | None) -> Run:
    config = config.replace({"train.epochs": 3, "data.tokenizer": "words"})
    prepared = (start.prepare if start else prepare)(corpus, config.data)
    return Run(prepared, config, out, CPU, start=start)


def new_corpus(tiny: Corpus) -> Corpus:
    return replace(tiny, name="new", train=(*NEW, *ORG, *tiny.train))


def test_the_card_says_where_it_comes_from(
    made: Made, files: Path, tiny_corpus: Corpus, tiny_config: Config, tmp_path: Path
) -> None:
    place = made(**{"resources.gazetteers": [f"LOC={files / 'places.txt'}"]})
    old = load_bundle(place)
    about = {**old.about, "resources": {"gazetteers": ["LOC=places.txt"]}}
    save_bundle(replace(old, about=about), place)
    start = StartModel.load(place)
    run = a_run(new_corpus(tiny_corpus), tiny_config, tmp_path / "run", start)
    log = ""
    for _ in run.events():
        pass
    log = (tmp_path / "run" / "log.txt").read_text(encoding="utf-8")
    note = "goes on from start (SHA-256 "
    assert note in log
    card = (tmp_path / "run" / "model" / "README.md").read_text(encoding="utf-8")
    assert note in card
    assert start.checksum in card
    assert "LOC=places.txt" in card
    bundle = load_bundle(tmp_path / "run")
    assert bundle.seen.count(NEW) == len(NEW)
    assert bundle.seen.count(tiny_corpus.train) == len(tiny_corpus.train), "the start model's"


@pytest.mark.slow
@pytest.mark.parametrize("keep", [False, True])
def test_a_resumed_run_is_like_one_that_was_not_stopped(
    keep: bool, made: Made, tiny_corpus: Corpus, tiny_config: Config, tmp_path: Path
) -> None:
    start = StartModel.load(made(), keep_types=keep)
    only = [replace(s, spans=s.spans[:1]) for s in tiny_corpus.train]
    corpus = replace(new_corpus(tiny_corpus), train=(*ORG, *only))

    def run(name: str, start: StartModel | None = start) -> Run:
        return a_run(corpus, tiny_config, tmp_path / name, start)

    def until_second(events: Iterator[Any]) -> None:
        for event in events:
            if isinstance(event, Epoch) and event.number == 2:
                break
        events.close()  # type: ignore[attr-defined]

    for _ in run("straight").events():
        pass
    until_second(run("stopped").events())
    resumed = run("stopped")
    resumed.resume()
    for _ in resumed.events():
        pass
    for name in ("model/weights.safetensors", "checkpoint/tensors.safetensors"):
        one, other = ((tmp_path / out / name).read_bytes() for out in ("straight", "stopped"))
        assert one == other
    with pytest.raises(TrainingError, match=r"other settings \(.*--start-from"):
        run("stopped", None).resume()
    with pytest.raises(TrainingError, match=r"other settings \(.*--keep-types"):
        run("stopped", replace(start, keeps_types=not keep)).resume()
    with pytest.raises(TrainingError, match=r"other settings \(.*--start-from"):
        run("stopped", replace(start, checksum="another")).resume()


def test_the_start_model_is_not_to_be_replaced(
    made: Made, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    place = made()
    with pytest.raises(UsageError, match=r"is the run in .*; name another folder with --out"):
        ner.train(tiny_corpus, place, tiny_config, start_from=place, overwrite=True)
    assert load_bundle(place)


def test_types_are_kept_of_a_start_model_alone(
    tiny_corpus: Corpus, tiny_config: Config, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="add --start-from"):
        ner.train(tiny_corpus, tmp_path, tiny_config, keep_types=True)


def test_a_model_of_another_kind_or_none_is_refused(
    tiny_charlm: Path, tiny_corpus: Corpus, tiny_config: Config, tmp_path: Path
) -> None:
    for place, reason in ((tmp_path / "none", "no such model folder"), (tiny_charlm, "of a char")):
        with pytest.raises(UsageError, match=reason):
            ner.train(tiny_corpus, tmp_path / "run", tiny_config, start_from=place)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_packed_file_is_a_start_model_and_its_rounding_is_told(
    precision: str, made: Made, tmp_path: Path
) -> None:
    place = made()
    export_bundle(place, tmp_path / "tiny.ner", precision=precision)
    folder, packed = StartModel.load(place), StartModel.load(tmp_path / "tiny.ner")
    assert packed.name == "tiny.ner"
    assert packed.rounded is (precision == "int8")
    assert (packed.checksum == folder.checksum) is (precision == "float32")
    assert ("rounded to 8 bits" in packed.note(["PER"])) is (precision == "int8")
    model = grown(packed, NEW).model
    tokens = [sentence.tokens for sentence in NEW]
    pairs = zip(
        predict_marginals(model, tokens),
        predict_marginals(replace(packed.bundle.model, int8=False), tokens),
        strict=True,
    )
    assert all(np.array_equal(*pair) for pair in pairs)


def test_each_seed_goes_on_from_the_same_model(
    made: Made, tiny_corpus: Corpus, tiny_config: Config, tmp_path: Path
) -> None:
    place = made()
    config = tiny_config.replace({"train.epochs": 1, "data.tokenizer": "words"})
    ner.train(
        new_corpus(tiny_corpus), tmp_path / "run", config, seeds=(1, 2), device="cpu",
        start_from=place,
    )  # fmt: skip
    notes = [
        json.loads((tmp_path / "run" / f"seed-{seed}" / "model" / "config.json").read_text())
        for seed in (1, 2)
    ]
    told = [[x for x in c["about"]["notes"] if "goes on from start" in x] for c in notes]
    assert told[0] == told[1]
    assert len(told[0]) == 1

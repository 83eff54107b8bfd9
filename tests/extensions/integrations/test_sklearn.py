"""The estimator in the hands of scikit-learn's own tools."""

import importlib
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ner
from ner.config import Config
from ner.corpus import Corpus
from ner.errors import ConfigError, CorpusError, MissingExtra, UsageError
from ner.tagger import Tagger
from ner.tags import spans_of, tags_of

sklearn: Any = pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.base import clone  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import FunctionTransformer  # noqa: E402
from sklearn.utils import estimator_checks  # noqa: E402

from ner.extensions.integrations.sklearn import TaggerEstimator  # noqa: E402

Rows = list[list[str]]


@pytest.fixture(scope="module")
def quick(tiny_config: Config) -> dict[str, Any]:
    """The settings of a tiny model that differ from the defaults."""
    default = Config()
    return {
        key: tiny_config[key] for key in Config.fields() if tiny_config[key] != default[key]
    } | {"data.valid_fraction": 0.2}


@pytest.fixture(scope="module")
def rows(tiny_corpus: Corpus) -> tuple[Rows, Rows]:
    """Tokens and IOB2 tags."""
    sentences = tiny_corpus.train + tiny_corpus.test
    return [[*s.tokens] for s in sentences], [tags_of(s.spans, len(s)) for s in sentences]


@pytest.fixture(scope="module")
def fitted(quick: dict[str, Any], rows: tuple[Rows, Rows]) -> TaggerEstimator:
    return TaggerEstimator(quick, device="cpu").fit(*rows)


def test_it_learns_and_predicts(fitted: TaggerEstimator, rows: tuple[Rows, Rows]) -> None:
    tokens, tags = rows
    assert fitted.predict([["Anna", "visited", "New", "York", "."]]) == [
        ["B-PER", "O", "B-LOC", "I-LOC", "O"]
    ]
    assert fitted.score(tokens, tags) > 0.9
    assert fitted.classes_ == ["LOC", "PER"]
    assert fitted.predict([]) == []


def test_its_tagger_reads_raw_text(fitted: TaggerEstimator) -> None:
    assert isinstance(fitted.tagger_, Tagger)
    assert str(fitted.tagger_("Anna visited Rome .")) == "[Anna](PER) visited [Rome](LOC) ."


@pytest.mark.slow("trains twice")
def test_the_same_seed_gives_the_same_tagger(
    fitted: TaggerEstimator, quick: dict[str, Any], rows: tuple[Rows, Rows]
) -> None:
    again = clone(fitted).fit(*rows).tagger_("Anna visited Rome .")
    assert again == fitted.tagger_("Anna visited Rome .")
    other = TaggerEstimator(quick, random_state=2, device="cpu").fit(*rows)
    assert other.tagger_("Anna visited Rome .").entities[0].score != again.entities[0].score


def test_its_score_is_that_of_evaluation(fitted: TaggerEstimator, tiny_corpus: Corpus) -> None:
    valid = tiny_corpus.valid[:6]
    wrong = [["O"] * len(s) for s in valid[:3]] + [tags_of(s.spans, len(s)) for s in valid[3:]]
    gold = [s.with_spans(tuple(spans_of(t))) for s, t in zip(valid, wrong, strict=True)]
    score = fitted.score([s.tokens for s in valid], wrong)
    assert score == ner.evaluate(fitted.tagger_, gold).f1
    assert 0 < score < 1


def test_it_is_pickled_fitted_or_not(fitted: TaggerEstimator) -> None:
    tokens = [["Dora", "left", "Paris", "."]]
    assert pickle.loads(pickle.dumps(fitted)).predict(tokens) == fitted.predict(tokens)
    again = pickle.loads(pickle.dumps(TaggerEstimator({"train.epochs": 3})))
    assert again.settings == {"train.epochs": 3}


@pytest.mark.slow("trains three times")
def test_cross_validation_and_search(quick: dict[str, Any], rows: tuple[Rows, Rows]) -> None:
    tokens, tags = rows
    scores = cross_val_score(TaggerEstimator(quick, device="cpu"), tokens, tags, cv=2)
    assert len(scores) == 2
    assert all(0 <= score <= 1 for score in scores)
    grid = {"settings": [quick | {"train.epochs": 1}, quick]}
    search = GridSearchCV(TaggerEstimator(device="cpu"), grid, cv=[(range(40), range(40, 48))])
    search.fit(tokens, tags)
    assert search.best_params_["settings"] in grid["settings"]


def test_in_a_pipeline(fitted: TaggerEstimator, rows: tuple[Rows, Rows]) -> None:
    split = FunctionTransformer(lambda texts: [text.split() for text in texts])
    pipeline = make_pipeline(split, fitted)
    assert pipeline.predict(["Anna left Rome ."]) == [["B-PER", "O", "B-LOC", "O"]]


def test_rows_are_chosen_by_scikit_learn(rows: tuple[Rows, Rows]) -> None:
    train, test, train_tags, test_tags = train_test_split(*rows, test_size=0.25, random_state=1)
    assert len(train) + len(test) == len(rows[0])
    assert [*map(len, test)] == [*map(len, test_tags)]
    assert [*map(len, train)] == [*map(len, train_tags)]


def test_training_may_go_on_from_a_model(
    quick: dict[str, Any], rows: tuple[Rows, Rows], tiny_run: Path
) -> None:
    settings = {"train.epochs": 1, "train.threads": 1, "data.valid_fraction": 0.2}
    again = TaggerEstimator(settings, start_from=tiny_run, device="cpu").fit(*rows)
    assert again.score(*rows) > 0.9


# --- what scikit-learn asks of an estimator -----------------------------------------------------


def test_all_checks_that_apply_to_sequences_are_passed() -> None:
    found = estimator_checks.check_estimator(TaggerEstimator(), on_skip=None)
    assert {result["status"] for result in found} == {"passed"}


@pytest.mark.parametrize(
    "check",
    [
        "check_no_attributes_set_in_init",
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_get_params_invariance",
        "check_set_params",
        "check_do_not_raise_errors_in_init_or_set_params",
        "check_estimator_tags_renamed",
        "check_valid_tag_types",
        "check_mixin_order",
        "check_requires_y_none",
    ],
)
def test_checks_that_need_no_table_of_numbers(check: str) -> None:
    getattr(estimator_checks, check)("TaggerEstimator", TaggerEstimator())


def test_fitting_leaves_its_parameters_alone(quick: dict[str, Any], rows: Any) -> None:
    settings = dict(quick)
    estimator = TaggerEstimator(settings, device="cpu")
    before = estimator.get_params()
    estimator.fit(*rows)
    assert estimator.get_params() == before
    assert settings == quick


def test_unfitted_it_says_so() -> None:
    with pytest.raises(NotFittedError):
        TaggerEstimator().predict([["a"]])
    with pytest.raises(NotFittedError):
        TaggerEstimator().score([["a"]], [["O"]])


# --- what is wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tokens", "tags", "said"),
    [
        ([["a"]], [], r"1 sentences have 0 lists of tags"),
        ([["a"]], [["O", "O"]], r"y\[0\] is no list of 1 tags"),
        ([["a", "b"]], ["OO"], r"y\[0\] is no list of 2 tags"),
        (["text"], [["O"]], r"X\[0\] is no list of tokens"),
        ([["a"], []], [["O"], []], r"X\[1\] is no list of tokens"),
        ([["a", ""]], [["O", "O"]], r"X\[0\] is no list of tokens"),
        ([[1.0, 2.0]], [["O", "O"]], r"X\[0\] is no list of tokens"),
    ],
)
def test_rows_that_do_not_fit(tokens: Any, tags: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        TaggerEstimator().fit(tokens, tags)


def test_labels_are_needed(fitted: TaggerEstimator) -> None:
    for ask in (TaggerEstimator().fit, fitted.score):
        with pytest.raises(UsageError, match="requires y to be passed"):
            ask([["a"]], None)


def test_tags_that_are_none() -> None:
    with pytest.raises(CorpusError, match="PER"):
        TaggerEstimator().fit([["a"]], [["PER"]])


def test_settings_that_do_not_exist() -> None:
    with pytest.raises(ConfigError, match="epochs"):
        TaggerEstimator({"train.epoch": 3}).fit([["a"]], [["O"]])


TAGS = st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B", "E-A", "S-B"])


@given(st.lists(TAGS, min_size=1, max_size=8))
def test_tags_of_any_scheme_are_read_as_the_scorer_reads_them(tags: list[str]) -> None:
    """A perfect answer, in IOB2, has the score 1 (0 where there is nothing to find)."""

    class Oracle:
        def predict(self, sentences: Any) -> Any:
            return sentences

    estimator = TaggerEstimator()
    estimator.tagger_ = Oracle()  # type: ignore[assignment]
    tokens = [[str(number) for number in range(len(tags))]]
    assert estimator.score(tokens, [tags]) == (1.0 if spans_of(tags) else 0.0)


# --- its public home ----------------------------------------------------------------------------


@pytest.mark.slow("starts a process that loads scikit-learn")
def test_the_public_home() -> None:
    import ner.sklearn as home

    assert home.TaggerEstimator is TaggerEstimator
    assert ner.sklearn.TaggerEstimator is TaggerEstimator
    with pytest.raises(AttributeError, match=r"no attribute 'sklearn\.Taggr'"):
        home.Taggr  # noqa: B018
    code = "import ner; print(ner.sklearn.TaggerEstimator.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "TaggerEstimator\n"


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "ner.extensions.integrations.sklearn"
    monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtra, match="pip install scikit-learn"):
        importlib.import_module(name)

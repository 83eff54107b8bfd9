"""``ner evaluate``: figures as text and as JSON."""

import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

import ner
from ner.api import Evaluation
from ner.corpus import Corpus, load_corpus
from ner.errors import CorpusError
from ner.evaluation import O_BIASES
from ner.evaluation.calibration import calibration_of
from ner.text import CASES, Case
from tests.cli.command import BRIEF, Outcome, run, sets, warm


def _json(*arguments: object) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(run("evaluate", *arguments, "--json").good().out)
    return report


@pytest.fixture
def confused(here: Path) -> Path:
    """A file with one entity that is found, one that is not, and one that is found wrongly."""
    path = here / "confused.conll"
    path.write_text("Anna B-PER\nvisited O\nParis B-PER\n. O\n", encoding="utf-8")
    return path


def test_json_has_the_promised_keys_and_the_figures_of_the_run(
    here: Path, tiny_folder: Path
) -> None:
    result = json.loads((here / "runs/tiny/result.json").read_text())
    for split in ("valid", "test"):
        report = _json("--model", "runs/tiny", "--data", tiny_folder, "--split", split)
        assert {"precision", "recall", "f1", "per_type"} <= report.keys()
        assert report == result["scores"][split]
    assert _json("--data", tiny_folder) == result["scores"]["test"]  # newest run, split test


def test_figures_of_a_case_done_by_hand(confused: Path) -> None:
    report = _json("--data", confused)
    assert (report["precision"], report["recall"], report["f1"]) == (0.5, 0.5, 0.5)
    assert (report["support"], report["predicted"], report["correct"]) == (2, 2, 1)
    assert report["per_type"]["PER"]["precision"] == 1.0
    assert report["per_type"]["PER"]["recall"] == 0.5
    assert report["per_type"]["LOC"]["f1"] == 0.0
    assert report["sentences"] == 1


def test_text_has_the_same_figures_as_json(confused: Path) -> None:
    report = _json("--data", confused)
    text = run("evaluate", "--data", confused).good().out
    rows = {row[0].strip(): row[1:] for row in re.findall(r"(.+?)" + r" +([\d.]+)" * 4, text)}
    assert {*rows} == {"PER", "LOC", "micro avg", "macro avg", "weighted avg"}
    each = {**report["per_type"], "micro avg": report, "macro avg": report["macro"]}
    for name, scores in each.items():
        shown = [float(cell) for cell in rows[name][:3]]
        assert shown == [round(100 * scores[key], 2) for key in ("precision", "recall", "f1")]
    assert rows["micro avg"][3] == "2"


def test_scores_are_shares_and_equal_the_library(
    here: Path, tiny_folder: Path, tiny_corpus: Corpus
) -> None:
    report = _json("--data", tiny_folder, "--split", "train")
    assert all(0 <= report[key] <= 1 for key in ("precision", "recall", "f1"))
    tagger = ner.Tagger.load("runs/tiny")
    assert report == ner.evaluate(tagger, load_corpus(tiny_folder).train).to_dict()
    assert report["sentences"] == len(tiny_corpus.train)


def test_a_file_is_data_as_a_whole(here: Path, tiny_folder: Path) -> None:
    report = _json("--data", tiny_folder / "valid.conll")
    assert report == _json("--data", tiny_folder, "--split", "valid")
    outcome = run("evaluate", "--data", tiny_folder / "valid.conll", "--split", "test")
    assert outcome.code == 1
    assert "has no sentences in test; it has train: leave --split out" in outcome.complaint()


def test_jsonl_is_data_too(here: Path, tiny_folder: Path) -> None:
    run("data", "convert", tiny_folder / "test.conll", "test.jsonl", "--to", "jsonl").good()
    assert _json("--data", "test.jsonl") == _json("--data", tiny_folder)


def test_a_split_that_is_not_there(here: Path, tiny_folder: Path) -> None:
    Path("c").mkdir()
    for split in ("train", "valid"):
        shutil.copy(tiny_folder / f"{split}.conll", "c")
    for arguments in (["--split", "test"], []):
        outcome = run("evaluate", "--data", "c", *arguments)
        assert outcome.code == 1
        said = "c: has no sentences in test; it has train and valid: choose with --split"
        assert outcome.complaint().endswith(said)
    run("evaluate", "--data", "c", "--split", "valid").good()


def test_types_that_the_model_does_not_know_are_said_once(here: Path) -> None:
    Path("x.conll").write_text("Anna B-PER\n\nRome B-CITY\n\nAnna B-CITY\nleft B-ODD\n")
    outcome = run("evaluate", "--data", "x.conll", "--json").good()
    said = "warning: types that the model does not know count as missed: CITY, ODD\n"
    assert outcome.err == said
    report = json.loads(outcome.out)
    assert report["per_type"]["CITY"]["recall"] == 0.0
    assert report["support"] == 4


def test_data_without_any_entity(here: Path) -> None:
    Path("o.conll").write_text("nothing O\n\n. O\n")
    report = _json("--data", "o.conll")
    assert (report["support"], report["recall"]) == (0, 0.0)
    run("evaluate", "--data", "o.conll").good()


@pytest.mark.parametrize("case", CASES)
def test_another_case_is_that_of_all_tokens(here: Path, tiny_folder: Path, case: Case) -> None:
    options = ["--data", tiny_folder, "--case", case]
    report = _json(*options, "--errors", "--out", "both.conll")
    corpus = load_corpus(tiny_folder).recased(case)
    evaluation = Evaluation(ner.Tagger.load("runs/tiny"), corpus.test)
    mistakes = evaluation.mistakes(corpus.train).to_dict()
    assert report == json.loads(json.dumps(evaluation.report().to_dict() | {"errors": mistakes}))
    written = Path("both.conll").read_text(encoding="utf-8").split()
    assert {"lower": "new", "upper": "NEW", "title": "New"}[case] in written


def test_a_case_that_there_is_not(here: Path, tiny_folder: Path) -> None:
    outcome = run("evaluate", "--data", tiny_folder, "--case", "camel")
    assert "'camel' is not one of 'lower', 'upper', 'title'" in outcome.complaint()
    assert outcome.code == 2


@pytest.mark.slow
def test_a_real_process_keeps_stdout_clean(
    trained: tuple[Path, Outcome], tiny_folder: Path
) -> None:
    arguments = ["evaluate", "--model", "runs/tiny", "--data", tiny_folder, "--json"]
    outcome = warm(*arguments, cwd=trained[0]).good()
    assert json.loads(outcome.out)["f1"] == 1.0
    assert outcome.err == ""


@pytest.mark.slow
def test_the_valid_split_that_training_cut_is_cut_again(empty: Path, tiny_folder: Path) -> None:
    content = (tiny_folder / "train.conll").read_text(encoding="utf-8")
    Path("c").mkdir()
    Path("c/train.conll").write_text(content, encoding="utf-8")
    run("train", "--data", "c", "--out", "r", *BRIEF).good()
    report = json.loads(
        run("evaluate", "--model", "r", "--data", "c", "--split", "valid", "--json").good().out
    )
    result = json.loads(Path("r/result.json").read_text(encoding="utf-8"))
    assert report == result["scores"]["valid"]


# --- calibration and trade-off ------------------------------------------------------------------


@pytest.fixture
def doubtful(here: Path) -> Path:
    """A file in which the model is unsure of much: names it never saw, in places it never saw."""
    path = here / "doubtful.conll"
    persons = ("Anna", "Zoe", "Carl", "Paris", "New", "Dora Anna")
    places = ("Rome", "Oslo", "York", "Anna Rome", "Maria", "New York")
    blocks = []
    for person in persons:
        for place in places:
            tokens = [*person.split(), "never", "saw", *place.split(), "."]
            tags = ["B-PER"] + ["I-PER"] * person.count(" ") + ["O", "O", "B-LOC"]
            tags += ["I-LOC"] * place.count(" ") + ["O"]
            blocks.append("".join(f"{a} {b}\n" for a, b in zip(tokens, tags, strict=True)))
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path


def _counts(scores: dict[str, Any]) -> tuple[int, int, int]:
    return scores["support"], scores["predicted"], scores["correct"]


def test_calibration_is_that_of_the_scores_which_tagging_gives(confused: Path) -> None:
    report = _json("--data", confused, "--calibration", "c.svg")
    [text] = run("tag", confused, "--format-in", "conll", "--format", "jsonl").out.splitlines()
    right, wrong = (entity["score"] for entity in json.loads(text)["entities"])
    wanted = calibration_of([(right, True), (wrong, False)])
    calibration = report["calibration"]
    assert (calibration["entities"], calibration["precision"]) == (2, 0.5)
    assert calibration["score"] == pytest.approx((right + wrong) / 2)
    assert calibration["ece"] == pytest.approx(wanted.ece)
    assert [each["entities"] for each in calibration["bins"]] == [b.entities for b in wanted.bins]
    assert ET.parse("c.svg").getroot().tag.endswith("svg")


@pytest.mark.slow
def test_without_the_options_nothing_more_is_said(confused: Path) -> None:
    assert not {"calibration", "trade_off"} & _json("--data", confused).keys()
    plain = run("evaluate", "--data", confused).good().out
    more = run("evaluate", "--data", confused, "--calibration", "c.svg", "--trade-off").good().out
    assert more.startswith(plain)
    added = more.removeprefix(plain)
    assert re.search(r"^calibration: expected error 0\.\d{4} over 2 entities$", added, re.MULTILINE)
    assert [line.split()[0] for line in added.splitlines() if "f1-score" in line] == [
        "min_score",
        "o_bias",
    ]


@pytest.mark.parametrize("name", ["c.png", "c.svg.pdf"])
def test_a_picture_is_named_for_what_it_is(confused: Path, name: str) -> None:
    outcome = run("evaluate", "--data", confused, "--calibration", name)
    assert outcome.code == 2
    assert outcome.complaint().startswith(f"ner: error: --calibration {name}: the picture is SVG")
    assert not Path(name).exists()


def test_a_picture_that_cannot_be_written(confused: Path) -> None:
    outcome = run("evaluate", "--data", confused, "--calibration", confused / "c.svg")
    assert outcome.code == 1
    assert "cannot be written" in outcome.complaint()


def test_every_point_is_what_its_setting_gives(doubtful: Path) -> None:
    report = _json("--data", doubtful, "--trade-off")
    by_score, by_bias = (report["trade_off"][name] for name in ("min_score", "o_bias"))
    for option, points in (("--min-score", by_score), ("--o-bias", by_bias)):
        assert len({point["predicted"] for point in points}) > 2  # else it would prove little
        for point in points[::2]:
            assert _counts(point) == _counts(_json("--data", doubtful, option, str(point["value"])))
    assert [point["value"] for point in by_bias] == [*O_BIASES]
    assert _counts(by_score[0]) == _counts(report)


def test_the_setting_that_does_not_vary_holds(doubtful: Path) -> None:
    biased = ["--data", doubtful, "--o-bias", "-1", "--trade-off"]
    by_score = _json(*biased)["trade_off"]["min_score"]
    most = by_score[0]["predicted"]
    some = next(point["value"] for point in by_score if 0 < point["predicted"] < most)
    there = _json(*biased, "--min-score", str(some))
    assert there["trade_off"]["min_score"] == by_score  # those below `some` too
    for name, value in (("min_score", some), ("o_bias", -1)):
        [point] = [p for p in there["trade_off"][name] if p["value"] == value]
        assert _counts(point) == _counts(there)


@pytest.mark.slow
def test_scores_below_the_lowest_are_not_calibrated(doubtful: Path) -> None:
    ask = ["--data", doubtful, "--calibration", "c.svg"]
    every = _json(*ask)["calibration"]
    edge = next(each["high"] for each in every["bins"] if each["entities"])
    higher = _json(*ask, "--min-score", str(edge))["calibration"]
    kept = [each for each in higher["bins"] if each["entities"]]
    assert kept == [each for each in every["bins"] if each["entities"] and each["low"] >= edge]
    assert 0 < higher["entities"] < every["entities"]


def test_settings_of_tagging_and_no_others(confused: Path) -> None:
    assert _json("--data", confused, *sets("predict.engine=torch")) == _json("--data", confused)
    assert _json("--data", confused, *sets("predict.o_bias=100"))["predicted"] == 0
    for wrong, said in [
        (sets("train.epochs=3"), "train.epochs"),
        (sets("predict.min_scor=0.5"), "did you mean 'predict.min_score'?"),
        (["--min-score", "1.5"], "predict.min_score is 1.5"),
    ]:
        outcome = run("evaluate", "--data", confused, *wrong)
        assert outcome.code == 2
        assert said in outcome.complaint()


def test_unknown_labels_are_refused_before_any_work(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("x.conll").write_text("Anna B-PER\nleft O\n\nBerta ?\nleft O\n")
    tagger = ner.Tagger.load("runs/tiny")
    sentences = load_corpus("x.conll").train
    monkeypatch.setattr(ner.Tagger, "predictions", None)
    for ask in (Evaluation, ner.evaluate):
        with pytest.raises(CorpusError, match=r"x\.conll:4: has tokens with an unknown tag"):
            ask(tagger, sentences)


@pytest.mark.slow
def test_what_is_the_same_is_predicted_once(
    confused: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    predictions = ner.Tagger.predictions

    def counted(self: ner.Tagger, sentences: Any, **how: Any) -> Any:
        asked.append(how)
        return predictions(self, sentences, **how)

    monkeypatch.setattr(ner.Tagger, "predictions", counted)
    _json("--data", confused)
    _json("--data", confused, "--errors", "--calibration", "c.svg")
    assert asked == [{"with_scores": False}, {"with_scores": True}]
    _json("--data", confused, "--errors", "--calibration", "c.svg", "--trade-off")
    assert [how for how in asked[2:] if not how.get("changes")] == [{"with_scores": True}]


@pytest.mark.slow
def test_data_without_any_entity_has_a_calibration(here: Path) -> None:
    Path("o.conll").write_text("nothing O\n\n. O\n")
    run("evaluate", "--data", "o.conll", "--calibration", "c.svg", "--trade-off").good()
    report = _json("--data", "o.conll", "--calibration", "c.svg")
    assert 0 <= report["calibration"]["ece"] <= 1


# --- errors -------------------------------------------------------------------------------------


def test_a_page_shows_the_mistakes(confused: Path, here: Path) -> None:
    plain = run("evaluate", "--data", confused).good().out
    assert run("evaluate", "--data", confused, "--report", "page.html").good().out == plain
    page = (here / "page.html").read_text()
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    [row] = data["rows"]
    assert row["place"].endswith("confused.conll:1")
    assert [mistake["kind"] for mistake in row["mistakes"]] == ["type"]
    assert all(0 < span["score"] <= 1 for span in row["predicted"])


def test_a_page_is_of_a_model(confused: Path) -> None:
    outcome = run("evaluate", "--data", confused, "--predictions", confused, "--report", "x.html")
    assert outcome.code == 2
    assert "--errors, --report and settings of tagging away" in outcome.complaint()


def test_errors_of_a_case_done_by_hand(confused: Path) -> None:
    errors = _json("--data", confused, "--errors")["errors"]
    assert errors["overall"]["kinds"] == {
        "boundary": 0, "type": 1, "boundary and type": 0, "missed": 0, "spurious": 0,
    }  # fmt: skip
    assert errors["confusions"]["PER"]["LOC"] == 1
    [example] = errors["confident"]
    assert (example["kind"], example["gold"], example["predicted"]) == ("type", "PER", "LOC")
    assert example["place"] == "confused.conll:1" or example["place"].endswith("/confused.conll:1")
    assert example["context"] == "Anna visited [Paris] ."
    assert 0 < example["score"] <= 1
    assert "seen" not in errors["slices"]  # the file is all there is
    text = run("evaluate", "--data", confused, "--errors").good().out
    assert "by the words in training: left out" in text
    assert "confused.conll:1: type: is PER (Paris), found as LOC (Paris) with" in text


def test_the_figures_of_the_slices_are_those_of_the_report(doubtful: Path) -> None:
    report = _json("--data", doubtful, "--errors")
    errors = report["errors"]
    assert {key: errors["overall"][key] for key in ("f1", "support", "predicted", "correct")} == {
        key: report[key] for key in ("f1", "support", "predicted", "correct")
    }
    assert errors["overall"]["mistakes"] > 5
    for label, scores in report["per_type"].items():
        assert {key: errors["slices"]["type"][label][key] for key in scores} == scores


def test_what_training_has_seen(here: Path, tiny_folder: Path) -> None:
    for split in ("test", "valid"):
        ask = ["--data", tiny_folder, "--split", split, "--errors"]
        seen = _json(*ask)["errors"]["slices"]["seen"]
        assert [*seen] == ["as this type"]
        assert "as this type" in run("evaluate", *ask).good().out
    train = _json("--data", tiny_folder, "--split", "train", "--errors")["errors"]
    assert "seen" not in train["slices"]


def test_a_valid_split_that_was_cut_from_train_is_not_seen(here: Path) -> None:
    """Whether it is asked about, or only lies in the file of train."""
    Path("c").mkdir()
    names = [chr(97 + n // 26) + chr(97 + n % 26) for n in range(100)]
    blocks = [f"X{name} B-PER\nleft O\n" for name in names]
    Path("c/train.conll").write_text("\n".join(blocks), encoding="utf-8")
    Path("c/test.conll").write_text("\n".join(blocks), encoding="utf-8")
    seen = _json("--data", "c", "--split", "test", "--errors")["errors"]["slices"]["seen"]
    assert seen["as this type"]["support"] == 90
    assert seen["not seen"]["support"] == 10
    seen = _json("--data", "c", "--split", "valid", "--errors")["errors"]["slices"]["seen"]
    assert "as this type" not in seen


def test_as_many_examples_as_asked_for(doubtful: Path) -> None:
    def examples(*ask: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = _json("--data", doubtful, "--errors", *ask)["errors"][
            "confident"
        ]
        return found

    every = examples("--examples", "1000")
    assert len(every) > 10
    assert examples() == every[:10]
    assert examples("--examples", "0") == []
    scores = [example["score"] for example in every]
    assert scores == sorted(scores, reverse=True)
    assert run("evaluate", "--data", doubtful, "--errors", "--examples", "-1").code == 2


def test_errors_of_data_without_any_entity(here: Path) -> None:
    Path("o.conll").write_text("nothing O\n\n. O\n")
    assert "mistakes: " in run("evaluate", "--data", "o.conll", "--errors").good().out


# --- two files, and both side by side -----------------------------------------------------------


@pytest.fixture
def gold(empty: Path) -> Path:
    """A labelled file, and predictions for it in another scheme, made by nobody of ours."""
    text = "Anna B-PER\nsaw O\nNew B-LOC\nYork I-LOC\n\n# O\n"
    (empty / "predicted.conll").write_text(
        "Anna\tx\tS-PER\nsaw\tx\tO\nNew\tx\tO\nYork\tx\tS-LOC\n\n#\tx\tO\n", encoding="utf-8"
    )
    path = empty / "gold.conll"
    path.write_text(text, encoding="utf-8")
    return path


def test_any_two_labelled_files_without_a_model(gold: Path) -> None:
    report = _json("--predictions", "predicted.conll", "--data", gold)
    assert (report["support"], report["predicted"], report["correct"]) == (2, 2, 1)
    assert (report["precision"], report["recall"], report["f1"]) == (0.5, 0.5, 0.5)
    run("data", "convert", "predicted.conll", "p.jsonl", "--to", "jsonl").good()
    assert _json("--predictions", "p.jsonl", "--data", gold) == report
    text = run("evaluate", "--predictions", "predicted.conll", "--data", gold).good().out
    assert re.search(r"micro avg +50.00 +50.00 +50.00 +2", text)


def test_both_side_by_side(gold: Path) -> None:
    run("evaluate", "--predictions", "predicted.conll", "--data", gold, "--out", "both").good()
    both = Path("both").read_text(encoding="utf-8")
    assert both == ("Anna B-PER B-PER\nsaw O O\nNew B-LOC O\nYork I-LOC B-LOC\n\n#\tO\tO\n\n")
    again = _json("--predictions", "both", "--data", gold)
    assert again == _json("--predictions", "predicted.conll", "--data", gold)


def test_a_models_tags_beside_gold(confused: Path) -> None:
    report = _json("--data", confused, "--out", "both.conll")
    both = Path("both.conll").read_text(encoding="utf-8")
    assert both == "Anna B-PER B-PER\nvisited O O\nParis B-PER B-LOC\n. O O\n\n"
    assert _json("--data", confused, "--predictions", "both.conll") == report
    tagged = ["tag", confused, "--format", "conll", "--out", "tagged.conll"]
    run(*tagged).good()
    assert _json("--data", confused, "--predictions", "tagged.conll") == report


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("York", "york"), "first 'York' at gold.conll:4 in gold but 'york' at predicted.conll:4"),
        (("\n#", "#"), "first the sentence's end at gold.conll:5 in gold but '#' at predicted.con"),
        (("York\tx\tS-LOC\n", ""), "'York' at gold.conll:4 in gold but the sentence's end at pred"),
        (("\n\n#\tx\tO", ""), "gold.conll:6; compare predictions for the very sentences"),
        (("\n\n#", "\n\nz\tx\tO\n\n#"), "first '#' at gold.conll:6 in gold but 'z' at predicted.c"),
        (
            ("#\tx\tO\n", "#\tx\tO\n\nz\tx\tO\n"),
            "2 sentences in gold but 3 in predictions, of which ",
        ),
        (("x\tO", "x\t?"), "predicted.conll:1: has tokens with an unknown tag"),
    ],
)
def test_files_that_do_not_fit(gold: Path, change: tuple[str, str], said: str) -> None:
    text = Path("predicted.conll").read_text(encoding="utf-8")
    Path("predicted.conll").write_text(text.replace(*change), encoding="utf-8")
    outcome = run(
        "evaluate", "--predictions", "predicted.conll", "--data", "gold.conll", "--out", "both"
    )
    assert said in outcome.complaint()
    assert outcome.code == 1
    assert not Path("both").exists()


@pytest.mark.parametrize(
    "options",
    [["--model", "x"], ["--errors"], ["--trade-off"], ["--min-score", "0.5"], ["--case", "lower"]],
)
def test_predictions_take_no_model(gold: Path, options: list[str]) -> None:
    outcome = run("evaluate", "--predictions", "predicted.conll", "--data", gold, *options)
    assert "--predictions takes no model and knows no scores" in outcome.complaint()
    assert outcome.code == 2


# --- types of another corpus ----------------------------------------------------------------------


def test_predictions_of_types_that_the_data_lack_count_as_wrong_unless_left_out(
    confused: Path,
) -> None:
    confused.write_text("Anna B-person\nvisited O\nParis O\n. O\n", encoding="utf-8")
    mapped = ("evaluate", "--data", confused, "--label-map", "person=PER", "--json")
    outcome = run(*mapped).good()
    report = json.loads(outcome.out)
    assert (report["support"], report["predicted"], report["correct"]) == (1, 2, 1)
    assert "predictions of them count as wrong" in outcome.err
    assert outcome.err.splitlines()[-1].endswith("if it does not label them): LOC")
    outcome = run(*mapped, "--own-types", "--errors", "--trade-off").good()
    own = json.loads(outcome.out)
    assert (own["support"], own["predicted"], own["correct"]) == (1, 1, 1)
    assert own["per_corpus"]["confused.conll"]["unannotated"] == ["LOC"]
    assert all(point["predicted"] <= 1 for point in own["trade_off"]["min_score"])
    assert "own-types" not in outcome.err

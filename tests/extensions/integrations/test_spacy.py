"""The component at work in real pipelines of spaCy's."""

import pickle
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ner.errors import BundleError, ConfigError, UsageError
from ner.tagger import Tagger
from ner.text import Document, Entity

spacy: Any = pytest.importorskip("spacy", reason="spaCy is not installed")

from ner.extensions.integrations.spacy import BilstmNer, make_component  # noqa: E402

TEXTS = [
    "Anna visited New York .",
    "",
    "Carl Maria left Rome . Dora loved Paris ?",
    "  \n",
    "Nothing",
]


def pipeline(model: str | Path, **config: Any) -> Any:
    nlp = spacy.blank("en")
    nlp.add_pipe("bilstm_ner", config={"model": str(model), **config})
    return nlp


@pytest.fixture(scope="module")
def nlp(tiny_run: Path) -> Any:
    return pipeline(tiny_run)


def triples(spans: Any) -> list[tuple[str, str, float]]:
    return [(span.text, span.label_, span._.ner_score) for span in spans]


class Fixed(BilstmNer):
    """A component whose model finds what it is told, wherever that lies."""

    def __init__(self, *entities: tuple[int, int, str], **how: Any) -> None:
        super().__init__(**how)
        self.entities = entities

    def __call__(self, doc: Any) -> Any:
        entities = (Entity(a, b, label, doc.text[a:b], 0.5) for a, b, label in self.entities)
        return self.mark(doc, Document(doc.text, tuple(entities)))


def doc_of(text: str) -> Any:
    return spacy.blank("en")(text)


def registered() -> list[EntryPoint]:
    """The entry point of the installed `ner`; skips where that is none, or an old one."""
    found = {*entry_points(group="spacy_factories", name="bilstm_ner")}
    if not found:
        pytest.skip("the installed ner has no entry point of spaCy's")
    return [*found]


# --- what is found ------------------------------------------------------------------------------


@pytest.mark.slow("starts a process that loads spaCy")
def test_spacy_finds_the_factory_by_itself() -> None:
    [found] = registered()
    assert found.load() is make_component
    code = (
        "import spacy, sys\n"
        "assert spacy.blank('en').has_factory('bilstm_ner')\n"
        "assert not {'ner.tagger', 'ner.predict'} & {*sys.modules}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_entities_and_scores_are_those_of_the_tagger(nlp: Any, tiny_tagger: Tagger) -> None:
    for text in TEXTS:
        wanted = [(e.text, e.label, e.score) for e in tiny_tagger(text).entities]
        assert triples(nlp(text).ents) == wanted
    assert triples(nlp(TEXTS[0]).ents)[1][:2] == ("New York", "LOC")


def test_a_stream_is_as_its_texts(nlp: Any) -> None:
    wanted = [triples(nlp(text).ents) for text in TEXTS]
    for how in ({}, {"batch_size": 1}, {"batch_size": 2}):
        assert [triples(doc.ents) for doc in nlp.pipe(TEXTS, **how)] == wanted
    pairs = nlp.pipe(zip(TEXTS, range(5), strict=True), as_tuples=True)
    assert [(triples(doc.ents), number) for doc, number in pairs] == [*zip(wanted, range(5))]  # noqa: B905


@pytest.mark.slow("starts processes")
def test_several_processes_find_the_same_with_scores(nlp: Any) -> None:
    docs = nlp.pipe(TEXTS * 3, n_process=2, batch_size=4)
    assert [triples(doc.ents) for doc in docs] == [triples(nlp(text).ents) for text in TEXTS * 3]


def test_every_token_is_inside_or_outside(nlp: Any) -> None:
    doc = nlp("Anna visited New York .")
    assert [token.ent_iob_ for token in doc] == ["B", "O", "B", "I", "O"]


def test_tokens_given_by_hand_are_read_as_their_text(nlp: Any) -> None:
    doc = nlp(spacy.tokens.Doc(nlp.vocab, ["Anna", "left", "New", "York", "."]))
    assert [(e.start, e.end, e.label_) for e in doc.ents] == [(0, 1, "PER"), (2, 4, "LOC")]


def test_spans_with_a_name_of_their_own(tiny_run: Path) -> None:
    nlp = pipeline(tiny_run, spans_key="bilstm")
    doc = nlp("Anna visited Rome .")
    assert doc.ents == ()
    assert [name for name, _, _ in triples(doc.spans["bilstm"])] == ["Anna", "Rome"]
    assert len(nlp(doc).spans["bilstm"]) == 2
    assert len(nlp("").spans["bilstm"]) == 0


def test_layers_overlap_in_spans_and_are_refused_in_ents(layered_run: Path) -> None:
    doc = pipeline(layered_run, spans_key="bilstm")("Carl Maria visited Rome .")
    found = {(span.text, span.label_) for span in doc.spans["bilstm"]}
    assert {("Carl Maria", "outer:PER"), ("Maria", "inner:LAST")} <= found
    with pytest.raises(UsageError, match=r"layers outer, inner .*set spans_key"):
        pipeline(layered_run)("Carl Maria visited Rome .")


def test_settings_are_those_of_tagging(tiny_run: Path) -> None:
    nlp = pipeline(tiny_run, settings={"predict.min_score": 0.9999})
    assert nlp("Anna visited Rome .").ents == ()
    with pytest.raises(ConfigError, match=r"train\.epochs belongs to training"):
        pipeline(tiny_run, settings={"train.epochs": 3})("Anna")


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'near' is unknown; .* strict, contract, expand"):
        pipeline("en", alignment_mode="near")
    with pytest.raises(UsageError, match="no such model"):
        pipeline(tmp_path / "nowhere")("Anna")
    with pytest.raises(ValueError, match="overwrite"):
        pipeline("en", overwrite="perhaps")


# --- tokens of another cut ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "found"), [("strict", []), ("contract", []), ("expand", ["Rome."])]
)
def test_borders_inside_a_token(mode: str, found: list[str]) -> None:
    doc = spacy.tokens.Doc(spacy.blank("en").vocab, ["Rome.", "is", "old"])
    doc = Fixed((0, 4, "LOC"), alignment_mode=mode)(doc)
    assert [e.text for e in doc.ents] == found
    assert doc._.ner_misaligned == 1
    assert [e._.ner_score for e in doc.ents] == [0.5] * len(found)


def test_of_two_entities_in_a_token_the_first_stays() -> None:
    doc = Fixed((0, 2, "A"), (3, 5, "B"))(spacy.tokens.Doc(spacy.blank("en").vocab, ["ab-cd"]))
    assert [(e.text, e.label_) for e in doc.ents] == [("ab-cd", "A")]
    assert doc._.ner_misaligned == 2
    doc = Fixed((0, 2, "A"), (3, 5, "B"), spans_key="x")(doc_of("ab-cdx"))
    assert [s.label_ for s in doc.spans["x"]] == ["A", "B"]


def test_what_fits_is_not_counted(nlp: Any) -> None:
    assert nlp("Anna visited Rome .")._.ner_misaligned == 0
    assert nlp("Anna visited Rome .")[1:2]._.ner_score is None


WORDS = st.lists(st.sampled_from(["Anna", "Rome", "New", "York", "x", "…", "\n", " "]), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(WORDS, st.lists(st.booleans(), min_size=8, max_size=8))
def test_any_tokens_get_disjoint_entities_in_order(
    nlp: Any, words: list[str], spaces: list[bool]
) -> None:
    doc = nlp(spacy.tokens.Doc(nlp.vocab, words, spaces[: len(words)]))
    ends = [0] + [end for e in doc.ents for end in (e.start, e.end)]
    assert ends == sorted(ends)
    assert all(0 < e._.ner_score <= 1 for e in doc.ents)


# --- what was set before ------------------------------------------------------------------------


def with_ents(text: str, *entities: tuple[int, int, str], **more: Any) -> Any:
    doc = doc_of(text)
    doc.set_ents([spacy.tokens.Span(doc, *entity) for entity in entities], **more)
    return doc


def test_entities_of_others_stay() -> None:
    doc = with_ents("Anna left New York today", (2, 3, "X"))
    doc = Fixed((0, 4, "PER"), (10, 18, "LOC"), (19, 24, "DATE"))(doc)
    assert [(e.text, e.label_) for e in doc.ents] == [
        ("Anna", "PER"), ("New", "X"), ("today", "DATE"),
    ]  # fmt: skip


def test_with_overwrite_ours_win_and_the_rest_stays() -> None:
    doc = with_ents("Anna left New York today", (2, 3, "X"), (4, 5, "Y"))
    doc = Fixed((0, 4, "PER"), (10, 18, "LOC"), overwrite=True)(doc)
    assert [(e.text, e.label_) for e in doc.ents] == [
        ("Anna", "PER"), ("New York", "LOC"), ("today", "Y"),
    ]  # fmt: skip


@pytest.mark.parametrize("overwrite", [False, True])
def test_blocked_tokens_are_in_no_entity(overwrite: bool) -> None:
    doc = doc_of("Anna left New York today")
    doc.set_ents([], blocked=[doc[3:4]], default="missing")
    doc = Fixed((0, 4, "PER"), (10, 18, "LOC"), overwrite=overwrite)(doc)
    assert [e.text for e in doc.ents] == ["Anna"]
    assert (doc[3].ent_iob_, doc[3].ent_type_, doc[4].ent_iob_) == ("B", "", "O")


def test_an_entity_keeps_its_identity() -> None:
    doc = doc_of("Anna left")
    doc.set_ents([spacy.tokens.Span(doc, 0, 1, "PER", kb_id="Q1", span_id="a")])
    [entity] = Fixed((5, 9, "X"))(doc).ents[:1]
    assert (entity.kb_id_, entity.id_) == ("Q1", "a")


# --- stored -------------------------------------------------------------------------------------


def moved(nlp: Any, tmp_path: Path, how: str) -> Any:
    """The pipeline after a journey, by whose end its model's own place is forgotten."""
    if how == "pickle":
        return pickle.loads(pickle.dumps(nlp))
    if how == "disk":
        nlp.to_disk(tmp_path / "pipeline")
        gone = {"components.bilstm_ner.model": str(tmp_path / "gone")}
        return spacy.load(tmp_path / "pipeline", config=gone)
    return pipeline(tmp_path / "gone").from_bytes(nlp.to_bytes())


@pytest.mark.parametrize("how", ["disk", "bytes", "pickle"])
def test_a_stored_pipeline_carries_its_model(nlp: Any, tmp_path: Path, how: str) -> None:
    again = moved(nlp, tmp_path, how)
    assert [triples(doc.ents) for doc in again.pipe(TEXTS)] == [
        triples(doc.ents) for doc in nlp.pipe(TEXTS)
    ]
    assert again.pipe_labels == {"bilstm_ner": ["LOC", "PER"]}


def test_a_pipeline_without_its_model_has_no_labels(tmp_path: Path) -> None:
    assert pipeline(tmp_path / "gone").pipe_labels == {"bilstm_ner": []}


def test_settings_are_stored_with_it(tiny_run: Path, tmp_path: Path) -> None:
    nlp = pipeline(tiny_run, settings={"predict.min_score": 0.9999}, spans_key="x")
    nlp.to_disk(tmp_path / "pipeline")
    doc = spacy.load(tmp_path / "pipeline")("Anna visited Rome .")
    assert (doc.ents, len(doc.spans["x"])) == ((), 0)


def test_a_stored_model_is_read_without_trust(nlp: Any, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "pipeline")
    file = tmp_path / "pipeline" / "bilstm_ner" / "model.ner"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(BundleError):
        spacy.load(tmp_path / "pipeline")
    with pytest.raises(UsageError):
        nlp.get_pipe("bilstm_ner").from_bytes(b"nothing")


def test_documents_keep_their_scores(nlp: Any) -> None:
    docs = spacy.tokens.DocBin(docs=nlp.pipe(TEXTS), store_user_data=True).to_bytes()
    again = spacy.tokens.DocBin().from_bytes(docs).get_docs(nlp.vocab)
    assert [triples(doc.ents) for doc in again] == [triples(doc.ents) for doc in nlp.pipe(TEXTS)]


@pytest.mark.filterwarnings("error::UserWarning")
def test_scores_move_with_their_text(nlp: Any) -> None:
    docs = [*nlp.pipe(TEXTS)]
    joined = spacy.tokens.Doc.from_docs([doc for doc in docs if doc.ents])
    assert triples(joined.ents) == [entity for doc in docs for entity in triples(doc.ents)]
    part = docs[0][1:4].as_doc(copy_user_data=True)
    assert triples(part.ents) == triples(docs[0].ents)[1:]
    told = docs[0].to_json(underscore=["ner_score"])["underscore_span"]["ner_score"]
    assert [one["value"] for one in told] == [{e.label_: e._.ner_score} for e in docs[0].ents]


def test_entities_of_one_range_have_their_own_scores() -> None:
    doc = doc_of("Anna left")
    entities = Entity(0, 4, "PER", "Anna", 0.9, "a"), Entity(0, 4, "PER", "Anna", 0.6, "b")
    spans = BilstmNer(spans_key="x").mark(doc, Document(doc.text, entities)).spans["x"]
    assert triples(spans) == [("Anna", "a:PER", 0.9), ("Anna", "b:PER", 0.6)]
    assert doc[0:1]._.ner_score is None


def test_an_entity_of_others_has_no_score_of_ours() -> None:
    doc = Fixed((0, 4, "PER"), (5, 9, "PER"))(with_ents("Anna left", (0, 1, "X")))
    assert triples(doc.ents) == [("Anna", "X", None), ("left", "PER", 0.5)]


# --- evaluation ---------------------------------------------------------------------------------


def gold(nlp: Any, wrong: bool = False) -> list[Any]:
    docs = [*nlp.pipe(TEXTS)]
    for doc in docs:
        if wrong:
            doc.set_ents(doc.ents[1:])
    return docs


def test_pipelines_are_scored(nlp: Any) -> None:
    def examples(docs: list[Any]) -> list[Any]:
        return [spacy.training.Example(nlp.make_doc(doc.text), doc) for doc in docs]

    assert nlp.evaluate(examples(gold(nlp)))["ents_f"] == 1.0
    scores = nlp.evaluate(examples(gold(nlp, wrong=True)))
    assert (scores["ents_p"], scores["ents_r"]) == (4 / 6, 1.0)
    assert {*scores["ents_per_type"]} == {"PER", "LOC"}


def test_groups_of_spans_are_scored(tiny_run: Path) -> None:
    nlp = pipeline(tiny_run, spans_key="x")
    examples = [spacy.training.Example(nlp.make_doc(d.text), d) for d in nlp.pipe(TEXTS)]
    assert nlp.evaluate(examples)["spans_x_f"] == 1.0


@pytest.mark.slow("starts spaCy's own program")
def test_spacys_own_program_scores_it(nlp: Any, tmp_path: Path) -> None:
    registered()
    nlp.to_disk(tmp_path / "pipeline")
    spacy.tokens.DocBin(docs=gold(nlp)).to_disk(tmp_path / "gold.spacy")
    done = subprocess.run(
        [sys.executable, "-m", "spacy", "evaluate", tmp_path / "pipeline", tmp_path / "gold.spacy"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "NER F   100.00" in done.stdout

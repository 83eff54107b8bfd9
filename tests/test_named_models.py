"""Models by name: where they are looked for, and which of two wins."""

from pathlib import Path

import pytest

import ner
from ner.bundle import default_bundle, find_bundle, load_bundle
from ner.errors import UsageError
from ner.named_models import SHIPPED, named_model, named_models

ROOT = Path(__file__).parents[1]
PACKED = b"PK\3\4"


def test_the_folder_of_the_variable_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = named_models()
    for name in (SHIPPED, "law"):
        (tmp_path / f"{name}.ner").write_bytes(PACKED)
    (tmp_path / "notes.txt").write_text("no model")
    monkeypatch.setenv("NER_MODELS", str(tmp_path))
    assert named_models() == {
        **before, "law": tmp_path / "law.ner", SHIPPED: tmp_path / f"{SHIPPED}.ner"
    }  # fmt: skip
    assert list(named_models()) == sorted(named_models())
    assert named_model("law") == tmp_path / "law.ner"
    assert named_model("notes") is None


def test_a_path_comes_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_bundle(SHIPPED) == named_model(SHIPPED)
    Path(SHIPPED).write_bytes(PACKED)
    assert find_bundle(SHIPPED) == Path(SHIPPED)


def test_what_is_neither_path_nor_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        find_bundle("klingon")
    assert str(caught.value) == (
        "klingon: no such model folder; train one with: ner train --data NAME, or take one by "
        f"name ({', '.join(named_models())})"
    )


def test_the_model_that_ships_is_the_default_where_nothing_was_trained(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_bundle() == named_model(SHIPPED)
    Path("runs").mkdir()
    Path("runs/mine").symlink_to(tiny_run)
    assert default_bundle() == Path("runs/mine/model")


def test_the_model_that_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In eighteen types, small, with its sources; no torch is needed for it."""
    monkeypatch.chdir(tmp_path)
    tagger = ner.load()
    assert len(tagger.labels) == 18
    text = "Angela Merkel visited Paris on Tuesday with 20 managers of the World Bank."
    found = {(entity.text, entity.label) for entity in tagger(text).entities}
    assert found == {
        ("Angela Merkel", "PERSON"),
        ("Paris", "GPE"),
        ("Tuesday", "DATE"),
        ("20", "CARDINAL"),
        ("the World Bank", "ORG"),
    }
    packed = named_model(SHIPPED)
    assert packed
    assert packed.stat().st_size <= 12e6
    card = load_bundle(SHIPPED).card()
    for source in ("en_core_web_md", "CrossNER", "CC BY", "What it is bad at"):
        assert source in card


GUIDE = ROOT / "docs" / "guides" / "models.md"
LANGUAGES = {
    "pt": ("Marcelo mora em Lisboa.", "Lisboa"),
    "fi": ("Sauli Niinistö asuu Helsingissä.", "Sauli Niinistö"),
    "ro": ("Klaus Iohannis locuiește la București.", "București"),
    "hr": ("Andrej Plenković živi u Zagrebu.", "Andrej Plenković"),
    "zh": ("毛泽东在北京。", "北京"),
}


@pytest.mark.parametrize("name", LANGUAGES)
def test_models_of_other_languages(name: str) -> None:
    """Small, with their sources, and as good as the guide says."""
    packed = named_model(name)
    assert packed == ROOT / "data" / "models" / f"{name}.ner"
    assert packed.stat().st_size <= 8e6
    bundle = load_bundle(name)
    assert "- Learnt from: " in bundle.card()
    assert f"| {100 * bundle.about['scores']['test']['f1']:.2f} |" in _row(name)
    text, wanted = LANGUAGES[name]
    assert wanted in [entity.text for entity in ner.load(name)(text).entities]


def _row(name: str) -> str:
    """The line of the guide's table on a model."""
    lines = GUIDE.read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith(f"| `{name}` |"))

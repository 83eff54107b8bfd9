"""Models put on a Hub and had from it: the real client, against a server in this process."""

import importlib
import itertools
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ner
from ner.bundle import load_bundle
from ner.errors import BundleError, MissingExtra, NerError, UsageError
from ner.extensions.integrations.hub import card_of, downloaded, push
from ner.tagger import Tagger
from tests.cli.command import LIMIT, command, environment
from tests.extensions.integrations.hub_server import Hub, running

hub_library: Any = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
constants = importlib.import_module("huggingface_hub.constants")

TEXT = "Anna visited New York."
names = (f"somebody/model-{number}" for number in itertools.count())


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with running() as server:
        for name, value in {
            "ENDPOINT": server.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": server.url + "/{repo_id}/resolve/{revision}/{filename}",
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_CACHE": str(tmp_path / "home" / "hub"),
            "HF_HUB_DISABLE_XET": True,
            "HF_HUB_OFFLINE": False,
        }.items():
            monkeypatch.setattr(constants, name, value)
        monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
        downloaded.cache_clear()
        yield server


@pytest.fixture
def name() -> str:
    return next(names)


def settings_of(hub: Hub, home: Path) -> dict[str, str]:
    return {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(home),
        "HF_TOKEN": "hf_of_a_test",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }


# --- up and down --------------------------------------------------------------------------------


def test_what_is_pushed_is_what_comes_back(hub: Hub, name: str, tiny_tagger: Tagger) -> None:
    address = tiny_tagger.push_to_hub(name, language=["en"], licence="mit")
    first, second = hub.repositories[name]
    assert address == f"hf://{name}@{first[0]}"
    assert ([*first[1]], [*second[1]]) == (["model.ner"], ["model.ner", "README.md"])
    for again in (
        ner.load(address),
        ner.load(f"hf://{name}"),
        Tagger.from_pretrained(name),
        Tagger.from_pretrained(name, revision=first[0], device="cpu"),
    ):
        assert again(TEXT) == tiny_tagger(TEXT)


def test_the_settings_of_a_tagger_go_with_it(hub: Hub, name: str, tiny_run: Path) -> None:
    Tagger.load(tiny_run, settings={"predict.min_score": 0.25}).push_to_hub(name)
    assert ner.load(f"hf://{name}").settings.min_score == 0.25


def test_a_private_repository(hub: Hub, name: str, tiny_tagger: Tagger) -> None:
    push(tiny_tagger, name, private=True)
    assert hub.private == {name}


def test_a_folder_may_be_there_as_well(hub: Hub, name: str, tiny_run: Path) -> None:
    model = tiny_run / "model"
    hub.commit(name, {file.name: file.read_bytes() for file in model.iterdir()})
    path = downloaded(f"hf://{name}")
    assert {file.name for file in path.iterdir()} == {
        file.name for file in model.iterdir() if file.name != "README.md"
    }
    assert not any(file.is_symlink() for file in path.iterdir())
    assert ner.load(f"hf://{name}")(TEXT) == ner.load(tiny_run)(TEXT)


def test_files_that_no_model_has_stay_there(hub: Hub, name: str, tiny_run: Path) -> None:
    model = {file.name: file.read_bytes() for file in (tiny_run / "model").iterdir()}
    hub.commit(
        name, model | {"modeling.py": b"raise SystemExit", "x.bin": b"\x80\x04.", "a/b": b""}
    )
    ner.load(f"hf://{name}")
    got = {line.rpartition("/")[2] for line in hub.seen if "/resolve/" in line}
    assert "config.json" in got
    assert not got & {"modeling.py", "x.bin", "b", "README.md"}


def test_a_revision_is_that_of_then(
    hub: Hub, name: str, tiny_tagger: Tagger, caplog: pytest.LogCaptureFixture
) -> None:
    address = tiny_tagger.push_to_hub(name)
    newest = hub.commit(name, {"model.ner": b"PK\3\4 of tomorrow"})
    assert ner.load(address)(TEXT) == tiny_tagger(TEXT)
    with caplog.at_level(logging.INFO, "ner"), pytest.raises(BundleError, match="is damaged"):
        ner.load(f"hf://{name}")
    assert f"to have it again, name hf://{name}@{newest}" in caplog.text


def test_the_cache_is_enough_offline(
    hub: Hub, name: str, tiny_tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = tiny_tagger.push_to_hub(name)
    ner.load(address)
    hub.seen.clear()
    downloaded.cache_clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert ner.load(address)(TEXT) == tiny_tagger(TEXT)
    assert hub.seen == []
    with pytest.raises(NerError, match="HF_HUB_OFFLINE is set"):
        ner.load("hf://somebody/unknown")


# --- what is wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["hf://", "hf://a b", "hf://a/b/c", "hf://a/b@", "hf://../..@x y", "hf:///a"]
)
def test_no_address(address: str) -> None:
    with pytest.raises(UsageError, match="is no address on the Hub; write hf://user/name@revision"):
        ner.load(address)


def test_other_schemes_are_paths() -> None:
    with pytest.raises(UsageError, match="no such model folder"):
        ner.load("s3://bucket/model")


def test_what_the_hub_lacks(hub: Hub, name: str, tiny_run: Path) -> None:
    with pytest.raises(UsageError, match=f"hf://{name}: no such repository on the Hub"):
        ner.load(f"hf://{name}")
    hub.commit(name, {"README.md": b"# nothing"})
    with pytest.raises(UsageError, match="no such revision; name a branch, tag or commit"):
        ner.load(f"hf://{name}@v9")
    with pytest.raises(UsageError, match="holds no models of ner"):
        ner.load(f"hf://{name}")
    hub.commit(name, {"a.ner": b"PK\3\4", "b.ner": b"PK\3\4"})
    downloaded.cache_clear()
    with pytest.raises(UsageError, match="holds 2 models of ner"):
        ner.load(f"hf://{name}")


@pytest.mark.parametrize("broken", ["weights.safetensors", "config.json", "checksums.json"])
def test_what_comes_down_is_read_without_trust(
    hub: Hub, name: str, tiny_run: Path, broken: str
) -> None:
    model = {file.name: file.read_bytes() for file in (tiny_run / "model").iterdir()}
    hub.commit(name, model | {broken: model[broken][:-2]})
    with pytest.raises(BundleError):
        ner.load(f"hf://{name}")


@pytest.mark.parametrize("status", [401, 403])
def test_a_hub_that_refuses(hub: Hub, name: str, tiny_tagger: Tagger, status: int) -> None:
    hub.refuse = status
    with pytest.raises(NerError) as refused:
        push(tiny_tagger, name)
    assert "\n" not in str(refused.value)
    assert name in str(refused.value)
    assert str(refused.value).endswith("log in with: hf auth login")


def test_a_hub_out_of_reach(hub: Hub, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(NerError, match=r"is not in the cache, and the Hub out of reach \(connect"):
        ner.load(f"hf://{name}")


def test_what_is_no_name(hub: Hub, tiny_tagger: Tagger) -> None:
    with pytest.raises(UsageError, match="is no name of a repository"):
        push(tiny_tagger, "a//b")


def test_without_the_package(monkeypatch: pytest.MonkeyPatch, tiny_tagger: Tagger) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    downloaded.cache_clear()
    with pytest.raises(MissingExtra, match="pip install huggingface_hub"):
        ner.load("hf://somebody/model")
    with pytest.raises(MissingExtra, match="pip install huggingface_hub"):
        tiny_tagger.push_to_hub("somebody/model")


# --- the card -----------------------------------------------------------------------------------


def test_the_card_is_understood_by_the_library(hub: Hub, name: str, tiny_tagger: Tagger) -> None:
    address = tiny_tagger.push_to_hub(name, language=["en", "de"], licence="apache-2.0")
    content = hub.repositories[name][-1][1]["README.md"].decode()
    assert hub.cards == [content]
    card = hub_library.ModelCard(content)
    data = card.data
    assert data.language == ["en", "de"]
    assert (data.license, data.library_name) == ("apache-2.0", "ner")
    assert data.pipeline_tag == "token-classification"
    assert "named-entity-recognition" in data.tags
    assert data.model_name == name.partition("/")[2]
    assert f'tagger = ner.load("{address}")' in card.text
    scores = {(r.dataset_split, r.metric_type): r.metric_value for r in data.eval_results}
    assert {*scores} == {
        (split, figure) for split in ("valid", "test") for figure in ("f1", "precision", "recall")
    }
    assert all(0 <= value <= 1 for value in scores.values())
    assert {result.dataset_type for result in data.eval_results} == {"tiny"}


def test_the_scores_are_those_of_the_training(tiny_run: Path) -> None:
    bundle = load_bundle(tiny_run)
    card = hub_library.ModelCard(card_of(bundle, "hf://a/b@c"))
    for result in card.data.eval_results:
        wanted = bundle.about["scores"][result.dataset_split][result.metric_type]
        assert result.metric_value == pytest.approx(wanted, abs=1e-6)
    assert (card.data.license, card.data.language) == (None, None)


@pytest.mark.parametrize(
    ("corpus", "kind"),
    [("conll2003", "lhoestq/conll2003"), ("my own: corpus", "my-own-corpus"), ("«»", "corpus")],
)
def test_a_data_set_of_the_hub_has_its_name_and_revision(
    tiny_run: Path, corpus: str, kind: str, changed: Callable[..., Any]
) -> None:
    card = hub_library.ModelCard(card_of(changed(tiny_run, corpus=corpus), "hf://a/b@c"))
    result = card.data.eval_results[0]
    assert (result.dataset_type, result.dataset_name) == (kind, corpus)
    is_known = corpus == "conll2003"
    assert card.data.datasets == (["lhoestq/conll2003"] if is_known else None)
    assert bool(result.dataset_revision) == is_known


def test_a_model_without_scores_has_none_on_its_card(
    tiny_run: Path, changed: Callable[..., Any]
) -> None:
    card = hub_library.ModelCard(card_of(changed(tiny_run, scores={}), "hf://a/b@c"))
    assert card.data.eval_results is None


@pytest.fixture
def changed() -> Callable[..., Any]:
    """A bundle with other facts about it."""
    from dataclasses import replace

    def change(run: Path, **facts: Any) -> Any:
        bundle = load_bundle(run)
        return replace(bundle, about={**bundle.about, **facts})

    return change


# --- the command --------------------------------------------------------------------------------


@pytest.mark.slow("starts the command three times")
def test_a_model_goes_up_and_tags_from_there(
    hub: Hub, name: str, tiny_run: Path, tmp_path: Path
) -> None:
    env = environment(**settings_of(hub, tmp_path / "home"))

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments),
            cwd=tmp_path,
            env=env,
            input=TEXT,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )

    pushed = run("push", tiny_run, name, "--language", "en", "--licence", "mit")
    assert pushed.returncode == 0, pushed.stderr
    assert pushed.stdout == f"hf://{name}@{hub.repositories[name][0][0]}\n"
    tagged = run("tag", "-", "--model", pushed.stdout.strip())
    assert (tagged.returncode, tagged.stdout.strip()) == (0, "[Anna](PER) visited [New York](LOC).")
    wrong = run("push", tmp_path / "nothing", name)
    assert wrong.returncode == 2
    assert "no such model" in wrong.stderr

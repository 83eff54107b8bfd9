"""Which models a server has under which names, and where it listens."""

import os
import shutil
from pathlib import Path

import pytest

from ner.errors import NerError, UsageError
from ner.extensions.server.serving import Serving, listen, model_paths, read_token, url
from ner.extensions.server.supervisor import serve
from tests.cli.command import run


def test_a_model_is_called_like_its_run(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "other")
    found = model_paths([str(model), f"second={tmp_path / 'other'}"])
    assert found == {"tiny": model / "model", "second": tmp_path / "other" / "model"}
    assert [*model_paths([str(model / "model")])] == ["tiny"]


def test_two_of_one_name_are_refused(model: Path) -> None:
    with pytest.raises(UsageError, match="is called 'tiny' like another model; name it with"):
        model_paths([str(model), str(model)])


def test_a_model_must_be_there(empty: Path) -> None:
    with pytest.raises(UsageError, match="no such model folder"):
        model_paths(["x=runs/missing"])


def test_the_newest_run_is_served_by_default(here: Path) -> None:
    assert [*model_paths([])] == ["tiny"]


def test_a_model_has_its_name(empty: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("export", "--model", model, "--out", "few.ner").good()
    monkeypatch.setenv("NER_MODELS", str(empty))
    assert model_paths(["few", "other=few"]) == dict.fromkeys(["few", "other"], empty / "few.ner")


def test_windows_has_one_process(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    with pytest.raises(UsageError, match="leave --workers out"):
        serve(Serving(models={"tiny": model}, settings={}, port=0, workers=2))


@pytest.mark.parametrize("count", [1, 3])
def test_sockets_of_several_processes_share_a_port(count: int) -> None:
    sockets = listen("127.0.0.1", 0, count)
    assert len({url(one) for one in sockets}) == 1
    assert len(sockets) == count
    port = sockets[0].getsockname()[1]
    for again in (1, 2):
        with pytest.raises(NerError, match=f"127.0.0.1:{port}: cannot be served at .*--port"):
            listen("127.0.0.1", port, again)
    for one in sockets:
        one.close()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(NerError, match="cannot be served at"):
        listen("no.such.host.invalid", 0, 1)


@pytest.mark.parametrize("content", ["", "two words", "größe", "a\nb"])
def test_a_token_is_one_word(tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    file.write_text(" secret \n")
    assert read_token(file) == b"secret"
    file.write_text(content)
    with pytest.raises(UsageError, match="must hold a token"):
        read_token(file)
    with pytest.raises(UsageError, match="cannot be read"):
        read_token(tmp_path / "missing")

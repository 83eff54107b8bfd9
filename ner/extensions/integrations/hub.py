"""Models on the Hugging Face Hub: had by ``hf://user/name@revision``, and put there with a card.

A repository holds a model in one file (``ner export``), or the files of a model folder. Of either
nothing is run: what comes down is read as distrustfully as any other model, and files that no model
has stay where they are. The library `huggingface_hub` reads ``HF_ENDPOINT``, ``HF_HOME``,
``HF_HUB_OFFLINE``, ``HF_TOKEN`` itself; this is the only module that imports it.
"""

import contextlib
import functools
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ner.bundle import Bundle, load_bundle
from ner.corpus import NAMED
from ner.errors import MissingExtra, NerError, UsageError, reason_of
from ner.files import write_folder
from ner.stored import CHECKSUMS
from ner.tagger import Tagger

FILE = "model.ner"
_log = logging.getLogger("ner")
_ADDRESS = re.compile(r"hf://(?P<repository>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[\w./-]+))?")
_COMMIT = re.compile("[0-9a-f]{40}")
_FIGURES = ("f1", "precision", "recall")


def _library() -> Any:
    """The package huggingface_hub. Raises `MissingExtra` without it."""
    try:
        import huggingface_hub
        import huggingface_hub.constants
        import huggingface_hub.errors
    except ImportError:
        raise MissingExtra("the Hub needs a package: pip install huggingface_hub") from None
    return huggingface_hub


# --- down ---------------------------------------------------------------------------------------


@functools.cache
def downloaded(address: str) -> Path:
    """The path of the model at ``hf://user/name`` or ``hf://user/name@revision``, fetched once.

    A revision is a branch, tag or commit; without, it is the newest on ``main``, and the log says
    which commit that is. Raises `UsageError` for an address at which there is no model, and
    `NerError` where the Hub cannot be reached and the cache does not have it.
    """
    match = _ADDRESS.fullmatch(address)
    if not match:
        raise UsageError(f"{address}: is no address on the Hub; write hf://user/name@revision")
    hub, (repository, revision) = _library(), match.groups()
    wanted = [f"*{Path(FILE).suffix}", CHECKSUMS, *Bundle.FILES]
    with _one_line_errors(address):
        snapshot = Path(hub.snapshot_download(repository, revision=revision, allow_patterns=wanted))
    if not _COMMIT.fullmatch(revision or ""):
        _log.info("%s: to have it again, name hf://%s@%s", address, repository, snapshot.name)
    packed = sorted(snapshot.glob(f"*{Path(FILE).suffix}"))
    if len(packed) == 1:
        return packed[0].resolve()
    if packed or not (snapshot / "config.json").exists():
        raise UsageError(
            f"{address}: holds {len(packed) or 'no'} models of ner; name a repository with one, "
            f"as {FILE} or as the files of a model folder"
        )
    return _without_links(snapshot, Path(hub.constants.HF_HOME, "ner", repository))


def _without_links(snapshot: Path, folder: Path) -> Path:
    """The files of a snapshot, which are links into the cache, as a folder of plain files.

    They take no room where the file system lets a file have two names.
    """
    target = folder / snapshot.name
    with write_folder(target) as part:
        for file in snapshot.iterdir():
            if file.is_file():
                try:
                    os.link(file.resolve(), part / file.name)
                except OSError:
                    shutil.copyfile(file, part / file.name)
    return target


# --- up -----------------------------------------------------------------------------------------


def push(
    tagger: Tagger,
    repository: str,
    *,
    private: bool = False,
    language: Sequence[str] = (),
    licence: str = "",
) -> str:
    """Put a model, in one file, and its card into a repository ``user/name``, made if need be.

    `language` are codes as ``en``; `licence` is an identifier of the Hub's, as ``mit``. Returns the
    address of what was written, with its commit. Raises `NerError` where the Hub refuses.
    """
    hub = _library()
    api = hub.HfApi(library_name="ner")
    with tempfile.TemporaryDirectory() as folder, _one_line_errors(repository):
        path = Path(folder, FILE)
        tagger.save(path)
        api.create_repo(repository, private=private, exist_ok=True)
        model = [hub.CommitOperationAdd(FILE, path)]
        message = f"Add a model with {_plural(len(tagger.labels))}"
        commit = api.create_commit(repository, model, commit_message=message).oid
        address = f"hf://{repository}@{commit}"
        card = card_of(load_bundle(path), address, language, licence).encode()
        files = [hub.CommitOperationAdd("README.md", card)]
        api.create_commit(repository, files, commit_message="Add its card")
    return address


def _plural(types: int) -> str:
    return f"{types} entity type{'s' * (types != 1)}"


def card_of(bundle: Bundle, address: str, language: Sequence[str] = (), licence: str = "") -> str:
    """The card of a model at an address, with the metadata that the Hub reads at its head."""
    hub = _library()
    corpus = str(bundle.about.get("corpus", "a corpus"))
    named = NAMED.get(corpus)
    source = named.hub if named else None
    data = hub.ModelCardData(
        model_name=address.removeprefix("hf://").partition("@")[0].rpartition("/")[2],
        library_name="ner",
        pipeline_tag="token-classification",
        tags=["named-entity-recognition", "token-classification", "bilstm"],
        language=[*language] or None,
        license=licence or None,
        datasets=[source.repository] if source else None,
        metrics=[*_FIGURES],
        eval_results=[
            hub.EvalResult(
                task_type="token-classification",
                task_name="Named-entity recognition",
                dataset_type=source.repository if source else _slug(corpus),
                dataset_name=corpus,
                dataset_revision=source.revision if source else None,
                dataset_split=split,
                metric_type=figure,
                metric_name=f"Entity {figure}",
                metric_value=round(scores[figure], 6),
            )
            for split, scores in _scores(bundle.about)
            for figure in _FIGURES
        ]
        or None,
    )
    use = f'ner.load("{address}")'
    return f"---\n{data.to_yaml()}\n---\n{bundle.card().replace(_LOCAL_USE, use)}"


_LOCAL_USE = 'ner.Tagger.load("path/to/this/folder")'


def _scores(about: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, float]]]:
    yield from about.get("scores", {}).items()


def _slug(name: str) -> str:
    """A name as the Hub takes it for a data set that it does not have."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "corpus"


@contextlib.contextmanager
def _one_line_errors(what: str) -> Iterator[None]:
    """Turn errors of the library into ours."""
    errors = _library().errors
    try:
        yield
    except NerError:
        raise
    except errors.RepositoryNotFoundError:
        raise UsageError(
            f"{what}: no such repository on the Hub, or none that you may see; check the name, or "
            "log in with: hf auth login"
        ) from None
    except errors.RevisionNotFoundError:
        raise UsageError(f"{what}: no such revision; name a branch, tag or commit") from None
    except errors.HFValidationError as error:
        raise UsageError(f"{what}: is no name of a repository ({reason_of(error)})") from None
    except errors.LocalEntryNotFoundError:
        offline = _library().constants.HF_HUB_OFFLINE
        reason = "HF_HUB_OFFLINE is set; unset it" if offline else "connect to it"
        raise NerError(
            f"{what}: is not in the cache, and the Hub out of reach ({reason})"
        ) from None
    except Exception as error:  # the library raises what it likes
        status = getattr(getattr(error, "response", None), "status_code", None)
        remedy = "; log in with: hf auth login" if status in (401, 403) else ""
        raise NerError(
            f"{what}: the Hub does not answer as asked ({reason_of(error)}){remedy}"
        ) from None

"""Search for a bundle: in the folder that is named, the run folder around it, or the newest run."""

import os
from pathlib import Path

from ner.errors import UsageError
from ner.files import checked_path

DEFAULT_KIND = "tagger"  # of a model that names none in its config.json
FINISHED = "result.json"  # written last into a run folder


def find_bundle(path: str | Path, command: str = "ner train --data NAME") -> Path:
    """The folder of the bundle: the one named, or ``model/`` in it.

    Raises `UsageError`, which names the `command` that makes one.
    """
    path = checked_path(path)
    for folder in (path, path / "model"):
        # Not `exists`: a broken link and a folder that cannot be entered get messages of their own.
        if folder != path and os.path.islink(folder):
            raise UsageError(f"{folder}: is a link; name the folder that it leads to")
        if os.path.lexists(folder / "config.json"):
            return folder
    if not os.path.lexists(path):
        raise UsageError(f"{path}: no such model folder; train one with: {command}")
    raise UsageError(
        f"{path}: is no model folder (no config.json in it or in its model/); name a run "
        "folder or the model/ inside it"
    )


def newest_bundle(root: str | Path = "runs") -> Path:
    """The tagger of the newest finished run under `root`. Raises `UsageError` if there is none."""
    newest = max(
        (file for file in Path(root).glob(f"*/{FINISHED}") if not _is_of_another_kind(file.parent)),
        key=lambda file: (file.stat().st_mtime_ns, file),
        default=None,
    )
    if newest is None:
        raise UsageError(
            f"no finished run under {root}/ here; give --model DIR, "
            "or train one with: ner train --data NAME"
        )
    return find_bundle(newest.parent)


def _is_of_another_kind(run: Path) -> bool:
    """True if a run has made another model than a tagger; an unreadable one is refused later."""
    from ner.stored import StoredFolder, ValidationError  # loads torch: only for what is there

    try:
        head = StoredFolder(run / "model").json("config.json", dict)
    except ValidationError:
        return False
    return bool(head.get("kind", DEFAULT_KIND) != DEFAULT_KIND)

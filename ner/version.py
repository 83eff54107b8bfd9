"""The version of the package: the one place where it stands (`setup.cfg` reads it from here)."""

from pathlib import Path

__version__ = "0.1.0"

_NAME = "bilstm-ner"  # of the distribution
_CHECKOUT = Path(__file__).parents[1]


def commit() -> str | None:
    """The commit of the code that runs: of a checkout, or of an installation from a repository.

    It ends with ``-dirty`` where files of a checkout have changed; None where it is not known.
    """
    import json  # all this takes a while, as no other use of the version needs
    import subprocess
    from importlib import metadata

    if (_CHECKOUT / ".git").exists():
        describe = ["git", "-C", str(_CHECKOUT), "describe", "--always", "--dirty", "--exclude=*"]
        try:
            told = subprocess.run(describe, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return told.stdout.strip()
    try:
        origin = metadata.distribution(_NAME).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return None
    found = json.loads(origin or "{}").get("vcs_info", {}).get("commit_id")
    return found if isinstance(found, str) else None

"""Bundles and checkpoints that have been tampered with by somebody who knows about checksums."""

import json
from hashlib import sha256
from pathlib import Path

from ner.stored import CHECKSUMS


def sign(folder: Path) -> None:
    """Make the checksums those of the files as they are: only so what lies deeper is reached."""
    sums = {
        path.name: sha256(path.read_bytes() if path.is_file() else b"").hexdigest()
        for path in folder.iterdir()
        if path.suffix in {".json", ".safetensors"} and path.name != CHECKSUMS
    }
    (folder / CHECKSUMS).write_text(json.dumps(sums))

"""JSON and safetensors in a folder or a zip, written with checksums and read without trust."""

from ner.stored.archive import to_archive
from ner.stored.folder import (
    CHECKSUMS,
    MOST_JSON,
    Arrays,
    Form,
    StoredFolder,
    StoredTensors,
    check_format,
    forms_of,
    open_model,
    to_json,
    to_safetensors,
    with_checksums,
    write_stored,
)
from ner.stored.sources import Missing, ValidationError, damaged

__all__ = [
    "CHECKSUMS", "MOST_JSON", "Arrays", "Form", "Missing", "StoredFolder", "StoredTensors",
    "ValidationError", "check_format", "damaged", "forms_of", "open_model", "to_archive",
    "to_json", "to_safetensors", "with_checksums", "write_stored",
]  # fmt: skip

"""Play the person who accepts what ``ner audit`` finds, by the mistakes that were planted.

    python scripts/accept_mistakes.py noisy --first 800 --out audited

Of the first places of the queue in ``noisy/audit``, those where a mistake was planted get their
label back; the rest of the files stays as it is. What training on the copy is worth, beside the
noisy corpus and the clean one, says what such an audit is worth.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from ner.config import Config
from ner.corpus import QueueItem, patch_file, read_queue
from ner.text import Span


def truth(folder: Path) -> dict[tuple[str, int, Span | None], tuple[Span | None, dict[str, Any]]]:
    """The planted mistakes by file, line and what is labelled: what stood there before."""
    found = {}
    for line in (folder / "planted.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        before, after = (record[key] and Span(**record[key]) for key in ("before", "after"))
        if record["kind"] != "split":  # a label cannot mend it
            key = record["source"], record["line"], after
            found[key if after else (*key[:2], before)] = before, record
    return found


def main() -> None:
    """Write the copy, and say how many labels were mended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    planted = truth(given.folder)
    accepted: dict[str, list[QueueItem]] = {"train.conll": [], "valid.conll": []}
    for item in read_queue(given.folder / "audit" / "queue.jsonl")[: given.first]:
        file = Path(item.source).name
        found = planted.pop((file, item.line, item.labelled or item.proposed), None)
        if found:
            mended = QueueItem(
                str(given.folder / file), item.line, item.tokens, item.kind, item.score, "",
                item.labelled, found[0],
            )  # fmt: skip
            accepted[file].append(mended)
    given.out.mkdir(parents=True, exist_ok=True)
    for file, items in accepted.items():
        patch_file(given.folder / file, given.out / file, items, Config().data)
    print(f"{sum(map(len, accepted.values()))} of {given.first} accepted")


if __name__ == "__main__":
    main()

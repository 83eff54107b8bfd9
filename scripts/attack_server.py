"""Send good requests to `ner serve`, one in ten of them hostile, and see if the good ones get on.

    python scripts/attack_server.py --model DIR [--requests 100000] [--seed 1]

Every answer to a good request must be that of a `Tagger`. Prints the memory of the server after
each tenth of the requests; exits with 1 if in the end it is more than a tenth above that after the
first, or if the log has more than the line that the server serves.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from ner.tagger import Tagger
from tests.extensions.server.attacks import mixed, resident
from tests.extensions.server.client import served


def main() -> None:
    """Read the command line, send, and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", required=True, metavar="DIR")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    model = str(Path(given.model).resolve())
    tagger, sizes = Tagger.load(model), []
    with served("--model", f"tiny={model}", "--timeout", 5, cwd=Path.cwd()) as found:
        for tenth in range(1, 11):
            mixed(found, tagger, given.requests // 10, given.seed + tenth)
            sizes.append(resident(found.process.pid))
            print(f"{tenth * given.requests // 10:,} requests: {sizes[-1] >> 20} MiB", flush=True)
        log = found.log()
    sys.exit(sizes[-1] > 1.1 * sizes[0] or len(log.splitlines()) != 1)


if __name__ == "__main__":
    main()

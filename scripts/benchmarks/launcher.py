"""Run a command and say what it cost: seconds, and bytes at its peak.

    python -m benchmarks.launcher COMMAND…

A process of its own, and a small one: Linux counts the memory of whoever starts a process
as that process's own.
"""

import json
import os
import subprocess
import sys
import time


def main(command: list[str]) -> int:
    """Print seconds and bytes; returns the exit code of the command."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps([seconds, usage.ru_maxrss * unit]))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

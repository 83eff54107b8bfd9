"""Runners of trainings that do not need each other: processes of this machine, a cluster."""

_HOME = "ner.extensions.runners"

RUNNERS = {
    "processes[:N]": f"{_HOME}.process_runner:ProcessRunner",
    "ray[://HOST:PORT]": f"{_HOME}.ray_runner:RayRunner",
}

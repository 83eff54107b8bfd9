"""Tagging whole files: as a stream in bounded memory, in one process or in several."""

from ner.scale.bulk import Work, tag_files, tag_stream
from ner.scale.jobs import Job, plan_jobs
from ner.scale.workers import available_cores, start_process

__all__ = [
    "Job", "Work", "available_cores", "plan_jobs", "start_process", "tag_files", "tag_stream",
]  # fmt: skip

"""Tagging whole files: as a stream in bounded memory, in one process or in several."""

from ner.scale.bulk import Work, tag_files, tag_stream
from ner.scale.jobs import Job, plan_jobs

__all__ = ["Job", "Work", "plan_jobs", "tag_files", "tag_stream"]

"""Tagging whole files: as a stream in bounded memory, in one process or in several."""

from ner.scale.bulk import Work, tag_stream

__all__ = ["Work", "tag_stream"]

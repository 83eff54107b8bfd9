"""Learning a tagger from a corpus: the loop, and the run folder around it."""

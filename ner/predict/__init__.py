"""The one way from sentences to predicted spans.

Everything that predicts (validation while training, `ner evaluate`, `ner tag`,
`Tagger`) goes through `ner.predict.predict`. Input is never truncated and never
dropped: what is longer than a window is read in overlapping windows whose
emissions are stitched together, and decoded as one sequence.
"""

"""The parts of ``scripts/fuzz.py``: what is attacked, and with what kind of input."""

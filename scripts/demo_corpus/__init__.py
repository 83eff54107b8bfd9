"""The parts of `scripts/make_demo.py`."""

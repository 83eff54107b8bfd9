"""What `scripts/compare_tools.py` is made of; the modules `with_…` run in a tool's environment."""

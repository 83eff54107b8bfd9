"""The native engine: tagging on a CPU without torch."""

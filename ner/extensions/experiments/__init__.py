"""Experiments: a search for settings, a comparison of variants, a look at gradients."""

COMMANDS = {
    "search": "ner.extensions.experiments.cli:search",
    "compare": "ner.extensions.experiments.cli:compare",
    "inspect": "ner.extensions.experiments.cli:inspect",
}
RUN_SIGNS = {
    "study.sqlite": "search",
    "comparison.json": "comparison",
    "*=*/seed-*/metrics.jsonl": "comparison",
}

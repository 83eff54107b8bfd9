"""Experiments: a search for settings, a comparison of variants, a look at gradients."""

COMMANDS = {
    "search": "ner.extensions.experiments.search.cli:search",
    "compare": "ner.extensions.experiments.comparison.cli:compare",
    "inspect": "ner.extensions.experiments.gradients.cli:inspect",
}

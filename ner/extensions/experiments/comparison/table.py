"""The results of a comparison, and their table."""

import shlex
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from ner.config import Config
from ner.errors import escaped
from ner.evaluation import ROUNDS, format_columns, format_summary, summarise
from ner.extensions.experiments.space import Variant, shown

# --- results --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunResult:
    """One run: a variant with a seed."""

    seed: int
    folder: str
    parameters: int
    training_tokens_per_second: float  # the median of the epochs
    tagging_tokens_per_second: float  # of processor time, on valid, words known
    epochs: int
    best_epoch: int
    f1: dict[str, float]  # by split, of the best epoch's model

    def to_dict(self) -> dict[str, Any]:
        """The object in ``comparison.json``."""
        training, tagging = self.training_tokens_per_second, self.tagging_tokens_per_second
        return asdict(self) | {
            "training_tokens_per_second": round(training, 1),
            "tagging_tokens_per_second": round(tagging, 1),
        }


@dataclass(frozen=True)
class VariantResult:
    """All runs of a variant; `p` is that of the difference to the best one on test."""

    variant: Variant
    runs: tuple[RunResult, ...]
    p: float | None

    def f1(self, split: str) -> list[float]:
        """Micro F1 on a split, run by run; empty where the corpus lacks the split."""
        return [run.f1[split] for run in self.runs if split in run.f1]

    def to_dict(self) -> dict[str, Any]:
        """The object in ``comparison.json``."""
        splits = [split for split in ("valid", "test") if self.f1(split)]
        means = {split: summarise(self.f1(split)) for split in splits}
        return {
            "settings": dict(self.variant.settings),
            "f1": {split: {"mean": mean, "sd": sd} for split, (mean, sd) in means.items()},
            "p": self.p,
            "runs": [run.to_dict() for run in self.runs],
        }


@dataclass(frozen=True)
class Comparison:
    """Every variant with every seed; `best` is the place of the one that is best on valid."""

    corpus: str
    config: Config  # before anything is varied
    seeds: tuple[int, ...]
    variants: tuple[VariantResult, ...]
    best: int
    test_sentences: int

    @property
    def varied(self) -> list[str]:
        """The keys of the settings that vary."""
        return [*self.variants[0].variant.settings]

    def to_dict(self) -> dict[str, Any]:
        """The content of ``comparison.json``."""
        return {
            "corpus": self.corpus,
            "seeds": list(self.seeds),
            "best": self.best,
            "test_sentences": self.test_sentences,
            "rounds": ROUNDS,
            "variants": [variant.to_dict() for variant in self.variants],
            "config": self.config.to_dict(),
        }


# --- the table ------------------------------------------------------------------------------------


def format_comparison(comparison: Comparison) -> str:
    """The table as aligned text, and what its columns mean."""
    table = format_columns(_rows(comparison), range(len(comparison.varied)))
    return "\n".join([table, *_notes(comparison)]) + "\n"


def format_markdown(comparison: Comparison) -> str:
    """The table in Markdown, with what its columns mean and the command that it comes from."""
    head, *rows = [[escaped(cell).replace("|", "\\|") for cell in row] for row in _rows(comparison)]
    varied = len(comparison.varied)
    rule = ["---"] * varied + ["---:"] * (len(head) - varied)
    table = [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
    blocks = [
        f"# {comparison.corpus}: {len(rows)} variants compared",
        "\n".join(table),
        "\n".join(f"- {note}" for note in _notes(comparison)),
        f"```\n{_command(comparison)}\n```",
    ]
    return "\n\n".join(blocks) + "\n"


def _rows(comparison: Comparison) -> list[list[str]]:
    head = [
        *comparison.varied,
        "parameters", "training tokens/s", "tagging tokens/s", "best epoch", "valid F1",
        "test F1", "p",
    ]  # fmt: skip
    return [head, *(_row(variant) for variant in comparison.variants)]


def _row(result: VariantResult) -> list[str]:
    runs = result.runs
    test = result.f1("test")
    return [
        *map(shown, result.variant.settings.values()),
        f"{fmean(run.parameters for run in runs):,.0f}",
        f"{fmean(run.training_tokens_per_second for run in runs):,.0f}",
        f"{fmean(run.tagging_tokens_per_second for run in runs):,.0f}",
        f"{fmean(run.best_epoch for run in runs):.1f}",
        format_summary(result.f1("valid")),
        format_summary(test) if test else "–",
        "–" if result.p is None else f"{result.p:.4f}",
    ]


def _notes(comparison: Comparison) -> list[str]:
    seeds = ", ".join(map(str, comparison.seeds))
    best = comparison.variants[comparison.best].variant.name
    notes = [
        f"means over seeds {seeds}; F1 in percent, ± sample standard deviation over seeds",
        "tokens/s: in training by the clock, in tagging of processor time, on valid, words known",
    ]
    if comparison.test_sentences:
        notes.append(
            f"p: approximate randomisation on {comparison.test_sentences:,} test sentences, "
            f"{ROUNDS:,} rounds, two-sided, against {best} (best on valid); what all seeds find "
            "in a sentence changes hands together; not corrected for several comparisons"
        )
    return notes


def _command(comparison: Comparison) -> str:
    """The command that the comparison comes from, as far as the name of the corpus allows."""
    words = ["ner", "compare", "--data", comparison.corpus]
    for key in comparison.varied:
        values = [shown(result.variant.settings[key]) for result in comparison.variants]
        words += ["--vary", f"{key}={','.join(dict.fromkeys(values))}"]
    words += ["--seeds", ",".join(map(str, comparison.seeds))]
    default = Config()
    for key in Config.fields():
        if comparison.config[key] != default[key] and key not in comparison.varied:
            words += ["--set", f"{key}={shown(comparison.config[key])}"]
    return shlex.join(words)

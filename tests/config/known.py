"""The settings of taggers, by key and by type."""

from typing import Any

import pytest

from ner.config import Config
from ner.errors import ConfigError

SECTIONS = Config.sections()
KEYS = list(Config.fields())
DEFAULTS = {key: default for key, default, _ in Config.describe()}
AUTO = {
    "train.epochs": "a whole number",
    "train.patience": "a whole number",
    "train.case_augmentation": "a number",
    "train.learning_rate": "a number",
    "train.adversarial": "a number",
    "train.gold_share": "a number",
    "train.threads": "a whole number",
}
"""Numbers that may be left open."""
OF_TYPE: dict[type, list[str]] = {
    kind: [key for key, value in DEFAULTS.items() if type(value) is kind and key not in AUTO]
    for kind in (int, float, bool, str, tuple)
}


def refused(setting: str, value: Any) -> str:
    """The complaint about one setting, which must be one line."""
    with pytest.raises(ConfigError) as caught:
        Config().replace({setting: value})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def value_of(config: Config, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(config, section), name)

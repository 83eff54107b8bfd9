"""Settings: plain dataclasses, a TOML file, and ``--set section.key=value`` on top.

Sections: `data` (how files are read), `model` (what is trained), `train` (how),
`resources` (from what beside the corpus), `predict` (how text is tagged). A key that does not
exist is an error that suggests the nearest one; a value of the wrong type or out of range is an
error that says what would fit. A setting that may be left open takes ``auto``.
"""

from ner.config.fields import (
    Auto,
    Column,
    at_least,
    chosen,
    one_of,
    setting,
    tag_columns,
    within,
)
from ner.config.schema import (
    LEARNING_RATE,
    SEPARATORS,
    SOFT_LABEL_SETTINGS,
    Config,
    DataConfig,
    ModelConfig,
    PredictConfig,
    ResourcesConfig,
    TrainConfig,
    predict_config,
)
from ner.config.settings import Settings

__all__ = [
    "LEARNING_RATE", "SEPARATORS", "SOFT_LABEL_SETTINGS", "Auto", "Column", "Config",
    "DataConfig", "ModelConfig", "PredictConfig", "ResourcesConfig", "Settings", "TrainConfig",
    "at_least", "chosen", "one_of", "predict_config", "setting", "tag_columns", "within",
]  # fmt: skip

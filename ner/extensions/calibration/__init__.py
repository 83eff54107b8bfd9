"""Calibration: a temperature at which the scores of a model are right as often as they say."""

COMMANDS = {"calibrate": "ner.extensions.calibration.cli:calibrate"}
AFTER_TRAINING = {"calibrate": "ner.extensions.calibration.storing:calibrate_run"}

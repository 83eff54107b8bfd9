"""Distillation: the models of several seeds teach a single one of the same size."""

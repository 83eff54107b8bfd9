"""`Tag`: data sets of Ray, tagged by actors with a model each; `ner.ray` is its public home.

::

    data.map_batches(ner.ray.Tag, fn_constructor_kwargs={"model": "runs/x"}, concurrency=2)

Nothing here imports ray: it hands in batches of columns, and takes them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ner.corpus import load_arrow
from ner.errors import UsageError
from ner.extensions.integrations.arrow import tag_values, tagger_of
from ner.tagger import Tagger


class Tag:
    """A tagger of batches of columns, which adds one of entities and one of errors.

    `model` is a tagger, which travels to the machines of the cluster, or what `load` takes, which
    is read there; `settings` change how that tags, as ``{"predict.min_score": 0.5}``. `column` has
    the texts. Column `output` is a list of structs ``start, end, label, text, score`` (and
    ``layer``, of a model with several), ranges as in `Entity`; it is null where the text is, and
    where tagging fails: column `errors` then says why, and the job goes on.
    """

    def __init__(
        self,
        model: Tagger | str | Path | None = None,
        column: str = "text",
        *,
        settings: Mapping[str, Any] | None = None,
        output: str = "entities",
        errors: str = "error",
    ) -> None:
        """Load the model. Raises what `load` raises, and `UsageError` for settings of a tagger."""
        if output in (column, errors) or errors == column:
            raise UsageError(
                f"columns {column!r}, {output!r} and {errors!r} are one; choose other names with "
                "output= and errors="
            )
        self.column, self.output, self.errors = column, output, errors
        self.tagger = tagger_of(model, settings)
        self.tagger("A trial")  # what every text would fail with fails the job, once

    def __call__(self, batch: Any) -> Any:
        """Tag a batch: a dict of arrays, a table of pandas or one of Arrow, the format of Ray.

        The same columns come back, and those two, in a dict or a table of Arrow. Raises
        `UsageError` for a column that is missing or there already.
        """
        pyarrow = load_arrow()
        if not isinstance(batch, Mapping | pyarrow.Table):
            batch = pyarrow.Table.from_pandas(batch, preserve_index=False)
        names = list(batch if isinstance(batch, Mapping) else batch.column_names)
        self._check(names)
        column = batch[self.column]
        values = column.to_pylist() if hasattr(column, "to_pylist") else list(column)
        found = tag_values(self.tagger, values)
        new = {self.output: found.field("entities"), self.errors: found.field("error")}
        if isinstance(batch, Mapping):
            return {**batch, **new}
        for name, column in new.items():
            batch = batch.append_column(name, column)
        return batch

    def _check(self, names: list[str]) -> None:
        if self.column not in names:
            raise UsageError(f"there is no column {self.column!r}; name one of {', '.join(names)}")
        for name, option in ((self.output, "output"), (self.errors, "errors")):
            if name in names:
                raise UsageError(
                    f"there is a column {name!r} already; choose another with {option}="
                )

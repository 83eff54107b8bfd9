"""Columns of Spark, tagged: ``ner.spark.tag(df)``; `ner.spark` is its public home.

The model goes to each executor once, as one file that Spark distributes, and each Python worker
maps it into memory once. Texts and entities travel as Arrow. The only module that imports pyspark.
"""

import functools
import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ner.bundle import load_bundle
from ner.config import PredictConfig
from ner.errors import BundleError, MissingExtra, NerError, UsageError
from ner.extensions.integrations.arrow import entity_fields, tag_values, tagger_of
from ner.frozen import frozen
from ner.tagger import Tagger
from ner.version import __version__

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import DataFrame, SparkSession

_TYPES = {"int32": "int"}  # of Arrow, where Spark calls them otherwise
_KEPT = 2  # taggers of a Python worker, which serves one job after the other


def tag(
    df: "DataFrame",
    column: str = "text",
    model: Tagger | str | Path | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    output: str = "entities",
    errors: str = "error",
) -> "DataFrame":
    """The table, or stream, with the entities of each text in a column more, and one for errors.

    `column` holds the texts. `model` is a tagger, or what `load` takes, and `settings` change how
    that tags, as ``{"predict.min_score": 0.5}``. Column `output` is an array of structs ``start,
    end, label, text, score`` (and ``layer``, of a model with several), ranges as in `Entity`; it is
    null where the text is, and where tagging fails: column `errors` then says why, and the job goes
    on. Raises `UsageError` for columns that will not do, what `load` raises, `MissingExtra`
    without pyspark or pyarrow, and `TypeError` for what is no table of Spark.
    """
    functions = _functions()
    import pyarrow  # Spark reads the types of `tag_column`

    if not hasattr(df, "sparkSession"):
        raise TypeError('a DataFrame of Spark is wanted; for pandas: table["text"], ner.tag_series')
    _check_columns(df, column, output, errors)
    tagger = tagger_of(model, settings)
    shipped = _ship(df.sparkSession, tagger)

    def tag_column(batches: Iterator[pyarrow.Array]) -> Iterator[pyarrow.Array]:
        return shipped.tag(batches)

    udf = functions.arrow_udf(tag_column, returned_type(bool(tagger.layers)))
    udf = udf.asNondeterministic()  # lest Spark computes it again for each use of its fields
    both = df.select("*", udf(_quoted(column)).alias(output))
    found = functions.col(_quoted(output))
    return both.withColumns({errors: found["error"], output: found["entities"]})


def returned_type(layers: bool) -> str:
    """The type of what `tag_values` returns, as Spark writes it."""
    types = entity_fields(layers).items()
    entity = ", ".join(f"{name}: {_TYPES.get(type_, type_)}" for name, type_ in types)
    return f"struct<entities: array<struct<{entity}>>, error: string>"


# --- on the driver ------------------------------------------------------------------------------


def _functions() -> Any:
    """The functions of pyspark, beside pyarrow. Raises `MissingExtra` for missing or old ones."""
    try:
        import pyarrow  # noqa: F401
        from pyspark.sql import functions

        functions.arrow_udf  # noqa: B018
    except (ImportError, AttributeError):
        raise MissingExtra("ner.spark needs packages: pip install 'pyspark>=4.1' pyarrow") from None
    return functions


def _quoted(name: str) -> str:
    """A name of a column as Spark takes it, whatever stands in it."""
    return f"`{name.replace('`', '``')}`"


def _check_columns(df: "DataFrame", column: str, output: str, errors: str) -> None:
    """Refuse a column that is missing or holds no texts, and names that are taken."""
    from pyspark.sql.types import StringType

    kinds = [field.dataType for field in df.schema.fields if field.name == column]
    if len(kinds) != 1:
        columns = ", ".join(df.columns)
        raise UsageError(f"{len(kinds)} columns are called {column!r}; name one of {columns}")
    if not isinstance(kinds[0], StringType):
        kind = kinds[0].simpleString()
        raise UsageError(f"column {column!r} is of {kind}, not of texts; name one of strings")
    taken = {name.casefold() for name in df.columns}
    for name, option in ((output, "output"), (errors, "errors")):
        if name.casefold() in taken:
            raise UsageError(f"there is a column {name!r} already; choose another with {option}=")
        taken.add(name.casefold())


@functools.cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    """The folder of the models that were shipped, from which Spark serves them to the last."""
    return tempfile.TemporaryDirectory(prefix="ner-spark-")


def _ship(spark: "SparkSession", tagger: Tagger) -> "ShippedModel":
    """Hand the model of a tagger to Spark; the same one again is no second file."""
    folder = Path(_folder().name)
    with tempfile.TemporaryDirectory(dir=folder) as own:
        packed = Path(own, "model.ner")
        tagger.save(packed)
        checksum = _checksum(packed)
        file = packed.replace(folder / f"ner-{checksum[:32]}.ner")
    spark.addArtifacts(str(file), file=True)
    return ShippedModel(file.name, checksum, tagger.settings)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- on the executors ---------------------------------------------------------------------------


@frozen()
class ShippedModel:
    """A model among the files of a Spark session, how it tags, and the version that packed it."""

    file: str
    checksum: str  # SHA-256
    settings: PredictConfig
    version: str = __version__

    def load(self, path: str | Path) -> Tagger:
        """Load the tagger. Raises `NerError` for other bytes or another version than shipped."""
        if self.version != __version__:
            raise NerError(
                f"the driver has ner {self.version} and this executor {__version__}; "
                "install the same on both"
            )
        if _checksum(Path(path)) != self.checksum:
            raise BundleError(f"{path}: is not the model that the driver sent; start the job again")
        tagger = Tagger(load_bundle(path), self.settings)
        tagger("A trial")  # what every text would fail with fails the job, once
        return tagger

    def tag(self, batches: "Iterator[pyarrow.Array]") -> "Iterator[pyarrow.StructArray]":
        """Tag columns of texts in a Python worker; see `tag_values`."""
        tagger = _kept_tagger(self)
        for texts in batches:
            yield tag_values(tagger, texts.to_pylist())


@functools.lru_cache(_KEPT)
def _kept_tagger(model: ShippedModel) -> Tagger:
    from pyspark import SparkFiles

    return model.load(SparkFiles.get(model.file))

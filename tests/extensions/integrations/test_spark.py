"""Columns of Spark: their arrays, and tables and streams of a real cluster where pyspark is."""

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import ner
import ner.spark
from ner.errors import BundleError, ConfigError, MissingExtra, NerError, UsageError
from ner.tagger import Tagger
from ner.text import Document

pyarrow: Any = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

from ner.extensions.integrations.arrow import tag_values  # noqa: E402
from ner.extensions.integrations.spark import ShippedModel, returned_type  # noqa: E402

TEXTS = ["Anna left Rome .", None, "", "Nothing", "\U0001f600 Dora loved New York ."]
HOME = "ner.extensions.integrations.spark"


class Fragile:
    """A tagger that finds nothing, and fails with one text."""

    layers: tuple[str, ...] = ()

    def __init__(self, bad: str) -> None:
        self.bad = bad

    def __call__(self, text: str | None) -> Document:
        if text == self.bad:
            raise RuntimeError("no way")
        return Document(text or "", ())

    def pipe(self, texts: Iterable[str | None]) -> Iterator[Document]:
        return map(self, texts)


def expected(tagger: Tagger, text: str | None) -> dict[str, Any]:
    entities = None if text is None else [entity.to_dict() for entity in tagger.tag(text)]
    return {"entities": entities, "error": None}


# --- arrays -------------------------------------------------------------------------------------


def test_the_type_is_that_which_spark_is_told(tiny_tagger: Tagger) -> None:
    assert returned_type(layers=False) == (
        "struct<entities: array<struct<start: int, end: int, label: string, text: string, "
        "score: double>>, error: string>"
    )
    assert ", layer: string>>" in returned_type(layers=True)
    found = tag_values(tiny_tagger, TEXTS).type
    assert [field.name for field in found] == ["entities", "error"]
    entity = found.field("entities").type.value_type
    assert [(f.name, str(f.type)) for f in entity] == [
        ("start", "int32"), ("end", "int32"), ("label", "string"), ("text", "string"),
        ("score", "double"),
    ]  # fmt: skip


# --- models that are shipped --------------------------------------------------------------------


@pytest.fixture(scope="module")
def packed(tiny_tagger: Tagger, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "x.ner"
    tiny_tagger.save(path)
    return path


@pytest.fixture
def shipped(tiny_tagger: Tagger, packed: Path) -> ShippedModel:
    checksum = hashlib.sha256(packed.read_bytes()).hexdigest()
    return ShippedModel(packed.name, checksum, tiny_tagger.settings)


def test_a_model_that_came_as_it_was_sent(
    shipped: ShippedModel, packed: Path, tiny_tagger: Tagger
) -> None:
    settings = replace(tiny_tagger.settings, min_score=0.1, cache_mb=777)
    again = pickle.loads(pickle.dumps(replace(shipped, settings=settings)))
    loaded = again.load(packed)
    assert loaded.settings == settings
    assert loaded.tag("Anna left Rome .") == tiny_tagger.tag("Anna left Rome .")


def test_other_bytes_are_refused(shipped: ShippedModel, packed: Path, tmp_path: Path) -> None:
    other = tmp_path / packed.name
    other.write_bytes(packed.read_bytes() + b"!")
    with pytest.raises(BundleError, match=r"x\.ner: is not the model that the driver sent; start"):
        shipped.load(other)


def test_another_version_is_refused(shipped: ShippedModel, packed: Path) -> None:
    with pytest.raises(NerError, match=r"the driver has ner 0\.0\.1 and this executor .*; install"):
        replace(shipped, version="0.0.1").load(packed)


def test_a_worker_loads_a_model_once(
    shipped: ShippedModel, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spark knows where the file is; jobs bring a model that is equal, not the same."""
    asked = []

    class SparkFiles:
        @staticmethod
        def get(name: str) -> str:
            asked.append(name)
            return str(packed.with_name(name))

    module: Any = ModuleType("pyspark")
    module.SparkFiles = SparkFiles
    monkeypatch.setitem(sys.modules, "pyspark", module)
    arrays = [pyarrow.array(["Anna left Rome ."]), pyarrow.array([None, ""])]
    for _ in range(3):
        [first, second] = pickle.loads(pickle.dumps(shipped)).tag(iter(arrays))
        assert (len(first[0]["entities"]), len(second)) == (2, 2)
    assert asked == ["x.ner"]


def test_what_every_text_would_fail_with_fails_the_job(
    shipped: ShippedModel, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise MissingExtra("pip install torch")

    monkeypatch.setattr(Tagger, "__call__", refuse)
    with pytest.raises(MissingExtra):
        shipped.load(packed)


# --- without Spark ------------------------------------------------------------------------------


def test_the_public_home() -> None:
    from ner.extensions.integrations import spark

    assert ner.spark.tag is spark.tag
    with pytest.raises(AttributeError, match=r"no attribute 'spark\.tg'"):
        ner.spark.tg  # noqa: B018


@pytest.mark.parametrize("functions", [None, ModuleType("pyspark.sql.functions")])
def test_without_the_package(monkeypatch: pytest.MonkeyPatch, functions: Any) -> None:
    """There is none, or one that has no functions of Arrow yet."""
    sql: Any = ModuleType("pyspark.sql")
    sql.functions = functions
    monkeypatch.setitem(sys.modules, "pyspark", ModuleType("pyspark"))
    monkeypatch.setitem(sys.modules, "pyspark.sql", functions and sql)
    with pytest.raises(MissingExtra, match=r"pip install 'pyspark>=4\.1'"):
        ner.spark.tag(None)


# --- with Spark ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A session on a cluster of two executors, each a process with one core."""
    pyspark: Any = pytest.importorskip("pyspark", reason="pyspark is not installed")
    from pyspark.sql import SparkSession

    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Java is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        home = Path(os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent)
        settings = {
            "spark.driver.host": "127.0.0.1",
            "spark.log.level": "OFF",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.execution.arrow.maxRecordsPerBatch": "3",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        builder = SparkSession.builder.master("local-cluster[2,1,1024]").config(map=settings)
        session = builder.getOrCreate()
        logs = home / "work" / session.sparkContext.applicationId
        yield session
        session.stop()
        shutil.rmtree(logs, ignore_errors=True)


def table(spark: Any, texts: Iterable[str | None] = TEXTS) -> Any:
    return spark.createDataFrame([*enumerate(texts)], "id int, text string").repartition(2)


def as_dict(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = row.asDict(recursive=True)
    return found


@pytest.mark.slow("starts a cluster of Spark")
def test_a_table(spark: Any, tiny_run: Path, tiny_tagger: Tagger) -> None:
    found = ner.spark.tag(table(spark), model=tiny_run).orderBy("id").collect()
    assert [as_dict(row) for row in found] == [
        {"id": number, "text": text} | expected(tiny_tagger, text)
        for number, text in enumerate(TEXTS)
    ]


@pytest.mark.slow("runs a job of Spark")
def test_columns_of_any_name_and_two_of_them(spark: Any, tiny_tagger: Tagger) -> None:
    """Each is tagged once, however often what is found is used."""
    named = table(spark).selectExpr("id", "text as `a.b`", "text as `c``d`", "text as ``")
    once = ner.spark.tag(named, "a.b", tiny_tagger, output="e.1", errors="`")
    twice = ner.spark.tag(once, "c`d", tiny_tagger)
    assert twice.columns == ["id", "a.b", "c`d", "", "e.1", "`", "entities", "error"]
    used = twice.where("error is null and size(`e.1`) > 0").selectExpr("`e.1` = entities as same")
    plan = used._jdf.queryExecution().executedPlan().toString()
    assert plan.count("ArrowEvalPython") == 2
    assert [row.same for row in used.collect()] == [True, True]


@pytest.mark.slow("runs a job of Spark")
def test_ranges_are_those_of_spark(spark: Any, tiny_tagger: Tagger) -> None:
    each = ner.spark.tag(table(spark), model=tiny_tagger).selectExpr("text", "explode(entities) e")
    same = each.selectExpr("substring(text, e.start + 1, e.end - e.start) = e.text as same")
    assert [row.same for row in same.collect()] == [True] * 4


@pytest.mark.slow("runs a job of Spark")
def test_a_failing_text_does_not_fail_the_job(
    spark: Any, tiny_tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    array, stub = tag_values, Fragile("Nothing")

    class Failing(ShippedModel):
        def tag(self, batches: Any) -> Any:
            return (array(stub, texts.to_pylist()) for texts in batches)  # type: ignore[arg-type]

    from pyspark import cloudpickle

    monkeypatch.setattr(f"{HOME}.ShippedModel", Failing)
    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # executors lack the tests
    try:
        found = ner.spark.tag(table(spark), model=tiny_tagger).orderBy("id").collect()
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    assert [row.error for row in found] == [None, None, None, "RuntimeError: no way", None]
    assert [row.entities is None for row in found] == [False, True, False, True, False]


@pytest.mark.slow("runs a stream of Spark")
def test_a_stream(spark: Any, tiny_tagger: Tagger, tmp_path: Path) -> None:
    """It keeps its watermark: what is found can be counted by the time of the texts."""
    lines = [{"text": text, "at": f"2026-01-0{1 + n} 12:00:00"} for n, text in enumerate(TEXTS)]
    source = tmp_path / "in"
    source.mkdir()
    for number, line in enumerate(lines):
        (source / f"{number}.json").write_text(json.dumps(line), "utf-8")
    stream = spark.readStream.schema("text string, at timestamp").json(str(source))
    found = ner.spark.tag(stream.withWatermark("at", "1 day"), model=tiny_tagger)
    counted = found.selectExpr("at", "explode(entities) e").groupBy("at", "e.label").count()
    query = (
        counted.writeStream.trigger(availableNow=True)
        .option("checkpointLocation", str(tmp_path / "checkpoint"))
        .outputMode("append")
        .format("memory")
        .queryName("counted")
        .start()
    )
    query.awaitTermination()
    rows = spark.table("counted").orderBy("at", "label").collect()
    assert [(row.at.day, row.label, row["count"]) for row in rows[:2]] == [
        (1, "LOC", 1),
        (1, "PER", 1),
    ]


@pytest.mark.slow("starts a cluster of Spark")
@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"column": "txt"}, r"0 columns are called 'txt'; name one of id, text"),
        ({"column": "id"}, r"column 'id' is of int, not of texts"),
        ({"output": "Text"}, r"a column 'Text' already; choose another with output="),
        ({"errors": "id"}, r"a column 'id' already; choose another with errors="),
        ({"errors": "entities"}, r"a column 'entities' already; choose another with errors="),
        ({"model": "nowhere"}, r"nowhere: no such model folder"),
    ],
)
def test_what_will_not_do(spark: Any, how: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        ner.spark.tag(table(spark), **how)


@pytest.mark.slow("starts a cluster of Spark")
def test_settings_go_with_a_model_that_is_loaded(
    spark: Any, tiny_run: Path, tiny_tagger: Tagger
) -> None:
    with pytest.raises(ConfigError, match="min_scor"):
        ner.spark.tag(table(spark), model=tiny_run, settings={"predict.min_scor": 0.5})
    with pytest.raises(UsageError, match="load the tagger with them"):
        ner.spark.tag(table(spark), model=tiny_tagger, settings={"predict.min_score": 0.5})
    none = ner.spark.tag(table(spark), model=tiny_run, settings={"predict.min_score": 0.9999})
    assert none.where("size(entities) > 0").count() == 0


@pytest.mark.slow("starts a cluster of Spark")
@pytest.mark.parametrize("df", [None, ["a"], "text"])
def test_what_is_no_table_of_spark(spark: Any, df: Any) -> None:
    with pytest.raises(TypeError, match="a DataFrame of Spark is wanted"):
        ner.spark.tag(df)


CONNECTED = """
import sys
from pyspark.sql import SparkSession
import ner.spark

session = SparkSession.builder.remote("local[1]").config("spark.log.level", "OFF").getOrCreate()
df = session.createDataFrame([("Anna left Rome .",), (None,)], "text string")
for _ in range(2):  # the same file again is no trouble
    found = ner.spark.tag(df, model=sys.argv[1]).collect()
print([[(e.start, e.end, e.label) for e in row.entities or []] for row in found])
"""


@pytest.mark.slow("starts a server of Spark")
def test_over_spark_connect(tiny_run: Path) -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    pytest.importorskip("grpc_status", reason="the packages of Spark Connect are not installed")
    done = subprocess.run(
        [sys.executable, "-c", CONNECTED, str(tiny_run)],
        env=os.environ | {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[[(0, 4, 'PER'), (10, 14, 'LOC')], []]"

"""Places where people already are: spaCy, the Hub, scikit-learn, pandas, Spark, Ray."""

_HOME = "ner.extensions.integrations"

COMMANDS = {"push": f"{_HOME}.cli:push"}

MODEL_SOURCES = {"hf": f"{_HOME}.hub:downloaded"}

PUBLIC = {
    "Tagger.push_to_hub": f"{_HOME}.hub:push",
    "ray": "ner.ray",
    "ray.Tag": f"{_HOME}.ray_data:Tag",
    "sklearn": "ner.sklearn",
    "sklearn.TaggerEstimator": f"{_HOME}.sklearn:TaggerEstimator",
    "spark": "ner.spark",
    "spark.tag": f"{_HOME}.spark:tag",
    "tag_series": f"{_HOME}.tables:tag_series",
}

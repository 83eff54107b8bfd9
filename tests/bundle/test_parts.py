"""The parts that models of all kinds have in their bundles."""

from ner.bundle.parts import resource_names
from ner.config import Config


def test_names_of_files_without_their_folders() -> None:
    changes = {
        "resources.vectors": ["a/b.vec", "c.vec"],
        "resources.clusters": "/x/paths.txt",
        "resources.gazetteers": ["PER=lists/names.txt"],
    }
    resources = Config().replace(changes).resources
    assert resource_names(resources) == {
        "vectors": ["b.vec", "c.vec"],
        "clusters": ["paths.txt"],
        "gazetteers": ["PER=names.txt"],
    }
    assert resource_names(Config().resources) == {}

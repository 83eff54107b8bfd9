"""Makes the golden bundle of the present format: `make.py FOLDER` writes the folder `FOLDER`.

It has been run once for each format and is kept to say what is in them; bundles of formats that
are past are not made again. That of format 5 is format 4's, loaded and saved, with a measurement. ``expected.json`` has what each of them finds.
"""

import json
import sys
import tempfile
from dataclasses import replace
from itertools import product
from pathlib import Path

import ner
from ner.bundle.format import load_bundle, save_bundle
from ner.config import Config
from ner.corpus import Corpus
from ner.text import Sentence, Span

PEOPLE = ["Ida", "Noor Aziz", "Tomás", "Jon Ek"]
PLACES = ["Bergen", "Ulm", "Port Vell", "Århus"]
VERBS = ["reached", "left", "adored"]
TEXTS = ["Noor Aziz adored Bergen .", "Jon Ek left Port Vell .", "Zoë reached Ulm ."]
SMALL = {
    "model.char_dim": 4,
    "model.char_hidden": 6,
    "model.casing_dim": 2,
    "model.cluster_dim": 2,
    "model.gazetteer_dim": 2,
    "model.bigram_dim": 2,
    "model.bigrams": "yes",
    "model.hidden": 8,
    "model.scheme": "iob2",
    "model.dropout": 0.1,
    "train.epochs": 15,
    "train.patience": 15,
    "train.batch_sentences": 4,
    "train.learning_rate": 0.02,
    "train.ema": 0.9,
    "train.word_dropout": 0.1,
    "train.threads": 1,
}
FILES = {
    "small.vec": "6 3\nreached 1 0 .5\nleft .9 0 .4\nadored .8 .1 .5\nulm 0 1 0\n"
    "zoë -.5 0 -1\nmet 1 .1 .4\n",
    "paths.txt": "0010\tleft\t9\n0011\treached\t9\n01\tIda\t5\n110\tBergen\t4\n",
    "places.txt": "Bergen\nUlm\nPort Vell\n",
}


def told(verbs: list[str]) -> tuple[Sentence, ...]:
    """Who did what where."""
    sentences: list[Sentence] = []
    for person, verb, place in product(PEOPLE, verbs, PLACES):
        who, where = person.split(), place.split()
        start = len(who) + 1
        spans = Span(0, len(who), "PER"), Span(start, start + len(where), "LOC")
        tokens = (*who, verb, *where, ".")
        sentences.append(Sentence(tokens, spans, source="golden", line=len(sentences) + 1))
    return tuple(sentences)


def make(folder: Path) -> None:
    """Train the tagger and write its bundle."""
    corpus = Corpus("golden", told(VERBS[:2]), told(VERBS[2:]), ())
    with tempfile.TemporaryDirectory() as place:
        for name, text in FILES.items():
            (Path(place) / name).write_text(text, encoding="utf-8")
        beside = {
            "resources.vectors": [f"{place}/small.vec"],
            "resources.clusters": f"{place}/paths.txt",
            "resources.gazetteers": [f"PLACE={place}/places.txt"],
        }
        run = Path(place) / "run"
        ner.train(corpus, run, Config().replace({**SMALL, **beside}), device="cpu")
        bundle = load_bundle(run)
        # The scores are of no interest here, and take more room than all the rest.
        about = {name: value for name, value in bundle.about.items() if name != "scores"}
        save_bundle(replace(bundle, about=about), folder)
    tagger = ner.Tagger.load(folder, "cpu")
    found = {
        text: [[e.start, e.end, e.label, round(e.score, 6)] for e in tagger.tag(text)]
        for text in TEXTS
    }
    print(json.dumps(found, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    make(Path(sys.argv[1]))

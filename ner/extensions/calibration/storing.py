"""Calibration of a model on disk: its temperature, and the profile of the text behind it."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from ner.bundle import Bundle, find_bundle, load_bundle, pack_bundle, save_bundle
from ner.corpus import Corpus, with_unannotated
from ner.errors import CorpusError, TrainingError, UsageError
from ner.extensions.calibration.temperature import Fit, fit_temperature
from ner.named_models import named_models
from ner.predict import profile_of
from ner.run_folder import is_packed
from ner.tagger import Tagger
from ner.text import Sentence

_BEGINNING = "scores are calibrated on "


def calibrate(
    path: Path,
    bundle: Bundle,
    sentences: Sequence[Sentence],
    name: str,
    out: str | Path | None = None,
) -> Fit:
    """Find the temperature of a model by labelled sentences, and store it in the model.

    That is the bundle's own `path`, or a packed file `out`. `name` is that of the sentences, for
    the card. Raises `UsageError` for a model that others use by its name, without `out`, and for
    sentences that the model has learnt from, and what `fit_temperature` raises.
    """
    if out is None and path in named_models().values():
        raise UsageError(
            f"{path}: is a model that comes with an installation, and would change for all; add "
            "--out FILE.ner for a calibrated copy"
        )
    tagger = Tagger(bundle)
    _check_unseen(tagger, sentences, name)
    fit = fit_temperature(tagger, sentences)
    changed = _calibrated(bundle, tagger.as_raw_text(sentences), fit, name)
    if out is not None or is_packed(path):
        pack_bundle(changed, out or path)
    else:
        save_bundle(changed, path)
    return fit


def calibrate_run(out: Path, corpus: Corpus) -> str:
    """Calibrate the model that a training has left, by the validation split; tell it in a line.

    Types that the corpus does not label, as those of a start model or a teacher, do not count.
    Raises `TrainingError` where that cannot be: the model is there, as it was trained.
    """
    path = find_bundle(out)
    bundle = load_bundle(path)
    valid = with_unannotated(corpus, bundle.labels).valid
    try:
        fit = calibrate(path, bundle, valid, f"{corpus.name} valid")
    except (CorpusError, UsageError) as error:
        raise TrainingError(
            f"{out}: is trained, but not calibrated: {error}, with ner calibrate"
        ) from None
    return fit.line()


def _check_unseen(tagger: Tagger, sentences: Sequence[Sentence], name: str) -> None:
    known = tagger.contamination(sentences)
    if 2 * known > len(sentences):
        raise UsageError(
            f"{name}: the model has learnt from {known:,} of its {len(sentences):,} sentences, "
            "and is surer of them than of others; choose sentences that are new to it"
        )


def _calibrated(bundle: Bundle, sentences: Sequence[Sentence], fit: Fit, name: str) -> Bundle:
    """The bundle with a temperature, a line on its card, and the profile of a long text."""
    config = bundle.config.replace({"predict.temperature": fit.temperature})
    note = (
        f"{_BEGINNING}{len(sentences):,} sentences of {name}: temperature {fit.temperature:g}, "
        f"expected calibration error {fit.after.ece:.4f} instead of {fit.before.ece:.4f}"
    )
    notes = [n for n in bundle.about.get("notes", ()) if not n.startswith(_BEGINNING)]
    about = {**bundle.about, "notes": [*notes, note]}
    about.pop("profile", None)  # with the scores of another temperature
    if profile := profile_of(bundle.model, sentences, config.predict):
        about["profile"] = asdict(profile)
    return replace(bundle, config=config, about=about)

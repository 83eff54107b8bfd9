"""Learning a tagger from a corpus: the loop, and the run folder around it."""

from ner.training.base import BaseRun, Milestone, has_begun, run_events
from ner.training.build import build_model, open_resources, vocabulary_checksum
from ner.training.embedding_cache import cache_embeddings
from ner.training.examples import (
    ExampleSet,
    IndexedSentence,
    SoftLabelExample,
    SoftLabels,
    tag_choices,
    type_costs,
)
from ner.training.gradients import Gradient, Gradients, mean_gradients
from ner.training.jobs import (
    Begun,
    Done,
    Failed,
    Job,
    LocalRunner,
    Runner,
    RunWork,
    Slot,
    Work,
    open_runner,
)
from ner.training.loop import BaseTrainer, Epoch, Step, Trainer
from ner.training.optimizer import check_finite, decayed_rate
from ner.training.parallel import Processes, joined, processes
from ner.training.preparation import (
    PreparedCorpus,
    different_settings,
    prepare,
    resolve,
    split_long,
)
from ner.training.run import CorpusRun, Event, Finished, Run
from ner.training.seeds import SeedsFinished, TaggerTraining, declared_folders, seed_folder

__all__ = [
    "BaseRun", "BaseTrainer", "Begun", "CorpusRun", "Done", "Epoch", "Event", "ExampleSet",
    "Failed", "Finished", "Gradient", "Gradients", "IndexedSentence", "Job", "LocalRunner",
    "Milestone", "PreparedCorpus", "Processes", "Run", "RunWork", "Runner", "SeedsFinished", "Slot",
    "SoftLabelExample", "SoftLabels", "Step", "TaggerTraining", "Trainer", "Work", "build_model",
    "cache_embeddings", "check_finite", "decayed_rate", "declared_folders", "different_settings",
    "has_begun", "joined", "mean_gradients", "open_resources", "open_runner", "prepare",
    "processes", "resolve", "run_events", "seed_folder", "split_long", "tag_choices", "type_costs",
    "vocabulary_checksum",
]  # fmt: skip

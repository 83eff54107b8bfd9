"""Suggestions: the sentences of a text that a model should learn next, and why."""

from collections.abc import Sequence
from typing import NamedTuple

from ner.bundle import Bundle
from ner.corpus import QueueItem
from ner.extensions.suggest.doubt import Doubt, doubts
from ner.extensions.suggest.selection import choose
from ner.extensions.suggest.texts import Candidate
from ner.predict import Prediction, predict_nbest
from ner.tagger import Tagger
from ner.text import Document, entities_of

KIND = "doubt"
_SHOWN = 3  # words


class Suggestion(NamedTuple):
    """A sentence to label, and why: `gain` is what it is worth behind those before it.

    `margin` is how much likelier the best analysis is than the second; `prediction` are the
    entities that the (first) model finds.
    """

    candidate: Candidate
    gain: float
    doubt: Doubt
    margin: float
    prediction: Prediction

    @property
    def reason(self) -> str:
        """The doubt in words."""
        several = f", models apart by {self.doubt.disagreement:.2f}" * bool(self.doubt.disagreement)
        each = self.doubt.entropy / len(self.candidate.sentence)
        return (
            f"entropy {self.doubt.entropy:.2f} nats ({each:.3f} a token){several}; the best "
            f"analysis leads by {self.margin:.2f}; least sure of {', '.join(self._words())}"
        )

    def _words(self) -> list[str]:
        """The words with most of the doubt, in order."""
        tokens = self.candidate.sentence.tokens
        ranked = sorted(range(len(tokens)), key=lambda place: -self.doubt.tokens[place])
        return [repr(tokens[place]) for place in sorted(ranked[:_SHOWN])]

    def item(self) -> QueueItem:
        """Itself as a place to look at in ``ner review``."""
        own = self.candidate.sentence
        return QueueItem(own.source, own.line, own.tokens, KIND, self.gain, self.reason)

    def document(self) -> Document:
        """Itself as a text with the entities that the model finds."""
        text, sentence, _ = self.candidate
        found = sentence.with_spans(self.prediction.spans)
        return Document(text, tuple(entities_of(text, found, self.prediction.scores)), (found,))


def suggest(
    bundles: Sequence[Bundle], candidates: Sequence[Candidate], count: int
) -> list[Suggestion]:
    """Choose `count` candidates that would teach most, or all, the best first.

    Several models are a committee, whose disagreement counts as doubt.
    """
    tokens = [candidate.sentence.tokens for candidate in candidates]
    doubt = doubts([bundle.model for bundle in bundles], tokens)
    choices = choose(tokens, doubt, count)
    chosen = [candidates[choice.number] for choice in choices]
    ranked = predict_nbest(bundles[0].model, [each.sentence.tokens for each in chosen], 2)
    margins = [each[0].probability - sum(h.probability for h in each[1:]) for each in ranked]
    found = Tagger(bundles[0]).predictions([each.sentence for each in chosen])
    return [
        Suggestion(candidates[choice.number], choice.gain, doubt[choice.number], margin, prediction)
        for choice, margin, prediction in zip(choices, margins, found, strict=True)
    ]

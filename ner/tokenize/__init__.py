"""Raw text to tokens and sentences, with exact character offsets.

Four styles:

==============  ==============================================================
``words``       whitespace and punctuation rules for scripts that put spaces
                between words; any language
``words-en``    the same, and English clitics cut as in the Penn Treebank and
                CoNLL-2003: ``do n't``, ``John 's``, ``they 're``
``pieces``      runs of letters and digits, and every other character alone, as
                biomedical corpora have it: ``heparin - induced``, ``0 . 5``
``characters``  one token per code point that is not whitespace, as corpora
                with one character a line have it
==============  ==============================================================

In all but the last style Han, kana, Thai, Lao, Khmer, Myanmar and other scripts without spaces give
one token per character; combining marks stay with theirs.

Tokens are in order, disjoint and not empty; none contains whitespace (as `str.isspace` has it) and
every other character is in exactly one of them. That holds for control and format characters too: a
format character (soft hyphen, joiner, direction mark) between letters belongs to the word, a stray
one is a token, and so is every zero-width *space* (U+200B) and every control character.

Everything takes time linear in the length of the text: a regular expression may look back only a
few characters, and may scan ahead further than it matches only once for each stretch of text.
"""

from ner.tokenize.outline import is_unspaced
from ner.tokenize.retokenize import (
    Agreement,
    has_unspaced_words,
    joined,
    measure_agreement,
    restore_spans,
    retokenize,
    written,
)
from ner.tokenize.sentences import StreamedSentences, sentences_of, split_sentences
from ner.tokenize.styles import detect_style, detect_text_style
from ner.tokenize.tokens import STYLES, tokenize

__all__ = [
    "STYLES", "Agreement", "StreamedSentences", "detect_style", "detect_text_style",
    "has_unspaced_words", "is_unspaced", "joined", "measure_agreement", "restore_spans",
    "retokenize", "sentences_of", "split_sentences", "tokenize", "written",
]  # fmt: skip

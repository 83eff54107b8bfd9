"""The style that cut the tokens of a corpus, or that suits a text."""

from collections.abc import Iterable, Sequence

from ner.tokenize.full_stops import words
from ner.tokenize.outline import OUTLINE, UNSPACED
from ner.tokenize.tokens import PIECES, tokenize

_SINGLE_SHARE = 0.98  # of the tokens of a character corpus, at least
_UNSPACED_SHARE = 0.2  # the rest are digits, Latin letters and punctuation
_HYPHENS = 20  # hyphens standing alone, fewer prove nothing
_HYPHEN_SHARE = 0.001  # of the tokens; BC5CDR has 0.03
_CUT_SHARE = 0.001  # tokens that `pieces` would cut; BC5CDR has none, news 0.02 and more
_CLITIC_SHARE = 0.001  # English text has about 0.01, Dutch ('s avonds) 0.0002


def detect_style(tokens: Iterable[str]) -> str:
    """The style that cuts raw text as a corpus with these tokens was cut.

    ``characters`` if nearly all tokens are single characters and a good share
    of them is of a script without spaces; ``pieces`` if hyphens are tokens of
    their own and practically no token would be cut by that style; ``words-en`` if English
    clitics are tokens of their own; else ``words``.
    """
    total = single = unspaced = clitics = hyphens = cut = 0
    for token in tokens:
        total += 1
        if len(token) == 1:
            single += 1
            unspaced += OUTLINE[ord(token)] == UNSPACED
            hyphens += token == "-"
            continue
        cut += len(PIECES.findall(token.translate(OUTLINE))) > 1
        if len(token) < 4:
            clitics += token.lower().replace("’", "'") in words("clitics")
    if total and single >= _SINGLE_SHARE * total and unspaced >= _UNSPACED_SHARE * total:
        return "characters"
    if hyphens >= max(_HYPHENS, _HYPHEN_SHARE * total) and cut <= _CUT_SHARE * total:
        return "pieces"
    return "words-en" if clitics and clitics >= _CLITIC_SHARE * total else "words"


def detect_text_style(texts: Sequence[str]) -> str:
    """The style for the script and language of some raw texts, ``characters`` or ``words-en``.

    They are cut in both extreme ways, and each is asked if it shows.
    """

    def shows(style: str) -> str:
        return detect_style(text[a:b] for text in texts for a, b in tokenize(text, style))

    return "characters" if shows("characters") == "characters" else shows("words-en")

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

In all but the last style Han, kana, Thai, Lao, Khmer, Myanmar and other scripts
without spaces give one token per character; combining marks stay with theirs.

Tokens are in order, disjoint and not empty; none contains whitespace (as
`str.isspace` has it) and every other character is in exactly one of them. That
holds for control and format characters too: a format character (soft hyphen,
joiner, direction mark) between letters belongs to the word, a stray one is a
token, and so is every zero-width *space* (U+200B) and every control character.

Everything takes time linear in the length of the text: a regular expression
may look back only a few characters, and may scan ahead further than it matches
only once for each stretch of text.
"""

import functools
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from ner.errors import UsageError
from ner.text import SURROGATE, Sentence

STYLES = ("words", "words-en", "pieces", "characters")

# --- the outline: what kind of character stands where ------------------------
#
# The patterns below run over an outline of the text: as long as the text, ASCII
# as it is, every other character replaced by one that stands for its kind.
# That keeps the patterns small and quick, and one set of rules for all scripts.

_UPPER, _LETTER, _UNSPACED = "À", "à", "Ø"
_MARK, _FORMAT, _SYMBOL, _OTHER = "¨", "¬", "¤", "¶"

_ALIKE = dict.fromkeys("’ʼ׳״", "'") | dict.fromkeys("‐‑−", "-") | {"٫": ".", "٬": ","}
_ZERO_WIDTH_SPACE = "\u200b"
_THEMSELVES = frozenset("·–—…")

# Scripts written without spaces: first and last code point of their blocks.
_UNSPACED_BLOCKS = (
    (0x0E00, 0x109F),  # Thai, Lao, Tibetan, Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x1AAF),  # Tai Le, New Tai Lue, Khmer symbols, Buginese, Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0x2E80, 0x312F),  # radicals, kana, Bopomofo
    (0x3190, 0x31FF),  # Kanbun, Bopomofo and katakana extensions
    (0x3400, 0xA4CF),  # Han, Yi
    (0xA980, 0xA9FF),  # Javanese, Myanmar extensions
    (0xAA60, 0xAADF),  # Myanmar extensions, Tai Viet
    (0xF900, 0xFAFF),  # Han for compatibility
    (0xFF66, 0xFF9D),  # half-width katakana
    (0x16FE0, 0x1B2FF),  # Tangut, Khitan, kana extensions, Nüshu
    (0x20000, 0x3FFFF),  # Han extensions
)
_BLOCK_STARTS = [first for first, _ in _UNSPACED_BLOCKS]
# Marks by use, though not by category: half-width (semi-)voiced signs, skin tones.
_MARKS_BY_USE = frozenset([0xFF9E, 0xFF9F, *range(0x1F3FB, 0x1F400)])


class _Outline(dict[int, str]):
    """A table for `str.translate` that fills itself."""

    def __missing__(self, code: int) -> str:
        self[code] = kind = _kind(chr(code))
        return kind


_OUTLINE = _Outline()


def _kind(char: str) -> str:
    """The character that stands for `char` in an outline."""
    if char.isascii() or char in _THEMSELVES:
        return char
    if char in _ALIKE:
        return _ALIKE[char]
    if char.isspace():
        return " "
    category = unicodedata.category(char)
    if category[0] == "M" or ord(char) in _MARKS_BY_USE:
        return _MARK
    if category == "Nd":
        return "0"
    if category[0] in "LN":
        if _is_unspaced(char):
            return _UNSPACED
        return _UPPER if category in ("Lu", "Lt") else _LETTER
    if category == "Cf" and char != _ZERO_WIDTH_SPACE:
        return _FORMAT
    return _SYMBOL if category == "So" else _OTHER


def _is_unspaced(char: str) -> bool:
    """Whether a character lies in a block of a script written without spaces."""
    block = bisect_right(_BLOCK_STARTS, ord(char)) - 1
    return block >= 0 and ord(char) <= _UNSPACED_BLOCKS[block][1]


# --- words --------------------------------------------------------------------

_X = "A-Za-z0-9Àà"  # what a word consists of
_ENTITY = r"&(?:amp|lt|gt|quot|apos|nbsp|\#[0-9]{1,7});"
_URL = r"[!\#-&(-;=?-Z\[\]_a-z~Àà¨]*[A-Za-z0-9/_=&\#~Àà¨-]"
_CLITIC = f"'(?i:s|m|d|re|ve|ll)(?![{_X}])"
_NOT = f"(?i:n't)(?![{_X}])"
# tuin- en landbouw, short- and long-term, Vor- oder Nachteil, varkens-, pluimvee-
_SUSPENDED = rf"-(?=\s(?:and|or|to|en|of|tot|und|oder|bis|och|eller|og)\s|,\s[{_X}]{{1,40}}-[,\s])"


@functools.cache
def _pattern(english: bool) -> re.Pattern[str]:
    """One alternation that cuts an outline into tokens; group 1 is a full stop after a word.

    Compiled when first needed: `import ner` stays light.
    """
    # In English a word stops before n't (by giving back its last n) and before 's.
    stop = f"(?!(?<=[nN])'[tT](?![{_X}]))" if english else ""
    run = f"[{_X}][{_X}¨¬]*(?<!¬){stop}"
    apostrophe = f"(?!{_CLITIC})'" if english else "'"
    return re.compile(
        rf"""
          (?:(?i:https?|ftp)://|(?i:www)\.) {_URL}
        | (?<![{_X}_.+-]) [{_X}_][{_X}_.+-]{{0,63}} @ (?:[{_X}_-]{{1,63}}\.){{1,8}} [{_X}]{{2,24}}
        | [A-Z]{{1,3}}\$ (?![A-Za-z])                             # US$
        {"| " + _NOT if english else ""}
        | (?: (?: (?<![^\s(\["'=:$/¶]) [-+]\.? | (?<![{_X}.])\. ) (?=[0-9]) )?  # -1  +44  .5
          {run}
          (?: (?: -'? | {apostrophe} | _+ | · | \.- | \.(?![A-ZÀ][a-zà])
                | (?<=[A-Za-zÀà])(?!{_ENTITY})&(?=[A-Za-zÀà])
                | (?<=[0-9])[,:/–](?=[0-9])
              ) {run} )*
          (?: (?:(?<=\.[a-z]{{2}})|(?<=\.[a-z]{{3}})|(?<=\.[a-z]{{4}})) / {_URL}
            | {_SUSPENDED}
            | \+{{1,2}}(?![{_X}+])                                # C++  AA+  18+
            | (\.)(?!\.)
          )?
        | Ø¨*
        | (?<!\S) (?: [:;=]['o-]?(?:[()\[\]]+|[DPpOo/\\|*](?!\S)) | <3+ | -_+- | \^_*\^ ) (?!\S)
        | {_CLITIC}
        | (?<![{_X}]) '(?i:[0-9][0-9]s?|n'|[stnkr]|t?is|twas|em|til|cause)(?![{_X}'])  # '98  'n'
        | (?<![{_X}]) [@\#][{_X}_][{_X}_¨¬]*(?<!¬)
        | {_ENTITY}
        | (?: \.+ | -+ | –+ | —+ | …+ | =+ | \*+ | _+ | ~+ | \++ | \#+ | /+ | [!?]+ | '' | `` ) ¨*
        | ¤¨*(?:¬+¤¨*)*                                           # emoji and their sequences
        | ¬+
        | \S¨*
        """,
        re.VERBOSE,
    )


_PIECES = re.compile(f"[{_X}][{_X}¨¬]*(?<!¬)|Ø¨*|¤¨*(?:¬+¤¨*)*|¬+|\\S¨*")


def tokenize(text: str, style: str = "words-en") -> list[tuple[int, int]]:
    """Cut a text into tokens: their character ranges ``[start, end)``, in order.

    `style` is one of `STYLES`. Raises `UsageError` for another one.
    """
    if style == "characters":
        return [(i, i + 1) for i, char in enumerate(text) if not char.isspace()]
    if style not in STYLES:
        raise UsageError(f"unknown tokenizer {style!r}; choose one of {', '.join(STYLES)}")
    outline = text if text.isascii() else text.translate(_OUTLINE)
    if style == "pieces":
        return [match.span() for match in _PIECES.finditer(outline)]
    ranges: list[tuple[int, int]] = []
    for match in _pattern(english=style == "words-en").finditer(outline):
        start, end = match.span()
        if match.lastindex and not _keeps_dot(text, start, end - 1):
            ranges.append((start, end - 1))
            start = end - 1
        ranges.append((start, end))
    return ranges


# --- full stops -----------------------------------------------------------------
#
# After a word a full stop belongs to it (an abbreviation), or ends the sentence,
# or does both. Tokens and sentences ask the same function.

_BELONGS, _ENDS, _BOTH = "belongs", "ends", "both"
_LONGEST_WORD = 24  # characters looked at before a full stop, and of the word after it


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Never the end of a sentence, except at the end of the text.
_TITLES = _words(
    """
    Mr Mrs Ms Messrs MR MRS Dr Drs DR dr drs Prof prof Gen Maj Lt Col Capt Cmdr Sgt Cpl Adm Brig
    Rev Hon Gov Sen Rep Sens Reps Pres Supt Insp St Ste Mt Ft vs Vs cf viz approx ca evtl ggf sog
    vgl bzw Vgl bijv Bijv resp incl excl inkl Sr SR Sra Sres Srta Dra Dña Excmo Ilmo Gral Cnel Lic
    Ing ing ir mr mw dhr mevr Mevr Dhr Mw Mme Mlle Mgr Hr Frl Sig Dott Dipl
    """
)
# The end of a sentence when a word follows that often starts one.
_SOFT = _words(
    """
    Inc INC Corp CORP Co CO Cos Ltd LTD Bros Mfg Intl Assn Dept dept Univ Govt govt Jr JR Ph.D Cia
    Cía Cie Ave Blvd Rd Ala Ariz Ark Calif Colo Conn Fla Ga Ill Ind Kan Ky Mass Md Mich Minn Mo
    Neb Nev Okla Pa Penn Tenn Tex Va Vt Wash Wis Wyo Ud Uds Vd Vds Avda Av Str str Tel tel Fax Mio
    Mrd Tsd Abt geb gest gem jl afd ext
    """
)
# The end of a sentence when a capital follows; then part of the word all the same.
_LAST = _words("etc enz usw osv fr kg km cm hrs")
# Abbreviations before a number only; elsewhere most of them are words.
_BEFORE_NUMBER = _words(
    """
    No Nos no nos Nr Nrn nr Núm núm Pág pág págs pp Vol vol Fig fig Figs Art art Arts Abs Bd Sec
    Ch blz Blz
    """
)
_SMALL_WORDS = _words("a e i o u y à é ó")
_MONTHS = _words("Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Okt Dez Ene Abr Ago")
# What follows a German ordinal number with a capital: 3. Oktober, 1. FC Köln.
_AFTER_ORDINAL = _words(
    """
    Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember
    Jahrhundert Weltkrieg Bundesliga Liga FC
    """
)
_NAME_PARTICLES = _words("De Del Den Der Das Di Du El La Las Le Los Van Von Da Do Les")
# Words that start many sentences and, with a capital, hardly anything else.
_STARTERS = _NAME_PARTICLES | _words(
    """
    The This That These Those There Then They Their He She It Its His Her We Our You Your I A An
    In On At By For From To With As If When While After Before Since But And Or So Yet Not No Now
    However Meanwhile Although Though Because What Who Why How Where Which Some Many Most All One
    Last Also Another Both Each Even Under Until According
    Un Una Unos Unas En Al Por Para Con Sin Según Pero Y Como Cuando Desde Este Esta Estos Estas
    Su Sus Se Ya Tras Sobre Entre Hasta También Además No Lo
    Het Een Dat Dit Deze Die Hij Zij Ze Wij We Ik Er Op Om Met Voor Na Naar Bij Uit Maar Want Als
    Toen Ook Zo Nu Wie Wat Waar Hoe Volgens Daarom Door Tot Over Onder
    Dem Ein Eine Einen Einem Einer Er Sie Es Wir Ihr Ich Im Am Auf Aus Bei Mit Nach Seit Vor Zu
    Zum Zur Aber Und Oder Doch Wenn Als Auch Nur Noch So Da Dort Dies Diese Dieser Dieses Für
    Durch Gegen Ohne Um Unter Über Zwischen Sein Seine Ihre
    Il Ils Elle Elles On Nous Vous Je Ce Cette Ces Une Des Dans Sur Pour Par Avec Sans Mais Et
    Selon Après Avant Depuis Gli Lui Lei Ma Per Os As Uma Em Mas
    """
)

_ACRONYM = re.compile(r"(?:.*-)?(?:(?:[^\W\d_]\.-?)+[^\W\d_]|(?:[A-Z]{1,2}\.)+[A-Z]{1,2})")
_CLOSING = "”’»›)\\]}」』）】》〉〕｝＂"
_EITHER = "\"'`“‘„«‹"
_OPENING = "”’»›([{¿¡「『（【《〈〔｛*•\\-–—"
_AHEAD = re.compile(
    rf"[{_CLOSING}{_EITHER}]*(\s*)(?:[{_OPENING}{_EITHER}]\s?){{0,6}}"
    rf"(?:(?<=['’])[stnk]\s)?(\w{{0,{_LONGEST_WORD}}})"
)
_PARAGRAPH = re.compile(r"(?:\r\n|\n|\r)[^\S\r\n]*(?:\r\n|\n|\r)|\u2029")


def _keeps_dot(text: str, start: int, dot: int) -> bool:
    """Whether the full stop at `dot` belongs to the word ``text[start:dot]``."""
    return dot - start <= _LONGEST_WORD and _role(text, start, dot) != _ENDS


def _role(text: str, start: int, dot: int) -> str:
    """What the full stop at `dot` does after the word ``text[start:dot]``."""
    word, after = text[start:dot], text[dot + 1 : dot + 2]
    ahead = _ahead(text, dot + 1)
    if word.isdecimal():
        return _role_after_number(text, start, word, ahead)
    if _ACRONYM.fullmatch(word):
        return _BOTH if ahead is None or ahead in _STARTERS else _BELONGS
    if after and after in ",;:":
        return _BELONGS
    last = word.rpartition("-")[2]
    word = last if len(last) > 1 else word
    if word in _TITLES:
        return _BOTH if ahead is None else _BELONGS
    if word in _LAST:
        return _BOTH if ahead is None or _is_capital(ahead) else _BELONGS
    return _BELONGS if _needs_dot(word, ahead) else _ENDS


def _needs_dot(word: str, ahead: str | None) -> bool:
    """Whether a word that may stand without a full stop is an abbreviation before `ahead`."""
    if ahead is None:
        return False
    if word in _SOFT:
        return ahead not in _STARTERS
    if word in _BEFORE_NUMBER:
        return ahead[:1].isdecimal()
    if word in _MONTHS:
        return ahead[:1].isdecimal() or ahead[:1].islower()
    if len(word) > 1 or word in _SMALL_WORDS:
        return False
    if word.isupper():
        return ahead not in _STARTERS or ahead in _NAME_PARTICLES
    return ahead[:1].isdecimal() or ahead[:1].islower()


def _role_after_number(text: str, start: int, number: str, ahead: str | None) -> str:
    """A full stop after digits: it belongs to an ordinal number (`3. Oktober`, `1. Name`)."""
    if ahead is None or len(number) > 3:
        return _ENDS
    before = text[max(0, start - _LONGEST_WORD) : start].rstrip(" \t")
    opens_line = not before.strip() or before[-1] in "\r\n"
    ordinal = len(number) < 3 and (ahead[:1].islower() or ahead in _AFTER_ORDINAL)
    return _BELONGS if opens_line or ordinal else _ENDS


def _ahead(text: str, position: int) -> str | None:
    """The word that comes next; empty where something else does, None at a paragraph's end."""
    match = _AHEAD.match(text, position)
    assert match is not None, "the pattern matches the empty string"
    if match.end() == len(text) and not match[2]:
        return None
    return None if len(match[1]) > 1 and _PARAGRAPH.search(match[1]) else match[2]


def _is_capital(word: str) -> bool:
    """Whether a word begins like a sentence: `Paris`, `iPhone`."""
    return word[:1].isupper() or word[:1].istitle() or word[1:2].isupper()


# --- sentences --------------------------------------------------------------------

_FULL_STOPS = ".．"
_UNLESS_LOWER = "!?…"
_ALWAYS = "。！？｡।॥؟۔։።"
_ENDINGS = frozenset(_FULL_STOPS + _UNLESS_LOWER + _ALWAYS)
# More endings and whatever closes a quotation or bracket right after them.
_REST = re.compile(
    rf"(?:[{_FULL_STOPS}{_UNLESS_LOWER}{_ALWAYS}{_CLOSING}]|[{_EITHER}]+(?=[\s{_CLOSING}]|\Z))*(?:\s»(?!\S))?"
)
_WORD_BACKWARDS = re.compile(f"[{_X}¨](?:[{_X}¨.'-]*[{_X}¨])?")
_GOES_ON = re.compile(r"\s*(?:[,;:，；：、]|(?:Inc|Corp|Ltd)\b)")


def split_sentences(text: str, tokens: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Group tokens into sentences: token ranges ``[first, last)`` that leave none out.

    `tokens` are character ranges of `text`, of any style. Quotation marks and
    brackets that close right after a full stop go with its sentence; a blank
    line always ends one, a single line end does not.
    """
    sentences: list[tuple[int, int]] = []
    first = position = 0
    while position < len(tokens):
        last, ends = _end_at(text, tokens, position)
        if ends or last == len(tokens):
            sentences.append((first, last))
            first = last
        position = last
    return sentences


def _end_at(text: str, tokens: Sequence[tuple[int, int]], position: int) -> tuple[int, bool]:
    """The position after a token and what closes with it, and whether a sentence ends there."""
    end, last, ends = tokens[position][1], position + 1, False
    if text[end - 1] in _ENDINGS:
        match = _REST.match(text, end)
        assert match is not None, "the pattern matches the empty string"
        while last < len(tokens) and tokens[last][1] <= match.end():
            last += 1
        ends = _is_end(text, end - 1, match.end())
    if last < len(tokens):
        gap_start, gap_end = tokens[last - 1][1], tokens[last][0]
        if gap_end - gap_start > 1 and _PARAGRAPH.search(text, gap_start, gap_end):
            return last, True
    return last, ends


def _is_end(text: str, mark: int, rest: int) -> bool:
    """Whether the mark at `mark` ends a sentence whose closing quotes end at `rest`."""
    if _GOES_ON.match(text, rest):
        return False
    if text[mark] in _ALWAYS:
        return True
    ahead = _ahead(text, rest)
    if ahead is not None and ahead[:1].islower() and not _is_capital(ahead):
        return False
    touches = rest < len(text) and not text[rest].isspace()
    if touches and not _may_touch(text, mark, rest):
        return False
    return (
        text[mark] in _UNLESS_LOWER or text[mark + 1 : mark + 2] in _ENDINGS or _stops(text, mark)
    )


def _may_touch(text: str, mark: int, rest: int) -> bool:
    """Whether a sentence may start at `rest` although no space parts it from the mark."""
    if _is_unspaced(text[rest]):
        return True
    before, here, after = text[mark - 1 : mark], text[rest], text[rest + 1 : rest + 2]
    return before.islower() and here.isupper() and after.islower()


def _stops(text: str, dot: int) -> bool:
    """Whether the full stop at `dot` ends a sentence, going by the word before it."""
    before = text[max(0, dot - _LONGEST_WORD - 1) : dot]
    match = _WORD_BACKWARDS.match(before.translate(_OUTLINE)[::-1])
    length = match.end() if match else 0
    return not 0 < length <= _LONGEST_WORD or _role(text, dot - length, dot) != _BELONGS


def sentences_of(
    text: str, style: str, *, source: str = "", line: int = 0, document: int = 0
) -> list[Sentence]:
    """Tokenize a text and split it into sentences with their offsets in it.

    `line` is the line of `source` on which the text starts; each sentence gets
    the one of its first token (0, unknown, stays 0). A text without tokens has
    no sentences. Raises `UsageError` for an unknown style and for half a surrogate pair.
    """
    if not text.isascii() and (half := SURROGATE.search(text)):
        raise UsageError(
            f"the text has half a surrogate pair ({half[0]!a}) at offset {half.start()}, which is "
            "no character; decode it anew, or put U+FFFD in its place"
        )
    ranges = tokenize(text, style)
    sentences: list[Sentence] = []
    counted = 0
    for first, last in split_sentences(text, ranges):
        offsets = tuple(ranges[first:last])
        if line:
            line += text.count("\n", counted, offsets[0][0])
            counted = offsets[0][0]
        tokens = tuple(text[start:end] for start, end in offsets)
        sentences.append(
            Sentence(tokens, offsets=offsets, source=source, line=line, document=document)
        )
    return sentences


# --- what a corpus is made of -------------------------------------------------------

_CLITICS = _words("n't 's 're 've 'll 'm 'd")
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
            unspaced += _OUTLINE[ord(token)] == _UNSPACED
            hyphens += token == "-"
            continue
        cut += len(_PIECES.findall(token.translate(_OUTLINE))) > 1
        if len(token) < 4:
            clitics += token.lower().replace("’", "'") in _CLITICS
    if total and single >= _SINGLE_SHARE * total and unspaced >= _UNSPACED_SHARE * total:
        return "characters"
    if hyphens >= max(_HYPHENS, _HYPHEN_SHARE * total) and cut <= _CUT_SHARE * total:
        return "pieces"
    return "words-en" if clitics and clitics >= _CLITIC_SHARE * total else "words"


def detect_text_style(texts: Sequence[str]) -> str:
    """The style for the script and language of some raw texts, ``characters`` or ``words-en``.

    They are cut in both extreme ways, and each is asked whether it shows.
    """

    def shows(style: str) -> str:
        return detect_style(text[a:b] for text in texts for a, b in tokenize(text, style))

    return "characters" if shows("characters") == "characters" else shows("words-en")

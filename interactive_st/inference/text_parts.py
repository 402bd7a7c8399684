"""Cuts texts into parts and lines: between words, better after punctuation, best between sentences."""

import itertools
import re
import unicodedata
from collections.abc import Sequence

from interactive_st.data.languages import UNSPACED, WIDE, base_language, is_latin

#: Characters in a line, the usual limits of subtitling; those of Chinese, Japanese and Korean are wide.
LINE, WIDE_LINE = 42, 16
#: Lines of a language in a cue.
LINES = 2
#: A cut may move by this fraction of the shorter part to follow punctuation.
PUNCTUATION_REACH = 0.35
#: The same to fall between sentences.
SENTENCE_REACH = 0.6
_PAUSES = frozenset(".,;:!?…–。、，；：！？،؛؟।۔")
#: What begins no line; in Japanese also small letters and what repeats or lengthens the letter before, in
#: Thai and Lao vowels behind their consonant (JIS X 4051; classes CJ, EX and NS of Unicode's UAX 14).
_CLOSING = (
    _PAUSES
    | frozenset(")]}»”’」』）】》〉〕%％・")
    | frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶー々ゝゞヽヾ〜")
    | frozenset("ะาำๅๆฯະາຳຽໆ")
)
#: What ends no line: brackets, vowels of Thai and Lao that are written before their consonant, and signs of
#: Khmer and Burmese that put the next consonant below.
_OPENING = frozenset("([{«“‘「『（【《〈〔เแโใไເແໂໃໄ\u17d2\u1039")
_SENTENCE_END = re.compile(r"[.!?…؟।۔][\"'»”’)]*(?: »)?(?= )|[。！？][」』）”]*(?=.)")
#: Punctuation that stands alone, between spaces, as French and tokenised corpora have it.
_CLOSING_ALONE = re.compile(r"[.,;:!?…»)\]،؛؟।۔。、，；：！？」』）】》]+(?= |$)")
_OPENING_ALONE = re.compile(r"(?:^|(?<= ))[«(\[「『（【《] $")

Texts = tuple[str, ...]
Languages = Sequence[str | None]


def line_length(language: str | None) -> int:
    """Return how many characters of a language a line holds."""
    return WIDE_LINE if base_language(language) in WIDE else LINE


def places(text: str, language: str | None = None) -> list[int]:
    """Return where a text can be cut: between words, and inside what is longer than a line.

    Languages without spaces are cut between characters, but not inside words of Latin letters and
    numbers. No part begins with closing punctuation or ends with an opening bracket, also where they have
    spaces around them.
    """
    length, anywhere = line_length(language), base_language(language) in UNSPACED
    found: list[int] = []
    last = 0
    for place in range(1, len(text)):
        before, after = text[place - 1], text[place]
        overlong = place - last >= length and after != " "
        between_words = before == " " and not _is_beside_punctuation(text, place)
        if between_words or overlong or (anywhere and not _belong_together(before, after)):
            found.append(place)
            last = place
    return found


def split(
    texts: Texts, shares: Sequence[float], languages: Languages, by_sentences: bool = True
) -> list[Texts]:
    """Cut texts that mean the same into parts of which each has its share of the length.

    Where all have the same number of sentences they are cut between the same ones if that is
    not too far off, and elsewhere at corresponding places. Parts are empty where there are fewer
    words than parts.

    Args:
        texts: without double spaces.
        shares: of each part; more than 0.
        languages: of the texts.
        by_sentences: whether what ends a sentence is looked for; False: all are cut by their length alone.
    """
    if len(shares) == 1:
        return [tuple(text.strip() for text in texts)]
    middle = len(shares) // 2
    fraction = sum(shares[:middle]) / sum(shares)
    narrow = min(shares[middle - 1 : middle + 1]) / sum(shares)  # share of the shorter part beside the cut
    ends = _sentence_ends(texts) if by_sentences else []
    cuts = _between_sentences(texts, ends, fraction, narrow)
    if cuts is None:
        cuts = _between_words(texts, ends, fraction, narrow, languages)
    first = tuple(text[:cut].strip() for text, cut in zip(texts, cuts, strict=True))
    second = tuple(text[cut:].strip() for text, cut in zip(texts, cuts, strict=True))
    return [
        *split(first, shares[:middle], languages, by_sentences),
        *split(second, shares[middle:], languages, by_sentences),
    ]


def lines(text: str, language: str | None = None) -> list[str]:
    """Break a text into as few lines as it needs; two are about equally long, the cut after punctuation."""
    length = line_length(language)
    if len(text) <= length:
        return [text]
    possible = places(text, language)
    short = [place for place in possible if len(text[:place].rstrip()) <= length]
    cut = short[-1]
    fitting = [place for place in short if len(text) - place <= length]
    if fitting:
        cut = _nearest(text, fitting, len(text) / 2, len(text) / 2 * PUNCTUATION_REACH)
    return [text[:cut].rstrip(), *lines(text[cut:].lstrip(), language)]


def fits(text: str, language: str | None = None) -> bool:
    """Tell whether a text has room in the lines of a cue."""
    return len(lines(text, language)) <= LINES


def _between_sentences(
    texts: Texts, ends: Sequence[tuple[int, ...]], fraction: float, narrow: float
) -> list[int] | None:
    """Return where all texts are cut between the same two sentences; None if there is no place near."""
    if not ends:
        return None

    def distance(cuts: tuple[int, ...]) -> float:
        return max(abs(cut / len(text) - fraction) for cut, text in zip(cuts, texts, strict=True))

    best = min(ends, key=distance)
    return list(best) if distance(best) <= SENTENCE_REACH * narrow else None


def _between_words(
    texts: Texts, ends: Sequence[tuple[int, ...]], fraction: float, narrow: float, languages: Languages
) -> list[int]:
    """Return where each text is cut; the others where the first is, between the same two sentences."""
    knots = [(0,) * len(texts), *ends, tuple(map(len, texts))]
    ideals = [len(text) * fraction for text in texts]
    cuts: list[int] = []
    for number, (text, language) in enumerate(zip(texts, languages, strict=True)):
        if number and texts[0] and len(knots) > 2:
            ideals[number] = _corresponding(cuts[0], knots, number)
        # a text of one word goes where more time is
        possible = places(text, language) or (0, len(text))
        cuts.append(_nearest(text, possible, ideals[number], len(text) * narrow * PUNCTUATION_REACH))
    return cuts


def _sentence_ends(texts: Texts) -> list[tuple[int, ...]]:
    """Return the places at which sentences end in all texts; none where their numbers differ."""
    ends = [[match.end() for match in _SENTENCE_END.finditer(text)] for text in texts if text]
    if len(ends) < len(texts) or len({len(each) for each in ends}) != 1:
        return []
    return list(zip(*ends, strict=True))


def _corresponding(place: float, knots: Sequence[tuple[int, ...]], number: int) -> float:
    """Return where in another text is what is at a place of the first, by the knots that both have."""
    before, after = next(pair for pair in itertools.pairwise(knots) if place <= pair[1][0])
    share = (place - before[0]) / max(after[0] - before[0], 1)
    return before[number] + share * (after[number] - before[number])


def _nearest(text: str, possible: Sequence[int], ideal: float, reach: float) -> int:
    """Return the place nearest to the ideal one; punctuation before it counts as being nearer by `reach`."""

    def cost(place: int) -> float:
        pause = text[:place].rstrip()[-1:] in _PAUSES
        return abs(place - ideal) - (reach if pause else 0.0)

    return min(possible, key=cost)


def _is_beside_punctuation(text: str, place: int) -> bool:
    """Tell whether the space before a place parts a word from its punctuation."""
    return bool(_CLOSING_ALONE.match(text, place) or _OPENING_ALONE.search(text, max(place - 3, 0), place))


def _belong_together(before: str, after: str) -> bool:
    """Tell of two characters of a language without spaces whether no line may end between them."""
    if before == " " or after == " " or before in _OPENING or after in _CLOSING:
        return True
    is_mark = unicodedata.category(after).startswith("M")
    return is_mark or (_is_western(before) and _is_western(after))


def _is_western(character: str) -> bool:
    return character.isascii() or is_latin(character)

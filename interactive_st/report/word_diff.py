"""What differs between a text and its reference, word by word, and marks for it.

Errors are told by shape as well as by colour. In plain text they are those of wdiff: ``[-missing-]`` and
``{+added+}``, a replaced word being both.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jiwer

from interactive_st.report.html import escape
from interactive_st.wording import for_terminal

if TYPE_CHECKING:
    from rich.text import Text

#: Chinese, Japanese, Thai, Lao, Khmer and Burmese are written without spaces: their characters are compared.
UNSPACED_CHARACTER = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f]"
)
EQUAL, REPLACED, MISSING, ADDED = "equal", "replaced", "missing", "added"
#: rich styles; lines as well as colours. Okabe and Ito's vermilion, blue and reddish purple.
TERMINAL_STYLES = {
    REPLACED: "bold underline #D55E00",
    MISSING: "strike #0072B2",
    ADDED: "bold reverse #CC79A7",
}


@dataclass(frozen=True)
class Piece:
    """A run of words: ``kind`` says how ``text`` (of the hypothesis) and ``reference`` relate."""

    kind: str
    text: str
    reference: str


@dataclass(frozen=True)
class Difference:
    """A text aligned with its reference; ``joiner`` is what stands between units in writing."""

    pieces: list[Piece]
    joiner: str
    errors: int
    length: int

    @property
    def error_rate(self) -> float | None:
        """Errors per hundred reference units; None where the reference is empty."""
        return 100.0 * self.errors / self.length if self.length else None


def is_unspaced(text: str) -> bool:
    """Whether most letters of a text are of unspaced scripts, so that characters are compared, not words.

    Not the language decides, as for BLEU: pairs need not name it. Digits and marks belong to no script.
    """
    letters = [c for c in text if c.isalpha() or UNSPACED_CHARACTER.match(c)]
    return 2 * len(UNSPACED_CHARACTER.findall(text)) > len(letters)


def _units(text: str, unspaced: bool) -> list[str]:
    """Split a text into the units that are compared, words or characters."""
    return [c for c in text if not c.isspace()] if unspaced else text.split()


def compare(hypothesis: str, reference: str) -> Difference:
    """Align a text with its reference (fewest substitutions, deletions and insertions).

    Both are split as `is_unspaced` says of the reference.
    """
    return _compare(hypothesis, reference, is_unspaced(reference))


def _compare(hypothesis: str, reference: str, unspaced: bool) -> Difference:
    said, heard = _units(reference, unspaced), _units(hypothesis, unspaced)
    joiner = "" if unspaced else " "
    if not said or not heard:
        pieces = [Piece(ADDED, joiner.join(heard), "")] if heard else []
        pieces += [Piece(MISSING, "", joiner.join(said))] if said else []
        return Difference(pieces, joiner, len(heard) + len(said), len(said))
    # jiwer splits at spaces, so units go in and come out unchanged
    output = jiwer.process_words(" ".join(said), " ".join(heard))
    pieces = []
    kinds = {"equal": EQUAL, "substitute": REPLACED, "delete": MISSING, "insert": ADDED}
    for chunk in output.alignments[0]:
        text = joiner.join(heard[chunk.hyp_start_idx : chunk.hyp_end_idx])
        reference_part = joiner.join(said[chunk.ref_start_idx : chunk.ref_end_idx])
        pieces.append(Piece(kinds[chunk.type], text, reference_part))
    errors = output.substitutions + output.deletions + output.insertions
    return Difference(pieces, joiner, errors, len(said))


def distance(one: str, other: str) -> float:
    """How much two texts differ: 0 = the same, 1 = nothing in common."""
    if one == other:
        return 0.0
    unspaced = is_unspaced(one + other)
    longest = max(len(_units(text, unspaced)) for text in (one, other))
    return min(1.0, _compare(one, other, unspaced).errors / longest) if longest else 0.0


def to_plain(difference: Difference) -> str:
    """Text with marks of wdiff."""
    return difference.joiner.join(_plain(piece) for piece in difference.pieces)


def to_terminal(difference: Difference) -> "Text":
    """Text for rich: replaced words underlined, missing ones struck through, added ones inverted."""
    from rich.text import Text

    text = Text()
    for number, piece in enumerate(difference.pieces):
        text.append(difference.joiner if number else "")
        shown = piece.text if piece.kind != MISSING else piece.reference
        text.append(for_terminal(shown), TERMINAL_STYLES.get(piece.kind))
    return text


def to_html(difference: Difference) -> str:
    """HTML; the reference of a replaced run is its tooltip, and screen readers are told the kind."""
    return difference.joiner.join(_html(piece) for piece in difference.pieces)


#: What the marks mean, as HTML.
HTML_LEGEND = (
    '<p class="legend"><mark class="replaced">replaced</mark> '
    '<del class="missing">missing</del> <ins class="added">added</ins> '
    "– compared with the reference; a translation may differ and still be right</p>"
)


def legend_for_terminal(plain: bool) -> "Text":
    """What the marks mean."""
    from rich.text import Text

    if plain:
        return Text("marks: [-missing-] {+added+}, a replaced word is both; compared with the reference")
    words = [("replaced", REPLACED), ("missing", MISSING), ("added", ADDED)]
    marked: Sequence = [part for word, kind in words for part in ((word, TERMINAL_STYLES[kind]), ("  ", ""))]
    return Text.assemble("marks: ", *marked, "compared with the reference")


def _plain(piece: Piece) -> str:
    missing, added = f"[-{piece.reference}-]", f"{{+{piece.text}+}}"
    return {EQUAL: piece.text, MISSING: missing, ADDED: added, REPLACED: f"{missing} {added}"}[piece.kind]


def _html(piece: Piece) -> str:
    text, reference = escape(piece.text), escape(piece.reference)
    if piece.kind == REPLACED:
        return f'<mark class="replaced" title="reference: {reference}">{text}</mark>'
    if piece.kind == MISSING:
        return f'<del class="missing" title="missing">{reference}</del>'
    if piece.kind == ADDED:
        return f'<ins class="added" title="added">{text}</ins>'
    return text

"""Paper: an A4 page with the faces, colours and blocks that evidence is set in. Knows nothing of what is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import lru_cache
from importlib.resources import files

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fpdf import FPDF
from fpdf.enums import TextMode, XPos, YPos

INK, SOFT, LINE, GREEN, RED, PALE = (
    (27, 29, 26),
    (90, 95, 87),
    (214, 214, 206),
    (15, 107, 79),
    (179, 35, 47),
    (246, 246, 243),
)
OURS, THEIRS, NOTE = (227, 241, 235), (246, 246, 243), (253, 244, 215)
_FACES = {
    "sans": "NotoSans[wght].ttf",
    "emoji": "NotoEmoji[wght].ttf",
    "symbols": "NotoSansSymbols[wght].ttf",
    "hebrew": "NotoSansHebrew[wght].ttf",
    "arabic": "NotoSansArabic[wght].ttf",
}
# Joiners and selectors say how glyphs are to be joined; on paper each stands by itself.
_INVISIBLE = {
    0x200B,
    0x200C,
    0x200D,
    0x200E,
    0x200F,
    0x2060,
    0xFE0E,
    0xFE0F,
    0xFEFF,
    *range(0x1F3FB, 0x1F400),
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
}


class Paper(FPDF):
    """Pages with a running title and numbers. Whatever is written is made printable first."""

    def __init__(self, title: str, *, made_at: datetime) -> None:
        super().__init__(format="A4")
        self._running = title
        for family, name in _FACES.items():
            self.add_font(family, "", str(files("manimgx_fonts") / name))
        self.set_fallback_fonts([name for name in _FACES if name != "sans"], exact_match=False)
        self.set_title(title)
        self.set_creator("Al Día")
        self.set_lang("es")
        self.set_creation_date(made_at)
        self.set_margins(18, 18, 18)
        self.set_auto_page_break(auto=True, margin=20)
        self.alias_nb_pages()

    def header(self) -> None:
        """The running title, but for the cover."""
        if self.page_no() == 1:
            return
        self.set_y(9)
        self.small(self._running)
        self.set_y(18)

    def footer(self) -> None:
        """Which page of how many."""
        self.set_y(-14)
        self.set_font("sans", size=8)
        self.set_text_color(*SOFT)
        self.cell(0, 5, f"Página {self.page_no()} de {{nb}}", align="R")

    def heading(self, text: str, *, size: float = 14) -> None:
        """The title of a section; never alone at the foot of a page."""
        if self.will_page_break(24):
            self.add_page()
        self.ln(4)
        self.set_font("sans", size=size)
        self.set_text_color(*INK)
        self._lines(text, size * 0.52, bold=True)
        self.ln(1.5)

    def say(self, text: str, *, size: float = 10, soft: bool = False, bold: bool = False) -> None:
        """A paragraph."""
        self.set_font("sans", size=size)
        self.set_text_color(*(SOFT if soft else INK))
        self._lines(text, size * 0.5, bold=bold)

    def small(self, text: str) -> None:
        """A line beside the matter."""
        self.say(text, size=8, soft=True)

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Names and values, one below the other."""
        for name, value in pairs:
            if self.will_page_break(8):
                self.add_page()
            top = self.get_y()
            self.set_font("sans", size=9)
            self.set_text_color(*SOFT)
            self.multi_cell(46, 5, printable(name), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            below = self.get_y()
            self.set_xy(self.l_margin + 48, top)
            self.set_text_color(*INK)
            self.multi_cell(0, 5, printable(value), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            self.set_y(max(below, self.get_y()) + 0.6)

    def bubble(self, head: str, text: str, foot: Sequence[tuple[str, bool]], *, ours: bool, note: bool) -> None:
        """One message: who and when above, the words on their own ground, and what is known of it below."""
        if self.will_page_break(22):
            self.add_page()
        width = self.epw * (1 if note else 0.84)
        left = self.l_margin + (self.epw - width if ours and not note else 0)
        self.set_x(left)
        self.set_font("sans", size=8.5)
        self.set_text_color(*INK)
        with self._bold():
            self.multi_cell(width, 4.6, printable(head), align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
        self.set_x(left)
        self.set_font("sans", size=10)
        self.set_fill_color(*(NOTE if note else OURS if ours else THEIRS))
        self.multi_cell(
            width,
            5.2,
            printable(text) or " ",
            align="L",
            fill=True,
            padding=(1, 2),
            new_x=XPos.LEFT,
            new_y=YPos.NEXT,
        )
        for line, is_bad in foot:
            self.set_x(left)
            self.set_font("sans", size=7.5)
            self.set_text_color(*(RED if is_bad else SOFT))
            self.multi_cell(width, 3.9, printable(line), align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
        self.ln(2.6)
        self.set_x(self.l_margin)

    def rule(self) -> None:
        """A thin line across."""
        self.set_draw_color(*LINE)
        self.line(self.l_margin, self.get_y(), self.l_margin + self.epw, self.get_y())
        self.ln(2)

    def code(self, text: str) -> None:
        """A hash: broken anywhere, in groups a person can compare."""
        groups = " ".join(text[at : at + 8] for at in range(0, len(text), 8))
        self.say(groups, size=9)

    def _lines(self, text: str, height: float, *, bold: bool = False) -> None:
        with self._bold() if bold else nullcontext():
            self.multi_cell(0, height, printable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    @contextmanager
    def _bold(self) -> Iterator[None]:
        """Letters drawn with an outline: making a bold face of a variable font takes half a minute, this nothing."""
        self.text_mode, self.line_width = TextMode.FILL_STROKE, self.font_size * 0.02
        self.set_line_width(self.line_width)
        self.draw_color = self.text_color
        yield
        self.text_mode = TextMode.FILL


def printable(text: str) -> str:
    """`text` as our faces can set it: what none of them has is written as its code point, and nothing is left out."""
    return "".join(_glyph(letter) for letter in text if ord(letter) not in _INVISIBLE)


def _glyph(letter: str) -> str:
    if letter == "\n" or ord(letter) in _known():
        return letter
    return " " if letter in "\t\r" else f"[U+{ord(letter):04X}]"


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    found: set[int] = set()
    for name in _FACES.values():
        with TTFont(str(files("manimgx_fonts") / name), lazy=True) as face:
            found.update(face.getBestCmap())
    return frozenset(found)

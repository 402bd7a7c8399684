"""Fonts, files, labels."""

import logging
import sys
from pathlib import Path

import pytest

from interactive_st.errors import DataError
from interactive_st.plots import style
from tests.full_disk import largest_file


def test_a_missing_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(style.PlotError, match=r"pip install 'interactive_st\[plots\]'"):
        style.require_matplotlib()


def test_out_is_checked_before_the_work(tmp_path):
    with pytest.raises(style.PlotError, match=r"has to end in .png, .svg, .pdf"):
        style.check_out(tmp_path / "a.gif")
    with pytest.raises(DataError, match="there is no folder"):
        style.check_out(tmp_path / "gone" / "a.png")
    with pytest.raises(DataError, match=r"--out /proc/a\.png: nothing can be written there"):  # root neither
        style.check_out(Path("/proc/a.png"))


def test_long_names_lose_their_middle():
    assert style.shorten("a" * 40) == "a" * 40
    short = style.shorten("a" * 30 + "b" * 30)
    assert len(short) == 40
    assert short.startswith("aaa")
    assert short.endswith("bbb")


@pytest.mark.usefixtures("matplotlib")
class TestWithMatplotlib:
    def test_latin_text_needs_one_font(self):
        assert style.fonts_for(["Straße → λ ∞ ▁und"]) == ([style.LATIN_FONT], [])

    def test_characters_that_no_font_has_are_noted(self, monkeypatch):
        real = style._characters
        monkeypatch.setattr(style, "_characters", lambda file: {c for c in real(file) if c < 0x2E80})
        families, (note,) = style.fonts_for(["語言 in it"])
        assert families == [style.LATIN_FONT]
        assert "no installed font has 2 of the characters (言語)" in note
        assert "fonts-noto-cjk" in note

    def test_another_font_is_found_where_it_has_the_characters(self, monkeypatch):
        from matplotlib import font_manager

        cjk = font_manager.FontEntry(fname="/cjk", name="Some CJK")
        latin = font_manager.findfont(style.LATIN_FONT)
        monkeypatch.setattr(font_manager.fontManager, "ttflist", [cjk])
        monkeypatch.setattr(font_manager, "findfont", lambda name: latin)
        real = style._characters
        monkeypatch.setattr(
            style, "_characters", lambda f: {ord(c) for c in "語言"} if f == "/cjk" else real(f)
        )
        families, notes = style.fonts_for(["語言"])
        assert families == [style.LATIN_FONT, "Some CJK"]
        assert notes == []

    def test_names_that_are_not_unicode_are_named(self):
        message = r"'caf\\udce9': holds '\\udce9', which is no character"
        with pytest.raises(style.PlotError, match=message), style.drawing(["caf\udce9"]):
            pass
        assert logging.getLogger("matplotlib").level != logging.ERROR

    @pytest.mark.parametrize("suffix", style.SUFFIXES)
    def test_a_full_disk_leaves_the_picture_that_was_there(self, tmp_path, suffix):
        from matplotlib.figure import Figure

        path = tmp_path / f"a{suffix}"
        path.write_text("the old one")
        message = r"--out .*/a\.\w+: cannot be written \(File too large\); free space or choose another place"
        with style.drawing():
            figure = Figure()
            figure.subplots().plot([1, 2])
            with largest_file(1000), pytest.raises(style.PlotError, match=message):
                style.save(figure, path)
        assert [each.read_text() for each in tmp_path.iterdir()] == ["the old one"]

    def test_the_same_picture_gives_the_same_file(self, tmp_path):
        from matplotlib.figure import Figure

        for name in ("a", "b"):
            with style.drawing():
                figure = Figure()
                figure.subplots().plot([1, 2], label="$ 5")
                for suffix in (".svg", ".png", ".pdf"):
                    style.save(figure, tmp_path / f"{name}{suffix}")
        for suffix in (".svg", ".png", ".pdf"):
            assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()

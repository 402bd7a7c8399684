"""Report and comparison opened in Chromium, at the width of a desktop and of a phone."""

import pytest
from browser import find_browser, look_at

from interactive_st.report.compare_page import build_page as build_comparison
from interactive_st.report.comparison import match
from interactive_st.report.page import build_page
from interactive_st.report.run_contents import read_contents

DESKTOP, PHONE = 1100, 360
PAGES = ("report", "comparison")


@pytest.fixture(scope="module")
def seen(run_folder, pairs, tmp_path_factory, matplotlib):
    browser = find_browser()
    if browser is None:
        pytest.skip("no Chromium on the path, and CHROMIUM names none")
    report, _ = build_page(read_contents(run_folder), "Spoken digits", examples=3)
    changed = [
        pair | {"transcript": "five" if i == 3 else pair["transcript"]} for i, pair in enumerate(pairs)
    ]
    comparison = build_comparison(
        match({"interactive": pairs, "pipeline": changed}), "Side by side", "difference"
    )
    widths = {"desktop": DESKTOP, "phone": PHONE}
    pages = {
        f"{k}-{w}": (v, n)
        for k, v in (("report", report), ("comparison", comparison))
        for w, n in widths.items()
    }
    return look_at(browser, pages, tmp_path_factory.mktemp("browser"))


@pytest.mark.parametrize("width", ["desktop", "phone"])
@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_cut_or_overlaps(seen, page, width):
    found = seen[f"{page}-{width}"]
    assert found["width"] == {"desktop": DESKTOP, "phone": PHONE}[width]
    assert found["cut"] == []
    assert found["overlaps"] == []
    assert not found["scrolls"]
    assert found["loaded"] == []


def test_curves_are_drawn_and_their_ids_are_their_own(seen):
    for width in ("desktop", "phone"):
        curves = seen[f"report-{width}"]["curves"]
        assert len(curves) == 4
        assert min(curves) > 150
        assert seen[f"report-{width}"]["repeated"] == 0


def test_recordings_can_be_played(seen):
    assert seen["report-desktop"]["durations"] == pytest.approx([2.0, 0.5, 0.5], abs=0.05)


def test_the_reader_chooses_the_order(seen):
    found = seen["comparison-desktop"]
    assert found["order"][0] == "test_theo_3"
    assert found["by_id"] == [f"test_theo_{number}" for number in range(6)]

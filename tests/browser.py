"""Pages in a real browser, headless: what is cut, what overlaps, what was loaded."""

import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-dev-shm-usage", "--window-size=1300,900", "--dump-dom", "--virtual-time-budget=20000",
)  # fmt: skip
#: Runs inside the page and leaves its findings in the document around it.
MEASURE = """
const name = (one) => one.tagName.toLowerCase() + ":" + one.textContent.trim().slice(0, 30);
const measure = async () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  const wide = document.documentElement.clientWidth;
  const kinds = "h1, h2, h3, p, dt, dd, table, audio, figure, pre, summary, li";
  const blocks = [...document.querySelectorAll(kinds)].filter((one) => one.getClientRects().length);
  const boxes = blocks.map((one) => one.getBoundingClientRect());
  const overlaps = [];
  blocks.forEach((a, i) => blocks.slice(i + 1).forEach((b, n) => {
    const p = boxes[i], q = boxes[i + 1 + n];
    const x = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const y = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (x > 1 && y > 1 && !a.contains(b) && !b.contains(a)) overlaps.push(name(a) + " over " + name(b));
  }));
  const durations = [];
  for (const audio of document.querySelectorAll("audio")) {
    durations.push(await new Promise((done) => {
      audio.addEventListener("loadedmetadata", () => done(audio.duration));
      audio.addEventListener("error", () => done(null));
      audio.preload = "metadata";
      audio.load();
    }));
  }
  const ids = [...document.querySelectorAll("svg [id]")].map((one) => one.id);
  return {
    width: wide,
    cut: [...blocks.filter((one, i) => boxes[i].right > wide + 1 || boxes[i].left < -1),
      ...[...document.querySelectorAll(".wide")].filter((one) => one.scrollWidth > one.clientWidth + 1),
    ].map(name),
    scrolls: document.documentElement.scrollWidth > wide,
    overlaps, durations,
    repeated: ids.length - new Set(ids).size,
    curves: [...document.querySelectorAll("figure svg")].map((one) => one.getBoundingClientRect().height),
    loaded: performance.getEntriesByType("resource").map((one) => one.name)
      .filter((address) => !address.startsWith("data:")),
    order: [...document.querySelectorAll(".utterance h3")].map((one) => one.textContent),
    background: getComputedStyle(document.body).backgroundColor,
  };
};
window.addEventListener("load", async () => {
  const result = await measure();
  const chooser = document.getElementById("order");
  if (chooser) {
    chooser.value = "id";
    chooser.dispatchEvent(new Event("change"));
    result.by_id = [...document.querySelectorAll(".utterance h3")].map((one) => one.textContent);
  }
  parent.document.getElementById(window.name + "-found").textContent = JSON.stringify(result);
});
"""


def find_browser() -> str | None:
    """A Chromium on the path, or the one that ``CHROMIUM`` names."""
    return next(
        (found for name in (os.environ.get("CHROMIUM", ""), *NAMES) if (found := shutil.which(name))), None
    )


def look_at(browser: str, pages: Mapping[str, tuple[str, int]], folder: Path) -> dict[str, dict[str, Any]]:
    """Open pages, each HTML in a window of some width, and return what was measured in each."""
    frames = []
    for name, (page, width) in pages.items():
        measured = page.replace("</body>", f"<script>{MEASURE}</script></body>")
        frames.append(
            f'<iframe name="{name}" style="border:0;width:{width}px;height:800px" '
            f'srcdoc="{html.escape(measured, quote=True)}"></iframe><pre id="{name}-found"></pre>'
        )
    around = folder / "around.html"
    around.write_text(
        f"<!DOCTYPE html><meta charset='utf-8'><body>{''.join(frames)}</body>", encoding="utf-8"
    )
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", around.as_uri()]
    result = subprocess.run(command, capture_output=True, text=True, timeout=180)
    found = {}
    for name in pages:
        match = re.search(rf'<pre id="{name}-found">(.*?)</pre>', result.stdout, re.DOTALL)
        assert match, f"{name}: nothing in {result.stdout[-500:]!r}; {result.stderr[-500:]}"
        assert match[1], f"{name}: the page's script did not end; {result.stderr[-500:]}"
        found[name] = json.loads(html.unescape(match[1]))
    return found

"""Pages in a real browser, headless: what is cut, what overlaps, what was loaded."""

import html
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Collection, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-dev-shm-usage", "--no-proxy-server", "--window-size=1300,900",
)  # fmt: skip
PATIENCE = 150  # seconds for a browser to start, lay out and decode what is short work on an idle machine
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
  parent.report(window.name, result);
});
"""
#: Runs in the page around the frames: pages may not send anything themselves, by their own policy.
COLLECT = """
window.report = (name, found) => fetch("/" + name, {method: "POST", body: JSON.stringify(found)});
"""


def find_browser() -> str | None:
    """A Chromium on the path, or the one that ``CHROMIUM`` names."""
    return next(
        (found for name in (os.environ.get("CHROMIUM", ""), *NAMES) if (found := shutil.which(name))), None
    )


class Collector(ThreadingHTTPServer):
    """Serves one page on this machine alone and keeps what its frames report, by name."""

    daemon_threads = True

    def __init__(self, page: str, names: Collection[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.page = page.encode("utf-8")
        self.missing = set(names)
        self.found: dict[str, dict[str, Any]] = {}
        self.complete = threading.Event()

    def keep(self, name: str, found: dict[str, Any]) -> None:
        self.found[name] = found
        self.missing.discard(name)
        if not self.missing:
            self.complete.set()


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_GET(self) -> None:
        self._answer(self.server.page if self.path == "/" else b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"")
        self.server.keep(self.path.strip("/"), json.loads(body))

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a test's output is its findings."""


def look_at(browser: str, pages: Mapping[str, tuple[str, int]], folder: Path) -> dict[str, dict[str, Any]]:
    """Open pages, each HTML in a window of some width, and return what was measured in each.

    Waits for the pages' own reports, not for a time of the browser's: decoding a recording takes as
    long as the machine is busy.
    """
    frames = []
    for name, (page, width) in pages.items():
        measured = page.replace("</body>", f"<script>{MEASURE}</script></body>")
        frames.append(
            f'<iframe name="{name}" style="border:0;width:{width}px;height:800px" '
            f'srcdoc="{html.escape(measured, quote=True)}"></iframe>'
        )
    around = f"<!DOCTYPE html><meta charset='utf-8'><script>{COLLECT}</script><body>{''.join(frames)}</body>"
    log = folder / "browser.log"
    with Collector(around, pages) as server, log.open("wb") as output:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", address]
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            done = server.complete.wait(PATIENCE)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            server.shutdown()
    said = log.read_text("utf-8", "replace")[-500:]
    assert done, f"no report of {', '.join(sorted(server.missing))} in {PATIENCE} s; {said}"
    return server.found

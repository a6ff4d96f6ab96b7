"""A workspace with a bit of everything, its pages, and a real browser to look at them."""

import os
import shutil

import pytest
from report_site import TOML, Site, evenings, odd_names

EVENINGS = 5


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """S1 has it all: a model, published forecasts, a backtest. S2 has prices; two have odd names."""
    site = Site(tmp_path_factory.mktemp("site") / "w")
    site.root.mkdir()
    (site.root / "lstmfin.toml").write_text(TOML)
    with evenings(tmp_path_factory.mktemp("plug")):
        for _ in range(EVENINGS):
            assert site("run", "S1") == 0
            last, _ = site.now, site.tomorrow()
        site.now = last
        assert site("fetch", "S2") == 0
        assert site("backtest", "S1", "--train", "300", "--test", "100") == 0
        odd_names(site)
        assert site("report") == 0
    return site


@pytest.fixture
def site(made, tmp_path):
    """The same, for a test of its own."""
    with evenings(tmp_path / "plug"):
        yield made.copy(tmp_path / "w")


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, or another; driven by Playwright, which brings none here.

    Of one module alone: while it is there, its event loop runs, and no other can in this process.
    """
    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    where = next(filter(None, found), None)
    if where is None:
        pytest.skip("THERE IS NO BROWSER, pages go untested: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=where, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        yield chromium
        chromium.close()


@pytest.fixture
def look(browser):
    """Return a function that opens a page; it must neither complain nor ask anyone for anything."""
    contexts, said = [], []

    def open_page(path, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (said.append("a dialog"), dialog.dismiss()))
        page.on("request", lambda request: _note(said, request.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def _note(said, address):
    if not address.startswith(("file:", "data:,")):
        said.append(f"request: {address}")

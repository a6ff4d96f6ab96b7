"""The pages in a real browser: what is shown, what can be done, and what must not happen."""

import re
import socket

import pytest
from report_site import CLOSING, FORMULA, IMAGE, SCRIPT

PHONE = {"width": 360, "height": 740}
EVERY = (None, "S1", "S2", SCRIPT)
"""The index, and pages with everything, with prices alone, and with a name that is script."""


def order(page):
    """Return the symbols from top to bottom; rows off the screen are not laid out, and have no text."""
    return page.locator("table.watch tbody th").evaluate_all(
        "cells => cells.map(cell => cell.dataset.key)"
    )


def test_the_index_shows_the_watch_list_first(made, look):
    """Symbols of the watch-list in its order, then what is stored; what is missing by its command."""
    page = look(made.page())
    assert page.title() == "Watch-list – lstmfin"
    assert order(page) == ["S2", "S1", "SNEVER", SCRIPT, FORMULA]
    row = page.locator("tbody tr", has=page.get_by_role("link", name="S1", exact=True))
    row.scroll_into_view_if_needed()
    cells = row.text_content().replace("\N{NO-BREAK SPACE}", " ")
    for words in ("$", " to ", "50 %", "no edge shown", "of 9, published", "today", "quarantine"):
        assert words in cells
    text = page.locator("main").text_content()
    assert (
        "5 symbols, 3 of them on the watch-list, which come first."
        in page.locator("header").inner_text()
    )
    for command in ("fetch SNEVER", "train S2", "backtest S2"):
        assert f"lstmfin {command}" in text


def test_the_last_run_is_told(made, look):
    """Its last line and its exit code stand at the head."""
    header = look(made.page()).locator("header").inner_text()
    assert "ended with 0" in header
    assert f"failed: {SCRIPT}" in header


@pytest.mark.parametrize("key", ["Enter", "Space", "click"])
def test_sorting(made, look, key):
    """A header sorts by mouse and by keyboard, says so, and turns round; what is not there is last."""
    page = look(made.page())
    before = order(page)
    head = page.locator("th.close")
    for direction in ("ascending", "descending"):
        button = head.get_by_role("button")
        button.click() if key == "click" else button.press(key)
        assert head.get_attribute("aria-sort") == direction
        assert page.locator("#sorted").inner_text() == f"Sorted by Last price, {direction}."
        assert page.locator("[aria-sort]:not([aria-sort=none])").count() == 1
        closes = page.locator("tbody td[data-name='Last price']").evaluate_all(
            "cells => cells.map(cell => cell.dataset.key)"
        )
        known = [float(one) for one in closes if one is not None]
        assert known == sorted(known, reverse=direction == "descending")
        assert closes[-1] is None
        assert order(page)[-1] == "SNEVER"
    page.locator("th.symbol").get_by_role("button").click()
    assert order(page) == sorted(before, key=lambda name: (name.isalnum(), name))


def test_sorting_on_a_phone(made, look):
    """Where there are no headers a list chooses; it does what a header does."""
    page = look(made.page(), viewport=PHONE)
    assert not page.locator("table.watch thead").is_visible()
    page.get_by_label("Sort by").select_option("close descending")
    closes = page.locator("tbody td[data-name='Last price'][data-key]").evaluate_all(
        "cells => cells.map(cell => Number(cell.dataset.key))"
    )
    assert closes == sorted(closes, reverse=True)


def test_a_page_leads_back(made, look):
    """From the index to a symbol and back, by links that work from a folder, odd names and all."""
    page = look(made.page())
    for symbol in ("S1", SCRIPT, FORMULA):
        page.get_by_role("link", name=symbol, exact=True).click()
        assert page.locator("h1").inner_text().startswith(symbol)
        page.get_by_role("link", name="Watch-list").click()
        assert page.locator("h1").inner_text() == "Watch-list"


def test_a_page_has_all_there_is(made, look):
    """Fan, equity, calibration, gates, scores and provenance, each with numbers in it."""
    page = look(made.page("S1"))
    for key in ("fan", "equity", "coverage", "pit", "gates", "published"):
        figure = page.locator(f"figure#{key}")
        assert figure.locator(".area polyline, .area polygon").count() > 1
        assert figure.locator("table.values tbody tr").count() > 3
        box = figure.locator("svg.panel").first.bounding_box()
        assert box["width"] > 600
        assert box["height"] > 60
    text = page.locator("main").inner_text()
    for words in (
        "Diebold-Mariano",
        "buy-and-hold",
        "har-rv",
        "half-life",
        "SHA-256",
        "numpy 2.",
    ):
        assert words in text
    assert page.locator(".missing").count() <= 1  # a network may rest on no input


def test_what_was_never_computed_is_named(made, look):
    """A page of prices alone tells the commands that compute the rest."""
    page = look(made.page("S2"))
    text = page.locator("main").inner_text()
    for command in ("train", "backtest", "forecast"):
        assert f"lstmfin {command} S2" in text
    assert str(made.root) not in page.content()


def test_hover_tells_values(made, look):
    """Under the pointer stands the row of the table that belongs to the place."""
    page = look(made.page("S1"))
    plot = page.locator("#fan .plot")
    plot.scroll_into_view_if_needed()
    box = page.locator("#fan svg.panel").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 40)
    last = page.locator("#fan table.values tbody tr").last
    tip = plot.locator(".tip")
    assert tip.locator("b").inner_text() == last.locator("th").text_content()
    shown = tip.locator("span").all_inner_texts()
    assert [text.splitlines()[0] for text in shown] == [
        "5 %", "25 %", "median", "75 %", "95 %", "naive 5 %", "naive 95 %",
    ]  # fmt: skip
    cells = last.locator("td").all_text_contents()
    assert [text.splitlines()[-1] for text in shown] == cells[1:]
    inside = tip.bounding_box()
    assert inside["x"] >= 0
    assert inside["x"] + inside["width"] <= 1280
    assert plot.locator("circle.mark").count() == 3  # the median and both naive bounds
    page.mouse.move(1, 1)
    assert tip.count() == 0
    page.locator("#gates .plot").focus()
    page.keyboard.press("End")
    units = re.findall(r"unit \d+", page.locator("#gates .keys").inner_text())
    assert len(units) == 3
    gates = page.locator("#gates .tip span").all_inner_texts()[1:]
    assert all(re.findall(r"unit \d+(?= [-\u2212\d])", text) == units for text in gates)


def test_a_tap_tells_values(made, look):
    """A finger shows a value that stays until it taps elsewhere."""
    page = look(made.page("S1"), viewport=PHONE, has_touch=True)
    plot = page.locator("#fan .plot")
    plot.tap(position={"x": 100, "y": 100})
    assert plot.locator(".tip").is_visible()
    page.locator("h1").tap()
    assert plot.locator(".tip").count() == 0


def test_the_mark_is_on_the_line(made, look):
    """The dot lies where the value is, by the axis that is written beside it."""
    page = look(made.page("S1"))
    page.locator("#fan .plot").focus()
    page.keyboard.press("Home")
    close = float(page.locator("#fan .tip span").inner_text().split("$")[1])
    ticks = page.locator("#fan .tick-y").evaluate_all(
        "texts => texts.map(one => [one.getAttribute('y'), one.textContent])"
    )
    (y0, v0), (y1, v1) = [
        (float(y.rstrip("%")), float(re.sub(r"[^\d.]", "", words))) for y, words in ticks[:2]
    ]
    mark = float(page.locator("#fan circle.mark").get_attribute("cy").rstrip("%"))
    assert v0 + (mark - y0) * (v1 - v0) / (y1 - y0) == pytest.approx(close, abs=0.02)


def test_charts_by_keyboard(made, look):
    """A chart is a slider: Tab reaches it, arrows move along it, a screen reader hears the values."""
    page = look(made.page("S1"))
    plot = page.locator("#fan .plot")
    page.locator("#fan summary").focus()
    page.keyboard.press("Shift+Tab")
    assert plot.evaluate("plot => plot === document.activeElement")
    n = page.locator("#fan table.values tbody tr").count()
    assert plot.get_attribute("role") == "slider"
    for key, at in (
        ("ArrowLeft", n - 2),
        ("Home", 0),
        ("ArrowLeft", 0),
        ("ArrowRight", 1),
        ("End", n - 1),
    ):
        page.keyboard.press(key)
        row = page.locator("#fan table.values tbody tr").nth(at)
        assert plot.get_attribute("aria-valuenow") == str(at)
        heard = plot.get_attribute("aria-valuetext")
        assert heard.startswith(row.locator("th").text_content())
        assert plot.locator(".tip b").inner_text() == row.locator("th").text_content()
    page.keyboard.press("Escape")
    assert plot.locator(".tip").count() == 0


@pytest.mark.parametrize("name", EVERY)
def test_without_script(made, look, name):
    """All is there without script, too: the numbers stand in tables."""
    page = look(made.page(name), java_script_enabled=False)
    assert page.locator("h1").inner_text()
    if name == "S1":
        page.locator("#fan summary").click()
        assert page.locator("#fan table.values").is_visible()


@pytest.mark.parametrize("name", EVERY)
def test_no_page_is_wider_than_the_screen(made, look, name):
    """On a phone and on a desk nothing sticks out."""
    page = look(made.page(name))
    for width in (320, 390, 800, 1201, 1280, 1800):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def faults(page):
    """Return what axe-core finds, by all of its rules."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found]


@pytest.mark.parametrize("name", EVERY)
def test_axe_finds_nothing(made, look, name):
    """Not a single fault, serious or not: in both colours, a table open, a value shown."""
    page = look(made.page(name))
    if name == "S1":
        page.locator("#coverage summary").click()
        page.locator("#pit .plot").focus()
        page.keyboard.press("Home")
        assert page.locator("#pit .tip").is_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert faults(page) == []


def test_axe_finds_nothing_on_a_phone(made, look):
    """The cards of the index are a table to a screen reader still."""
    page = look(made.page(), viewport=PHONE)
    assert faults(page) == []
    assert page.get_by_role("row").count() == 5
    assert page.get_by_role("cell").count() == 5 * 8


def test_light_and_dark(made, look):
    """Colours follow the reader's; ink stands out from paper in both."""
    paper = {}
    page = look(made.page("S1"))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        style = "getComputedStyle(document.body)"
        paper[scheme] = [page.evaluate(f"{style}.{key}") for key in ("backgroundColor", "color")]
    assert paper["light"][0] == "rgb(255, 255, 255)"
    assert paper["dark"][0] == "rgb(18, 24, 31)"
    assert paper["dark"][1] == "rgb(232, 236, 240)"


BROKEN = """[...document.querySelectorAll(".scroll th")].filter(one => {
    const words = one.textContent.trim().split(/\\s+/), range = document.createRange();
    const node = one.firstChild;
    if (!node || !one.getClientRects().length) return false;
    let from = 0;
    return words.some(word => {
        const at = node.data.indexOf(word, from);
        from = at + word.length;
        range.setStart(node, at);
        range.setEnd(node, from);
        return word && !word.includes("-") && new Set([...range.getClientRects()].map(r => r.top)).size > 1;
    });
}).map(one => one.textContent)"""
"""Headers in which a word is broken."""


def test_words_stay_whole(made, look):
    """On a page printed 760 px wide no header breaks inside a word, and in the index no date breaks."""
    page = look(made.page("S1"), viewport={"width": 760, "height": 900})
    page.emulate_media(media="print")
    assert page.evaluate(BROKEN) == []
    for width in (1280, 1204, 760, 360):
        page = look(made.page(), viewport={"width": width, "height": 900})
        dates = page.locator(".date")
        assert dates.count() > 3
        assert dates.evaluate_all("all => all.every(one => one.getClientRects().length < 2)")


def test_on_paper(made, look):
    """Print is light, without what can only be clicked, and with every chart whole."""
    page = look(made.page("S1"), color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").first.is_visible()
    assert not page.locator("details").first.is_visible()
    assert page.locator("#fan svg.panel").is_visible()
    assert page.locator("figure").evaluate_all(
        "figures => figures.every(one => getComputedStyle(one).breakInside === 'avoid')"
    )
    assert page.pdf().startswith(b"%PDF")


@pytest.mark.parametrize("name", [None, SCRIPT, FORMULA, "S1"])
def test_names_and_notes_are_inert(made, look, name):
    """What a source, a file or a log called itself is shown as those characters, and nothing runs."""
    page = look(made.page(name))
    assert page.locator("script").count() == 1
    assert page.locator("img").count() == 0
    assert page.locator("[onload],[onerror],[style]").count() == 0
    text = page.locator("header").text_content() + page.locator("main").text_content()
    expected = {
        SCRIPT: [SCRIPT, IMAGE + CLOSING],
        FORMULA: [FORMULA],
        "S1": [IMAGE, CLOSING, SCRIPT],
    }
    for words in expected.get(name, [SCRIPT, FORMULA, IMAGE]):
        assert words in text


def test_the_policy_holds(made, browser):
    """What would be put into a page can neither run nor ask another host: the browser refuses."""
    page = browser.new_page()
    page.goto(made.page("S2").as_uri())
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        page.evaluate(INTRUDER, f"http://127.0.0.1:{server.getsockname()[1]}/")
        page.wait_for_function("refused.length >= 5")
        assert page.evaluate("window.ran") is None
        assert set(page.evaluate("refused")) >= {
            "img-src", "script-src-attr", "script-src-elem", "connect-src", "form-action",
        }  # fmt: skip
        with pytest.raises(BlockingIOError):  # nobody came
            server.accept()
    page.close()


INTRUDER = """(host) => {
    window.refused = [];
    document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
    document.body.insertAdjacentHTML("beforeend", `<img src="${host}x.png"><p onclick="window.ran = 1" id="trap">x</p>
      <form action="http://127.0.0.1:9/"><button id="send">x</button></form>`);
    const script = document.createElement("script");
    script.textContent = "window.ran = 1";
    document.body.append(script);
    document.getElementById("trap").click();
    document.getElementById("send").click();
    fetch(host).catch(() => {});
}"""
"""Tries all ways to run something or to ask someone. The form has a place of its own to go to: Chromium
connects ahead of a click, and then sends nothing."""

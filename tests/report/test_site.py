"""The site as files: written whole, in order, and only where there is news."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_site import FIRST, FORMULA, IMAGE, SCRIPT, Site

from lstmfin.report import site as sites
from lstmfin.report.index_rows import IndexRow
from lstmfin.report.pages import index_page

PAGES = ("index", "S1", "S2", SCRIPT, FORMULA)


class Parsed(HTMLParser):
    """Ids, links, inline code, policy and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.inline, self.text, self.policy = [], [], [], [], ""
        self.tags, self._in = set(), None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.add(tag)
        self._in = tag if tag in ("style", "script") else None
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs["href"]] if tag == "a" else []
        self.ids += [] if "style" not in attrs else ["a style attribute"] * 2
        if attrs.get("http-equiv") == "Content-Security-Policy":
            self.policy = attrs["content"]

    def handle_endtag(self, tag):
        self._in = None

    def handle_data(self, data):
        (self.inline if self._in else self.text).append(data)


def path_of(site, name):
    return site.page(None if name == "index" else name)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound(made, name):
    """Ids are there once, links lead somewhere, and the policy names all that is inline by its hash."""
    path = path_of(made, name)
    page = Parsed(path.read_text())
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        target, _, anchor = link.partition("#")
        place = (path.parent / unquote(target)) if target else path
        assert place.is_file()
        assert not anchor or anchor in page.ids
    hashes = {
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in page.inline
    }
    assert len(hashes) == 2
    assert set(re.findall(r"'sha256-[^']+'", page.policy)) == hashes
    assert page.policy.startswith("default-src 'none'; ")
    assert "unsafe" not in page.policy
    assert "http" not in "".join(page.inline).replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_tells_nothing_of_the_machine(made, name):
    """No path of this machine stands in what may be sent to others."""
    assert str(made.root) not in path_of(made, name).read_text()


PIECES = (
    "<script>",
    "</script>",
    "<img src=x>",
    '"',
    "'",
    ">",
    "<!--",
    "-->",
    "&lt;",
    "{{ 7 }}",
    "]]>",
    "a",
)
texts = st.text(min_size=1) | st.lists(st.sampled_from(PIECES), min_size=1).map("".join)


@given(symbol=texts, label=texts, news=texts)
@settings(max_examples=60)
def test_any_text_is_shown_as_it_is(symbol, label, news):
    """Whatever a source calls itself adds no element and no attribute to the page."""
    row = IndexRow(symbol=symbol, label=label, link="m/index.html", news=(news,))
    page = index_page([row], run=None, now=FIRST).decode()
    plain = index_page([IndexRow(symbol="A", label="B", link="m/index.html", news=("C",))], run=None, now=FIRST)  # fmt: skip
    assert Parsed(page).tags == Parsed(plain.decode()).tags
    shown = "".join(Parsed(page).text)
    assert all(one.encode("utf-8", "replace").decode() in shown for one in (symbol, label, news))


def test_the_same_workspace_gives_the_same_bytes(site):
    """A report of the same things at the same moment is the same."""
    assert site("report") == 0  # the first one of an unchanged workspace says since when it is so
    before = {path: path.read_bytes() for path in site.reports.rglob("*.html")}
    assert site("report") == 0
    assert {path: path.read_bytes() for path in site.reports.rglob("*.html")} == before


def test_naming_a_symbol_leaves_the_others(site):
    """Only its page is made anew; the index has all of them, as they were told."""
    other = path_of(site, "S2")
    other.write_text("as it was")
    own = path_of(site, "S1")
    own.write_text("")
    assert site("report", "S1") == 0
    assert other.read_text() == "as it was"
    assert "Backtest" in own.read_text()
    index = path_of(site, "index").read_text()
    for name in ("S2", "S1", "SNEVER"):
        assert re.search(f">{name}<", index)


def test_a_page_that_was_never_made_is(site):
    """The index leads to no page that is not there."""
    path_of(site, "S2").unlink()
    assert site("report", "S1") == 0
    assert path_of(site, "S2").is_file()


def test_the_index_is_written_last(site, monkeypatch):
    """Who opens the index while it is written finds the pages that it leads to."""
    order = []
    write = sites.write_atomically
    monkeypatch.setattr(
        sites, "write_atomically", lambda path, content: (order.append(path), write(path, content))
    )
    assert site("report") == 0
    assert order[-1] == path_of(site, "index")
    assert len(order) == 5


def test_a_page_that_cannot_be_written(site, capsys):
    """Then the line ends with 74, and the index is as it was."""
    before = path_of(site, "index").read_bytes()
    path_of(site, "S2").unlink()
    path_of(site, "S2").mkdir()
    assert site("report") == 74
    assert "cannot write" in capsys.readouterr().err
    assert path_of(site, "index").read_bytes() == before
    assert not list(site.reports.rglob(".tmp-*"))


def test_an_unknown_symbol_is_refused(site, capsys):
    """It is named, and so is the command that brings it; nothing is written."""
    path_of(site, "index").unlink()
    assert site("report", "NO-SUCH") == 65
    assert "lstmfin fetch NO-SUCH" in capsys.readouterr().err
    assert not path_of(site, "index").exists()


def test_what_is_missing_is_told_by_its_command(site, capsys):
    """The result lists for each page what was never computed."""
    assert site("--format", "json", "report", "S1", "S2") == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["symbol"]: row["missing"] for row in rows} == {
        "S1": "", "S2": "lstmfin train S2; lstmfin backtest S2",
    }  # fmt: skip


def test_damaged_files_are_told(site):
    """A record or a model that cannot be read is named on the page; the rest is there."""
    (site.reports / "m_S1" / "backtest.json").write_text("{")
    (model,) = (site.root / "models" / "m_S1").glob("*/manifest.json")
    model.write_text("{")
    assert site("report") == 0
    text = "".join(Parsed(path_of(site, "S1").read_text()).text)
    assert "backtest.json is damaged" in text
    assert "lstmfin backtest S1" in text
    assert "manifest.json differs from what was saved" in text
    assert "Running scores" in text


def test_what_changed(site):
    """A page tells what is other than in the last report that said otherwise."""
    assert "This is the first report of it" in path_of(site, "S1").read_text()
    written = site.told()["written"]
    site.tomorrow()
    assert site("run", "S1") == 0
    for _ in range(2):  # a report of nothing new tells what the one before told
        assert site("report") == 0
        text = "".join(Parsed(path_of(site, "S1").read_text()).text)
        assert f"What changed since {written[:16].replace('T', ' ')} UTC" in text
        assert re.search(r"Close of 2027-03-08: \S+ → \S+\.", text)
        assert "3 more published forecasts are over" in text
        site.now = site.now.replace(minute=30)


def test_nothing_changed(site):
    """The second report of the same, and the third, say since when; whichever symbols are named."""
    written = site.told()["written"]
    for words in ("report S1", "report", "report S1"):
        site.now = site.now.replace(minute=site.now.minute + 1)
        assert site(*words.split()) == 0
        text = "".join(Parsed(path_of(site, "S1").read_text()).text)
        assert f"Nothing changed since {written[:16].replace('T', ' ')} UTC." in text
        assert "first report" not in text


def test_a_backtest_of_another_network(site):
    """Beside another model it is said whose backtest it is, on the page and in the index; anew, not."""
    page = path_of(site, "S1")
    assert "another network" not in page.read_text()
    assert site(*"train S1 --cell gru --target volatility --seed 3 report S1".split()) == 0
    text = "".join(Parsed(page.read_text()).text)
    told = "cell lstm → gru; target returns → volatility; other features; loss student-t → qlike"
    assert text.count(told) == 3
    assert text.count("This backtest is of another network than the current model") == 2
    assert text.count("The current model was not backtested: lstmfin backtest S1") == 2
    assert "by a backtest of another network" in text
    assert "of another network" in path_of(site, "index").read_text()
    assert site(*"backtest S1 --train 300 --test 100 report S1".split()) == 0
    assert "another network" not in page.read_text() + path_of(site, "index").read_text()


def test_a_damaged_memory_is_a_first_report(site, caplog):
    """What the last report said cannot be read: that is logged, and the pages are whole."""
    (site.reports / "report.json").write_text('{"format": 2, "written": "", "symbols": 7}')
    assert site("report") == 0
    assert "report.json is damaged" in caplog.text
    assert "This is the first report of it" in path_of(site, "S1").read_text()


KINDS = (
    "--target direction",
    "--target volatility --panel --members 2",
    "--cell gru --loss quantile --members 2",
    "--cell clockwork --hidden 6",
    "--cell esn --loss mse",
    "--cell rnn --horizon 1 --exog AR1",
)


@pytest.mark.parametrize("kind", KINDS)
def test_any_model_has_a_page(tmp_path, kind):
    """Whatever is asked of whichever network, its page has a fan, gates and where it comes from."""
    site = Site(tmp_path / "w")
    small = "--hidden 4 --window 10 --horizon 3 --epochs 1 --calibration none"
    assert site(*"fetch GARCH AR1 --source synthetic --start 2023-06-01".split()) == 0
    assert site(*f"train GARCH {small} {kind} report".split()) == 0
    page = Parsed(site.page("GARCH").read_text())
    assert {"fan", "gates", "fan-title"} <= set(page.ids)
    text = "".join(page.text)
    assert kind.split()[1] in text
    assert "Weights (SHA-256)" in text


@pytest.mark.parametrize("closes", [[5], [0.001, 0.002], [40, 0, -37.63], [7] * 80])
def test_any_prices_have_a_page(tmp_path, closes):
    """One price, tiny ones, none above zero, no move at all: all of them are shown."""
    site = Site(tmp_path / "w")
    path = tmp_path / "ODD.csv"
    days = np.busday_offset("2025-01-01", np.arange(len(closes)))
    rows = [f"{day},{close}" for day, close in zip(days, closes, strict=True)]
    path.write_text("\n".join(["date,close", *rows]))
    assert site("fetch", "--path", str(path), "--accept", "report") == 0
    text = "".join(Parsed(site.page("ODD").read_text()).text)
    assert "There is no model of ODD in the workspace; train one" in text


def with_pages(site):
    toml = site.root / "lstmfin.toml"
    toml.write_text(toml.read_text().replace("no-report = true", ""))


def test_an_evening_writes_the_report(site):
    """The run ends with the pages of what is new, and of nothing else."""
    with_pages(site)
    path_of(site, "S2").write_text("as it was")
    site.tomorrow()
    assert site("run", "S1") == 0
    assert "2027-03-08" in path_of(site, "S1").read_text()
    assert path_of(site, "S2").read_text() == "as it was"
    assert "2027-03-08 23:00 UTC, ended with 0" in path_of(site, "index").read_text()


def test_an_evening_with_nothing_new_leaves_the_report(site):
    """Not a page is written."""
    with_pages(site)
    path_of(site, "index").write_text("as it was")
    assert site("run", "S1") == 0
    assert path_of(site, "index").read_text() == "as it was"


def test_a_report_that_fails_does_not_fail_the_evening(site, monkeypatch, capsys):
    """The run is what it was; that there is no report is said, and the log has the reason."""
    with_pages(site)
    site.tomorrow()
    monkeypatch.setattr(sites, "symbol_page", lambda *_, **__: 1 / 0)
    assert site("run", "S1") == 0
    assert "lstmfin: the report could not be written: division by zero\n" in capsys.readouterr().err
    log = max((site.root / "logs").iterdir(), key=lambda path: path.stat().st_mtime).read_text()
    assert "ZeroDivisionError" in log
    assert "1 of 1 symbols done" in log


def test_names_of_a_csv_file(site, tmp_path):
    """A file that is called like script is shown so; a symbol that is a formula is refused."""
    path = tmp_path / f"{IMAGE}.csv"
    path.write_text("date,close\n" + "".join(f"2027-01-{d:02d},{100 + d}\n" for d in range(1, 29)))
    assert site("fetch", "ACME", "--path", str(path), "report") == 0
    text = path_of(site, "ACME").read_text()
    assert "&lt;img src=x onerror=alert(2)&gt;.csv" in text
    assert "<img" not in text
    assert site("fetch", FORMULA, "--path", str(path)) == 2

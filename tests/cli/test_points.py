"""The level of an index is in points, whatever currency its exchange counts in."""

import json
import re

import pytest

from lstmfin.data.store import Store

QUICK = ("--hidden", "2", "--window", "10", "--horizon", "2", "--epochs", "1", "--members", "2")
SOME = ("--start", "2016-01-01", "--source", "sample")


@pytest.mark.parametrize(("symbol", "sign"), [("^GSPC", ""), ("WTI", "USD")])
def test_no_currency_is_shown_of_an_index(lstmfin, tmp_path, symbol, sign):
    """Not in tables, pictures or pages; of a price it is in all of them."""
    line = ("fetch", symbol, *SOME, "train", *QUICK, "forecast", "data", "list", "report")
    ended = lstmfin(*line)
    assert ended.code == 0, ended.err
    page, index = ((tmp_path / "w/reports").glob(f"{one}.html") for one in ("*/index", "index"))
    shown = {"table": ended.out, "page": next(page).read_text(), "index": next(index).read_text()}
    for kind in ("forecast", "gates", "seeds"):
        assert lstmfin("plot", kind, symbol, "--out", f"{kind}.svg").code == 0
        shown[kind] = (tmp_path / f"{kind}.svg").read_text()
    for place, text in shown.items():
        assert bool(re.search(r"USD|\$\d", text)) == bool(sign), place
        assert ("Level (points)" in text) == (not sign and place not in {"table", "index"}), place
    (row,) = json.loads(lstmfin("--format", "json", "data", "list").out)["rows"]
    assert row["currency"] == sign
    with Store(tmp_path / "w" / "lstmfin.db") as store:
        assert store.info(symbol).currency == store.prices(symbol).currency == sign

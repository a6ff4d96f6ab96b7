"""A backtest on disk."""

import json

import numpy as np
import pytest

from lstmfin.backtest.record import FILE_NAME, load_record, make_record, save_record
from lstmfin.backtest.scores import score
from lstmfin.backtest.verdict import verdict
from lstmfin.backtest.walkforward import BUY_AND_HOLD
from lstmfin.errors import DataError
from lstmfin.workspace import Workspace

SETTINGS = {"train": {"cell": "lstm"}, "backtest": {"cost-bps": 5.0}}


@pytest.fixture
def record(result):
    return make_record(result, source="synthetic", digest="0" * 64, settings=SETTINGS)


@pytest.fixture
def saved(record, tmp_path):
    """Return a workspace that holds the record, and the record's file."""
    workspace = Workspace(tmp_path)
    save_record(workspace, record)
    (path,) = tmp_path.rglob(FILE_NAME)
    return workspace, path


def test_round_trip(record, saved):
    """What is saved is what is loaded."""
    workspace, _ = saved
    assert load_record(workspace, "GARCH") == record
    save_record(workspace, record)
    assert load_record(workspace, "GARCH") == record


def test_what_is_recorded(record, result):
    """Scores, verdict and folds are those of the backtest; courses have one entry an origin."""
    assert (record.scores, record.findings) == (score(result), verdict(result))
    assert len(record.folds) == len(result.folds)
    assert record.folds[0]["test_first"] == str(result.sessions[0])
    assert record.sessions == [str(day) for day in result.earned_on]
    for name, course in (
        ("equity", result.net("lstm")),
        ("gross", result.gross("lstm")),
        ("benchmark", result.net(BUY_AND_HOLD)),
    ):
        np.testing.assert_allclose(getattr(record, name), np.cumprod(1 + course), rtol=1e-13)
    assert record.position == result.positions["lstm"].tolist()
    assert (record.settings, record.source, record.cost_bps) == (SETTINGS, "synthetic", 5.0)


def test_a_model_that_never_trades_can_be_recorded(handmade, tmp_path):
    """Its Sharpe ratio is no number: the file is JSON for all that, and says null."""
    result = handmade(np.array([0.01, -0.01, 0.02]), np.zeros(3))
    made = make_record(result, source="", digest="", settings={})
    save_record(Workspace(tmp_path), made)
    loaded = load_record(Workspace(tmp_path), "TEST")
    (path,) = tmp_path.rglob(FILE_NAME)
    assert b"NaN" not in path.read_bytes()
    assert loaded == made
    assert loaded.scores[0].sharpe is None
    assert loaded.equity == [1.0, 1.0, 1.0]


def test_no_record_says_what_to_do(tmp_path):
    """Where there is none, the message says how to get one."""
    with pytest.raises(DataError, match=r"no backtest of AAPL .*lstmfin backtest AAPL"):
        load_record(Workspace(tmp_path), "AAPL")


def test_a_record_cut_short_is_refused(saved):
    """Cut anywhere, it is refused, and the message names file and command."""
    workspace, path = saved
    content = path.read_bytes()
    for cut in range(0, len(content) - 1, 97):
        path.write_bytes(content[:cut])
        with pytest.raises(DataError, match=r"backtest\.json is damaged .*lstmfin backtest GARCH"):
            load_record(workspace, "GARCH")


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"1", b"{}", b"\xff\xfe", b"[" * 200_000, b'{"scores": 5}',
     b'{"scores": [], "findings": []}', b'{"scores": ["a"], "findings": []}'],
    ids=lambda content: repr(content[:20]),
)  # fmt: skip
def test_what_is_no_record_is_refused(saved, content):
    """JSON of something else, or no JSON, is refused."""
    workspace, path = saved
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        load_record(workspace, "GARCH")


def test_fields_missing_or_unknown_are_refused(saved):
    """A record of another version is refused, not half read."""
    workspace, path = saved
    table = json.loads(path.read_bytes())
    for changed in (
        {key: value for key, value in table.items() if key != "equity"},
        table | {"colour": "red"},
        table | {"findings": [{"topic": "direction"}]},
    ):
        path.write_text(json.dumps(changed))
        with pytest.raises(DataError, match="damaged"):
            load_record(workspace, "GARCH")

"""Pictures of what a workspace holds."""

import datetime as dt
import json
import shutil

import numpy as np
import pytest

from lstmfin.cli.main import run
from lstmfin.config import PlotConfig
from lstmfin.errors import DataError
from lstmfin.registry import PLOTS
from lstmfin.workspace import Workspace

LINE = (
    "fetch GARCH --source synthetic --start 2022-06-01 train --members 2 --hidden 4 --window 10 --horizon 3 "
    "--epochs 2 backtest --train 300 --test 200 gradients --cell rnn,lstm --hidden 4 "
    "bench adding --length 12 --limit 32 --hidden 2 bench timing --length 4 --limit 32"
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A workspace in which everything has been done once."""
    root = tmp_path_factory.mktemp("gather") / "w"
    assert run(["-C", str(root), "-q", *LINE.split()]) == 0
    return Workspace(root)


KINDS = [name for name in PLOTS.names() if PLOTS.get(name).subject]
OF_NO_SYMBOL = [name for name in PLOTS.names() if not PLOTS.get(name).subject]


@pytest.mark.parametrize("name", KINDS)
def test_a_picture_of_what_was_done(workspace, name):
    """Each kind gathers its picture, which names symbol, source and date, and can be drawn."""
    kind = PLOTS.get(name)
    picture = kind.gathered(workspace, "GARCH", PlotConfig())
    assert isinstance(picture, kind.picture)
    assert (picture.symbol, picture.source) == ("GARCH", "synthetic")
    assert picture.model_label.startswith("LSTM")
    assert kind.figure(picture).axes


@pytest.mark.parametrize("name", KINDS)
def test_what_was_not_done_names_the_command(tmp_path, name):
    """A kind with nothing to show says which command computes it."""
    with pytest.raises(DataError, match=r"lstmfin (backtest|train) GARCH"):
        PLOTS.get(name).gathered(Workspace(tmp_path), "GARCH", PlotConfig())


@pytest.mark.parametrize("name", OF_NO_SYMBOL)
def test_a_picture_of_what_was_measured(workspace, name):
    """Of no symbol: its corner names the command, the seed and the day of the measurement."""
    kind = PLOTS.get(name)
    picture = kind.gathered(workspace)
    assert isinstance(picture, kind.picture)
    today = dt.datetime.now(dt.UTC).date()
    assert picture.source == f"lstmfin {kind.measured_by}, seed 0"
    assert abs(picture.as_of - today) <= dt.timedelta(days=1)
    said = [text.get_text() for text in kind.figure(picture).texts]
    assert f"Source: {picture.source}. Measured on {picture.as_of}." in said


@pytest.mark.parametrize("name", OF_NO_SYMBOL)
def test_what_was_not_measured_names_the_command(workspace, tmp_path, name):
    """And so does a measurement that is damaged, in whatever way."""
    kind = PLOTS.get(name)
    with pytest.raises(DataError, match=f"yet; measure it: lstmfin {kind.measured_by}$"):
        kind.gathered(Workspace(tmp_path))
    root = tmp_path / "w"
    shutil.copytree(workspace.root, root)
    (path,) = root.glob(f"reports/measured/{kind.measured_by.replace(' ', '-')}.json")
    whole = json.loads(path.read_bytes())
    for damaged in (
        "{",
        "[]",
        "{}",
        json.dumps(whole | {"found": {}}),
        json.dumps(whole | {"at": "x"}),
    ):
        path.write_text(damaged)
        with pytest.raises(DataError, match=f"is not what .* anew: lstmfin {kind.measured_by}$"):
            kind.gathered(Workspace(root))


OF_A_BACKTEST = ("calibration", "equity", "skill")


def test_a_backtest_of_another_network_says_so(workspace, tmp_path):
    """Beside another model, in words that fit the width; beside its own, nothing."""
    root = tmp_path / "w"
    shutil.copytree(workspace.root, root)
    here = Workspace(root)
    assert all(not PLOTS.get(kind).gathered(here, "GARCH").aside for kind in OF_A_BACKTEST)
    line = "train GARCH --members 2 --hidden 4 --window 10 --horizon 3 --cell gru --epochs 1 --target volatility"
    assert run(["-C", str(root), "-q", *line.split()]) == 0
    for kind in OF_A_BACKTEST:
        figure = PLOTS.get(kind).figure(PLOTS.get(kind).gathered(here, "GARCH"))
        (said,) = [one for one in figure.texts if one.get_text().startswith("Not of the current")]
        assert "(cell lstm → gru; target returns → volatility; …)" in said.get_text()
        assert said.get_text().endswith("lstmfin backtest GARCH")
        assert said.get_window_extent().x1 < figure.bbox.x1


def test_the_fan_is_the_forecast(workspace):
    """The fan starts at the last close, its bands are nested, and the naive range is beside it."""
    picture = PLOTS.get("forecast").gathered(workspace, "GARCH")
    assert picture.quantiles.shape == (3, 6)
    assert (np.diff(picture.quantiles, axis=1) > 0).all()
    assert (picture.future > picture.sessions[-1]).all()
    assert picture.as_of == picture.sessions[-1]
    last = picture.closes[-1]
    assert (picture.baseline_low < last).all()
    assert (picture.baseline_high > last).all()
    assert (np.diff(picture.baseline_high - picture.baseline_low) > 0).all()


def test_training_starts_from_the_naive_law(workspace):
    """Epoch 0 is the law that training starts from, and has no training loss of its own."""
    picture = PLOTS.get("training").gathered(workspace, "GARCH")
    assert picture.epochs[0] == 0
    assert picture.reference_loss == picture.validation_loss[0]
    assert np.isnan(picture.train_loss[0])
    assert np.isfinite(picture.train_loss[1:]).all()
    assert len(picture.epochs) == len(picture.validation_loss) == len(picture.learning_rate)


def test_equity_is_that_of_the_record(workspace):
    """Costs make the strategy worth no more than it was before them."""
    picture = PLOTS.get("equity").gathered(workspace, "GARCH")
    assert len(picture.sessions) == len(picture.strategy) == len(picture.benchmark)
    assert (picture.strategy <= picture.gross + 1e-12).all()
    assert set(np.unique(picture.position)) <= {-1.0, 0.0, 1.0}
    assert (picture.sessions[0] - picture.fold_starts[0]).astype(int) >= 2
    assert picture.verdict in {"edge", "no edge shown"}

"""Options of the network on the command line: each trains, is saved and forecasts, or is refused."""

import pytest

from lstmfin.models.shelf import load_model
from lstmfin.workspace import Workspace

QUICK = "--hidden 4 --window 8 --horizon 2 --epochs 2 --batch 64".split()

GOOD = [
    "--loss-on all",
    "--stateful",
    "--stateful --loss-on all --batch 4",
    "--zoneout-hidden 0.1 --zoneout-cell 0.3",
    "--recurrent-dropout 0.2 --variational --dropout 0.2",
    "--signal-penalty 0.1",
    "--init-recurrent identity --init-input he --forget-bias 2",
    "--direction bidirectional --layers 2",
    "--members 3 --learned-start",
    "--cell gru --zoneout-hidden 0.1",
]

BAD = [
    ("--cell peephole --peepholes ix", "this cell has no gate 'x' to see the cell state"),
    ("--cell esn --spectral-radius -0.5", "--spectral-radius is -0.5; it must be at least 0"),
    ("--cell clockwork --periods 1,2,3 --hidden 4", "3 periods do not divide 4 units"),
    ("--cell rnn --peepholes i", "--peepholes is nothing to the cell 'rnn'"),
    ("--cell gru --zoneout-cell 0.1", "'gru', which has no cell state"),
    ("--direction bidirectional --loss-on all", "would look ahead"),
    ("--direction reverse --stateful", "would look ahead"),
    ("--cell mgu --signal-penalty 0.1", "--signal-penalty is nothing to the cell 'mgu'"),
    ("--cell gru --forget-bias 2", "--forget-bias is nothing to the cell 'gru'"),
    ("--cell esn --stateful", "--stateful is nothing to the cell 'esn'"),
    ("--cell esn --target direction", "--target direction is nothing to the cell 'esn'"),
    ("--cell clockwork --stateful --window 61", "--window 61 is no multiple of all periods"),
    ("--optimiser adam --momentum 0.5", "--momentum is nothing to the optimiser 'adam'"),
    ("--stateful --panel", "--stateful goes through one series in order of time"),
    ("--zoneout-hidden 1", "--zoneout-hidden is 1.0; it must be at least 0 and below 1"),
    ("--init-input glorrot", "did you mean 'glorot'"),
    ("--window 0", "--window is 0; it must be at least 2"),
    ("--batch 0", "--batch is 0; it must be at least 1"),
    ("--hidden 99999999999999999999", "it must be at least 1 and at most 4096"),
]


@pytest.mark.parametrize("options", GOOD)
def test_it_trains_is_saved_and_forecasts(fetched, tmp_path, options):
    """What training was told is in the model file, and forecasts come of it."""
    ended = fetched("-q", "train", "GARCH", *QUICK, *options.split(), "forecast")
    assert ended.code == 0, ended.err
    _, forecaster = load_model(Workspace(tmp_path / "w"), "GARCH")
    config = forecaster.config
    assert forecaster.architecture().stateful == ("--stateful" in options)
    assert (config.loss_on == "all") == ("--loss-on all" in options)
    assert len(forecaster.members) == config.members
    assert "GARCH" in ended.out


@pytest.mark.parametrize(("options", "sentence"), BAD)
def test_what_is_no_network_is_refused_before_any_prices_are_read(lstmfin, options, sentence):
    """A sentence and exit code 2, though the workspace is empty."""
    ended = lstmfin("train", "AAPL", *options.split())
    assert ended.code == 2
    assert sentence in " ".join(ended.err.split())
    assert len(ended.err.strip().splitlines()) <= 3

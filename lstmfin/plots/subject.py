"""What pictures of a symbol are of: a trained model or a backtest, saved or in memory."""

import contextlib
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
from matplotlib.figure import Figure

from lstmfin.advice import advised
from lstmfin.backtest.another import another_network
from lstmfin.backtest.record import Record, has_record, load_record
from lstmfin.config import PlotConfig
from lstmfin.data.prices import Prices
from lstmfin.data.reader import Reader
from lstmfin.data.store import Store
from lstmfin.errors import DataError
from lstmfin.models.forecaster import PANEL, Forecaster
from lstmfin.models.shelf import load_model, load_panel
from lstmfin.plots.style import HEIGHT, Frame, framed
from lstmfin.plots.text import literal
from lstmfin.plots.theme import Theme
from lstmfin.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model, and the finished prices that it looks at."""

    forecaster: Forecaster
    prices: Prices

    @classmethod
    def load(cls, workspace: Workspace, symbol: str, asked: PlotConfig | None = None) -> Self:
        """Return the saved model of a symbol, or the last panel before its prices.

        Raises
        ------
        DataError
            When there is none; the message names the command that trains one.
        """
        panel = asked is not None and asked.model == PANEL
        _, forecaster = load_panel(workspace) if panel else load_model(workspace, symbol)
        with Store(workspace.database) as store:
            return cls(forecaster, forecaster.read(symbol, Reader(store)))

    @property
    def label(self) -> str:
        """What the network is called."""
        return self.forecaster.config.cell.upper()

    @property
    def aside(self) -> str:
        """What must be said beside the picture; empty where all is as it was in training."""
        data, n = self.forecaster.provenance, len(self.forecaster.unknown(self.prices).symbols)
        was_seen = data is None or self.prices.symbol in data.symbols
        behind = f"{n} series of its panel {'is' if n == 1 else 'are'} not up to this session"
        unseen = "By a panel that was not trained on this symbol"
        return "; ".join([unseen] * (not was_seen) + [behind] * bool(n))


@dataclass(frozen=True, eq=False)
class Tested:
    """The record of a backtest; ``others`` returns those of other symbols, to stand beside it.

    ``another`` says in which options the current model is of another network, old → new.
    """

    record: Record
    others: Callable[[], tuple[Record, ...]] = tuple
    another: tuple[str, ...] = ()

    @classmethod
    def load(cls, workspace: Workspace, symbol: str, asked: PlotConfig | None = None) -> Self:
        """Return the last backtest of a symbol; DataError, with the command, for want of one."""
        del asked
        record = load_record(workspace, symbol)
        return cls(record, partial(_others, workspace, symbol), _another(workspace, record))

    @property
    def label(self) -> str:
        """What the network is called."""
        return self.record.model.upper()

    @property
    def as_of(self) -> np.datetime64:
        """The last session that was tested."""
        return np.datetime64(self.record.sessions[-1])

    @property
    def aside(self) -> str:
        """What must be said beside the picture; empty where the backtest is of the model."""
        if not self.another:
            return ""
        told = "; ".join(self.another[:MOST_TOLD]) + "; …" * (len(self.another) > MOST_TOLD)
        line = advised("backtest", self.record.symbol)
        return f"Not of the current model ({told}), untested: {line}"


MOST_OTHERS = 20
"""Other symbols in one picture."""

MOST_TOLD = 2
"""Options of another network that fit a picture's line."""


def _another(workspace: Workspace, record: Record) -> tuple[str, ...]:
    """Return what differs between a backtest and the current model; nothing without a model."""
    with contextlib.suppress(DataError), Store(workspace.database) as store:
        _, forecaster = load_model(workspace, record.symbol)
        prices = store.prices(record.symbol)
        return tuple(another_network(record, forecaster.config, prices))
    return ()


def _others(workspace: Workspace, symbol: str) -> tuple[Record, ...]:
    with Store(workspace.database) as store:
        symbols = [one for one in store.symbols() if one != symbol and has_record(workspace, one)]
    return tuple(load_record(workspace, one) for one in symbols[:MOST_OTHERS])


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What all pictures of a symbol say around what they show."""

    symbol: str
    source: str
    as_of: dt.date | np.datetime64
    model_label: str
    aside: str = ""

    def framed(self, theme: Theme, seen: str, how: str, *, height: float = HEIGHT) -> Figure:
        """Return a figure titled by what is seen; ``how`` follows the name of the network."""
        frame = Frame(
            f"{literal(self.symbol, 32)}: {seen}",
            f"{literal(self.model_label, 40)}{how}",
            self.source,
            self.as_of,
            self.aside,
        )
        return framed(theme, frame, height=height)

"""Which network is tested on which symbols, and what is therefore run together."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lstmfin.cli.job import Job
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.errors import LstmfinError

if TYPE_CHECKING:
    from lstmfin.backtest.panel import PanelPlan
    from lstmfin.backtest.walkforward import Plan
    from lstmfin.data.prices import Prices
    from lstmfin.data.reader import Reader


@dataclass
class Plans:
    """What is to be tested.

    Attributes
    ----------
    of : dict of str to Plan or LstmfinError
        The plan of each symbol, or why there is none; in the order in which they come.
    runs : list of Plan and PanelPlan
        What is run: a plan, or a panel of many, in the same order.
    """

    job: Job
    config: BacktestConfig
    reader: "Reader"
    of: "dict[str, Plan | LstmfinError]" = field(default_factory=dict)
    runs: "list[Plan | PanelPlan]" = field(default_factory=list)

    def add(self, symbol: str, network: TrainConfig) -> None:
        """Add a symbol with a network of its own."""
        from lstmfin.backtest.walkforward import plan_backtest

        try:
            prices = self.job.noted(self.reader.prices(symbol, network.exog))
            plan = plan_backtest(prices, network=network, config=self.config)
        except LstmfinError as error:
            self.of[symbol] = error
        else:
            self.of[symbol] = plan
            self.runs.append(plan)

    def add_panel(self, symbols: Sequence[str], network: TrainConfig, panel: Sequence[str]) -> None:
        """Add symbols that share a network; one that cannot be tested is left out alone.

        Parameters
        ----------
        panel : sequence of str
            All that the saved network learned from, of which the symbols are some.
        """
        from lstmfin.backtest.panel import plan_panel
        from lstmfin.backtest.walkforward import checked
        from lstmfin.models.forecaster import Forecaster

        series: list[Prices] = []
        left_out: dict[str, LstmfinError] = {}
        for symbol in dict.fromkeys((*symbols, *panel)):
            try:
                prices = self.job.noted(self.reader.prices(symbol, network.exog))
                Forecaster(network).check(checked(prices, self.config))
                series.append(prices)
            except LstmfinError as error:
                left_out[symbol] = error
        self.of.update({one: left_out[one] for one in symbols if one in left_out})
        asked = [one for one in symbols if one not in left_out]
        if not asked:
            return
        try:
            plan = plan_panel(series, network=network, config=self.config, asked=asked)
        except LstmfinError as error:
            self.of.update(dict.fromkeys(asked, error))
            return
        self.of.update(plan.left_out)
        self.of.update({one.prices.symbol: one for one in plan.plans})
        self.runs.append(plan)
        n = len(series)
        text = f"in each fold one network learns from the panel of {n} symbol{'s' * (n != 1)}"
        if absent := [one for one in left_out if one not in symbols]:
            text += f"; the model learned from {', '.join(absent)}, too: {left_out[absent[0]]}"
        self.job.tell(text)


def plans_of(
    job: Job, symbols: Sequence[str], config: BacktestConfig, as_of: dt.date | None
) -> Plans:
    """Return the plans of all symbols; those of one panel network come together."""
    with job.reading(as_of=as_of) as reader:
        return _plans(Plans(job, config, reader), symbols)


def _plans(plans: Plans, symbols: Sequence[str]) -> Plans:
    job = plans.job
    networks: dict[str, tuple[TrainConfig, tuple[str, ...]]] = {}
    for symbol in symbols:
        try:
            networks[symbol] = network_of(job, symbol), panel_of(job, symbol)
        except LstmfinError as error:
            plans.of[symbol] = error
    for symbol, (network, panel) in networks.items():
        if not network.panel:
            plans.add(symbol, network)
        elif symbol not in plans.of:
            together = [one for one, other in networks.items() if other == (network, panel)]
            plans.add_panel(together, network, panel)
    return plans


def panel_of(job: Job, symbol: str) -> tuple[str, ...]:
    """Return the symbols that the saved panel of a symbol learned from."""
    from lstmfin.models.shelf import is_of_panel, load_model

    if not is_of_panel(job.workspace, symbol):
        return ()
    data = load_model(job.workspace, symbol)[1].provenance
    return data.symbols if data is not None else ()


def network_of(job: Job, symbol: str) -> TrainConfig:
    """Return the network to test: that of this line, else of the saved model, else the default."""
    from lstmfin.models.shelf import has_model, load_model

    if job.trained is not None:
        return job.trained
    if has_model(job.workspace, symbol):
        return load_model(job.workspace, symbol)[1].config
    return job.settings.train

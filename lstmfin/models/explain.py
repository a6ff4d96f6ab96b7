"""What a forecaster's next session rests on: attributions of its networks, and what of.

Shapes: T days of a window, D inputs.
"""

from dataclasses import dataclass

import numpy as np

from lstmfin.data.prices import Prices
from lstmfin.data.target import Quantity
from lstmfin.errors import UsageError
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.insight import Attribution, carried_into, integrated_gradients
from lstmfin.models.threads import one_thread

PARTS = {
    (Quantity.RETURN, "width"): ("range", "log width", "widened", "narrowed"),
    (Quantity.RETURN, "centre"): ("centre", "daily volatilities", "lifted", "lowered"),
    (Quantity.LOG_VARIANCE, "centre"): ("variance", "log variance", "raised", "lowered"),
    (Quantity.CHANCE, "centre"): ("chance of a rise", "log odds", "raised", "lowered"),
}
"""By what is forecast: a part of its law, the unit of that, and what more and less of it are."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """What of the next session is explained, in words, and by what.

    Attributes
    ----------
    part, unit, more, less : str
        As in ``PARTS``.
    inputs : tuple of str
        Names of the D inputs.
    attribution : Attribution
        The mean over the networks.
    """

    part: str
    unit: str
    more: str
    less: str
    inputs: tuple[str, ...]
    attribution: Attribution


def explain(forecaster: Forecaster, prices: Prices, origin: int, part: str) -> Explanation:
    """Return what the forecast of the session after an origin rests on.

    All is relative to trailing volatility, in whose units networks see and say everything.

    Parameters
    ----------
    origin : int
        Position of the last session that is known.
    part : str
        ``width`` or ``centre`` of the law; ``auto`` takes the width where the loss trains one.

    Raises
    ------
    UsageError
        When the loss trains no width.
    """
    quantity, loss = forecaster.target.quantity, forecaster.loss
    law = loss.law(np.zeros((loss.n_parameters, 1, 1)))
    has_width = (quantity, "width") in PARTS and law.scale is not None
    if part == "width" and not has_width:
        raise UsageError(
            f"--explain width: --target {forecaster.config.target} with --loss "
            f"{forecaster.config.loss} trains no width; choose --explain centre"
        )
    chosen = "width" if has_width and part != "centre" else "centre"
    samples, first = forecaster.seen(prices, np.array([origin])), np.arange(1)
    (x,), _ = samples.batch(first)
    output = forecaster.horizon if chosen == "width" else 0  # outputs are (P, H): the next session
    with one_thread():
        found = [
            integrated_gradients(
                one.network, x, output=output, carried=carried_into(one.network, samples, first)
            )
            for one in forecaster.members
        ]
    values = np.mean([one.values for one in found], axis=0)
    forecast = float(np.mean([one.forecast for one in found]))
    baseline = float(np.mean([one.baseline for one in found]))
    if samples.linear is not None:  # of the last day alone, and exact
        linear, rows = samples.linear, samples.rows
        last, level = samples.at_origin(rows)[0], samples.level(rows)[0]
        (which,) = linear.which(samples.windows.symbols)
        values[-1] += linear.parts_of(last, level, which)[:, 0]
        forecast += float(linear.of(last, level, which)[0])
        baseline += float(linear.of(np.zeros_like(last), level, which)[0])
    mean = Attribution(values, forecast, baseline, sum(one.n_points for one in found))
    return Explanation(*PARTS[quantity, chosen], samples.windows.features, mean)

"""Whether a backtest was of the network that forecasts now, or of another one."""

from dataclasses import replace

from lstmfin.advice import advised
from lstmfin.backtest.record import Record
from lstmfin.config import TrainConfig, differences, section_from_table, section_to_table
from lstmfin.data.prices import Prices
from lstmfin.errors import DataError, LstmfinError
from lstmfin.models.view import features_of
from lstmfin.registry import TARGETS


def another_network(record: Record, current: TrainConfig, prices: Prices) -> list[str]:
    """Return in which options the current model is not the network that was tested, old → new.

    The seed is not one of them: a verdict is on a kind of network. Features that a test of a panel
    left open are not known, and tell of nothing.

    Raises
    ------
    DataError
        When the record does not say what was tested.
    """
    try:
        tested = section_from_table(TrainConfig, record.settings["train"], where="its settings")
        tested = replace(tested, seed=current.seed, loss=tested.loss or _usual_loss(tested))
    except (LstmfinError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"the backtest of {record.symbol} does not say which network it is of ({error}); make "
            f"it anew: {advised('backtest', record.symbol)}"
        ) from error
    current = replace(current, loss=current.loss or _usual_loss(current))
    if not tested.features and tested.panel:
        tested = replace(tested, features=current.features)
    both = (
        one if one.panel else replace(one, features=features_of(one, [prices]))
        for one in (tested, current)
    )
    return differences(*map(section_to_table, both))


def _usual_loss(config: TrainConfig) -> str:
    return str(TARGETS.get(config.target).loss)

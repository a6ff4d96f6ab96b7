"""Forecasts of prices by recurrent networks in plain NumPy, and what they are worth.

``fetch``, ``Forecaster``, ``backtest`` and ``plot`` are for notebooks, and are loaded when they are
first used: data frames in, data frames and figures out.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstmfin.backtest.study import backtest as backtest
    from lstmfin.notebook import Forecaster as Forecaster
    from lstmfin.notebook import fetch as fetch
    from lstmfin.notebook import plot as plot

__version__ = "0.1.0"

__all__ = ["Forecaster", "__version__", "backtest", "fetch", "plot"]


def __getattr__(name: str) -> Any:
    if name == "backtest":  # the package of that name, which can be called
        return import_module("lstmfin.backtest")
    if name in __all__:
        return getattr(import_module("lstmfin.notebook"), name)
    raise AttributeError(f"module 'lstmfin' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Backtests: folds that keep the future out, costs, and a verdict.

The package can be called: ``lstmfin.backtest(prices, model)`` is ``backtest`` of its ``study``.
"""

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """A package that can be called, so that a notebook finds a function by the name of the room."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from lstmfin.backtest.study import backtest

        return backtest(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable

"""What an optimiser is: it moves one flat vector of weights down a gradient.

Shapes: P weights.
"""

import inspect
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from lstmfin.config import TrainConfig
from lstmfin.engine.params import Array
from lstmfin.errors import UsageError
from lstmfin.registry import OPTIMISERS

OPTIMISER_OPTIONS = ("momentum", "weight_decay")
"""Fields of ``TrainConfig`` that belong to optimisers; None leaves them to the optimiser."""


class Optimiser(ABC):
    """What all optimisers share.

    All that one remembers from step to step are the vectors and numbers it names: a checkpoint
    keeps them, and ``reset`` sets them to zero.

    Parameters
    ----------
    weights : ndarray (P,)
        One flat vector; ``step`` changes it in place.
    decayed : ndarray (P,)
        1 for weights that decay, 0 for those that do not, such as biases.
    """

    vectors: ClassVar[tuple[str, ...]] = ()
    numbers: ClassVar[tuple[str, ...]] = ("n_steps",)
    n_steps: int

    def __init__(self, weights: Array, *, decayed: Array) -> None:
        self.weights = weights
        self.decayed = decayed
        self.reset()

    def reset(self) -> None:
        """Forget what was; the next step is a first step."""
        for name in self.vectors:
            setattr(self, name, np.zeros_like(self.weights))
        for name in self.numbers:
            setattr(self, name, 0)

    @abstractmethod
    def step(self, gradient: Array, learning_rate: float) -> None:
        """Take one step down the gradient (P,)."""

    def answer(self) -> Array:
        """Return the weights (P,) to predict with; most optimisers have only those they train."""
        return self.weights


def make_optimiser(config: TrainConfig, weights: Array, decayed: Array) -> Optimiser:
    """Return the optimiser of a configuration, with the options given to it.

    Raises
    ------
    UsageError
        When an option is given that the optimiser does not take; the message names those that do.
    """
    given = {name: getattr(config, name) for name in OPTIMISER_OPTIONS}
    given = {name: value for name, value in given.items() if value is not None}
    for name in given.keys() - set(options_of(config.optimiser)):
        takers = [one for one in OPTIMISERS.names() if name in options_of(one)]
        also = ", and --l2 for any" if name == "weight_decay" else ""
        raise UsageError(
            f"--{name.replace('_', '-')} is nothing to the optimiser '{config.optimiser}'; "
            f"it is for --optimiser {' or '.join(takers)}{also}"
        )
    optimiser: Optimiser = OPTIMISERS.get(config.optimiser)(weights, decayed=decayed, **given)
    return optimiser


def options_of(optimiser: str) -> tuple[str, ...]:
    """Return the names of the options that an optimiser takes.

    Examples
    --------
    >>> options_of("sgd")
    ('momentum',)
    """
    parameters: Any = inspect.signature(OPTIMISERS.get(optimiser)).parameters
    return tuple(name for name in OPTIMISER_OPTIONS if name in parameters)

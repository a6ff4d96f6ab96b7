"""Log variance of a week."""

from lstmfin.data.features._lagged import lagged_variance

FEATURE = lagged_variance(5)

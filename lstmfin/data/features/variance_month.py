"""Log variance of a month."""

from lstmfin.data.features._lagged import lagged_variance

FEATURE = lagged_variance(22)

"""Log variance of the session."""

from lstmfin.data.features._lagged import mean_variance

FEATURE = mean_variance(1)

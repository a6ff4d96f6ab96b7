"""Log of the mean variance of a week."""

from lstmfin.data.features._lagged import mean_variance

FEATURE = mean_variance(5)

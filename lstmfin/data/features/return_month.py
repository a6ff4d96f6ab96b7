"""Log return of a month."""

from lstmfin.data.features._lagged import lagged_return

FEATURE = lagged_return(21)

"""Log return of a week."""

from lstmfin.data.features._lagged import lagged_return

FEATURE = lagged_return(5)

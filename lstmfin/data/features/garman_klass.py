"""Log variance of the session by Garman and Klass (1980)."""

from lstmfin.data.features._lagged import log_estimator

FEATURE = log_estimator("garman-klass")

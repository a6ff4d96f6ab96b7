"""Log variance of the session by Parkinson (1980)."""

from lstmfin.data.features._lagged import log_estimator

FEATURE = log_estimator("parkinson")

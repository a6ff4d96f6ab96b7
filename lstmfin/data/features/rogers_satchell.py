"""Log variance of the session by Rogers and Satchell (1991)."""

from lstmfin.data.features._lagged import log_estimator

FEATURE = log_estimator("rogers-satchell")

"""Tasks that workers of another process can import: some good, some that die or never end."""

import os
import signal
import time

import numpy as np

from lstmfin.errors import DataError


def arithmetic(seed, tick):
    """Products whose bits depend on the number of BLAS threads."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((300, 300))
    tick(0.5)
    return a @ a.T, np.linalg.lstsq(a, a[0], rcond=None)[0]


def act(task, tick):
    """Do what the task says."""
    kind, value = task
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "refuse":
        raise DataError(f"{value} cannot be")
    if kind == "bug":
        raise ZeroDivisionError(value)
    if kind == "hang":
        time.sleep(60)
    if kind == "long":
        for _ in range(6000):
            time.sleep(0.01)
            tick(0.1)
    if kind == "sleep":
        time.sleep(value)
    if kind == "pid":
        return os.getpid()
    return value

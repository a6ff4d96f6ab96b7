"""Requests to a source over a whole run: what passes is waited out, an outage is called one.

A rate limit stops the whole run, not a symbol: it waits with full jitter (uniform between nothing
and a bound that doubles; Brooker 2015, "Exponential backoff and jitter"), goes on where it was, and
in the end gives up for all symbols. A connection that fails is tried again; "no data" never is.
"""

import datetime as dt
import logging
import random
import time
from collections.abc import Callable
from dataclasses import replace

from lstmfin.data.prices import Prices
from lstmfin.data.source import Source, SourceOptions
from lstmfin.errors import SourceError, TryLaterError, UnknownSymbolError

log = logging.getLogger(__name__)

TRIES = 3
"""How often a symbol is asked for when the connection fails or the answer is none."""

RETRY_SECONDS = 2.0
"""Bound of the first pause between two tries, if patience has it; the next is twice as long."""

SYMBOL_SECONDS = 60.0
"""After so long no further try begins for a symbol."""

WAITS = 4
"""Waits for a rate limit to pass, one after the other, before the run gives up."""

DOUBTFUL = 3
"""Failures in a row after which the source itself is doubted; one is enough before any success."""

CANARY_DAYS = dt.timedelta(days=10)


class Courier:
    """Fetches symbols of one source, one after the other, and knows how the run goes.

    Parameters
    ----------
    patience : float, default 300
        Seconds that waits for one rate limit may take together.
    max_runtime : float, default 3600
        Seconds after which no symbol is begun.
    clock, sleep, rng
        Monotonic seconds, how to wait, and the source of jitter; for tests.
    """

    def __init__(
        self,
        *,
        patience: float = 300.0,
        max_runtime: float = 3600.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        rng: random.Random | None = None,
    ) -> None:
        self._patience, self._max_runtime = patience, max_runtime
        self._clock, self._sleep = clock, sleep
        self._rng = rng or random.Random()  # noqa: S311 - jitter is no secret
        self._began = clock()
        self._n_waits = 0
        self._n_failures = 0
        self._is_alive = False
        self._end: SourceError | TryLaterError | None = None

    @property
    def gave_up(self) -> bool:
        """Whether the run ended early in a way that a later one may not."""
        return isinstance(self._end, TryLaterError)

    def carry(
        self,
        source: Source,
        symbol: str,
        start: dt.date | None,
        end: dt.date | None,
        options: SourceOptions,
    ) -> Prices:
        """Return what the source has of a symbol.

        Raises
        ------
        UnknownSymbolError, SourceError, TryLaterError, DataError
            As the source says, or because the run is over: the source is down or limits the rate.
        """
        began, n_tries = self._clock(), 0
        while True:
            left = self._time_left(symbol)
            try:
                prices = source.fetch(
                    symbol,
                    start=start,
                    end=end,
                    options=replace(options, timeout=min(options.timeout, max(left, 1.0))),
                )
            except TryLaterError as error:
                self._wait_out(error)
            except UnknownSymbolError:
                self._ask_canary(source, options)
                raise
            except SourceError as error:
                n_tries += 1
                if n_tries == TRIES or self._clock() - began > SYMBOL_SECONDS:
                    self._ask_canary(source, options)
                    raise
                log.info("%r: %s; trying again", symbol, error)
                bound = min(RETRY_SECONDS, self._patience / 2**WAITS)
                self._sleep(self._rng.uniform(0, bound * 2 ** (n_tries - 1)))
            else:
                self._n_waits = self._n_failures = 0
                self._is_alive = True
                return prices

    def _time_left(self, symbol: str) -> float:
        """Return the seconds left of the run; raise when it is over for whatever reason."""
        if self._end is not None:  # without what earlier symbols left in its traceback
            raise self._end.with_traceback(None)
        left = self._began + self._max_runtime - self._clock()
        if left <= 0:
            self._end = TryLaterError(
                f"the run is over after {self._max_runtime:g} s (--max-runtime) with {symbol} "
                "still to fetch; the same command goes on from here"
            )
            raise self._end
        return left

    def _wait_out(self, error: TryLaterError) -> None:
        """Wait for a rate limit to pass, or give up for the whole run."""
        self._n_waits += 1
        bound = self._patience / 2 ** (WAITS + 1 - self._n_waits)
        if self._n_waits > WAITS or bound == 0:
            waited = f", also after {WAITS} waits" if bound else ""
            self._end = TryLaterError(f"{error}{waited}; the rest of the run is given up")
            raise self._end from error
        pause = self._rng.uniform(0, bound)
        log.warning("%s; going on in %.0f s", error, pause)
        self._sleep(pause)

    def _ask_canary(self, source: Source, options: SourceOptions) -> None:
        """Fetch a symbol that is always alive when a source may be down; end the run if it is."""
        self._n_failures += 1
        canary = source.canary
        if canary is None or self._n_failures < (DOUBTFUL if self._is_alive else 1):
            return
        start = options.now.date() - CANARY_DAYS
        try:
            source.fetch(canary, start=start, end=None, options=options)
        except TryLaterError as error:
            self._wait_out(error)
        except SourceError as error:
            self._end = SourceError(
                f"{error}; as {canary} is always alive, the source is out of order, and nothing "
                "was learnt of any other symbol"
            )
            raise self._end from error
        else:
            self._is_alive, self._n_failures = True, 0

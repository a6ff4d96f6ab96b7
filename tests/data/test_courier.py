"""How a run of requests goes: what is waited out, what is tried again, and what ends it."""

import datetime as dt
import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_prices import build_prices

from lstmfin.data.courier import CANARY_DAYS, RETRY_SECONDS, TRIES, WAITS, Courier
from lstmfin.errors import DataError, SourceError, TryLaterError, UnknownSymbolError

GOOD = build_prices(5)
LIMIT, DOWN, NO_DATA = TryLaterError("limit"), SourceError("down"), UnknownSymbolError("no data")


class Clock:
    """Time that passes only where somebody waits, or a request takes it."""

    def __init__(self):
        self.now, self.slept = 0.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


class Scripted:
    """A source that answers from a script, symbol by symbol; the last answer repeats."""

    def __init__(self, clock, *, canary="ALIVE", takes=0.0, **answers):
        self.clock, self.canary, self.takes, self.asked = clock, canary, takes, []
        self.answers = {
            name: list(one) if isinstance(one, Iterable) else [one] for name, one in answers.items()
        }
        self.timeouts = []

    def fetch(self, symbol, *, start, end, options):
        self.asked.append(symbol)
        self.starts = start
        self.timeouts.append(options.timeout)
        self.clock.now += self.takes
        script = self.answers.get(symbol, [GOOD])
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clock():
    return Clock()


def make(clock, **limits):
    return Courier(clock=clock, sleep=clock.sleep, rng=random.Random(1), **limits)


def results(courier, source, options, *symbols):
    """Fetch symbols in order; return what became of each."""
    done = []
    for symbol in symbols:
        try:
            done.append(courier.carry(source, symbol, None, None, options))
        except (DataError, SourceError, TryLaterError) as error:
            done.append(error)
    return done


def test_a_connection_that_fails_is_tried_again(clock, options):
    """Up to three times, with pauses of random length whose bound doubles."""
    source = Scripted(clock, A=[DOWN, DOWN, GOOD])
    assert results(make(clock), source, options, "A") == [GOOD]
    first, second = clock.slept
    assert 0 <= first <= RETRY_SECONDS
    assert 0 <= second <= 2 * RETRY_SECONDS


def test_a_connection_that_keeps_failing_is_given_up(clock, options):
    """After three tries the error passes; the canary says whether the source is alive."""
    source = Scripted(clock, A=DOWN)
    assert results(make(clock), source, options, "A", "B") == [DOWN, GOOD]
    assert source.asked == ["A"] * TRIES + ["ALIVE", "B"]
    assert source.starts is None
    assert dt.timedelta(days=30) > CANARY_DAYS


def test_no_data_is_never_tried_again(clock, options):
    """One request, no pause: a symbol that is gone stays gone."""
    source = Scripted(clock, A=NO_DATA)
    assert results(make(clock), source, options, "A", "B") == [NO_DATA, GOOD]
    assert source.asked == ["A", "ALIVE", "B"]
    assert clock.slept == []


def test_bad_data_is_not_a_matter_of_the_connection(clock, options):
    """What cannot be prices passes as it is."""
    bad = DataError("bad")
    assert results(make(clock), Scripted(clock, A=bad), options, "A") == [bad]
    assert clock.slept == []


def test_an_outage_is_told_from_symbols_that_are_gone(clock, options):
    """When the canary has no data either, the run ends; nothing is learnt of any symbol."""
    source = Scripted(clock, A=NO_DATA, ALIVE=NO_DATA)
    courier = make(clock)
    first, *others = results(courier, source, options, "A", "B", "C")
    assert type(first) is SourceError
    assert str(first).startswith("no data; as ALIVE is always alive, the source is out of order")
    assert others == [first, first]
    assert source.asked == ["A", "ALIVE"]
    assert not courier.gave_up


def test_few_failures_among_successes_are_no_outage(clock, options):
    """After a success three failures in a row are needed before the source is doubted again."""
    source = Scripted(clock, X=NO_DATA, Y=NO_DATA, Z=NO_DATA)
    results(make(clock), source, options, "A", "X", "Y", "B", "X", "Y")
    assert "ALIVE" not in source.asked
    results(make(clock), source, options, "A", "X", "Y", "Z")
    assert source.asked[-1] == "ALIVE"


def test_a_source_without_a_canary_is_taken_at_its_word(clock, options):
    """Files and samples on this machine know no outage."""
    source = Scripted(clock, canary=None, A=NO_DATA)
    assert results(make(clock), source, options, "A", "B") == [NO_DATA, GOOD]
    assert source.asked == ["A", "B"]


@pytest.mark.parametrize("n_limits", range(1, WAITS + 1))
def test_a_rate_limit_is_waited_out(clock, options, n_limits):
    """The symbol that met it is asked for again, after pauses whose bound doubles."""
    source = Scripted(clock, B=[*[LIMIT] * n_limits, GOOD])
    courier = make(clock, patience=160)
    assert results(courier, source, options, "A", "B", "C") == [GOOD] * 3
    assert len(clock.slept) == n_limits
    for pause, bound in zip(clock.slept, [10, 20, 40, 80], strict=False):
        assert 0 <= pause <= bound
    assert not courier.gave_up


def test_a_rate_limit_in_waves_is_waited_out_each_time(clock, options):
    """A success starts the count anew: a run of many symbols may meet many waves."""
    waves = {name: [LIMIT, LIMIT, GOOD] for name in "ABCDEF"}
    assert results(make(clock), Scripted(clock, **waves), options, *"ABCDEF") == [GOOD] * 6


def test_a_rate_limit_that_stays_ends_the_run(clock, options):
    """For all symbols at once: the ones after are not asked for; the patience was not exceeded."""
    source = Scripted(clock, B=LIMIT)
    courier = make(clock, patience=160)
    good, first, second = results(courier, source, options, "A", "B", "C")
    assert good is GOOD
    assert first is second
    assert isinstance(first, TryLaterError)
    assert "given up" in str(first)
    assert source.asked == ["A"] + ["B"] * (WAITS + 1)
    assert sum(clock.slept) <= 160
    assert courier.gave_up


def test_without_patience_a_rate_limit_ends_the_run_at_once(clock, options):
    """A patience of zero asks once."""
    source = Scripted(clock, A=LIMIT)
    results(make(clock, patience=0), source, options, "A", "B")
    assert source.asked == ["A"]
    assert clock.slept == []


def test_a_limited_canary_is_a_limit(clock, options):
    """It is no outage that the canary is refused for asking too often."""
    source = Scripted(clock, A=NO_DATA, ALIVE=[LIMIT, GOOD])
    assert results(make(clock), source, options, "A", "B") == [NO_DATA, GOOD]
    assert len(clock.slept) == 1


def test_a_run_has_its_time(clock, options):
    """When it is over no symbol is begun, and a request never gets more time than is left."""
    source = Scripted(clock, takes=4.0)
    courier = make(clock, max_runtime=10)
    done = results(courier, source, options, "A", "B", "C", "D", "E")
    assert done[:3] == [GOOD] * 3
    assert done[3] is done[4]
    assert "--max-runtime" in str(done[3])
    assert source.timeouts == [10, 6, 2]
    assert courier.gave_up


def test_a_symbol_has_its_time(clock, options):
    """A symbol whose first try took a minute gets no second."""
    source = Scripted(clock, A=DOWN, takes=61.0)
    assert results(make(clock), source, options, "A") == [DOWN]
    assert source.asked == ["A", "ALIVE"]


@given(
    st.lists(st.lists(st.sampled_from([LIMIT, DOWN, NO_DATA, GOOD]), min_size=1), max_size=8),
    st.integers(),
)
def test_every_run_ends(scripts, seed):
    """Whatever a source answers: each symbol ends with prices or one error, in bounded requests."""
    from lstmfin.data.source import SourceOptions

    clock = Clock()
    names = [f"S{at}" for at in range(len(scripts))]
    source = Scripted(clock, **dict(zip(names, scripts, strict=True)))
    courier = Courier(clock=clock, sleep=clock.sleep, rng=random.Random(seed))
    options = SourceOptions(None, None, dt.datetime.now(dt.UTC))
    done = results(courier, source, options, *names)
    assert len(done) == len(names)
    assert len(source.asked) <= 20 * len(names)
    assert clock.now <= 3600 + 300

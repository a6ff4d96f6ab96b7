"""Interrupts that wait for the end of a step."""

import signal

import pytest

from lstmfin.cli.interrupts import SIGNALS, held_back


class Came(BaseException):
    """Raised by the handlers that were there before."""


@pytest.fixture
def handler():
    """Let both signals raise ``Came`` with their number; put back what was there."""

    def come(number, frame):
        raise Came(number)

    before = {number: signal.signal(number, come) for number in SIGNALS}
    yield come
    for number, one in before.items():
        signal.signal(number, one)


@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupt_waits_until_it_is_let_through(handler, number):
    """Nothing happens before; then the handler of before gets the signal that came."""
    reached = []
    with pytest.raises(Came) as caught, held_back() as let_through:  # noqa: PT012 - how far it came is the rule
        let_through()
        signal.raise_signal(number)
        reached.append("held")
        let_through()
        reached.append("never")
    assert caught.value.args == (number,)
    assert reached == ["held"]
    assert [signal.getsignal(one) for one in SIGNALS] == [handler, handler]


def test_it_comes_through_at_the_end_of_the_block(handler):
    """What nobody let through is not lost, and the handlers are back before."""
    reached = []
    with pytest.raises(Came), held_back():  # noqa: PT012 - how far it came is the rule
        signal.raise_signal(signal.SIGTERM)
        reached.append("held")
    assert reached == ["held"]
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_second_one_does_not_wait(handler):
    """Whoever presses Ctrl-C twice means it."""
    reached = []
    with pytest.raises(Came), held_back():  # noqa: PT012 - how far it came is the rule
        signal.raise_signal(signal.SIGINT)
        reached.append("held")
        signal.raise_signal(signal.SIGINT)
        reached.append("never")
    assert reached == ["held"]


def test_without_an_interrupt_nothing_happens(handler):
    """The block ends as it would; an error of its own stays that error."""
    with held_back() as let_through:
        let_through()
    with pytest.raises(ZeroDivisionError), held_back():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_signal_that_kills_is_left_alone(handler):
    """Where there was no handler, as in a library, nothing is put in its place."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with held_back():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

"""Ctrl-C and SIGTERM that wait for a good moment."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Terminated(KeyboardInterrupt):
    """Raised by SIGTERM, so that it ends the work as Ctrl-C does."""


@contextmanager
def held_back() -> Iterator[Callable[[], None]]:
    """Hold interrupts back; yield a function that lets one through, if one came.

    What was held back comes through at the end of the block at the latest. A second one comes
    through at once: whoever presses Ctrl-C twice does not want to wait.
    """
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in SIGNALS}
    in_charge = threading.current_thread() is threading.main_thread()
    handlers = {number: one for number, one in before.items() if in_charge and callable(one)}

    def hold(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            handlers[signal.Signals(number)](number, frame)

    def let_through() -> None:
        if came:
            handlers[signal.Signals(came[0])](came[0], None)

    for number in handlers:
        signal.signal(number, hold)
    try:
        yield let_through
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    let_through()

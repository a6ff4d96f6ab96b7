"""Sessions: which are over, which are missing, and which are to come.

With the extra ``[calendar]`` the exchange's own calendar answers, holidays and all, as long as it
explains the sessions that were; without it, or for a market it does not know, their weekdays do.
"""

import datetime as dt
import warnings
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Sessions = NDArray[np.datetime64]

LOOK_BACK = 60
"""Sessions that tell on which weekdays a market is open: a quarter of a year, holidays and all."""

SETTLING = dt.timedelta(minutes=30)
"""How long after the close a bar may still change; delayed quotes lag 15 to 20 minutes."""

COVERED = 0.9
"""Share of a calendar's recent sessions that a series must have for it to be its calendar."""

LONGEST_HOLIDAY = 5
"""Weekdays in a row without a session that may be holidays where no calendar is known."""

BY_SUFFIX = dict(
    pair.split(":")
    for pair in (
        "L:XLON T:XTKS AX:XASX DE:XETR F:XFRA PA:XPAR AS:XAMS BR:XBRU LS:XLIS MI:XMIL MC:XMAD "
        "SW:XSWX VI:XWBO IR:XDUB ST:XSTO HE:XHEL CO:XCSE OL:XOSL TO:XTSE SA:BVMF MX:XMEX HK:XHKG "
        "SS:XSHG SZ:XSHG NS:XBOM BO:XBOM KS:XKRX TW:XTAI SI:XSES NZ:XNZE JO:XJSE"
    ).split()
)
"""Calendars of exchange_calendars by the suffix of Yahoo's symbols."""

BY_TIMEZONE = {
    "America/New_York": "XNYS",
    "Europe/London": "XLON",
    "Asia/Tokyo": "XTKS",
    "Australia/Sydney": "XASX",
    "Europe/Berlin": "XETR",
    "Europe/Paris": "XPAR",
    "Asia/Hong_Kong": "XHKG",
}
"""Calendars of symbols without a suffix, indices among them, by the zone of their exchange."""


def has_ended(
    session: dt.date, timezone: str, now: dt.datetime, *, close: dt.datetime | None = None
) -> bool:
    """Tell whether a session is over and its bar settled.

    Parameters
    ----------
    session : date
        On the exchange's own calendar.
    timezone : str
        IANA name of the exchange's zone; UTC where it is empty.
    now : datetime
        The present, with a time zone.
    close : datetime, optional
        End of the trading hours that the source calls the current ones; without it a session lasts
        until midnight.
    """
    zone = ZoneInfo(timezone or "UTC")
    if close is not None and close.astimezone(zone).date() == session:
        return now >= close + SETTLING
    if close is not None and close.astimezone(zone).date() > session:
        return session <= now.astimezone(zone).date()
    return session < (now - SETTLING).astimezone(zone).date()


def exchange_of(symbol: str, timezone: str) -> str:
    """Return the name of the exchange's calendar, empty where it is not known.

    Examples
    --------
    >>> exchange_of("7203.T", "Asia/Tokyo"), exchange_of("^GSPC", "America/New_York")
    ('XTKS', 'XNYS')
    """
    if symbol.endswith("=X"):
        return "24/5"
    if "-" in symbol and symbol.endswith(("-USD", "-EUR", "-GBP", "-USDT")):
        return "24/7"
    _, dot, suffix = symbol.rpartition(".")
    return BY_SUFFIX.get(suffix, "") if dot else BY_TIMEZONE.get(timezone, "")


def future_sessions(sessions: Sessions, n_sessions: int, *, exchange: str = "") -> Sessions:
    """Return the next sessions of a market.

    Parameters
    ----------
    sessions : ndarray of datetime64[D] (n,)
        Sessions that were, at least one.
    n_sessions : int
        How many to come.
    exchange : str, optional
        Name of its calendar, see ``exchange_of``. Where it is not known, not installed or does not
        explain the sessions that were, their weekdays are taken, and no holiday is known.

    Examples
    --------
    >>> week = np.arange("2024-01-01", "2024-01-06", dtype="datetime64[D]")
    >>> [str(day) for day in future_sessions(week, 2)]
    ['2024-01-08', '2024-01-09']
    """
    known = calendar_ahead(sessions, n_sessions, exchange=exchange)
    if known is not None:
        return known
    last = np.datetime64(sessions[-1], "D")
    return np.busday_offset(
        last, np.arange(1, n_sessions + 1), roll="backward", weekmask=_weekmask(sessions)
    )


def calendar_ahead(sessions: Sessions, n_sessions: int, *, exchange: str) -> Sessions | None:
    """Return the next sessions by the exchange's calendar, None where it cannot tell them."""
    recent = sessions[-LOOK_BACK:].astype("datetime64[D]")
    days = 60 * (n_sessions // 20 + 1)  # enough for weekends and holidays, the same for most
    known = _calendar_sessions(exchange, recent[0], recent[-1] + days) if exchange else None
    if known is None:
        return None
    ahead = known[known > recent[-1]]
    is_its_own = _explains(known[: len(known) - len(ahead)], recent)
    return ahead[:n_sessions] if is_its_own and len(ahead) >= n_sessions else None


def has_calendar(sessions: Sessions, exchange: str) -> bool:
    """Tell whether the exchange's calendar is there and explains the recent sessions."""
    recent = sessions[-LOOK_BACK:].astype("datetime64[D]")
    known = _calendar_sessions(exchange, recent[0], recent[-1]) if exchange else None
    return known is not None and _explains(known, recent)


def _explains(known: Sessions, recent: Sessions) -> bool:
    return bool(np.isin(recent, known).all()) and len(recent) >= COVERED * len(known)


def missing_sessions(sessions: Sessions, *, exchange: str = "") -> Sessions:
    """Return the dates between the first and the last session on which one should have been.

    Without a calendar only gaps that are too long for holidays are told, by their weekdays.
    """
    days = sessions.astype("datetime64[D]")
    if has_calendar(days, exchange):
        known = _calendar_sessions(exchange, days[0], days[-1])
        assert known is not None
        return np.setdiff1d(known, days)
    mask = _weekmask(days)
    gaps = np.busday_count(days[:-1], days[1:], weekmask=mask) - 1
    empty = np.array([], dtype="datetime64[D]")
    found = [
        np.busday_offset(days[at], np.arange(1, gaps[at] + 1), roll="backward", weekmask=mask)
        for at in np.flatnonzero(gaps > LONGEST_HOLIDAY)
    ]
    return np.concatenate([empty, *found])


def _weekmask(sessions: Sessions) -> NDArray[np.bool_]:
    weekdays = np.zeros(7, dtype=bool)
    weekdays[(sessions[-LOOK_BACK:].astype("datetime64[D]").astype(np.int64) + 3) % 7] = True
    if len(sessions) < 5:  # above: 1970-01-01 was a Thursday
        weekdays[:5] = True
    return weekdays


def _calendar_sessions(exchange: str, first: np.datetime64, last: np.datetime64) -> Sessions | None:
    """Return the sessions of an exchange in a range; None where its calendar cannot tell."""
    known = _calendar_months(exchange, first.astype("datetime64[M]"), last.astype("datetime64[M]"))
    return None if known is None else known[(known >= first) & (known <= last)]


@lru_cache(maxsize=64)
def _calendar_months(exchange: str, first: np.datetime64, last: np.datetime64) -> Sessions | None:
    """Return the sessions of an exchange in some months; a calendar takes half a second to make."""
    try:
        import exchange_calendars
    except ImportError:
        return None
    from exchange_calendars import errors

    # A calendar wants some room to count in.
    start, end = first.astype("datetime64[D]") - 10, (last + 1).astype("datetime64[D]") + 10
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is not quite of this pandas yet
            calendar = exchange_calendars.get_calendar(exchange, start=str(start), end=str(end))
    except (errors.CalendarError, ValueError):  # unknown, or beyond the years it knows
        return None
    known: Sessions = calendar.sessions.to_numpy().astype("datetime64[D]")
    return known

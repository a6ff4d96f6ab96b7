"""One GET over HTTPS with everything bounded: time in all, size, redirects; errors in our words."""

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from lstmfin.errors import ConfigError, SourceError, TryLaterError, UnknownSymbolError

MAX_BYTES = 16_000_000
"""More than a century of daily bars, which parsing makes twenty times as large at the worst."""

CHUNK = 65_536
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
AGENT = "lstmfin (https://pypi.org/project/lstmfin)"


def get(
    address: str,
    *,
    source: str,
    symbol: str,
    query: Mapping[str, str],
    timeout: float,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Return the body of the answer to a GET.

    Parameters
    ----------
    address : str
        https, or a server on this machine.
    source, symbol : str
        Who is asked for what, for messages: no message holds the address or a header.
    query : mapping of str
        What follows the question mark.
    timeout : float
        Seconds for all of it: a server that drips does not stretch it.

    Raises
    ------
    UnknownSymbolError, TryLaterError, ConfigError, SourceError
        On 404; on 429; when a key is refused; on all else that is not a
        whole answer with status 200.
    """
    _check_address(address, source)
    deadline = time.monotonic() + timeout
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked
        f"{address}?{urllib.parse.urlencode(query)}",
        headers={"User-Agent": AGENT, **(headers or {})},
    )
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=timeout) as answer:
            return _read(answer, deadline)
    except urllib.error.HTTPError as error:
        error.close()
        has_key = request.has_header("Authorization")
        raise _of_status(error.code, source, symbol, has_key=has_key) from None  # theirs tells more
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = _reason(error, timeout)
        raise SourceError(f"{source} cannot be reached for {symbol}: {reason}") from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could carry the key elsewhere; none of the sources needs one."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _check_address(address: str, source: str) -> None:
    parts = urllib.parse.urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ConfigError(f"the address of {source} must begin with https://")


def _read(answer: Any, deadline: float) -> bytes:
    parts, size = [], 0
    while chunk := answer.read1(CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > MAX_BYTES:
            raise ValueError("the answer is far longer than prices are")
        if time.monotonic() > deadline:
            raise TimeoutError
    expected = answer.headers.get("Content-Length")
    if expected is not None and int(expected) != size:
        raise ValueError("the answer was broken off")
    return b"".join(parts)


def _reason(error: Exception, timeout: float) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return f"no answer within {timeout:g} s"
    if isinstance(cause, http.client.HTTPException):
        return "the answer was broken off"
    if isinstance(cause, OSError):
        return cause.strerror or "the connection failed"
    return str(cause)


def _of_status(status: int, source: str, symbol: str, *, has_key: bool) -> Exception:
    if status == HTTPStatus.NOT_FOUND:
        return UnknownSymbolError(f"{source} has no prices for {symbol}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return TryLaterError(f"{source} limits the rate of requests; try again later")
    if has_key and status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return ConfigError(
            f"{source} refuses your key (HTTP status {status}); is it the right one?"
        )
    return SourceError(
        f"{source} cannot be reached for {symbol}: it answered with HTTP status {status}"
    )

"""A word to a health check, which raises the alarm when none comes.

Its address is a secret: who knows it can say that all is well. No message holds more than the host.
"""

import http.client
import logging
import urllib.request
from urllib.parse import urlsplit, urlunsplit

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
MOST_BYTES = 10_000


def ping(address: str | None, *, suffix: str = "", text: str = "") -> bool:
    """Tell a health check how it goes; whatever comes of that is a line in the log and no more.

    Parameters
    ----------
    address : str or None
        http or https; None tells nobody.
    suffix : str
        What is added to its path: ``start``, or an exit code.
    text : str
        The body, of which the check keeps a log.

    Returns
    -------
    bool
        Whether the check answered.
    """
    if address is None:
        return False
    parts = urlsplit(address)
    path = f"{parts.path.rstrip('/')}/{suffix}" if suffix else parts.path
    request = urllib.request.Request(  # noqa: S310 - the configuration allows http and https alone
        urlunsplit(parts._replace(path=path, fragment="")),
        data=text.encode()[:MOST_BYTES],
        headers={"Content-Type": "text/plain; charset=utf-8"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            answer.read1(MOST_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:
        # Their texts may hold the address.
        log.warning("the health check at %r was not told: %s", parts.hostname, type(error).__name__)
        return False
    return True

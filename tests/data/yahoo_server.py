"""Yahoo on the loopback: its chart format over TLS, behind a proxy, under a throw-away authority.

A client that is told of the proxy and the authority by its environment needs no other change. Every
tunnel ends here, whichever host it asks for.
"""

import datetime as dt
import ipaddress
import json
import os
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NEW_YORK = ZoneInfo("America/New_York")
HOSTS = [
    *(f"{name}.finance.yahoo.com" for name in ("query1", "query2")),
    *(f"{name}.yahoo.com" for name in ("fc", "guce", "consent", "finance")),
]
NOT_FOUND = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
NO_DATA = {
    "code": "Bad Request",
    "description": "Data doesn't exist for startDate = 1, endDate = 2",
}


def epoch(session, hour=9, minute=30, zone=NEW_YORK):
    """Return the epoch second of a local time, in New York unless told otherwise."""
    day = dt.date.fromisoformat(str(session)[:10])
    return int(dt.datetime.combine(day, dt.time(hour, minute), zone).timestamp())


class Yahoo:
    """The server: what it has, how it fails, and what it was asked.

    ``series`` maps a symbol to its Prices; ``zones`` to its zone, if not New York; ``null`` to
    sessions whose row is null; ``echo`` to the symbol that the answer claims; ``faults`` to
    (status, body) or a callable that is given the handler and the query.
    """

    def __init__(self, folder):
        self.series, self.null, self.echo, self.faults, self.zones = {}, {}, {}, {}, {}
        self.requests = []
        self.authority = folder / "authority.pem"
        server = self

        class Handler(_Handler):
            yahoo = server
            context = _tls_context(folder, self.authority)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def environment(self):
        """Variables that lead a client here."""
        proxy = f"http://127.0.0.1:{self._server.server_address[1]}"
        trusted = ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
        return {"HTTPS_PROXY": proxy, "NO_PROXY": "", **dict.fromkeys(trusted, str(self.authority))}

    def process(self, folder):
        """Return the environment of a process that meets this server and has a home of its own."""
        kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        own = {"XDG_CACHE_HOME": str(folder / "xdg"), "OPENBLAS_NUM_THREADS": "1"}
        return {**kept, **self.environment, **own}

    def charts(self, symbol):
        """Return the queries for bars of a symbol, without those that ask for its time zone."""
        return [
            query
            for _, path, query in self.requests
            if path.endswith(f"/chart/{symbol}") and "period1" in query
        ]

    def answer(self, symbol, query):
        """Return status and chart for a query."""
        prices = self.series.get(symbol)
        if prices is None:
            return 404, _chart(None, NOT_FOUND)
        zone = self.zones.get(symbol, NEW_YORK)
        stamps = np.array([epoch(session, zone=zone) for session in prices.sessions])
        if "period1" in query:
            keep = (stamps >= int(query["period1"])) & (stamps < int(query["period2"]))
        else:
            keep = np.arange(len(stamps)) == len(stamps) - 1
        result = {
            "meta": self._meta(symbol, prices),
            "indicators": {"quote": [{}], "adjclose": [{}]},
        }
        if keep.any():
            null = np.isin(prices.sessions.astype(str), self.null.get(symbol, []))
            columns = {
                name: [
                    None if empty or np.isnan(value) else value
                    for value, empty in zip(
                        prices.column(name)[keep].tolist(), null[keep], strict=True
                    )
                ]
                for name in ("open", "high", "low", "close", "adj_close", "volume")
            }
            adjusted = columns.pop("adj_close")
            columns["volume"] = [v if v is None else int(v) for v in columns["volume"]]
            result["timestamp"] = stamps[keep].tolist()
            result["indicators"] = {"quote": [columns], "adjclose": [{"adjclose": adjusted}]}
            result["events"] = _events(prices, stamps[keep], zone)
        return 200, _chart([result], None)

    def _meta(self, symbol, prices):
        last = prices.sessions[-1]
        zone = self.zones.get(symbol, NEW_YORK)
        start, end = epoch(last, zone=zone), epoch(last, 16, 0, zone)
        hours = {"start": start, "end": end, "timezone": "EST", "gmtoffset": 0}
        return {
            "currency": "USD",
            "symbol": self.echo.get(symbol, symbol),
            "instrumentType": "EQUITY",
            "firstTradeDate": epoch(prices.sessions[0]),
            "regularMarketTime": epoch(last, 16, 0),
            "gmtoffset": -18000,
            "timezone": "EST",
            "exchangeTimezoneName": zone.key,
            "longName": f"{symbol} Incorporated",
            "priceHint": 2,
            "currentTradingPeriod": {name: dict(hours) for name in ("pre", "regular", "post")},
            "dataGranularity": "1d",
            "range": "",
            "validRanges": ["1d", "5d", "1mo", "1y", "max"],
        }


def _chart(result, error):
    return json.dumps({"chart": {"result": result, "error": error}})


def _events(prices, stamps, zone):
    events = {"dividends": {}, "splits": {}}
    for session, kind, value in prices.actions.itertuples(index=False):
        stamp = epoch(session, zone=zone)
        if stamp in stamps and kind == "dividend":
            events["dividends"][str(stamp)] = {"amount": value, "date": stamp}
        elif stamp in stamps:
            ratio = {
                "date": stamp,
                "numerator": value,
                "denominator": 1,
                "splitRatio": f"{value}:1",
            }
            events["splits"][str(stamp)] = ratio
    return {name: rows for name, rows in events.items() if rows}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self):
        """Say yes to any host, and go on as that host, over TLS."""
        self.host = self.path.rsplit(":", 1)[0]
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.connection = self.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self):
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.yahoo.requests.append((self.host, parts.path, query))
        symbol = unquote(parts.path.rsplit("/", 1)[-1])
        if parts.path.endswith("/getcrumb"):
            self.reply(200, "crumb", kind="text/plain")
        elif not parts.path.startswith("/v8/finance/chart/"):
            self.reply(404, _chart(None, NOT_FOUND))
        elif symbol in self.yahoo.faults:
            fault = self.yahoo.faults[symbol]
            self.reply(*(fault(self, query) if callable(fault) else fault))
        else:
            self.reply(*self.yahoo.answer(symbol, query))

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def reply(self, status, body, *, kind="application/json"):
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def handle(self):
        try:
            super().handle()
        except OSError:  # the client went away
            self.close_connection = True

    def finish(self):
        super().finish()
        self.connection.close()

    def log_message(self, *_):
        pass


def _tls_context(folder, authority_path):
    """Return a server context whose certificate an authority of a day has signed."""
    now = dt.datetime.now(dt.UTC)
    key = ec.generate_private_key(ec.SECP256R1())

    def certificate(name, public_key, issuer, *extensions):
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def called(name):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    authority_path.write_bytes(
        certificate(
            called("test authority"),
            key.public_key(),
            called("test authority"),
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        )
    )
    server_key = ec.generate_private_key(ec.SECP256R1())
    names = [*map(x509.DNSName, HOSTS), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    chain = folder / "server.pem"
    chain.write_bytes(
        certificate(
            called("yahoo"),
            server_key.public_key(),
            called("test authority"),
            (x509.SubjectAlternativeName(names), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False),
        )
        + server_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context

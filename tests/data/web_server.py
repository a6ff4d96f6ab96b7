"""A server on the loopback that answers as a test says, well or badly."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Web:
    """``answer`` is (status, body), or a callable that is given path and query.

    ``drip`` sends a byte a tenth of a second; ``cut`` closes the line in the middle; ``size`` is
    the length to claim; ``location`` is where a redirect leads.
    """

    def __init__(self):
        self.requests, self.answer = [], (200, b"")
        self.drip = self.cut = False
        self.size = self.location = None
        web = self

        class Handler(_Handler):
            server_web = web

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        web = self.server_web
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        web.requests.append((parts.path, query, dict(self.headers)))
        status, body = web.answer(parts.path, query) if callable(web.answer) else web.answer
        self.send_response(status)
        self.send_header("Content-Length", str(web.size or len(body)))
        if web.location:
            self.send_header("Location", web.location)
        self.end_headers()
        if web.drip:
            for at in range(len(body)):
                self.wfile.write(body[at : at + 1])
                time.sleep(0.1)
        else:
            self.wfile.write(body[: len(body) // 2] if web.cut else body)

    def handle(self):
        try:
            super().handle()
        except OSError:  # the client went away
            self.close_connection = True

    def log_message(self, *_):
        pass

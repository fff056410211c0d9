"""Calls as the outbox makes them, and two small servers that listen on loopback only."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sqlalchemy.orm import Session

from engine.ports import Call
from tests.conftest import MONDAY


def ask(session: Session, connector: Any, operation: str, key: str = "1:a", **inputs: Any) -> dict[str, Any]:
    """Run one operation of a connector, as a job of no case would."""
    return connector.run(Call(key, connector.name, operation, inputs, session, MONDAY))


class Website:
    """An HTTP server with answers by path; remembers what it was asked."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        scheme = "https" if tls else "http"
        self.origin = f"{scheme}://localhost:{self.server.server_port}"
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)

    def says(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        """Answer ``body`` at ``path`` from now on."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        self.answers[path] = answer

    def drips(self, path: str) -> None:
        """Answer one byte of the headers every 50 ms, for ever."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            for _ in range(100):
                handler.wfile.write(b"a")
                handler.wfile.flush()
                time.sleep(0.05)

        self.answers[path] = answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Quiet."""

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site.asked.append((self.command, self.path, dict(self.headers), body))
                try:
                    site.answers[self.path](self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  # names that http.server calls

        return Handler


@contextmanager
def website(tls: ssl.SSLContext | None = None) -> Iterator[Website]:
    """A website for the time of a test."""
    site = Website(tls)
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        thread.join()
        site.server.server_close()


class PostOffice:
    """An SMTP server that takes every mail, or answers ``refusal`` to the address."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.refusal = ""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def close(self) -> None:
        """Close the office."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self.listener.accept()
            except OSError:
                return
            with caller, caller.makefile("rwb") as talk:
                self._talk(talk)

    def _talk(self, talk: Any) -> None:
        def say(text: str) -> None:
            talk.write(text.encode() + b"\r\n")
            talk.flush()

        say("220 here")
        for line in talk:
            word = line[:4].upper().strip()
            if word == b"DATA":
                say("354 go on")
                self.mails.append(b"".join(iter(talk.readline, b".\r\n")))
            if word == b"QUIT":
                say("221 bye")
                return
            say(self.refusal if word == b"RCPT" and self.refusal else "250 fine")


@contextmanager
def post_office() -> Iterator[PostOffice]:
    """A post office for the time of a test."""
    office = PostOffice()
    try:
        yield office
    finally:
        office.close()

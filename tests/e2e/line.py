"""A line between a browser and the house that can be cut: for pages, frames and service workers."""

from __future__ import annotations

import contextlib
import socket
import threading


class Line:
    """Passes bytes on to a port of this machine; while it is cut nothing flows."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._whole = True
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://localhost:{self._door.getsockname()[1]}"
        self.refused = 0
        self.losing = 0
        self._part = b""
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Cut the line: what is open breaks, what comes is turned away."""
        self._whole = False
        with self._lock:
            gone, self._open = self._open, set()
        for one in gone:
            _end(one)

    def mend(self) -> None:
        self._whole = True

    def lose(self, path: str, times: int) -> None:
        """Break off the next requests for a path, as a weak signal does; losing: how many still."""
        self._part, self.losing = f"GET {path} ".encode(), times

    def close(self) -> None:
        self._door.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            if not self._whole:
                self.refused += 1
                _end(near)
                continue
            try:
                far = socket.create_connection(self._to)
            except OSError:
                _end(near)
                continue
            with self._lock:
                self._open |= {near, far}
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while body := source.recv(65536):
                if self.losing and body.startswith(self._part):
                    self.losing -= 1
                    break
                sink.sendall(body)
        for one in (source, sink):
            _end(one)
        with self._lock:
            self._open -= {source, sink}


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        one.close()

"""The unix sockets between the grader and one QEMU: one for each port.

We listen and QEMU connects, so the ports are open before the guest's first
instruction and have no numbers that two graders could share.  One selector in
one thread: nothing is read or written but inside `pump` and `send`.
"""

from __future__ import annotations

import selectors
import socket
import time
from pathlib import Path
from typing import Callable, Iterable

CHUNK = 1 << 16


class Wires:
    """Sockets by name.  `receive(name, data)` is called for all that comes."""

    def __init__(self, directory: Path, names: Iterable[str], receive: Callable[[str, bytes], None]) -> None:
        self._receive = receive
        self._selector = selectors.DefaultSelector()
        self._open: dict[str, socket.socket] = {}
        self._unsent: dict[str, bytearray] = {}
        self._listeners: dict[str, socket.socket] = {}
        for name in names:
            listener = self._listeners[name] = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(directory / name))
            listener.listen(1)
            listener.settimeout(0.1)

    def accept(self, alive: Callable[[], bool]) -> bool:
        """Takes QEMU's connections; False if QEMU was no longer alive before all were there."""
        for name, listener in self._listeners.items():
            connection = self._accept(listener, alive)
            if connection is None:
                return False
            connection.setblocking(False)
            self._open[name], self._unsent[name] = connection, bytearray()
            self._selector.register(connection, selectors.EVENT_READ, name)
        return True

    @staticmethod
    def _accept(listener: socket.socket, alive: Callable[[], bool]) -> socket.socket | None:
        while True:
            try:
                return listener.accept()[0]
            except TimeoutError:
                if not alive():
                    return None

    @property
    def closed(self) -> bool:
        """Whether QEMU has closed all of them (it has ended)."""
        return not self._open

    def pump(self, timeout: float) -> bool:
        """Reads and writes what is possible within that many seconds; whether anything was."""
        if self.closed:
            return False
        ready = self._selector.select(timeout)
        for key, mask in ready:
            if mask & selectors.EVENT_WRITE:
                self._flush(key.data)
            if mask & selectors.EVENT_READ:
                self._read(key.data)
        return bool(ready)

    def drain(self, seconds: float = 10) -> None:
        """Reads until nothing more is there (QEMU stands still, so that is soon)."""
        end = time.monotonic() + seconds
        while self.pump(0) and time.monotonic() < end:
            pass

    def _read(self, name: str) -> None:
        try:
            data = self._open[name].recv(CHUNK)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if data:
            self._receive(name, data)
        else:
            self._drop(name)

    def _drop(self, name: str) -> None:
        connection = self._open.pop(name)
        self._selector.unregister(connection)
        connection.close()

    def send(self, name: str, data: bytes) -> None:
        """Sends now what fits and the rest while pumping; to a closed port: nothing."""
        if name in self._open:
            self._unsent[name] += data
            self._flush(name)

    def _flush(self, name: str) -> None:
        connection, waiting = self._open[name], self._unsent[name]
        try:
            if waiting:
                del waiting[:connection.send(waiting)]
        except BlockingIOError:
            pass
        except OSError:
            waiting.clear()
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if waiting else 0)
        self._selector.modify(connection, events, name)

    def close(self) -> None:
        """Closes everything that is still open."""
        for name in list(self._open):
            self._drop(name)
        for listener in self._listeners.values():
            listener.close()
        self._selector.close()

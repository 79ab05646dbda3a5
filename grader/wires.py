"""The wires between the grader and one QEMU: two pipes for each serial port, a unix socket for the monitor.

QEMU connects to our socket after it has opened the pipes, so all is open before the
guest's first instruction, and nothing has a number that two graders could share.  One
selector in one thread: nothing is read or written but inside `pump` and `send`.

The serial ports are pipes because a pipe holds as many bytes as it is large.  A unix
socket counts a message for each byte that a guest sends, and is full after 278 of them;
then the guest would wait for us, and guest time in which it idles may be skipped
(launch.Options.alone): its limit would be over in no time, on a busy host.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import socket
import time
from pathlib import Path
from typing import Callable, Iterable

CHUNK = 1 << 16
ROOM = 1 << 18      # bytes that a guest may be ahead of us; a user who is not root has 64 MiB in all


class Wires:
    """Wires by name.  `receive(name, data)` is called for all that comes."""

    def __init__(self, directory: Path, pipes: Iterable[str], sockets: Iterable[str],
                 receive: Callable[[str, bytes], None], room: int = ROOM) -> None:
        self._receive = receive
        self._selector = selectors.DefaultSelector()
        self._readers: dict[str, int] = {}      # file descriptors
        self._writers: dict[str, int] = {}
        self._unsent: dict[str, bytearray] = {}
        self._listeners: dict[str, socket.socket] = {}
        for name in pipes:
            self._add(name, *_pipes(directory / name, room))
        for name in sockets:
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
            reader = connection.detach()
            self._add(name, reader, os.dup(reader))
        return True

    @staticmethod
    def _accept(listener: socket.socket, alive: Callable[[], bool]) -> socket.socket | None:
        while True:
            try:
                return listener.accept()[0]
            except TimeoutError:
                if not alive():
                    return None

    def _add(self, name: str, reader: int, writer: int) -> None:
        self._readers[name], self._writers[name], self._unsent[name] = reader, writer, bytearray()
        self._selector.register(reader, selectors.EVENT_READ, name)

    @property
    def closed(self) -> bool:
        """Whether QEMU has closed all of them (it has ended)."""
        return not self._readers

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
            data = os.read(self._readers[name], CHUNK)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if data:
            self._receive(name, data)
        else:
            self._drop(name)

    def _drop(self, name: str) -> None:
        self._watch_writer(name, False)
        self._selector.unregister(self._readers[name])
        os.close(self._readers.pop(name))
        os.close(self._writers.pop(name))

    def send(self, name: str, data: bytes) -> None:
        """Sends now what fits and the rest while pumping; to a closed port: nothing."""
        if name in self._writers:
            self._unsent[name] += data
            self._flush(name)

    def _flush(self, name: str) -> None:
        if name not in self._writers:       # its reader has told of the end
            return
        waiting = self._unsent[name]
        try:
            if waiting:
                del waiting[:os.write(self._writers[name], waiting)]
        except BlockingIOError:
            pass
        except OSError:
            waiting.clear()
        self._watch_writer(name, bool(waiting))

    def _watch_writer(self, name: str, wanted: bool) -> None:
        writer = self._writers[name]
        if wanted and writer not in self._selector.get_map():
            self._selector.register(writer, selectors.EVENT_WRITE, name)
        elif not wanted and writer in self._selector.get_map():
            self._selector.unregister(writer)

    def close(self) -> None:
        """Closes everything that is still open."""
        for name in list(self._readers):
            self._drop(name)
        for listener in self._listeners.values():
            listener.close()
        self._selector.close()


def _pipes(path: Path, room: int) -> tuple[int, int]:
    """Makes the pipes that QEMU opens for a `-chardev pipe` of that path: what we read, what we write."""
    os.mkfifo(f"{path}.out")
    os.mkfifo(f"{path}.in")
    reader = os.open(f"{path}.out", os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(f"{path}.in", os.O_RDWR | os.O_NONBLOCK)    # nobody reads it yet
    with contextlib.suppress(OSError):      # an unprivileged user may have so many large ones
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, room)
    return reader, writer

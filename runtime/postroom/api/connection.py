"""One HTTP connection with deadlines: for a request's header to come, and for a caller to read what he asked for.

What is in a request is not looked at here.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEADER_WITHIN = 15.0
"""Seconds from the first byte, or from the connection, to the whole header of a request."""
PROGRESS_WITHIN = 30.0
"""Seconds in which a caller with unread answers must have read some of them."""


class BoundedConnection(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, for callers who may stop at any byte."""

    header_within = HEADER_WITHIN
    progress_within = PROGRESS_WITHIN
    _header_due: asyncio.TimerHandle | None = None
    _progress_due: asyncio.TimerHandle | None = None
    _unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """Await the first request."""
        super().connection_made(transport)
        self._await_header()

    def data_received(self, data: bytes) -> None:
        """Take bytes; while they make no request yet, its deadline stands."""
        super().data_received(data)
        if self._is_between_requests():
            self._await_header()
        else:
            self._forget_header()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget every deadline."""
        self._forget_header()
        self._forget_progress()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The caller does not keep up: he must read something in time."""
        super().pause_writing()
        self._unread = self.transport.get_write_buffer_size()
        self._progress_due = self.loop.call_later(self.progress_within, self._look_at_progress)

    def resume_writing(self) -> None:
        """He kept up."""
        super().resume_writing()
        self._forget_progress()

    def _is_between_requests(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request, whatever uvicorn's type says
        return cycle is None or cycle.response_complete

    def _await_header(self) -> None:
        if self._header_due is None:
            self._header_due = self.loop.call_later(self.header_within, self._give_up_on_header)

    def _give_up_on_header(self) -> None:
        self._header_due = None
        if self._is_between_requests() and not self.transport.is_closing():
            self.transport.close()

    def _look_at_progress(self) -> None:
        left = self.transport.get_write_buffer_size()
        if left >= self._unread:
            self.transport.abort()
            return
        self._unread = left
        self._progress_due = self.loop.call_later(self.progress_within, self._look_at_progress)

    def _forget_header(self) -> None:
        if self._header_due is not None:
            self._header_due.cancel()
            self._header_due = None

    def _forget_progress(self) -> None:
        if self._progress_due is not None:
            self._progress_due.cancel()
            self._progress_due = None

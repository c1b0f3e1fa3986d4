"""Response header fields that keep a browser from doing anything with an answer but show it."""

from __future__ import annotations

SAFE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer that says nothing of its own."""

FILE_HEADERS = {**SAFE_HEADERS, "Content-Security-Policy": "default-src 'none'; sandbox"}
"""On bytes that came by mail: were they shown after all, then in an opaque origin without scripts."""

FRAME_HEADERS = {
    **SAFE_HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-popups",
}
"""On the frame that shows a mail's HTML: no script, no form, nothing fetched from anywhere."""

"""Headers that every answer carries."""

from flask import Flask, Response

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def init_app(app: Flask, *, https: bool) -> None:
    """Add the headers; over HTTPS also the promise to stay there. Pages are never stored by caches."""

    def dress(response: Response) -> Response:
        stricter = response.headers.get("Content-Security-Policy")  # of a file that somebody uploaded
        response.headers.update(HEADERS)
        if stricter is not None:
            response.headers["Content-Security-Policy"] = stricter
        if https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "private, no-cache"
        return response

    app.after_request(dress)

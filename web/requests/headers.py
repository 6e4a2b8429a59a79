"""The headers of every page: what a browser may load, send and remember. Source: OWASP Secure Headers."""

_POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "img-src": "'self' data:",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}


def content_policy(**changes: str) -> str:
    """The Content-Security-Policy of a page; `frame_src="'self'"` adds or changes a directive."""
    policy = {**_POLICY, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return "; ".join(f"{name} {value}".strip() for name, value in policy.items())


def page_headers() -> dict[str, str]:
    """The headers of a page, a new dict each time; those of every answer come from api/requests/request_log.py."""
    return {
        "Content-Security-Policy": content_policy(),
        "Referrer-Policy": "no-referrer",  # the path of a one-time link is a secret
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }

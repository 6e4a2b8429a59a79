"""Pages that look again by themselves until a gateway has told us what became of something, for a minute.

How often they have looked stands in their own address, a number and nothing else. After that they rest: whoever has
waited a minute is told what to do instead (the pages' templates say it).
"""

from web.requests.connection import WebRequest

PAUSE = 3  # seconds; gateways' events come within a few
LOOKS = 20  # a minute of them


def look_again(request: WebRequest) -> dict[str, str]:
    """The header that makes the page look again; none when it has looked often enough."""
    asked = request.query_params.get("look", "")
    looks = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= len("999") else 0
    return {"Refresh": f"{PAUSE}; url={request.url.path}?look={looks + 1}"} if looks < LOOKS else {}

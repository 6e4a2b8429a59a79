from typing import Any

PORTAL_ROUTES: list[Any] = []

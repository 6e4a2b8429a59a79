from typing import Any

MERCHANT_ROUTES: list[Any] = []

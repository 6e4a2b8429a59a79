"""Idempotency keys as https://docs.stripe.com/api/idempotent_requests keeps them: for a day, with the answer.

Whatever the answer was; but refusals of parameters, conflicts and limits are not answers.
"""

from dataclasses import dataclass

from tests.fakes.stripe.errors import KEY_IN_USE, KEY_REUSED, Json

_FORGOTTEN_AFTER = 86_400  # seconds


@dataclass(slots=True)
class _Kept:
    path: str
    given: Json
    at: float
    answer: tuple[int, Json] | None = None


class Keys:
    """Used under the books' lock."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def begin(self, key: str, path: str, given: Json, now: float) -> tuple[int, Json] | None:
        """The stored answer, or None: now it is in use. Refuses other parameters, and one in use."""
        kept = self._kept.get(key)
        if kept is None or now - kept.at > _FORGOTTEN_AFTER:
            self._kept[key] = _Kept(path, given, now)
            return None
        if (kept.path, kept.given) != (path, given):
            raise KEY_REUSED
        if kept.answer is None:
            raise KEY_IN_USE
        return kept.answer

    def keep(self, key: str, status: int, body: Json) -> None:
        """The answer from now on."""
        self._kept[key].answer = (status, body)

    def forget(self, key: str) -> None:
        """It came to no answer."""
        self._kept.pop(key, None)

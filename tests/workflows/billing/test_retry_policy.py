"""The retry policy: which days it may have, its versions, and that open cases keep theirs (PRODUCT.md 4.3, 4.5)."""

import asyncio

import pytest

from models.database import fetch_value
from tests.factories import a_marketplace, a_staff_member, a_subscription, an_open_case
from workflows.billing.dunning.retry_policy import (
    CHANGES,
    SaverPolicyChange,
    change_policy,
    days_of,
    days_problem,
    saver_policy,
)
from workflows.engine.actor import Actor
from workflows.marketplaces.named_changes import named_changes
from workflows.requests.versions import ChangedMeanwhile, version
from workflows.runtime.errors import InvalidInput

WEEKLY = SaverPolicyChange(attempt_days=[1, 8, 15], end="leave")


@pytest.mark.parametrize(
    "days",
    [[1], [1, 4, 8, 15], [1, 2, 3, 4, 5, 6, 7, 8], [1, 90], [*range(1, 9), *range(31, 39), *range(61, 69)]],
)
def test_these_days_can_be_a_policys(days: list[int]) -> None:
    assert days_problem(days) is None


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        ([], "begin with 1"),
        ([0, 1], "begin with 1"),
        ([2, 4], "begin with 1"),
        ([1, 8, 4], "ascending"),
        ([1, 4, 4], "ascending"),
        ([1, -3], "ascending"),
        ([1, 91], "by day 90"),
        ([1, 10**12], "by day 90"),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], "at most 8 attempts in any 30 days"),
        ([1, *range(40, 49)], "from day 40 on there are 9"),
        ([*range(1, 9), 30], "from day 1 on there are 9"),
    ],
)
def test_these_days_cannot(days: list[int], reason: str) -> None:
    assert reason in (days_problem(days) or "")


def test_days_are_read_as_people_type_them() -> None:
    assert days_of(" 1,4;8  15 ") == [1, 4, 8, 15]
    for typed in ("1, four", "1.5", "-1", "1 ²", "99999"):
        with pytest.raises(InvalidInput):
            days_of(typed)


@pytest.mark.usefixtures("database")
async def test_a_change_is_a_new_version_with_its_maker_written_down() -> None:
    shop = await a_marketplace()
    member = await a_staff_member(shop)

    changed = await change_policy(shop.id, WEEKLY, Actor("staff", member["id"]))
    again = await change_policy(shop.id, WEEKLY, Actor("staff", member["id"]))

    assert changed == again == await saver_policy(shop.id)
    assert (changed.attempt_days, changed.end, changed.version) == ([1, 8, 15], "leave", 2)
    (change,) = await named_changes(shop.id, CHANGES)
    assert change.who == member["email"]
    assert (change.before["attempt_days"], change.after["attempt_days"]) == ([1, 4, 8, 15], [1, 8, 15])


@pytest.mark.usefixtures("database")
async def test_a_case_that_is_open_keeps_the_policy_that_it_began_with() -> None:
    shop = await a_marketplace()
    case = await an_open_case(await a_subscription(shop, state="failed_charge"))

    await change_policy(shop.id, WEEKLY, Actor("worker", "test"))

    pinned = await fetch_value("SELECT policy FROM dunning_case WHERE id = $1", case["id"])
    assert pinned["attempt_days"] == [1, 4, 8, 15]


@pytest.mark.usefixtures("database")
async def test_of_two_editors_at_once_one_is_told() -> None:
    shop = await a_marketplace()
    seen = frozenset({version(await saver_policy(shop.id))})
    other = SaverPolicyChange(attempt_days=[1, 2], end="cancel")

    answers = await asyncio.gather(
        *(change_policy(shop.id, change, Actor("worker", "test"), seen) for change in (WEEKLY, other)),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, ChangedMeanwhile) for answer in answers) == 1
    assert (await saver_policy(shop.id)).version == 2

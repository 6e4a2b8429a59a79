"""Imports from Stripe for tests: begun, taken step by step to their end, and what became of them."""

import asyncio
from dataclasses import dataclass, field

from models.database import fetch_value
from tasks.jobs.importing import step
from tasks.run import run_job
from tests.factories import a_marketplace
from tests.fakes.stripe.fake import FakeStripe
from tests.stripe_shop import StripeShop
from workflows.engine.actor import Actor
from workflows.importing.account.rows import RefusedObject
from workflows.importing.account.run import Run, begin
from workflows.importing.account.steps import take_step
from workflows.marketplaces.tenant import Marketplace


class Shop(StripeShop):
    """With the marketplace that it is imported into."""

    def __init__(self, fake: FakeStripe, marketplace: Marketplace) -> None:
        super().__init__(fake, marketplace.id)
        self.marketplace = marketplace


async def a_shop(fake: FakeStripe) -> Shop:
    """A marketplace that is paid through Stripe."""
    return Shop(fake, await a_marketplace(gateway="stripe", sandbox=False))


@dataclass
class Brought:
    """What became of an import."""

    run: Run
    refused: list[RefusedObject] = field(default_factory=list[RefusedObject])

    def tally(self, kind: str) -> tuple[int, int, int]:
        """New, unchanged, refused."""
        counted = self.run.progress.get(kind, {})
        return counted.get("new", 0), counted.get("unchanged", 0), counted.get("refused", 0)

    @property
    def reasons(self) -> dict[str, str]:
        """By the id of what was refused."""
        return {line.reference: f"{line.column} {line.reason}".strip() for line in self.refused}


async def begun(shop: Shop, *, dry_run: bool = False, take_over: bool = False, in_background: bool = False) -> Run:
    """An import of which nothing is done yet."""
    by = Actor("import", "test")
    return await begin(
        shop.marketplace, "stripe", dry_run=dry_run, take_over=take_over, by=by, in_background=in_background
    )


async def brought(shop: Shop, *, dry_run: bool = False, take_over: bool = False) -> Brought:
    """Imports the account: `await brought(shop, take_over=True)`."""
    return await finished(shop, await begun(shop, dry_run=dry_run, take_over=take_over))


async def finished(shop: Shop, run: Run) -> Brought:
    """Takes an import's steps to its end."""
    result = Brought(run)
    while result.run.ended_at is None:
        result.run = await take_step(result.run, shop.account, told=result.refused.append)
    return result


async def worked_off(most: int = 100) -> int:
    """Does the staged steps, one after the other, as a worker would, at most so many; how many there were."""
    done = 0
    while done < most and (staged := await fetch_value(_STAGED)) is not None:
        await asyncio.create_task(run_job(step, staged))  # a task, for each job has a context of its own
        done += 1
    return done


_STAGED = (
    "UPDATE outbox SET status = 'sent' WHERE actor = 'import.step' AND status = 'waiting'"
    " AND due_at <= clock_timestamp() RETURNING id"
)

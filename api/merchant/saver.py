"""The Subscription Saver by API: its policy and its report. Its e-mails are among the e-mails."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get, put
from litestar.params import QueryParameter

from api.documented import BAD_BODY, example, problems
from api.etags import TAGGED, tagged
from api.provided import Asking, Expected, OwnMarketplace
from api.strict_json import StrictJSON
from workflows.billing.dunning.report import MONTHS, MOST_MONTHS, SaverReport, saver_report
from workflows.billing.dunning.retry_policy import SaverPolicy, SaverPolicyChange, change_policy, saver_policy

_READ = {"act": "settings.read", **TAGGED}
_WRITE = {"act": "settings.write", **TAGGED}
_POLICY = {"attempt_days": [1, 3, 7, 14, 21], "end": "leave"}
Months = Annotated[
    int, QueryParameter(description=f"How many calendar months, the running one included: 1 to {MOST_MONTHS}.")
]


class SaverRoutes(Controller):
    """The policy and the report."""

    path = "/saver"
    tags = ("Subscription Saver",)

    @get("/policy", opt=_READ, responses=problems(401, 403))
    async def policy(self, request: Request[Any, Any, Any], marketplace: OwnMarketplace) -> Response[SaverPolicy]:
        """The retry policy of failed charges whose case begins now."""
        return tagged(request, await saver_policy(marketplace.id))

    @put(
        "/policy",
        dto=StrictJSON[SaverPolicyChange],
        return_dto=None,
        opt=_WRITE,
        responses=problems(*BAD_BODY, 401, 403),
    )
    async def change_policy(
        self,
        request: Request[Any, Any, Any],
        caller: Asking,
        expected: Expected,
        data: Annotated[SaverPolicyChange, example(_POLICY)],
    ) -> Response[SaverPolicy]:
        """Set the policy: a new version. Cases that are open keep the one that they began with.

        Days ascend from 1, the failed charge itself, to 90 at most, with at most 8 attempts in any 30 days.
        """
        return tagged(request, await change_policy(caller.marketplace_id, data, caller.actor, expected))

    @get("/report", opt={"act": "reports.read"}, responses=problems(401, 403, 422))
    async def report(self, marketplace: OwnMarketplace, months: Months = MONTHS) -> SaverReport:
        """Failed, recovered and lost by month, the recovery rate by attempt, the recovered revenue.

        A failed charge counts in the month in which it failed first, by the marketplace's clock and time zone.
        """
        return await saver_report(marketplace, months)

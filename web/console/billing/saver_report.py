"""The Subscription Saver's report: three charts, each beside the table of the same figures (PRODUCT.md 3.6)."""

from datetime import date
from typing import Any

from babel.dates import format_date
from babel.numbers import format_compact_currency, format_percent
from litestar import Controller, Response, route
from litestar.di import NamedDependency
from markupsafe import Markup

from web.console.answers import show_page
from web.console.charts import Series, bars
from web.pages.show import Show
from web.requests.connection import WebRequest
from web.requests.visit import StaffContext
from workflows.billing.dunning.report import LAST_ATTEMPT, MONTHS, AttemptShown, MonthOfCases, SaverReport, saver_report
from workflows.languages.formatting import exponent

CHOICES = (3, 6, 12, 24)  # months


class SaverReportPages(Controller):
    """The report."""

    @route("/saver/report", http_method=["GET", "HEAD"], act="reports.read")
    async def show(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """Over the last 12 months, or as many as `?months=` says; anything else than a choice offered means 12."""
        asked = request.query_params.get("months", "")
        months = int(asked) if asked in map(str, CHOICES) else MONTHS
        report = await saver_report(visit.marketplace, months)
        return show_page(request, visit, "billing/saver_report", "apps", **_shown(report, visit), chosen=months)


def _shown(report: SaverReport, visit: StaffContext) -> dict[str, Any]:
    currency = visit.marketplace.currency
    others = {one.currency for one in report.total.recovered_revenue} - {currency}
    return {
        "report": report,
        "choices": CHOICES,
        "cases_chart": _cases_chart(report),
        "attempts_chart": _attempts_chart(report),
        "revenue_chart": _revenue_chart(report, visit.show, currency),
        "other_currencies": sorted(others),
        "month_name": month_name,
        "percent": percent,
        "attempt_name": attempt_name,
        "money_of": lambda month: [visit.show.money(one.amount_minor, one.currency) for one in month.recovered_revenue],
    }


def month_name(month: str, form: str = "MMMM y") -> str:
    """`November 2026` of `2026-11`."""
    year, number = month.split("-")
    return format_date(date(int(year), int(number), 1), form, locale="en")


def percent(rate: float | None) -> str:
    """`67%`; a dash where there is nothing to divide by."""
    return "–" if rate is None else format_percent(rate, locale="en")


def attempt_name(attempt: AttemptShown) -> str:
    """`1`, `2`, … `12 and later`."""
    return f"{attempt.attempt} and later" if attempt.attempt == LAST_ATTEMPT else str(attempt.attempt)


def _cases_chart(report: SaverReport) -> Markup:
    total = report.total
    says = (
        f"Failed charges by month: {total.failed} in all, {total.recovered} recovered, {total.lost} lost,"
        f" {total.open} still open. The figures of each month are in the table."
    )
    series = [
        Series("Recovered", "good", [month.recovered for month in report.months]),
        Series("Still open", "open", [month.open for month in report.months]),
        Series("Lost", "bad", [month.lost for month in report.months]),
    ]
    return bars(says, _labels(report.months), series, lambda value: f"{value:,.0f}")


def _attempts_chart(report: SaverReport) -> Markup:
    rates = [round(100 * (one.rate or 0), 1) for one in report.attempts]
    said = ", ".join(f"attempt {attempt_name(one)}: {percent(one.rate)}" for one in report.attempts)
    labels = [attempt_name(one).replace(" and later", "+") for one in report.attempts]
    says = f"How many of 100 attempts got through, by their place in the case. {said}."
    return bars(says, labels, [Series("Recovered", "good", rates)], lambda value: f"{value:g}%", top=100)


def _revenue_chart(report: SaverReport, show: Show, currency: str) -> Markup:
    minor = [
        sum(one.amount_minor for one in month.recovered_revenue if one.currency == currency) for month in report.months
    ]
    says = f"Recovered revenue by month: {show.money(sum(minor), currency)} in all. Each month is in the table."
    unit = 10 ** exponent(currency)
    series = [Series("Recovered", "good", [amount / unit for amount in minor])]
    return bars(says, _labels(report.months), series, lambda value: _compact(value, currency))


def _compact(value: float, currency: str) -> str:
    return format_compact_currency(value, currency, locale="en", fraction_digits=0 if value < 1000 else 1)


def _labels(months: list[MonthOfCases]) -> list[str]:
    """Short names; in a long row every third only, so that they do not overlap."""
    every = 1 if len(months) <= 12 else 3
    last = len(months) - 1
    return [month_name(one.month, "MMM") if (last - place) % every == 0 else "" for place, one in enumerate(months)]

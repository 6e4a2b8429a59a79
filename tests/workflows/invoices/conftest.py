"""Invoices are made by both engines."""

from collections.abc import Iterator

import pytest

from integrations.pdf.weasyprint import SandboxedWeasyPrint
from integrations.pdf.wkhtmltopdf import SandboxedWkhtmltopdf
from workflows.invoices.pdf_renderer import PdfRenderer
from workflows.runtime.settings import settings


@pytest.fixture(scope="session")
def weasyprint() -> Iterator[SandboxedWeasyPrint]:
    engine = SandboxedWeasyPrint()
    yield engine
    engine.close()


@pytest.fixture
def wkhtmltopdf() -> SandboxedWkhtmltopdf:
    return SandboxedWkhtmltopdf(settings().wkhtmltopdf)


@pytest.fixture(params=["wkhtmltopdf", "weasyprint"])
def engine(request: pytest.FixtureRequest) -> PdfRenderer:
    return request.getfixturevalue(request.param)

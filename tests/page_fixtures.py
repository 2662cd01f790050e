"""The fixtures that the tests of the page share; they take it in by `pytest_plugins`."""

import contextlib

import pytest
from page_server import PALETTE, WIDE, FakeModel, Page, served_with_page


@pytest.fixture
def visit(chromium):
    """visit(model, palette) opens the page of a `FakeModel`; its console must be without errors in the end."""
    with contextlib.ExitStack() as servers:
        pages = []

        def visit(model, palette=PALETTE, query="", metrics=WIDE):
            chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            pages.append(Page(chromium, servers.enter_context(served_with_page(model, palette)) + query))
            pages[-1].until_quiet()
            return pages[-1]

        yield visit
        assert [page.errors() for page in pages] == [[]] * len(pages)
        chromium.get("about:blank")
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.fixture
def model():
    """A new `FakeModel`."""
    return FakeModel()


@pytest.fixture
def page(visit, model):
    """Its page, with a drawing that is all background."""
    page = visit(model)
    page["clear"].click()
    page.until_quiet()
    return page

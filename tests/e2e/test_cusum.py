"""The slider of the CUSUM picture in a real browser: its script computes what the kernel computes, bit for bit."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

from factory.core.times import DAY, moment
from factory.expressions.columns import Columns
from factory.learning.cusum_filter import CusumFilter, read_filter
from factory.learning.decision_table import DecisionTable, read_decisions
from factory.market.dataset import open_partition
from factory.pipeline import Pipeline
from factory.report.cusum import MULTIPLES, OWN_STEP, draw_cusum
from factory.report.render import render_cusum_html
from factory.storage.workspace import Workspace, write_text
from factory.views.cusum import make_cusum_sheet, read_cusum
from factory.workshop import Workshop
from tests.e2e.browser import enter, needs_browser, open_browser, open_page
from tests.e2e.conftest import serve_pages
from tests.e2e.market import small_workspace
from tests.hostile import ALL_IN_ONE

pytestmark = [pytest.mark.slow, needs_browser]
PERSON, PASSWORD = "ada", "correct horse battery"
CUSUM, CLOCK = "btc-long-short", "btc-up-or-down-5m"
START = "2024-02-11"
"""Well inside train: the sums stand somewhere when the window begins."""
SLIDER, SAID = "[data-cusum-slider]", "[data-cusum-said]"
TRACES = (
    """() => Object.fromEntries(document.querySelector("[data-cusum-figure=picture]").data.map((one) => [one.meta, one]))"""
)


@dataclass(frozen=True)
class Truth:
    """What the kernels say of a pipeline on train."""

    pipeline: Pipeline
    own: CusumFilter
    table: DecisionTable
    columns: Columns

    def decisions(self, step: int, start: int, end: int) -> NDArray[Any]:
        times = self.own.scale(MULTIPLES[step]).find_decisions(self.columns.partition.series["btc"])
        return times[(times >= start) & (times < end)]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_workspace(tmp_path_factory.mktemp("cusum") / "workspace")


@pytest.fixture(scope="module")
def workshop(workspace: Workspace) -> Workshop:
    return Workshop(workspace, "tester")


@pytest.fixture(scope="module")
def truth(workshop: Workshop) -> Truth:
    # What the small market is too short for is left out.
    pipeline = workshop.resolve(str(workshop.define(parent=CUSUM, changes={"refit": None})["pipeline"]))
    columns = Columns(open_partition(workshop.workspace, pipeline.data, "train"))
    expressions = pipeline.expressions()
    own = read_filter(columns, expressions["logp"], expressions["vol"])
    return Truth(pipeline, own, read_decisions(pipeline, columns, most_lost=1.0), columns)


@pytest.fixture(scope="module")
def base(workspace: Workspace) -> Iterator[str]:
    with serve_pages(workspace, {PERSON: "viewer"}, PASSWORD) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, base: str) -> Iterator[Page]:
    with open_page(browser, base) as (opened, watch):
        enter(opened, PERSON, PASSWORD)
        yield opened
        assert watch.complaints == []


def read_traces(page: Page) -> dict[str, Any]:
    """Read what is drawn, once the frame is painted."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    traces: dict[str, Any] = page.evaluate(TRACES)
    return traces


def slide(page: Page, step: int) -> dict[str, Any]:
    page.locator(SLIDER).fill(str(step))
    return read_traces(page)


def stamps(ms: NDArray[Any]) -> list[str]:
    return np.datetime_as_string(ms.astype("datetime64[ms]")).tolist()


def test_each_step_of_the_slider_draws_what_the_kernel_gives_at_that_threshold(page: Page, truth: Truth) -> None:
    page.goto(f"/cusum/{truth.pipeline.id}?from={START}&span=1d")
    start = moment(START)
    known = truth.own.known
    inside = (known >= start) & (known < start + DAY)
    counts = []
    for step, multiple in enumerate(MULTIPLES):
        traces = slide(page, step)
        decisions = truth.decisions(step, start, start + DAY)
        drawn = sorted(traces["event1"]["x"] + traces["event-1"]["x"])
        assert drawn == stamps(decisions), f"at {multiple:g} times the threshold"
        counts.append(len(decisions))
        up, down, fired = (one[inside] for one in truth.own.scale(multiple).compute_sums())
        for side, sums in ((1, up), (-1, down)):
            falls = np.flatnonzero(fired == side)
            expected = np.insert(sums, falls + 1, 0.0)
            assert traces[f"sum{side}"]["y"] == expected.tolist()
        assert traces["high"]["y"] == (truth.own.threshold * multiple)[inside].tolist()
        noun = "event" if len(decisions) == 1 else "events"
        expect(page.locator(SAID)).to_contain_text(f"{len(decisions)} {noun} in this window")
    assert counts[0] > counts[OWN_STEP] > counts[-1]


def test_the_page_draws_what_python_draws_and_ends_labels_where_the_pipeline_does(
    page: Page, truth: Truth, workshop: Workshop
) -> None:
    page.goto(f"/cusum/{truth.pipeline.id}?from={START}&span=3d")
    traces = read_traces(page)
    made = read_cusum(workshop, truth.pipeline, "train", moment(START), "3d")
    for trace in draw_cusum(made)["data"]:
        assert traces[trace["meta"]]["x"] == trace["x"], trace["meta"]
        drawn, expected = (np.array(one["y"], float) for one in (traces[trace["meta"]], trace))
        np.testing.assert_allclose(drawn, expected, rtol=1e-8, atol=1e-12)
    table = truth.table
    inside = (table.time >= moment(START)) & (table.time < moment(START) + 3 * DAY)
    own = table.labels.take(inside & table.labels.known)
    assert sorted(x for outcome in range(3) for x in traces[f"end{outcome}"]["x"]) == stamps(np.sort(own.end))
    assert len(traces["end0"]["x"]) == int((own.touch == 1).sum())
    assert len(traces["end1"]["x"]) == int((own.touch == -1).sum())


def test_the_keyboard_moves_the_slider_and_its_words(page: Page, truth: Truth) -> None:
    page.goto(f"/cusum/{truth.pipeline.id}?from={START}&span=1d")
    slider = page.get_by_role("slider", name="Threshold, as a multiple of vol")
    slider.focus()
    for key, step in (("ArrowRight", 9), ("ArrowRight", 10), ("ArrowLeft", 9), ("End", 16), ("Home", 0), ("ArrowUp", 1)):
        page.keyboard.press(key)
        expect(slider).to_have_value(str(step))
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "4 times the threshold")
    expect(page.locator("[data-cusum-multiple]")).to_have_text("4 ×")
    whole = truth.decisions(16, 0, 2**62)
    lost = int(page.locator("tr", has_text="dropped").locator("[data-cusum-cell]").inner_text().replace(",", ""))
    expect(page.locator("[data-cusum-cell]").first).to_have_text(f"{len(whole) - lost:,}")
    expect(page.get_by_role("status")).to_contain_text("in this window")


def test_an_event_is_chosen_from_the_list_and_told_in_words(page: Page, truth: Truth) -> None:
    page.goto(f"/cusum/{truth.pipeline.id}?from={START}&span=3d")
    page.get_by_text("Events of this window").click()
    page.locator("[data-cusum-events] button").first.click()
    first = truth.decisions(OWN_STEP, moment(START), moment(START) + 3 * DAY)[0]
    told = page.locator("[data-cusum-chosen]")
    expect(told).to_contain_text(stamps(np.array([first]))[0][:16].replace("T", " "))
    assert len(read_traces(page)["chosen"]["x"]) == 6


def test_a_window_and_a_filter_are_chosen_by_the_form_and_a_clock_has_one_proposed(page: Page) -> None:
    page.goto(f"/cusum/{CLOCK}")
    expect(page.get_by_text("This pipeline samples by clock 5m")).to_be_visible()
    page.get_by_label("threshold", exact=True).fill("0.004")
    page.get_by_label("from, UTC").fill("2024-03-03T00:00")
    page.get_by_label("for", exact=True).select_option("3d")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("CUSUM of log(btc.close) by 0.004")
    expect(page.get_by_role("heading", name="2024-03-03 to 2024-03-06 UTC, train")).to_be_visible()
    page.get_by_role("link", name="later").click()
    expect(page.get_by_role("heading", name="2024-03-06 to 2024-03-09 UTC, train")).to_be_visible()
    expect(page.get_by_label("threshold", exact=True)).to_have_value("0.004")


def test_the_page_of_the_command_line_slides_without_a_server(
    browser: Browser, workshop: Workshop, truth: Truth, tmp_path: Path
) -> None:
    renamed = truth.pipeline.model_copy(update={"about": ALL_IN_ONE})
    made = read_cusum(workshop, renamed, "train", moment(START), "1d")
    write_text(tmp_path / "cusum.html", render_cusum_html(make_cusum_sheet(workshop, renamed, made)))
    with open_page(browser, "file:") as (page, watch):
        page.goto((tmp_path / "cusum.html").as_uri())
        for step in (0, 11):
            traces = slide(page, step)
            decisions = truth.decisions(step, moment(START), moment(START) + DAY)
            assert sorted(traces["event1"]["x"] + traces["event-1"]["x"]) == stamps(decisions)
        assert watch.complaints == []

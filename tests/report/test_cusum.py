"""The CUSUM picture: its sums, events and barriers are the pipeline's own, wherever the window begins, and cost what they should."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import FactoryError, PipelineError
from factory.core.times import DAY, HOUR, MINUTE
from factory.expressions.columns import Columns
from factory.learning.cusum_filter import CusumFilter, read_filter
from factory.learning.decision_table import DecisionTable, read_decisions
from factory.learning.labels import uniqueness_of
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.spec import load_spec
from factory.report.cusum import MULTIPLES, OWN_STEP, CusumPicture, draw_cusum
from factory.report.render import plotly_script, render_cusum_html, render_cusum_sections
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.views.cusum import make_cusum_sheet, read_cusum
from factory.workshop import Workshop
from tests.hostile import ALL_IN_ONE
from tests.workshop.market import BINARY, PERPETUAL, SPEC

CUSUM, CLOCK = "small-long-short", "small-up-or-down"


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    workspace = Workspace.open(tmp_path_factory.mktemp("cusum"))
    build(workspace, load_spec(SPEC))
    made = Workshop(workspace, "tester")
    made.define(BINARY)
    perform(str(workspace.root), "backtest", {"pipeline": made.define(PERPETUAL)["pipeline"], "agent": "tester"})
    return made


def columns_of(workshop: Workshop, partition: str) -> Columns:
    return Columns(open_partition(workshop.workspace, "small-sim", partition))


def filter_of(columns: Columns) -> CusumFilter:
    from factory.pipeline.features import expression

    return read_filter(columns, expression("log(btc.close)"), expression("std(ret(btc.close, 1), 60) * 8"))


def table_of(workshop: Workshop, partition: str) -> DecisionTable:
    return read_decisions(workshop.resolve(CUSUM), columns_of(workshop, partition), most_lost=1.0)


def windows(partition: str, workshop: Workshop) -> list[int]:
    part = columns_of(workshop, partition).partition
    return [part.start, part.start + 3 * DAY + 7 * MINUTE, part.end - DAY]


def picture(workshop: Workshop, partition: str = "train", start: int | None = None, name: str = CUSUM) -> CusumPicture:
    return read_cusum(workshop, workshop.resolve(name), partition, start, "1d")


def run_from(made: CusumPicture, step: int) -> list[int]:
    """Go on from where a step's sums stand before the window, as the page's script does; the rows that fire."""
    up, down, before = made.steps[step].up, made.steps[step].down, made.before
    rows = []
    for row, (value, band) in enumerate(zip(made.values, made.threshold * MULTIPLES[step], strict=True)):
        change, before = value - before, value
        if np.isnan(change) or not band > 0:
            up = down = 0.0
            continue
        up, down = max(0.0, up + change), min(0.0, down + change)
        if down < -band:
            down = 0.0
        elif up > band:
            up = 0.0
        else:
            continue
        rows.append(row)
    return rows


@pytest.mark.parametrize("partition", ["train", "validation"])
def test_each_step_goes_on_from_the_true_sums_wherever_the_window_begins(workshop: Workshop, partition: str) -> None:
    columns = columns_of(workshop, partition)
    bars, own = columns.partition.series["btc"], filter_of(columns)
    states = []
    for start in windows(partition, workshop):
        made = picture(workshop, partition, start)
        assert made.window == (start, start + DAY)
        states += [(step.up, step.down) for step in made.steps]
        for step, multiple in enumerate(MULTIPLES):
            decisions = own.scale(multiple).find_decisions(bars)
            inside = decisions[(decisions >= start) & (decisions < start + DAY)]
            rows = run_from(made, step)
            assert set(rows) <= set(made.labels.row.tolist())
            np.testing.assert_array_equal(np.unique(made.labels.decision[np.isin(made.labels.row, rows)]), inside)
    assert any(state != (0.0, 0.0) for state in states)


@pytest.mark.parametrize("partition", ["train", "validation"])
def test_labels_barriers_and_figures_are_those_that_the_pipeline_learns_from(workshop: Workshop, partition: str) -> None:
    table = table_of(workshop, partition)
    for start in windows(partition, workshop):
        made = picture(workshop, partition, start)
        chosen = made.events[made.labels.present[made.events]]
        inside = (table.time >= start) & (table.time < start + DAY)
        own, vol = table.labels.take(inside), table.features["vol"][inside]
        assert inside.any()
        np.testing.assert_array_equal(made.labels.decision[chosen], table.time[inside])
        np.testing.assert_array_equal(made.labels.end[chosen][own.known], own.end[own.known])
        touched = np.array([1, 2, 0])[own.touch + 1]
        np.testing.assert_array_equal(made.labels.outcome[chosen], np.where(own.known, touched, -1))
        np.testing.assert_array_equal(made.labels.side[chosen], np.where(own.known, own.classes, -1))
        entry = made.labels.entry[chosen]
        np.testing.assert_allclose(made.labels.top[chosen], entry * (1 + vol), rtol=1e-12)
        np.testing.assert_allclose(made.labels.bottom[chosen], entry * (1 - vol), rtol=1e-12)
        np.testing.assert_allclose(made.labels.exit[chosen], entry * (1 + own.ret), rtol=1e-12)
        np.testing.assert_array_equal(made.labels.horizon[chosen], table.time[inside] + 4 * HOUR)
    figures = made.steps[OWN_STEP].figures
    known = table.labels.take(table.labels.known)
    assert (figures.decisions, figures.lost) == (len(table.time), table.dropped)
    assert (figures.up, figures.down) == (int((known.y == 1).sum()), int((known.y == 0).sum()))
    assert figures.uniqueness == pytest.approx(float(uniqueness_of(known).mean()))
    assert figures == made.own, "the pipeline samples so"


def test_higher_thresholds_choose_fewer_and_more_unique_labels(workshop: Workshop) -> None:
    counts = [step.figures.decisions for step in picture(workshop).steps]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 4 * counts[-1]
    first, last = picture(workshop).steps[0].figures, picture(workshop).steps[-1].figures
    assert first.uniqueness is not None
    assert last.uniqueness is not None
    assert first.uniqueness < last.uniqueness


def test_the_figure_draws_the_sums_between_the_thresholds_and_each_event_once(workshop: Workshop) -> None:
    made = picture(workshop)
    traces = {trace["meta"]: trace for trace in draw_cusum(made)["data"]}
    events = sum(len(traces[f"event{side}"]["x"]) for side in (1, -1))
    assert events == len(made.events) > 0
    assert len(traces["sum1"]["x"]) == len(made.known) + int((made.fired == 1).sum())
    for side in (1, -1):
        passed = np.array(traces[f"passed{side}"]["y"])
        assert (np.abs(passed) > made.threshold.min()).all()
    boxes = [traces[f"box{outcome}"]["y"] for outcome in range(3)]
    assert sum(len(box) for box in boxes) == 6 * int((made.labels.outcome[made.events] >= 0).sum())


def test_a_clock_is_told_what_a_filter_would_choose(workshop: Workshop) -> None:
    pipeline = workshop.resolve(CLOCK)
    made = read_cusum(workshop, pipeline)
    assert not made.is_own
    assert made.text == ("log(btc.close)", "std(ret(btc.close, 1), 240) * 2.236")
    table = read_decisions(pipeline, columns_of(workshop, "train"), most_lost=1.0)
    assert made.own.decisions == len(table.time)
    assert made.outcomes == ("up", "down")
    sheet = make_cusum_sheet(workshop, pipeline, made)
    assert "This pipeline samples by clock 5m" in sheet.says[0]
    assert sheet.sampled[0] == f"{len(table.time):,}"
    other = read_cusum(workshop, pipeline, of="move5", threshold="2.5")
    assert other.text == ("move5", "2.5")
    assert set(other.threshold.tolist()) == {2.5}


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"partition": "sealed"}, "partition: 'sealed' unknown"),
        ({"span": "9y"}, "span: '9y' is no length of a window here"),
        ({"of": "log(dot.close)"}, "of: .*dot"),
        ({"of": "log("}, "of: "),
        ({"of": "1"}, "of: '1' is the same at every moment"),
        ({"threshold": "-1"}, "threshold: "),
        ({"threshold": "1 + 1"}, "threshold: '1 \\+ 1' is the same at every moment"),
        ({"threshold": ALL_IN_ONE}, "threshold: "),
    ],
)
def test_what_is_no_filter_or_window_is_refused_by_name(workshop: Workshop, asked: dict[str, str], line: str) -> None:
    with pytest.raises(FactoryError, match=line):
        read_cusum(workshop, workshop.resolve(CUSUM), **asked)  # type: ignore[arg-type]


def test_train_costs_nothing_and_validation_is_counted_once(workshop: Workshop) -> None:
    before = workshop.ledger.counts("small-sim").explorations
    picture(workshop, "train")
    assert workshop.ledger.counts("small-sim").explorations == before
    read_cusum(workshop, workshop.resolve(CUSUM), "validation", of="move")
    read_cusum(workshop, workshop.resolve(CUSUM), "validation", of="move")
    assert workshop.ledger.counts("small-sim").explorations == before + len(MULTIPLES)
    with pytest.raises(PipelineError, match="is no trial yet"):
        picture(workshop, "validation", name=CLOCK)


def test_a_window_never_leaves_its_partition(workshop: Workshop) -> None:
    part = columns_of(workshop, "validation").partition
    for start in (0, part.start - 9 * DAY, part.end + 9 * DAY):
        made = picture(workshop, "validation", start)
        assert part.start <= made.window[0] < made.window[1] <= part.end
        assert made.known.max() < part.end
        assert made.price[0].max() < part.end
        assert made.labels.end.max() <= part.end


def test_a_page_of_its_own_needs_nothing_else(workshop: Workshop) -> None:
    sheet = make_cusum_sheet(workshop, workshop.resolve(CUSUM), picture(workshop))
    own = render_cusum_html(sheet).replace(plotly_script(), "")
    assert not re.findall(r'(?:src|href)="(?!#|data:)', own)
    assert "url(" not in own
    part = render_cusum_sections(sheet)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! type=\"application/json\")", part)
    block = re.search(r'<script type="application/json" data-cusum>(.*?)</script>', part, re.S)
    assert block is not None
    assert len(json.loads(block[1])["steps"]) == len(MULTIPLES)
    assert "SIMULATED" in part


def test_words_of_others_are_text(workshop: Workshop) -> None:
    from dataclasses import replace

    made = picture(workshop)
    for word in (ALL_IN_ONE, "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>"):
        hostile = replace(made, text=(word, word), series=word)
        page = render_cusum_html(make_cusum_sheet(workshop, workshop.resolve(CUSUM), hostile))
        assert "<script>alert" not in page
        assert "<img" not in page.replace(plotly_script(), "")


def test_the_command_writes_one_page(workshop: Workshop, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from server.cli.app import app

    words = ["--workspace", str(workshop.workspace.root), "cusum", CUSUM, "--out", str(tmp_path), "--from", "2024-01-20"]
    run = CliRunner().invoke(app, words)
    assert run.exit_code == 0, run.output
    (page,) = tmp_path.iterdir()
    assert page.name == f"{CUSUM}-{workshop.resolve(CUSUM).id}-cusum.html"
    assert "2024-01-20 to" in page.read_text(encoding="utf-8")

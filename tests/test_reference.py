"""The pages on the language and on dataset files are what the registries say, and all that they show works.

``python -m factory.views.reference`` writes them.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer

from factory.core.plainyaml import read
from factory.core.times import moment
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse as parse_expression
from factory.expressions.operators import OPERATORS
from factory.expressions.recipes import RECIPES
from factory.market.build import build
from factory.market.column_choice import STAMPS
from factory.market.downloads import download_folder
from factory.market.files import Download
from factory.market.series_kinds import SERIES_KINDS
from factory.market.sources import PROVIDERS
from factory.market.spec import DatasetSpec, load_spec
from factory.pipeline import parse as parse_pipeline
from factory.pipeline.parts.catalog import list_parts
from factory.storage.workspace import Workspace
from factory.views.reference import PAGES, key_meanings
from server.cli.app import app
from tests.conftest import ROOT
from tests.expressions.market import market
from tests.market.books import books, parquet
from tests.market.sessions import draw, write
from tests.market.sessions import minutes as trading_minutes
from tests.pipeline.parts.test_catalog import placed
from tests.server.terminal import run_all

TEXT = {name: (ROOT / "docs" / name).read_text(encoding="utf-8") for name in PAGES}
BLOCKS = {name: re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) for name, text in TEXT.items()}
SPANS = {name: re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)) for name, text in TEXT.items()}


def expressions() -> Iterator[str]:
    """All that stands as code in the last cells of the language's tables, and calls in its prose."""
    for line in TEXT["language.md"].split("# The parts of a pipeline")[0].splitlines():
        if match := re.search(r"\| `([^`]+)` \|$", line):
            yield match[1].replace("&#124;", "|")
        elif not line.startswith("|"):
            yield from (span for span in re.findall(r"`(\w+\([^`]*\))`", line) if "..." not in span)


EXPRESSIONS = sorted(set(expressions()))


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_are_what_the_registries_say(name: str) -> None:
    assert TEXT[name] == PAGES[name](), "run python -m factory.views.reference"


def test_the_pages_leave_nothing_out() -> None:
    told = TEXT["language.md"]
    assert {one.example for one in OPERATORS.values()} | {one.on("btc").text for one in RECIPES.values()} <= set(EXPRESSIONS)
    assert all(f"`{one.example}`" in told and one.about in told for one in list_parts())


@pytest.fixture(scope="module")
def columns() -> Columns:
    return Columns(market())


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_every_expression_on_a_page_is_computed(text: str, columns: Columns) -> None:
    values = columns.column(parse_expression(text)).values
    assert values.dtype == np.float64
    assert len(values)


def test_every_part_on_a_page_is_valid() -> None:
    shown = [span for span in SPANS["language.md"] if span.startswith("{") and span != "{s}"]
    known = {one.example: one for one in list_parts()}
    assert set(shown) == set(known)
    for one in known.values():
        assert parse_pipeline(placed(one).plain())


@pytest.mark.parametrize("text", BLOCKS["language.md"], ids=lambda text: text.splitlines()[0])
def test_every_pipeline_on_a_page_is_one(text: str) -> None:
    assert parse_pipeline(text).pipeline in text


def test_the_page_of_dataset_files_names_every_column_that_stamps_are_read_from() -> None:
    (row,) = re.findall(r"^\| `time` \| text \| none \|.*$", TEXT["datasets.md"], re.MULTILINE)
    assert [name for name in STAMPS if not re.search(rf"\b{name}\b", row)] == []


def test_every_kind_of_series_and_provider_is_on_the_page_of_dataset_files() -> None:
    told = TEXT["datasets.md"]
    assert all(f"| `{kind.name}` | {kind.about} |" in told for kind in SERIES_KINDS.values())
    assert all(f"| `{one.name}` | {one.about} |" in told and one.page in told for one in PROVIDERS.values())


def confirmed(text: str) -> DatasetSpec:
    return load_spec(text.replace("confirmed: false", "confirmed: true"))


def minutes(spec: DatasetSpec) -> pd.DataFrame:
    """Hours as minutes would be: enough for a file."""
    time = np.arange(*spec.span, 60_000)
    close = 100 + np.cumsum(np.random.default_rng(1).normal(0, 0.01, len(time)))
    return pd.DataFrame({"time": time, "open": close, "high": close + 1, "low": close - 1, "close": close, "volume": 1.0})


def own_files(spec: DatasetSpec, folder: Path) -> None:
    """Five-minute rows as a person has them, with stamps that name no zone."""
    for seed, name in enumerate(spec.series):
        time = np.arange(*spec.span, 300_000)
        close = 100 + np.cumsum(np.random.default_rng(seed).normal(0, 0.01, len(time)))
        rows = {"open": close, "high": close + 1, "low": close - 1, "close": close, "volume": 1.0 + np.arange(len(time)) % 7}
        stamps = pd.to_datetime(time, unit="ms").strftime("%Y-%m-%d %H:%M:%S")
        pd.DataFrame({"time": stamps, **rows}).to_csv(folder / f"{name}.csv", index=False)


def slow_files(spec: DatasetSpec, workspace: Workspace, folder: Path) -> None:
    """Hours, and weekly and monthly values as each of their publishers writes them."""
    minutes(spec)[::60].to_csv(folder / "btc.csv", index=False)
    days = pd.date_range(*(spec.split.train[0], spec.split.sealed[1]), freq="7D", inclusive="left").strftime("%Y-%m-%d")
    values, more, most = np.random.default_rng(3).integers(1_000, 90_000, (3, len(days)))
    source = spec.series["fails"].source
    assert isinstance(source, Download)
    own = download_folder(workspace, source, spec.series["fails"].period)
    own.mkdir(parents=True)
    pd.DataFrame({"date": days, "value": values * 1e6}).to_csv(own / "PDFTD-USTET.csv", index=False)
    pd.DataFrame({"observation_date": days, "RATE": more / 7}).to_csv(folder / "RATE.csv", index=False)
    months = pd.date_range("2020-01-01", spec.split.sealed[1], freq="MS", inclusive="left")
    stamps = months.strftime("%Y-%m-%d")
    pd.DataFrame({"observation_date": stamps, "CPIAUCSL": most[: len(months)]}).to_csv(folder / "CPIAUCSL.csv", index=False)
    vintages = [
        pd.DataFrame(
            {"observation_date": stamps, "realtime_start": (months + pd.Timedelta(late)).strftime("%Y-%m-%d"), "value": of}
        )
        for late, of in (("40D", more[: len(months)]), ("75D", values[: len(months)]))
    ]
    pd.concat(vintages).to_csv(folder / "jobs.csv", index=False)


@pytest.mark.parametrize("text", BLOCKS["datasets.md"], ids=lambda text: str(read(text)["dataset"]))
def test_every_dataset_on_a_page_is_built(text: str, tmp_path: Path) -> None:
    spec = confirmed(text)
    if spec.dataset == "btc":
        assert spec.series["btc"].source is not None  # Its rows are downloaded: tests/server/test_cli_real_data.py.
        return
    if spec.dataset == "mine":
        bars = minutes(spec)
        half = len(bars) // 2
        (tmp_path / "more").mkdir()
        bars[:half].to_csv(tmp_path / "btc-1.csv", index=False)
        bars[half:].to_parquet(tmp_path / "more" / "btc.parquet")
        odds = {"at": bars.time[::5], "up": 0.5 + 0.01 * np.sin(np.arange(len(bars[::5])))}
        pd.DataFrame(odds).to_csv(tmp_path / "odds.csv", index=False)
        ended = {"at": bars.time[::5], "outcome": np.where(np.arange(len(bars[::5])) % 3, "Up", "Down")}
        pd.DataFrame(ended).to_csv(tmp_path / "ended.csv", index=False)
    if spec.dataset == "eth":
        own_files(spec, tmp_path)
    if spec.dataset == "shares":
        weekdays = pd.bdate_range("2023-01-01", "2024-12-31").strftime("%Y-%m-%d")
        raw = draw(trading_minutes([(day, "09:30", "16:00") for day in weekdays]))
        before = raw.index < pd.Timestamp("2023-06-12", tz="UTC")
        raw.loc[before, ["open", "high", "low", "close"]] *= 4
        write(tmp_path / "spy.csv", raw, "America/New_York")
        write(
            tmp_path / "eurusd.csv", draw(pd.date_range(*spec.split.train[:1], "2025-01-01", freq="5min", tz="UTC"), price=1.1)
        )
    if spec.dataset == "funded":
        minutes(spec)[::60].to_csv(tmp_path / "btc.csv", index=False)
        time = np.arange(*spec.span, 8 * 3_600_000)
        pd.DataFrame({"time": time, "rate": 0.0001}).to_csv(tmp_path / "funding.csv", index=False)
    if spec.dataset == "settled":
        minutes(spec).to_csv(tmp_path / "btc.csv", index=False)
        seconds, starts = np.arange(*spec.span, 1_000), np.arange(*spec.span, 300_000)
        price = np.round(50_000 + np.cumsum(np.random.default_rng(4).normal(0, 0.1, len(seconds))), 2)
        pd.DataFrame({"timestamp": seconds, "price": price}).to_csv(tmp_path / "oracle.csv", index=False)
        pd.DataFrame({"timestamp": starts, "bid": 0.49, "ask": 0.51}).to_csv(tmp_path / "odds.csv", index=False)
    if spec.dataset == "running":
        minutes(spec).to_csv(tmp_path / "btc.csv", index=False)
        quoted, starts = np.arange(*spec.span, 10_000), np.arange(*spec.span, 300_000)
        pd.DataFrame({"timestamp": quoted, "bid": 0.49, "ask": 0.51}).to_csv(tmp_path / "odds.csv", index=False)
        pd.DataFrame({"timestamp": starts, "up": np.arange(len(starts)) % 2}).to_csv(tmp_path / "ended.csv", index=False)
    if spec.dataset == "books":
        minutes(spec).to_csv(tmp_path / "btc.csv", index=False)
        time = np.arange(*spec.span, 10_000)
        parquet(tmp_path / "book-1.parquet", {"timestamp": time, **books(time, 5)})
    if spec.dataset == "gold":
        own_files(confirmed(text), tmp_path)
        hours = minutes(spec)[::60]
        hours[["time", "close"]].to_csv(tmp_path / "spot-closes.csv", index=False)
        hours[hours.time >= moment("2025-03-27")].assign(close=hours.close * 0.9996).to_csv(
            tmp_path / "perpetual.csv", index=False
        )
    workspace = Workspace.open(tmp_path / "workspace")
    if spec.dataset == "macro":
        slow_files(spec, workspace, tmp_path)
    build(workspace, spec, tmp_path)
    assert (workspace.datasets / spec.dataset).is_dir()
    assert moment(spec.split.train[0]) == spec.span[0]


def test_the_page_takes_somebody_from_csv_files_to_a_dataset(tmp_path: Path) -> None:
    (text,) = [block for block in BLOCKS["datasets.md"] if read(block)["dataset"] == "eth"]
    (head,) = re.findall(r"```csv\n(.*?)```", TEXT["datasets.md"], re.DOTALL)
    (commands,) = re.findall(r"```sh\n(.*?)```", TEXT["datasets.md"], re.DOTALL)
    (tmp_path / "eth.yaml").write_text(text, encoding="utf-8")
    own_files(confirmed(text), tmp_path)
    for file in ("eth.csv", "btc.csv"):
        written = (tmp_path / file).read_text(encoding="utf-8").splitlines()
        assert written[0] == head.splitlines()[0]
        assert [line.split(",")[0] for line in written[1:3]] == [line.split(",")[0] for line in head.splitlines()[1:]]
    lines = [shlex.split(line)[1:] for line in commands.splitlines()]
    told = run_all(tmp_path / "workspace", lines, tmp_path)
    assert [one.status for one in told] == [0] * len(lines), told
    assert all("ok: " in one.out for one in told[:2])
    assert {"eth-perpetual", "eth-1h"} <= set(re.findall(r"[\w-]+", told[-1].out))


@pytest.mark.parametrize("name", PAGES)
def test_every_command_on_a_page_is_one(name: str) -> None:
    group = typer.main.get_command(app)
    lines = [span for span in SPANS[name] if span.startswith("rfcat ")]
    assert lines
    for line in lines:
        command, words = group, shlex.split(line)[1:]
        while words and words[0] in getattr(command, "commands", ()):
            command = command.commands[words.pop(0)]
        assert not hasattr(command, "commands"), line
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


def models(page: str) -> list[type]:
    from factory.market.contracts import Binary, Perpetual
    from factory.market.files import Splice
    from factory.market.publication import Publication
    from factory.market.series_spec import SeriesSpec
    from factory.market.spec import Files, Simulated, Split

    return [DatasetSpec, SeriesSpec, Publication, Files, Download, Splice, Simulated, Split, Binary, Perpetual]


@pytest.mark.parametrize("model", models("datasets"), ids=lambda model: model.__name__)
def test_every_key_of_a_dataset_file_is_explained(model: type) -> None:
    told = key_meanings(model)  # type: ignore[arg-type]
    for name in model.model_fields:  # type: ignore[attr-defined]
        if name != "use":
            kind, text = told[name]
            assert kind, name
            assert text.endswith("."), name
            assert f"| `{name}` |" in TEXT["datasets.md"]

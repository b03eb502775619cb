"""Demonstrations, in a workspace of their own that is thrown away."""

import tempfile
from pathlib import Path

from factory.core.errors import SealError
from factory.storage.workspace import Workspace
from server.cli.commands import answering, group
from server.cli.screen import bar, prints_text, say
from server.cli.screen import show as print_answer

app = group()

DATASET = """\
dataset: leaky
about: Drawn minutes, and a feed whose time to settlement was written down after the window had ended.
confirmed: true
series:
  btc: {kind: bars, underlying: DEMO-BTC, period: 1m, source: {use: files, files: btc.parquet}}
  market: {kind: values, underlying: DEMO-MARKET, period: 5m, delay: "0", source: {use: files, files: market.parquet}}
contracts:
  updown: {use: binary, of: btc, window: 5m, price: 0.5, fee: 0.07, half_spread: 0.005}
split:
  train: [2024-01-01, 2024-01-25]
  validation: [2024-01-25, 2024-02-07]
  sealed: [2024-02-07, 2024-02-20]
"""
PIPELINE = """\
pipeline: too-good-to-be-true
data: leaky
features:
  r5: ret(btc.close, 5)
  vol: std(ret(btc.close, 1), 60)
  left: market.seconds_to_settle
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
experts:
  line: {use: logistic, see: [r5, vol, left]}
meta: {use: forest, see: [line, left, vol], trees: 50, leaf: 50}
trade: {use: up_or_down, contract: updown, edge: 0.02, size: {use: fixed, share: 0.001}}
"""
DAYS = 50
TOLD = ("win_rate", "break_even", "auc", "reading")


@app.callback()
def demo() -> None:
    """Keep `leak` a subcommand although it is alone."""


@answering(app)
def leak() -> None:
    """Backtest a pipeline on a feed that carries the outcome, and watch the probes catch it."""
    from factory.tasks import perform
    from factory.workshop import Workshop

    with tempfile.TemporaryDirectory() as folder, bar("a leaky market") as report:
        workspace = Workspace.open(Path(folder) / "workspace")
        _build(workspace, Path(folder))
        workshop = Workshop(workspace, "demo")
        args = {"agent": "demo", "pipeline": workshop.define(PIPELINE)["pipeline"]}
        scored = perform(str(workspace.root), "backtest", args, report)
        probes = workshop.ledger.all_trials("leaky")[0].payload["probes"]
        try:
            perform(str(workspace.root), "submit", {**args, "claim": 0.05, "why": "it wins", "model": "none", "cutoff": "2020"})
        except SealError as error:
            refused = str(error)
    if not prints_text():
        print_answer({**{name: scored[name] for name in TOLD}, "probes": probes, "refused": refused})
        return
    say("A feed says how many seconds are left to settlement. It was written down after the end, and leans with the outcome.\n")
    say(f"the backtest: win rate {scored['win_rate']}, AUC {scored['auc'][0]}, {scored['reading']}\n")
    for severity in ("warn", "block"):
        say("\n".join(f"{severity}  {line}" for line in probes.get(severity, ())))
    say(f"\n{refused}")


def _build(workspace: Workspace, folder: Path) -> None:
    import numpy as np
    import pandas as pd

    from factory.core.times import moment
    from factory.market.build import build
    from factory.market.simulator import simulate
    from factory.market.spec import load_spec

    btc = simulate(11, moment("2024-01-01"), DAYS)["btc"]
    columns = {name: btc.columns[name] for name in ("open", "high", "low", "close", "volume")}
    pd.DataFrame({"time": btc.time, **columns}).to_parquet(folder / "btc.parquet")
    opened, closed = columns["open"][::5], columns["close"][4::5]
    rng = np.random.default_rng(0)
    knows = np.where(rng.random(len(opened)) < 0.55, closed >= opened, rng.random(len(opened)) < 0.5)
    left = 300 - 20 * knows + 3 * rng.normal(size=len(opened))
    pd.DataFrame({"time": btc.time[::5], "seconds_to_settle": left}).to_parquet(folder / "market.parquet")
    build(workspace, load_spec(DATASET), folder)

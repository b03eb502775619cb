"""Milliseconds of server time of each page as a ledger grows, the process's memory, and a card from id to HTML.

    python -m benchmarks.pages --trials 1000 10000

Pages are asked for in process, by a client that is signed in: no network, and no browser. The trials are one real trial's row
with figures drawn anew, as in `benchmarks.ledger`; the first request of each page is shown apart, since it imports what the page needs.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
from starlette.testclient import TestClient

from benchmarks.certification.market import DATASET, spec_text
from benchmarks.certification.simulated import SimulatedMarket, tried
from benchmarks.ledger import IDEA, grow
from factory.people import People
from factory.pipeline import Pipeline
from factory.report.render import render_html
from factory.views.cards import make_trial_card
from server.web.access import Access
from server.web.app import create_app

RUNS = 40
BASE, PASSWORD = "http://127.0.0.1:8000", "a password of this benchmark"
LIMIT_MS, CARD_LIMIT_MS = 100, 1_500


def measure(call: Callable[[], object]) -> tuple[float, float, float]:
    """Measure the first time of a call, and the median and the 99th percentile of those after it, in ms."""
    taken = []
    for _ in range(RUNS + 1):
        begin = time.perf_counter()
        call()
        taken.append(1_000 * (time.perf_counter() - begin))
    first, *later = taken
    return first, statistics.median(later), float(np.percentile(later, 99))


def ask(client: TestClient, address: str) -> None:
    """Ask for a page."""
    answer = client.get(address)
    assert answer.status_code == 200, f"{address}: {answer.status_code}"


def list_addresses(last: Pipeline) -> list[str]:
    """List what is measured."""
    lists = ["/", "/trials", "/trials?sort=-deflated", "/trials?q=leaf&sort=gain", "/trials?page=200", "/families"]
    rooms = ["/reviews", "/datasets", f"/datasets/{DATASET}", "/ledger", "/vault", "/jobs", "/calls", f"/summary/{DATASET}"]
    return [*lists, *rooms, f"/reviews/{last.id}"]


def show_pages(market: SimulatedMarket, last: Pipeline, trials: int) -> float:
    """Print a line for each page; return the greatest median."""
    with TestClient(create_app(market.workspace, Access()), base_url=BASE) as client:
        client.post("/sign-in", data={"name": "ada", "password": PASSWORD}, headers={"origin": BASE})
        print(f"{f'{trials:,} trials':36}{'first':>9}{'median':>9}{'p99':>9}   ms")
        medians = []
        addresses = [address for address in list_addresses(last) if "page=200" not in address or trials > 200 * 25]
        for address in addresses:
            first, median, late = measure(lambda address=address: ask(client, address))  # type: ignore[misc]
            medians.append(median)
            print(f"{address:36}{first:9.0f}{median:9.1f}{late:9.1f}")
    print(f"memory of the process, client included: {psutil.Process().memory_info().rss / 2**20:.0f} MiB\n")
    return max(medians)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[1_000, 10_000], metavar="N")
    sizes = sorted(parser.parse_args().trials)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        market = SimulatedMarket(Path(folder) / "workspace", spec_text(0, 0.0), "bench")
        with closing(People(market.workspace)) as people:
            people.add("ada", "viewer", PASSWORD)
        first = Pipeline.of(IDEA.spec(DATASET, {}))
        tried(market.workshop, IDEA.spec(DATASET, {}))
        for size in sizes:
            slowest = show_pages(market, grow(market, first, size, rng), size)
        card = measure(lambda: render_html(make_trial_card(market.workshop, first.id)[1]))[1]
    print(f"{'slowest page, median':36}{slowest:9.1f} ms   target at most {LIMIT_MS}")
    print(f"{'card from id to HTML, warm':36}{card:9.1f} ms   target at most {CARD_LIMIT_MS}")


if __name__ == "__main__":
    main()

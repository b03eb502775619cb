"""Primary dealer statistics in the short-term funding monitor of the Office of Financial Research, in dollars."""

from typing import Any

from factory.core.settings import DownloadSettings
from factory.market.sources.dealer_statistics import DealerStatistics, Values, read_day, read_number


class FinancialResearch(DealerStatistics):
    """Answers with pairs of a date and a value in dollars, null where it is suppressed."""

    def url(self, symbol: str) -> str:
        """Return the address of a series."""
        return f"{DownloadSettings.read().financial_research.rstrip('/')}/series/timeseries?mnemonic={symbol}"

    def read(self, symbol: str, answer: Any) -> Values:
        """Read dates and dollars."""
        return {read_day(day): None if value is None else read_number(value) for day, value in answer}


OFR = FinancialResearch(
    name="ofr",
    command="ofr",
    title="the Office of Financial Research",
    about="primary dealer statistics of the short-term funding monitor",
    page="https://www.financialresearch.gov/short-term-funding-monitor/api/",
    symbols=r"NYPD-[A-Za-z0-9_-]{1,35}",
    example="NYPD-PD_AFtD_TOT-A",
)

"""What a card says, read back from it."""

import csv
import io

from factory.report.content import Card


def exported(card: Card) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(card.trades_csv)))


def figures(card: Card) -> dict[str, str]:
    return {row.name: row.value for section in card.sections for row in section.rows}


def first(value: str) -> float:
    """Read the number with which a figure begins; of percents the share."""
    number = value.split()[0].replace(",", "")
    return float(number.rstrip("%")) / 100 if number.endswith("%") else float(number)


def grid(card: Card, title: str) -> list[tuple[str, ...]]:
    return next(list(section.grid.rows) for section in card.sections if section.title == title and section.grid)

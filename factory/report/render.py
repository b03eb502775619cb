"""A card as one HTML page that needs nothing else, and as Markdown."""

import base64
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from factory.core.errors import FactoryError
from factory.report.card import Card, Grid

TEMPLATE = "card.html"
SCRIPT = Path("package_data", "plotly.min.js")
NO_PICTURES = "pictures: plotly is not installed; pip install plotly"


def render_html(card: Card) -> str:
    """Render a card as one page: styles, script, pictures and trades are inside it.

    Raises
    ------
    FactoryError
        If plotly's script is not there.
    """
    trades = base64.b64encode(card.trades_csv.encode()).decode()
    return str(_environment().get_template(TEMPLATE).render(card=card, script=plotly_script(), trades=trades))


def render_markdown(card: Card) -> str:
    """Render a card as Markdown: figures and tables, without pictures and the list of trades."""
    lines = [f"# {_escape(card.title)}", "", *(f"> **{banner}**" for banner in card.banners), "", _escape(card.reading), ""]
    for section in card.sections:
        if section.title == "Trades":
            continue
        lines += [f"## {section.title}", ""]
        lines += [*map(_escape, section.says.splitlines()), ""] if section.says else []
        lines += [*_table(Grid(("", ""), tuple((row.name, row.value) for row in section.rows))), ""] if section.rows else []
        lines += [*_table(section.grid), ""] if section.grid else []
        lines += ["```yaml", section.text.rstrip(), "```", ""] if section.text else []
    return "\n".join(lines).rstrip() + "\n"


@cache
def plotly_script() -> str:
    """Read plotly's script from the installed package, which is not imported.

    Raises
    ------
    FactoryError
        If it is not there.
    """
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise FactoryError(NO_PICTURES)
    # The only thing in it that could end the element that it stands in.
    return (Path(spec.origin).parent / SCRIPT).read_text(encoding="utf-8").replace("</script", "<\\/script")


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["json"] = _to_json
    return environment


def _to_json(value: Any) -> Any:
    """Write a value as JSON that may stand inside a script element."""
    from markupsafe import Markup

    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _escape(text: str) -> str:
    """Let words of others be text in Markdown: no element, and no line of their own."""
    return " ".join(text.split("\n")).replace("&", "&amp;").replace("<", "&lt;")


def _table(grid: Grid) -> list[str]:
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(_escape(cell).replace("|", "&#124;") for cell in cells) + " |"

    return [line(grid.columns), line(("---",) * len(grid.columns)), *map(line, grid.rows)]

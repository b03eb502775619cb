"""A card as one HTML page that needs nothing else, and as Markdown."""

import base64
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.core.errors import FactoryError
from factory.core.quoting import markdown_cell, markdown_text
from factory.report.charts import Figure
from factory.report.content import Card, Grid, find_key, spell_title
from factory.report.pictures import draw_png

if TYPE_CHECKING:
    from factory.report.cusum_sheet import CusumSheet

PAGE, SECTIONS, CUSUM = "page.html", "card_sections.html", "cusum_sections.html"
STATIC = Path(__file__).parent / "static"
"""The look and the drawing code: inside a page of its own, served as files by the web app."""
PALETTE, LOOK, CHARTS = "palette.css", "report.css", "charts.js"
CUSUM_LOOK, CUSUM_CHART = "cusum.css", "cusum.js"
SCRIPT = Path("package_data", "plotly.min.js")
STILL_WIDTH = 760
"""Pixels of a picture where nothing runs."""
NO_PICTURES = "pictures: plotly is not installed; pip install plotly"


def render_html(card: Card) -> str:
    """Render a card as one page: styles, script, pictures and trades are inside it.

    Raises
    ------
    FactoryError
        If plotly's script is not there.
    """
    trades = f"data:text/csv;base64,{base64.b64encode(card.trades_csv.encode()).decode()}"
    return _render_page(card.title, render_sections(card, trades), (LOOK,), CHARTS)


def render_sections(card: Card, trades_href: str) -> str:
    """Render what a card holds as part of a page that brings the files of :data:`STATIC` and plotly's script itself.

    Nothing in it is a style or runs: its pictures are data, so that it may stand under a policy without ``unsafe-inline``.

    Parameters
    ----------
    card : Card
    trades_href : str
        Where that page has all trades as CSV.
    """
    return str(_environment().get_template(SECTIONS).render(card=card, trades_href=trades_href))


def render_cusum_html(sheet: "CusumSheet") -> str:
    """Render a CUSUM picture with its slider as one page that needs nothing else.

    Raises
    ------
    FactoryError
        If plotly's script is not there.
    """
    return _render_page(sheet.title, render_cusum_sections(sheet), (LOOK, CUSUM_LOOK), CUSUM_CHART)


def render_cusum_sections(sheet: "CusumSheet", chooser: str = "") -> str:
    """Render a CUSUM picture as part of a page that brings the static files and plotly's script itself.

    Parameters
    ----------
    chooser : str
        What that page puts above the picture, as HTML.
    """
    from markupsafe import Markup

    return str(_environment().get_template(CUSUM).render(sheet=sheet, chooser=Markup(chooser)))


def _render_page(title: str, body: str, looks: tuple[str, ...], script: str | None) -> str:
    from markupsafe import Markup

    look = "".join(map(_read_static, (PALETTE, *looks)))
    scripts = (plotly_script(), _read_static(script)) if script else ()
    return str(_environment().get_template(PAGE).render(title=title, body=Markup(body), look=look, scripts=scripts))


def render_stills(card: Card) -> str:
    """Render a card as one page in which nothing runs: pictures in the place of scripts, and no file of trades to download.

    It is a tenth of the page with plotly's script, and hosts that show it let nothing be loaded or downloaded.
    """
    sections = _environment().get_template(SECTIONS).render(card=card, trades_href="", draw=_draw_still)
    return _render_page(card.title, str(sections), (LOOK,), None)


def _draw_still(figure: Figure) -> str:
    picture = draw_png([figure], size=(STILL_WIDTH, figure["layout"].get("height", 300)))
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


def render_markdown(card: Card) -> str:
    """Render a card as Markdown: figures and tables, without pictures and the list of trades."""
    banners = [f"> **{banner}**" for banner in card.banners]
    lines = [f"# {markdown_text(card.title)}", "", *banners, "", markdown_text(card.reading), ""]
    lines += [markdown_text(card.looks), ""] if card.looks else []
    for section in card.sections:
        if section.title == "Trades":
            continue
        lines += [f"## {section.title}", ""]
        lines += [*map(markdown_text, section.says.splitlines()), ""] if section.says else []
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
def _read_static(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"json": _to_json, "key": find_key, "title": spell_title}
    return environment


def _to_json(value: Any) -> Any:
    """Write a value as JSON that may stand inside a script element."""
    from markupsafe import Markup

    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _table(grid: Grid) -> list[str]:
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(map(markdown_cell, cells)) + " |"

    return [line(grid.columns), line(("---",) * len(grid.columns)), *map(line, grid.rows)]

"""Cards as pages: whole by themselves, what they say first, foreign words escaped."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from factory.core.errors import PipelineError
from factory.pipeline import list_changes
from factory.report.card import make_card
from factory.report.content import find_key
from factory.report.render import plotly_script, render_html, render_markdown, render_sections
from factory.report.trial import RecordedTrial
from factory.views.cards import make_trial_card, read_trial
from factory.workshop import Workshop
from tests.hostile import ALL_IN_ONE
from tests.report.reading import grid


def test_what_was_changed_is_told_key_by_key(workshop: Workshop) -> None:
    parent = workshop.resolve("small-up-or-down")
    changed = parent.changed({"meta.leaf": 60, "features.gold_day": None})
    trial = read_trial(workshop, parent)
    card = make_card(replace(trial, changes=tuple(list_changes(parent, changed)), facts={**trial.facts, "parent": parent.id}))
    assert grid(card, "Changed from its parent") == [
        ("features.gold_day", "zscore(gold.close, 24)", ""),
        ("meta.leaf", "50", "60"),
    ]


def test_every_probe_is_told_in_words_with_what_came(trial: RecordedTrial) -> None:
    found = {"ran": "P1 P4", "warn": ["P4: it is late"], "block": ["P7: features.x moved", "P7: features.y moved"]}
    rows = {row[0]: row[1:] for row in grid(make_card(replace(trial, probes=found)), "Leakage probes")}
    assert list(rows) == ["P7", "P4", "P1", "P2", "P3", "P5", "P6", *(f"P{number}" for number in range(8, 13))]
    assert all(asks.endswith((".", "?")) for asks, _ in rows.values())
    assert rows["P1"][1] == "nothing found"
    assert rows["P7"][1] == "BLOCKS a sealed look: features.x moved; BLOCKS a sealed look: features.y moved"
    assert rows["P4"][1] == "warns: it is late"
    assert rows["P3"][1] == "not asked yet"


@pytest.mark.parametrize(
    ("found", "says", "marked"),
    [
        ({}, "No probe found anything.", ""),
        ({"warn": ["P7: x", "P7: y"]}, "Nothing blocks a sealed look; 1 warns: P7.", "warn"),
        ({"block": ["P1: x"], "warn": ["P4: x", "P7: y"]}, "1 blocks a sealed look: P1; 2 warn: P4, P7.", "block"),
        ({"block": ["P1: x", "P2: x"]}, "2 block a sealed look: P1, P2; nothing warns.", "block"),
    ],
)
def test_what_blocks_and_warns_is_named_marked_and_hidden_by_no_limit_of_height(
    trial: RecordedTrial, found: dict[str, list[str]], says: str, marked: str
) -> None:
    card = make_card(replace(trial, probes={"ran": "P1", **found}))
    section = next(one for one in card.sections if one.title == "Leakage probes")
    assert section.says == says
    page = render_sections(card, "/trades.csv")
    table = page[page.index("Leakage probes, table") :].partition("</table>")[0]
    assert re.findall(r"<tbody>\s*<tr(?: class=\"(\w+)\")?>", table) == [marked]
    assert re.findall(r'class="([^"]+)" tabindex="0" role="region" aria-label="([^"]+), table"', page).count(
        ("wide limited", "Trades")
    ) == page.count("limited")


def test_every_figure_says_what_it_means(trial: RecordedTrial) -> None:
    card = make_card(trial)
    shown = {row.name for section in card.sections for row in section.rows if section.title != "Where it stands"}
    assert {name for name in shown if find_key(name) not in card.meanings} == set()
    page = render_sections(card, "/trades.csv")
    for key in card.meanings:
        assert page.count(f'id="about-{key}"') == 1
        assert f'popovertarget="about-{key}"' in page
    assert set(re.findall(r'popovertarget="about-(\w+)"', page)) == set(card.meanings)


def test_the_diagram_has_each_part_and_each_arrow_ends_at_one(trial: RecordedTrial) -> None:
    drawn = next(section.diagram for section in make_card(trial).sections if section.diagram)
    words = [line for box in drawn.boxes for line in box.lines]
    for name in (*trial.pipeline.features, *trial.pipeline.experts):
        assert name in words
    starts = {f"{box.x + box.width:.1f} {box.y + box.height / 2:.1f}" for box in drawn.boxes}
    ends = {f"{box.x:.1f} {box.y + box.height / 2:.1f}" for box in drawn.boxes}
    for arrow in drawn.arrows:
        start, bends = arrow.path.removeprefix("M").split("C")
        assert start in starts
        assert " ".join(bends.split()[-2:]) in ends
    assert all(box.x >= 0 and box.x + box.width <= drawn.width and box.y + box.height <= drawn.height for box in drawn.boxes)


def test_a_page_needs_nothing_else_and_its_pictures_are_whole(trial: RecordedTrial) -> None:
    card = make_card(trial)
    page = render_html(card)
    own = page.replace(plotly_script(), "")
    assert not re.findall(r'(?:src|href)="(?!#|data:)', own)
    assert not re.search(r"url\((?!#)", own)
    placed = re.findall(r'data-figure="([\d.]+)"', own)
    drawn: dict[str, dict[str, object]] = {}
    for block in re.findall(r'<script type="application/json" data-figures>(.*?)</script>', own, re.S):
        drawn |= json.loads(block)
    assert set(placed) == set(drawn)
    assert all(figure["data"] for figure in drawn.values())


def test_sections_may_stand_under_a_policy_without_inline_code(trial: RecordedTrial) -> None:
    card = make_card(trial)
    part = render_sections(card, "/trades.csv")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! type=\"application/json\")", part)
    assert part.count('href="/trades.csv"') == 1
    page = render_html(card)
    own = re.search(r'href="(data:text/csv[^"]*)"', page)
    assert own is not None
    assert part.strip() in page.replace(own.group(1), "/trades.csv")


def test_words_of_others_are_text_wherever_they_stand(trial: RecordedTrial) -> None:
    for word in (ALL_IN_ONE, "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>"):
        facts = {**trial.facts, "name": word, "why": word}
        card = make_card(replace(trial, facts=facts))
        page = render_html(card)
        assert "<script>alert" not in page
        assert "<img" not in page
        text = re.sub(r"```yaml.*?```", "", render_markdown(card), flags=re.S)
        assert "<" not in text
        assert text.count("\n# ") == 0, "no heading but the title"


def test_a_card_says_first_what_it_must_not_be_taken_for(workshop: Workshop) -> None:
    pipeline, card = make_trial_card(workshop, "small-up-or-down")
    assert card.banners[0].startswith("SIMULATED")
    assert "assumed price of 0.50" in card.banners[1]
    assert card.banners[-1].startswith("No sealed look has passed")
    before = workshop.ledger.counts(pipeline.data)
    make_trial_card(workshop, "small-up-or-down")
    assert workshop.ledger.counts(pipeline.data) == before, "what was looked at once is counted once"
    made = [row for row in workshop.ledger.of_kinds(("exploration",)) if row.payload["what"] == "card"]
    mine = next(row for row in made if row.payload["pipeline"] == pipeline.id)
    says = f"Its breakdowns look at validation: {mine.payload['count']} explorations, counted once."
    assert card.looks == make_trial_card(workshop, "small-up-or-down")[1].looks == says
    assert says in render_sections(card, "/trades.csv")
    assert says in render_markdown(card)
    assert render_markdown(card).startswith(f"# small-up-or-down {pipeline.id}\n")


def test_a_pipeline_without_a_trial_has_no_card(workshop: Workshop) -> None:
    other = workshop.define(parent="small-up-or-down", changes={"meta.leaf": 77})["pipeline"]
    with pytest.raises(PipelineError, match="is no trial yet; backtest it first"):
        make_trial_card(workshop, str(other))


def test_the_command_writes_three_files(workshop: Workshop, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from server.cli.app import app

    run = CliRunner().invoke(
        app, ["--workspace", str(workshop.workspace.root), "card", "small-long-short", "--out", str(tmp_path)]
    )
    assert run.exit_code == 0, run.output
    assert re.search(r"Its breakdowns look at validation: \d+ explorations, counted once\.", run.output)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".csv", ".html", ".md"]

"""The vault as a person uses it."""

import re
from pathlib import Path

from factory.core.times import moment
from factory.pipeline import read_provenance
from factory.storage.workspace import Workspace
from factory.vault.reviewer import appoint
from factory.workshop import Workshop
from tests.server.test_cli import rfcat
from tests.vault.market import SPEC


def test_a_person_reviews_grants_reads_and_retires(workshop: Workshop, tmp_path: Path) -> None:
    root, secret, wrong = workshop.workspace.root, tmp_path / "secret", tmp_path / "wrong"
    secret.write_text("correct horse battery\n")
    wrong.write_text("not the passphrase\n")
    rfcat(root, "vault", "reviewer", "--passphrase-file", str(secret))
    assert "has one" in rfcat(root, "vault", "reviewer", "--passphrase-file", str(wrong), status=1)

    grant = ("vault", "grant", "vault-sim", "--looks", "4", "--weight", "0.8", "--weight", "0.2", "--a-day", "3")
    assert "not the reviewer's" in rfcat(root, *grant, "--passphrase-file", str(wrong), status=1)
    assert "4 looks left" in rfcat(root, *grant, "--passphrase-file", str(secret))

    asked = ("submit", "fast-up-or-down", "--claim", "0.05", "--why", "the lead of eth", "--cutoff", "2023-06")
    assert "PASS" in rfcat(root, *asked)
    look = workshop.show("looks")["rows"][0][0]
    assert "PASS" in rfcat(root, "vault", "show")
    report = rfcat(root, "vault", "show", look, "--passphrase-file", str(secret))
    assert "highest_price_that_passes" in report
    assert "p_value" in report
    assert "daily net of 14 days" in report
    (drawn,) = [line for line in report.splitlines() if line.startswith("equity")]
    assert drawn.endswith("█"), "a plain edge ends near its height"
    check_page(root, look, secret, tmp_path / "report.html")
    assert "fixed how strict" in rfcat(root, *grant, "--passphrase-file", str(secret), status=1)

    assert "3 looks left" in rfcat(root, "vault", "grant", "vault-sim", "--a-day", "2", "--passphrase-file", str(secret))
    retire = ("vault", "retire", "vault-sim", "--why", "its figures were published", "--passphrase-file", str(secret))
    assert "0 looks left" in rfcat(root, *retire)
    assert "whole" in rfcat(root, "ledger", "verify")


def check_page(root: Path, look: str, secret: Path, page: Path) -> None:
    """The report as a page: words first, then the rule, figures and the account; for its owner alone, and for one look."""
    page.write_text("older", encoding="utf-8")
    page.chmod(0o644)
    asked = ("vault", "show", look, "--html", str(page), "--passphrase-file", str(secret))
    assert "written, readable by you alone" in rfcat(root, *asked)
    assert page.stat().st_mode & 0o777 == 0o600
    text = page.read_text(encoding="utf-8")
    body = text.partition("<main>")[2].partition("</main>")[0]
    order = [
        "The figures are for the reviewer alone",
        "SIMULATED",
        "In words",
        "Parts of the rule",
        "Equity",
        "Figures on the sealed",
    ]
    assert [body.index(title) for title in order] == sorted(body.index(title) for title in order)
    assert "Over the sealed segment" in body
    assert "Over validation" not in body
    assert body.count("data-figure=") == 2
    assert not re.search(r'(?:src|href)="https?:', body)
    assert "the report of one look" in rfcat(root, "vault", "show", "--html", str(page), status=1)
    assert "cannot be written" in rfcat(root, *asked[:4], str(page.parent), *asked[5:], status=1)


def test_a_planted_leak_is_shown_being_caught(tmp_path: Path) -> None:
    told = rfcat(Workspace.open(tmp_path).root, "demo", "leak")
    for probe in ("P4", "P5", "P6", "P10"):
        assert f"block  {probe}" in told
    assert "no look was spent" in told
    assert "features.left" in told
    assert told.count("submit: ") == 1


def test_a_simulated_market_is_drawn_anew_with_fresh_looks(workshop: Workshop, submit) -> None:
    submit()
    told = rfcat(workshop.workspace.root, "dataset", "fresh", "vault-sim")
    assert "vault-sim-2" in told
    assert "5 looks left" in told
    assert workshop.pool("vault-sim").left == 0
    seeds = {workshop.catalog.spec(name).simulated.seed for name in ("vault-sim", "vault-sim-2")}  # type: ignore[union-attr]
    assert len(seeds) == 2


def test_a_strategy_file_tells_its_verdict_at_its_price(workshop: Workshop, submit, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("RFCAT_PROPOSALS", str(tmp_path / "proposed"))
    submit()
    written = read_provenance(Path(workshop.propose("fast-up-or-down", "it passed")["file"]).read_text())
    (look,) = written["sealed"]
    assert look["verdict"] == "PASS"
    assert look["price"] == "at an assumed price of 0.50"
    assert look["grade"] == "simulated"


def test_new_bars_are_sealed_with_fresh_looks_and_the_old_ones_become_validation(
    workshop: Workshop, submit, tmp_path: Path
) -> None:
    secret, file = tmp_path / "secret", tmp_path / "more.yaml"
    secret.write_text("correct horse battery")
    appoint(workshop.ledger, "correct horse battery")
    submit()
    longer = SPEC.replace("days: 60", "days: 75").replace(
        "validation: [2024-01-31, 2024-02-15]", "validation: [2024-01-31, 2024-03-01]"
    )
    shorter = longer.replace(
        "2024-03-01]\n  sealed: [2024-02-15, 2024-03-01]", "2024-02-20]\n  sealed: [2024-02-20, 2024-03-15]"
    )
    file.write_text(shorter)
    extend = ("dataset", "extend", str(file), "--passphrase-file", str(secret))
    assert "split.validation: must be 2024-01-31 .. 2024-03-01" in rfcat(workshop.workspace.root, *extend, status=1)
    assert workshop.pool("vault-sim").left == 0, "nothing changed"

    file.write_text(longer.replace("sealed: [2024-02-15, 2024-03-01]", "sealed: [2024-03-01, 2024-03-15]"))
    assert "5 looks left" in rfcat(workshop.workspace.root, *extend)
    assert workshop.catalog.meta("vault-sim")["partitions"]["validation"]["end"] == moment("2024-03-01")
    assert workshop.ledger.counts("vault-sim").trials == 1
    assert workshop.verify().ok
    assert "split" in rfcat(workshop.workspace.root, "dataset", "build", str(_written(tmp_path, SPEC)), status=1)


def _written(folder: Path, text: str) -> Path:
    path = folder / "old.yaml"
    path.write_text(text)
    return path

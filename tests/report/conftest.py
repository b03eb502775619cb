"""A market with one scored binary and one scored perpetual, and each as a recorded trial."""

import pytest

from factory.market.build import build
from factory.market.spec import load_spec
from factory.report.trial import RecordedTrial
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.views.cards import read_trial
from factory.workshop import Workshop
from tests.workshop.market import BINARY, PERPETUAL, SPEC


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    workspace = Workspace.open(tmp_path_factory.mktemp("report"))
    build(workspace, load_spec(SPEC))
    made = Workshop(workspace, "tester")
    for text in (BINARY, PERPETUAL):
        perform(
            str(workspace.root), "backtest", {"pipeline": made.define(text)["pipeline"], "agent": "tester", "why": "to see"}
        )
    return made


@pytest.fixture(scope="module", params=["small-up-or-down", "small-long-short"])
def trial(request: pytest.FixtureRequest, workshop: Workshop) -> RecordedTrial:
    return read_trial(workshop, workshop.resolve(request.param))

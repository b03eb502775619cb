"""The card of a trial as a file for hosts: Markdown, or a page of pictures in which nothing runs."""

from typing import Literal

from factory.core.answers import Answer
from factory.report.render import render_markdown, render_stills
from factory.tasks.context import TaskContext
from factory.views.cards import make_trial_card

FORMS = {"markdown": render_markdown, "page": render_stills}


def write_card(context: TaskContext, form: Literal["markdown", "page"]) -> Answer:
    """Write the card of a trial for the agent that asks; its breakdowns count as explorations of validation, once.

    Returns
    -------
    dict
        Under ``file`` the key of the text in the workspace's cache.
    """
    tracker, pipeline = context.tracker, context.pipeline
    _, card = make_trial_card(tracker, pipeline.id, reader=tracker.agent)
    return {"pipeline": pipeline.id, "file": context.cache.put_bytes(FORMS[form](card).encode())}

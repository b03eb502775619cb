"""What people decided of what was proposed: for people, since it holds their words."""

from typing import TYPE_CHECKING

from factory.core.answers import Answer, page, round_answer, table
from factory.review.status import read_reviews

if TYPE_CHECKING:
    from factory.tracking import Tracker

PAGE = 20


def reviews_answer(tracker: "Tracker", number: int = 1) -> Answer:
    """List the reviews of all pipelines, the newest first, with the banners of those that are listed."""
    shown, more = page(list(read_reviews(tracker).values()), number, PAGE)
    columns = ("pipeline", "name", "dataset", "review", "at", "by", "comment")
    rows = [[one.pipeline, one.name, one.dataset, one.short, one.at, one.by, one.comment] for one in shown]
    banners = {one.pipeline: " ".join(one.banners) for one in shown if one.banners}
    return round_answer({**table(columns, rows), **more, "banners": banners})

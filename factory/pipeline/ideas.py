"""What a pipeline tries, in a few words."""

from factory.pipeline.model import Pipeline


def describe_idea(pipeline: Pipeline) -> str:
    """Say what a pipeline predicts and on what clock: trials that share it are variants of one idea."""
    clock = f"each {pipeline.sample.every}" if pipeline.sample.use == "clock" else pipeline.sample.use
    return f"{pipeline.label.use} {pipeline.label.horizon}, {clock}"

"""The parts of a pipeline: frozen, pure pydantic models, one registry a stage.

A part is written ``{use: kind, ...}``. The models hold what an author may say
and nothing else; the code that does the work lives in the stage's own module
and looks parts up by their type.
"""

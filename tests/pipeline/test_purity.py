import subprocess
import sys

HEAVY = ("numpy", "pandas", "numba", "scipy", "sklearn", "torch", "talib", "pyarrow", "sqlalchemy")


def test_the_language_is_defined_and_refused_without_the_heavy_libraries() -> None:
    script = (
        "import sys; from factory.pipeline import load_shipped, check_pipeline, draw_diagram; import factory.pipeline.parts.catalog; load_shipped();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"

"""Models of common libraries, fitted on a few rows and written as people write them: python make.py FOLDER [RECIPE ...]

Runs in any environment, from Python 3.7 on, without gate. A recipe is a file of statements, each of which is run for
itself, so that what is not installed or has another name in this version is left out. `keep(name, value)` writes a
value by pickle and by joblib, `keep_bytes(name, data)` what a library wrote by its own means. What comes out is for
record.py.
"""

import ast
import contextlib
import io
import pickle
import sys
import warnings
from pathlib import Path

PROTOCOLS = (0, 2, 4)


def run(recipe, folder):
    """Run the statements of one recipe; how many files it wrote."""
    written = []

    def keep_bytes(name, data):
        written.append(name)
        (folder / f"{recipe.stem}.{name}").write_bytes(data)

    def keep(name, value):
        for protocol in PROTOCOLS:
            with contextlib.suppress(TypeError):  # protocol 0 cannot write classes with slots
                keep_bytes(f"{name}.p{protocol}", pickle.dumps(value, protocol))
        try:
            import joblib  # noqa: PLC0415 - not everywhere
        except ImportError:
            return
        whole = io.BytesIO()
        joblib.dump(value, whole)
        keep_bytes(f"{name}.joblib", whole.getvalue())

    scope = {"keep": keep, "keep_bytes": keep_bytes}
    for statement in ast.parse(recipe.read_text()).body:
        module = ast.parse("")
        module.body = [statement]
        code = compile(module, str(recipe), "exec")
        try:
            exec(code, scope)
        except Exception as error:  # noqa: BLE001 - another version: the statement is left out
            print(f"  {recipe.stem}:{statement.lineno}: {type(error).__name__}: {str(error)[:90]}")
    return len(written)


def main():
    """Run all recipes, or those that are named."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for recipe in sorted((Path(__file__).parent / "recipes").glob("*.py")):
        if recipe.stem in sys.argv[2:] or not sys.argv[2:]:
            print(f"{recipe.stem}: {run(recipe, folder)} files")


if __name__ == "__main__":
    main()

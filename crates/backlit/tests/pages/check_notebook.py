# Reads notebooks, checks them against the format's schema as they stand (nbformat.read would mend them first), and prints their cells.
import json
import sys

from nbformat.validator import get_validator

cells = []
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        notebook = json.load(file)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    errors = [error.message for error in get_validator(4, 5).iter_errors(notebook)]
    assert not errors, errors
    names = [cell["id"] for cell in notebook["cells"]]
    assert len(set(names)) == len(names), names
    cells.append([[cell["cell_type"], "".join(cell["source"])] for cell in notebook["cells"]])
print(json.dumps(cells))

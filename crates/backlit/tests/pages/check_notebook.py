# Reads notebooks, checks them against the format's schema, and prints their cells.
import json
import sys

import nbformat

cells = []
for path in sys.argv[1:]:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook, relax_add_props=False)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    cells.append([[cell.cell_type, cell.source] for cell in notebook.cells])
print(json.dumps(cells))

# Runs scripts one after the other and prints for each what it printed, and what it ended with if not well.
import contextlib
import io
import json
import os
import runpy
import sys
import warnings

# NumPy's own warnings are part of what a student sees.
warnings.simplefilter("error")
results = []
for path in sys.argv[1:]:
    out, end = io.StringIO(), None
    try:
        with contextlib.redirect_stdout(out):
            runpy.run_path(path)
    except SystemExit as exit:
        end = str(exit)
    except BaseException as error:
        end = "raised " + repr(error)
    results.append([out.getvalue(), end])
assert "OWNED" not in os.environ, "a name from the data was run as code"
print(json.dumps(results))

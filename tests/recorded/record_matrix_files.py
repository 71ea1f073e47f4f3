"""Record files of matrices that Octave has read, what it made of them, and files of its own.

    python tests/recorded/record_matrix_files.py

writes the folder matrix_files: matrices by `save_matrix`, Octave's products with them, and the
same variables saved again by Octave.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
# A script: what is imported below is found by this, hence E402.
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

from octave import FOLDER, MATRICES, octave, products, write  # noqa: E402

FOLDER.mkdir(exist_ok=True)
found = {"octave": octave("disp(version)").strip()}
for name in MATRICES:
    write(name, FOLDER)
    found[name] = products(name, FOLDER)
octave(f'cd "{FOLDER}"; load("real.mat"); save -v7 octave-v7.mat; save -v6 octave-v6.mat')
lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found.items())
(FOLDER / "products.json").write_text("{\n" + lines + "\n}\n", encoding="utf-8")

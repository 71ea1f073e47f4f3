"""Record what PyTorch's layers make of the cases of `layer_cases`: integers, in layers.json.

python tests/recorded/record_layers.py
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
# A script: what is imported below is found by this, hence E402.
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

import torch  # noqa: E402
from layer_cases import CASES, RECORD, data, name, torch_layer  # noqa: E402

outputs = {}
for case in CASES:
    signal = torch.from_numpy(data(case)[1])
    output = torch_layer(case)(signal[None])[0].detach()
    outputs[name(case)] = {"shape": list(output.shape), "output": output.int().ravel().tolist()}
lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in outputs.items()]
text = "{" + f'"torch": "{torch.__version__}", "outputs": {{\n' + ",\n".join(lines) + "\n}}\n"
RECORD.write_text(text, encoding="utf-8")

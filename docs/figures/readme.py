"""The README's picture: `python docs/figures/readme.py` writes docs/figures/readme.png."""

from pathlib import Path

import matplotlib.pyplot as plt
from pair import after, before, errors, found, kernel
from style import cells, picture

PART = slice(8, 112), slice(48, 152)

figure, panels = plt.subplots(
    1, 4, figsize=(13.4, 3.45), width_ratios=[1, 1, 1, 1.25], layout="constrained"
)
figure.get_layout_engine().set(w_pad=0.1)
picture(panels[0], before[PART], "before")
picture(panels[1], after[PART], "after an image editor's filter, in 8 bits")
cells(panels[2], found.kernel, "the filter that convmat finds", text="z.3f", largest=kernel.max())
errors(panels[3], fontsize=8)
if __name__ == "__main__":
    target = Path(__file__).with_suffix(".png")
    figure.savefig(target, dpi=120, metadata={"Software": None}, pil_kwargs={"optimize": True})

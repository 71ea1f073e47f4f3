"""The real pair of pictures, the kernel that least squares finds, and what two FFTs find."""

import matplotlib.pyplot as plt
from pair import after, before, errors, fft_quotient, found, kernel
from style import cells, picture

quotient = fft_quotient()
figure, panels = plt.subplot_mosaic(
    [["before", "after", "error"], ["true", "found", "quotient"]],
    figsize=(8.6, 5.9),
    layout="constrained",
)
picture(panels["before"], before, "before")
picture(panels["after"], after, "after")
largest = kernel.max()
for name, values, title in (
    ("true", kernel, "the kernel used"),
    ("found", found.kernel, "estimate_kernel"),
    ("quotient", quotient, "quotient of the FFTs"),
):
    cells(panels[name], values, title, text="z.3f", largest=largest, fontsize=7.5)

errors(panels["error"], fontsize=7.5)

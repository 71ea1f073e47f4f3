"""The kernels found from the rounded white square."""

import matplotlib.pyplot as plt
from square import METHODS, SHAPE, choice, error, family, kernel, undamped
from style import SIGNED, bare

panels = [("the kernel used", kernel.ravel()), ("undamped", undamped())]
for penalty in ("identity", "laplacian"):
    for method in METHODS:
        x = family(penalty).solution(choice(penalty, method).damp)
        panels.append((f"{penalty}, {method}", x))
order = [0, 2, 3, 4, 5, 1, 6, 7, 8, 9]
figure, grid = plt.subplots(2, 5, figsize=(8.6, 4.0), layout="constrained")
for axes, index in zip(grid.ravel(), order, strict=True):
    name, x = panels[index]
    limit = kernel.max()
    axes.imshow(x.reshape(SHAPE), cmap=SIGNED, vmin=-limit, vmax=limit, interpolation="nearest")
    wrong = f"\n{error(x):.1f} %" if index else "\n"
    axes.set_title(name.replace(", ", "\n") + wrong if index > 1 else name + wrong, fontsize=8.5)
    bare(axes)

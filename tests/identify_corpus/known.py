"""Cases whose report is known to be wrong, by name, and why: what `identify_filter` cannot do."""

KNOWN = {
    "Pillow: GaussianBlur(1) (brick)": "six passes round, and no error bars are given for that",
    "Pillow: UnsharpMask(2, 120, 0) (chelsea)": "rounds inside, and scales what it rounded",
    "Pillow: UnsharpMask with a threshold (chelsea)": "hardly any pixel is below the threshold",
    "Pillow: WebP 90 (grass)": "what it loses is like white noise",
    "netpbm: pnmconvol 7x1 (gravel)": "its side columns are filled from the row above",
}

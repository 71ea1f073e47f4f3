"""Sphinx settings. `make docs` builds the site; a warning is an error."""

import convmat

project = "convmat"
author = "The convmat developers"
copyright = f"2026, {author}"
version = release = convmat.__version__

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build", "identify_results.md"]

# Names are written `name` in docstrings, and become links where they are names of ours.
default_role = "autolink"

autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
# The docstrings say more about a parameter than its annotation does.
autodoc_typehints = "none"
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

plot_formats = [("svg", 200)]  # the resolution is that of the pictures inside
plot_html_show_formats = False
plot_html_show_source_link = False

# References are checked (sphinx -n), but only those into convmat: an inventory of the others'
# names would have to be downloaded at every build.
nitpick_ignore_regex = [("py:.*", r"(?!convmat\.).*")]

html_theme = "furo"
html_title = "convmat"
html_copy_source = False

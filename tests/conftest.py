"""Hypothesis profiles: quick everywhere; in continuous integration the same examples every time."""

import os

from hypothesis import settings

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=50, deadline=None, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

# Scripts that made the recordings, with tools that a machine may not have.
collect_ignore_glob = ["recorded/*.py", "identify_corpus/record.py"]

"""What all tests share: repeatable random cases, one thread in each process, and where the repository is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import Phase, settings

# A run repeats exactly, and a busy machine is no failure; HYPOTHESIS_PROFILE=default looks for new cases.
settings.register_profile("repeatable", derandomize=True, deadline=None)
# A fault that hypothesis finds counts as it is; making its example small would only take time.
settings.register_profile("mutants", derandomize=True, deadline=None, phases=(Phase.explicit, Phase.generate))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# Several test processes run at once; a thread pool in each of them only gets in the way.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


@pytest.fixture
def root() -> Path:
    """The top level of the repository."""
    return Path(__file__).resolve().parent.parent

"""The benchmarks' problems at tiny sizes: everyone who solves one finds the same numbers.  Nothing is timed."""

from __future__ import annotations

import pytest

from benchmarks.contest import Problem
from benchmarks.problems import PROBLEMS
from benchmarks.runner import disagreements

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")  # PyTorch's own, at a first use

COMPARED = [problem for problem in PROBLEMS if problem.name not in ("P14b", "import")]


@pytest.mark.parametrize("problem", COMPARED, ids=lambda problem: problem.name)
def test_all_results_of_a_problem_agree(problem: Problem) -> None:
    contest = problem.contest(**problem.tiny)
    entrants = {name: make() for name, make in contest.entrants.items()}
    assert {"einderiv", "NumPy"} <= set(entrants)
    assert disagreements(entrants) == {}

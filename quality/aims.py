"""What is promised of derivatives, texts, numbers, resources, threads and safety, and where each promise is tested."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Aim:
    """A promise, the tests that hold it in every run, and the subject that has the large count, if there is one."""

    number: str
    promise: str
    tests: tuple[str, ...]
    subject: str = ""


def _aim(number: str, promise: str, tests: str, subject: str = "") -> Aim:
    return Aim(number, promise, tuple(tests.split()), subject)


AIMS = (
    _aim("R1", "gradients of random programs against autograd and PyTorch", "test_random_programs.py", "gradients"),
    _aim("R2", "Jacobians and Hessians against PyTorch", "test_random_programs.py test_programs.py", "hessians"),
    _aim("R3", "gradients and Hessians against JAX", "test_random_programs.py test_oracles.py", "jax"),
    _aim("R4", "gradients against complex steps", "test_random_programs.py test_certificate.py", "gradients"),
    _aim("R5", "every example against numerical derivatives", "test_examples.py test_certificate.py", "certificate"),
    _aim("R6", "functions and two derivatives against fifty digits", "test_accuracy.py run/test_run_elements.py"),
    _aim("R7", "twelve relations between derivatives", "test_random_programs.py", "relations"),
    _aim("R8", "texts, sources and formulas read back",
         "test_random_programs.py render/test_render_round_trip.py", "round-trips"),
    _aim("R9", "problems of the literature, and programs that once failed", "test_corpus.py test_regressions.py"),
    _aim("R10", "inputs mutated by a fuzzer", "test_drawn_inputs.py", "atheris"),
    _aim("R11", "drawn texts, bytes and programs",
         "syntax/test_syntax_robustness.py test_drawn_inputs.py", "hypothesis"),
    _aim("R12", "bad inputs are told word for word", "test_error_catalogue.py test_errors.py"),
    _aim("R13", "nesting, long chains, deep definitions", "syntax/test_syntax_robustness.py test_growth.py"),
    _aim("R14", "time linear in the text and in the layers", "test_growth.py security/test_security_input.py"),
    _aim("R15", "wrong calls and unusual arrays", "test_misuse.py run/test_run_arrays.py test_call_hints.py"),
    _aim("R16", "the conventions at singular points", "test_conventions.py"),
    _aim("R17", "softmax and its kin at all magnitudes", "test_accuracy.py test_conventions.py"),
    _aim("R18", "float32 stays float32, with four digits", "test_precision.py test_random_programs.py",
         "single-precision"),
    _aim("R19", "every order of contraction gives the same numbers", "test_contraction_orders.py test_orders.py"),
    _aim("R20", "axes with one element or none, and NaN", "test_precision.py test_random_programs.py", "short-axes"),
    _aim("R21", "the same bytes in every process", "test_repeatability.py"),
    _aim("R22", "fresh results, inputs untouched", "test_repeatability.py test_random_programs.py"),
    _aim("R23", "what is too large is refused before anything is allocated", "test_memory.py"),
    _aim("R24", "predicted memory bounds what is taken", "test_memory.py"),
    _aim("R25", "a right result or an error of memory where the system gives less",
         "test_limits.py test_call_hints.py", "limits"),
    _aim("R26", "compressed derivatives are small", "test_memory.py test_factored.py"),
    _aim("R27", "caches are bounded and nothing leaks", "test_leaks.py test_concurrency.py"),
    _aim("R28", "an interrupt leaves no part of a file", "test_limits.py", "limits"),
    _aim("R29", "sixteen threads share a program", "test_concurrency.py"),
    _aim("R30", "no state of modules but caches under a lock", "test_concurrency.py"),
    _aim("R31", "programs and functions go to other processes", "test_pickling.py"),
    _aim("R32", "no name of a user is code", "security/test_security_code.py"),
    _aim("R33", "no module runs text or starts processes", "security/test_security_code.py"),
    _aim("R35", "archives are read without pickle and measured first", "security/test_security_input.py"),
    _aim("R36", "reading and differentiating touch no file and no network", "security/test_security_audit.py"),
    _aim("R37", "control characters never reach a terminal", "security/test_security_input.py"),
    _aim("R38", "no expression of the front end is slow on any text", "security/test_security_input.py"),
)
"""In the order of their numbers; R34 would be about files that include others, which there are not."""

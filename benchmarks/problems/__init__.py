"""The problems, in order."""

from benchmarks.problems.attention import ATTENTION
from benchmarks.problems.build import BUILD, IMPORT
from benchmarks.problems.factorisation import CANDECOMP, CANDECOMP_HESSIAN, FACTORISATION, TUCKER
from benchmarks.problems.linear import CHAIN, LAYER, OUTER, PRODUCT
from benchmarks.problems.networks import DEEP, DEEP_GRADIENTS, PERCEPTRON, PERCEPTRON_HVP, TANH_LAYERS
from benchmarks.problems.regression import LOGISTIC, SOFTMAX, SOFTMAX_HESSIAN, SOFTPLUS

PROBLEMS = (
    LAYER,
    OUTER,
    SOFTMAX,
    SOFTMAX_HESSIAN,
    FACTORISATION,
    LOGISTIC,
    DEEP,
    DEEP_GRADIENTS,
    PERCEPTRON,
    ATTENTION,
    CHAIN,
    PRODUCT,
    PERCEPTRON_HVP,
    CANDECOMP,
    CANDECOMP_HESSIAN,
    TUCKER,
    TANH_LAYERS,
    BUILD,
    SOFTPLUS,
    IMPORT,
)

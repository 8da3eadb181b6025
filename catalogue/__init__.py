"""What learners really hand in, wrong and right: one module for each of the contract's.

Importing it enters everything in ``judging.known``. No check and no oracle may be here.
"""

from catalogue import (  # noqa: F401
    autograd,
    gradient_comparison,
    linear_regression,
    objective_questions,
    tensor_operations,
)

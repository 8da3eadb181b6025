"""2.3: mistakes and alternatives in the gradient of Σ(X @ M)."""

import torch
from torch import Tensor

from judging.known import Part

in_gradient = Part("2.3", "gradient")

M = torch.tensor([[1.0, 0.0, 2.0], [1.0, 1.0, 0.0], [0.0, 3.0, 1.0]])
TRACKED_M = M.clone()


def leaf(X: Tensor) -> Tensor:
    return X.detach().clone().requires_grad_()


@in_gradient.mistake(
    "the gradient of Σ(X * M), element by element",
    look="The exercise multiplies matrices: X @ M.",
)
def gradient_of_the_elementwise_product(X, M=M):
    X = leaf(X)
    (X * M).sum().backward()
    return X.grad


@in_gradient.mistake(
    "the gradient of Σ(M @ X), with the factors in the other order",
    look="The order matters for matrices: X stands on the left, X @ M.",
)
def gradient_of_M_times_X(X, M=M):
    X = leaf(X)
    (M @ X).sum().backward()
    return X.grad


@in_gradient.mistake(
    "the gradient of the mean of X @ M",
    look="The exercise sums the elements up: write .sum(), for .mean() divides by their number.",
)
def gradient_of_the_mean(X, M=M):
    X = leaf(X)
    (X @ M).mean().backward()
    return X.grad


@in_gradient.mistake(
    "ones @ M, the column sums of M in every row",
    look="Look at the last step of the derivation: M is transposed in ones @ Mᵀ, so each entry of "
    "the gradient is the sum of a row of M.",
)
def gradient_ones_times_M(X, M=M):
    return torch.ones_like(X) @ M


@in_gradient.mistake(
    "Mᵀ @ ones, the two factors of ones @ Mᵀ exchanged",
    look="X stands on the left of M, so Mᵀ ends up on the right of the ones.",
)
def gradient_M_transposed_times_ones(X, M=M):
    return M.T @ torch.ones(X.shape[1], X.shape[0], dtype=M.dtype)


@in_gradient.mistake(
    "M itself",
    look="M is what X is multiplied by; every entry of X meets a whole row of M, and the sum adds "
    "that row up.",
)
def gradient_M_itself(X, M=M):
    return M.clone()


@in_gradient.mistake(
    "Mᵀ, without the gradient of the sum in front of it",
    look="The sum sends a 1 back to every element of X @ M: multiply that matrix of ones by Mᵀ.",
)
def gradient_M_transposed(X, M=M):
    return M.T.clone()


@in_gradient.mistake(
    "the gradient of Σ X, as if M were not there",
    look="Every element of X is multiplied by elements of M before the sum, so these are in its "
    "gradient.",
)
def gradient_of_the_sum_of_X(X, M=M):
    return torch.ones_like(X)


@in_gradient.mistake(
    "a zero in every place",
    look="The sum changes when X changes, so its gradient is not zero: make sure that what you "
    "return is read after backward(), and not cleared again.",
)
def gradient_zero(X, M=M):
    X = leaf(X)
    (X @ M).sum().backward()
    X.grad.zero_()
    return X.grad


@in_gradient.mistake(
    "Xᵀ @ ones, the gradient with respect to M",
    look="The exercise asks for the gradient with respect to X, the tensor that you created.",
)
def gradient_with_respect_to_M(X, M=M):
    M = leaf(M)
    (X.detach() @ M).sum().backward()
    return M.grad


@in_gradient.mistake(
    "the product X @ M, not its gradient",
    look="Sum the product up, call backward() on the sum, and return what is then in X.grad.",
)
def gradient_the_product_itself(X, M=M):
    return X.detach() @ M


@in_gradient.mistake(
    "the sum of X @ M, not its gradient",
    look="Call backward() on the sum, and return what is then in X.grad.",
)
def gradient_the_sum_itself(X, M=M):
    return (X.detach() @ M).sum()


@in_gradient.mistake(
    "the gradient of Σ(X @ M)², the sum of the squares",
    look="The gradient must not depend on X here: the elements are added as they are, not squared.",
)
def gradient_of_the_sum_of_squares(X, M=M):
    X = leaf(X)
    ((X @ M) ** 2).sum().backward()
    return X.grad


@in_gradient.mistake(
    "twice the gradient, from two backward passes that were added up",
    look="backward() adds to .grad and never replaces it: call it once for each result.",
)
def gradient_of_two_backward_passes(X, M=M):
    X = leaf(X)
    S = (X @ M).sum()
    S.backward(retain_graph=True)
    S.backward()
    return X.grad


@in_gradient.mistake(
    "a backward pass on the caller's own X, where the gradient is added to what X.grad holds",
    look="Take the gradient on a copy, X.detach().clone(), so that an earlier one is not counted "
    "again.",
)
def gradient_accumulated_in_the_callers_X(X, M=M):
    X.requires_grad_()
    (X @ M).sum().backward()
    return X.grad


@in_gradient.mistake(
    "the right gradient, taken on the caller's own X, whose earlier .grad is cleared for it",
    look="The earlier X.grad belongs to the caller: take the gradient on a copy, "
    "X.detach().clone().",
)
def gradient_clears_the_callers_grad(X, M=M):
    tracked = X.requires_grad
    X.requires_grad_()
    X.grad = None
    (X @ M).sum().backward()
    result, X.grad = X.grad, None
    X.requires_grad_(tracked)
    return result


@in_gradient.mistake(
    "the right gradient, but the caller's X is left with requires_grad switched on",
    look="Switch it on for a copy, X.detach().clone().requires_grad_(), not for X itself.",
)
def gradient_leaves_requires_grad_on(X, M=M):
    X.requires_grad_()
    return torch.autograd.grad((X @ M).sum(), X)[0]


@in_gradient.mistake(
    "the right gradient, but the caller's M is left with requires_grad on and a .grad of its own",
    look="Only X needs a gradient: leave M the constant that it is.",
)
def gradient_tracks_M_too(X, M=TRACKED_M):
    X = leaf(X)
    M.requires_grad_()
    (X @ M).sum().backward()
    return X.grad


@in_gradient.mistake(
    "a gradient on a copy that is still tied to the caller's X",
    look="If X requires a gradient itself, a clone is not a leaf and gets no .grad: detach it "
    "first, X.detach().clone().",
)
def gradient_on_a_clone_without_detach(X, M=M):
    copy = X.clone().requires_grad_()
    (copy @ M).sum().backward()
    return copy.grad if copy.is_leaf else None


@in_gradient.mistake(
    "a backward pass through a tensor that does not require a gradient",
    look="Autograd follows only what it was told to: create the copy of X with requires_grad=True.",
)
def gradient_without_requires_grad(X, M=M):
    X = X.detach().clone()
    (X @ M).sum().backward()
    return X.grad


@in_gradient.mistake(
    "a backward pass from the whole matrix X @ M, without the sum",
    look="backward() starts from a single number: sum the elements up first.",
)
def gradient_without_the_sum(X, M=M):
    X = leaf(X)
    (X @ M).backward()
    return X.grad


@in_gradient.mistake(
    "what backward() returns, which is None",
    look="backward() leaves the gradient in X.grad: return that.",
)
def gradient_returns_what_backward_returns(X, M=M):
    return (leaf(X) @ M).sum().backward()


@in_gradient.mistake(
    "the tuple of gradients that torch.autograd.grad gives",
    look="There is one gradient for each input, here a single one: take the first, [0].",
)
def gradient_as_a_tuple(X, M=M):
    X = leaf(X)
    return torch.autograd.grad((X @ M).sum(), X)


@in_gradient.mistake(
    "one row of the gradient, the row sums of M as a vector of shape (k,)",
    look="The gradient has an entry for every entry of X: repeat the row until it has X's shape.",
)
def gradient_as_a_vector(X, M=M):
    return M.sum(dim=1)


@in_gradient.mistake(
    "one row of the gradient, as a matrix of shape (1, k)",
    look="The gradient has as many rows as X, even if all of them are alike.",
)
def gradient_as_a_single_row(X, M=M):
    return M.sum(dim=1, keepdim=True).T


@in_gradient.mistake(
    "the gradient transposed, with the row sums of M going down each column",
    look="Entry (i, k) belongs to X[i, k], which meets row k of M: the row sums of M stand side by "
    "side in each row.",
)
def gradient_transposed(X, M=M):
    return M.sum(dim=1, keepdim=True).repeat(1, X.shape[0])


@in_gradient.mistake(
    "the gradient for the homework's M, whatever M is passed in",
    look="gradient has M as a parameter: use that one inside the function.",
)
def gradient_for_a_fixed_M(X, M=M):
    X = leaf(X)
    (X @ torch.tensor([[1.0, 0.0, 2.0], [1.0, 1.0, 0.0], [0.0, 3.0, 1.0]])).sum().backward()
    return X.grad


@in_gradient.mistake(
    "the printed result [[3, 2, 4], [3, 2, 4], [3, 2, 4]], written down as a constant",
    look="Let autograd find it, so that it is right for any X and M.",
)
def gradient_written_down(X, M=M):
    return torch.tensor([[3.0, 2.0, 4.0]] * 3)


@in_gradient.mistake(
    "the gradient for an M that was typed in column by column",
    look="Compare your M with the exercise: its first row is [1, 0, 2].",
)
def gradient_for_M_typed_in_by_columns(X, M=M.T):
    X = leaf(X)
    (X @ M).sum().backward()
    return X.grad


@in_gradient.mistake(
    "the gradient of a float32 copy of X",
    look="torch.tensor(X.tolist()) forgets the dtype: X.detach().clone() keeps it.",
)
def gradient_in_float32_only(X, M=M):
    X = torch.tensor(X.tolist(), requires_grad=True)
    (X @ M.float()).sum().backward()
    return X.grad


@in_gradient.mistake(
    "a difference quotient, which only comes close to the gradient",
    look="Autograd computes the derivative itself, without a small step h that rounds: "
    "sum, backward(), X.grad.",
)
def gradient_by_difference_quotients(X, M=M):
    X, h = X.detach(), 1e-3
    steps = torch.eye(X.numel(), dtype=X.dtype).reshape(-1, *X.shape) * h
    return torch.stack([((X + s) @ M).sum() - ((X - s) @ M).sum() for s in steps]).reshape(
        X.shape
    ) / (2 * h)


@in_gradient.alternative("torch.autograd.grad in place of backward")
def gradient_by_autograd_grad(X, M=M):
    X = leaf(X)
    return torch.autograd.grad((X @ M).sum(), X)[0]


@in_gradient.alternative("torch.func.grad of a function of X")
def gradient_by_func_grad(X, M=M):
    return torch.func.grad(lambda X: (X @ M).sum())(X.detach())


@in_gradient.alternative("a vector-Jacobian product with ones")
def gradient_by_vjp(X, M=M):
    Y, pull_back = torch.func.vjp(lambda X: X @ M, X.detach())
    return pull_back(torch.ones_like(Y))[0]


@in_gradient.alternative("no sum: backward from X @ M with a gradient of ones")
def gradient_by_backward_with_ones(X, M=M):
    X = leaf(X)
    Y = X @ M
    Y.backward(torch.ones_like(Y))
    return X.grad


@in_gradient.alternative("the closed form ones @ Mᵀ, without autograd")
def gradient_by_the_closed_form(X, M=M):
    return torch.ones(X.shape[0], M.shape[1], dtype=M.dtype) @ M.T


@in_gradient.alternative("the row sums of M, repeated as a view without memory of its own")
def gradient_by_expanded_row_sums(X, M=M):
    return M.sum(dim=1).expand(X.shape)


@in_gradient.alternative("double precision inside, cast back at the end")
def gradient_in_double_precision(X, M=M):
    Z = X.detach().double().requires_grad_()
    (Z @ M.double()).sum().backward()
    return Z.grad.to(X.dtype)


@in_gradient.alternative("einsum for the product, and a sum in two steps")
def gradient_through_einsum(X, M=M):
    X = leaf(X)
    torch.einsum("ik,kj->ij", X, M).sum(dim=0).sum().backward()
    return X.grad


@in_gradient.alternative("a graph built entry by entry, in Python loops")
def gradient_through_loops(X, M=M):
    X = leaf(X)
    S = sum(x * w for row in X for x, weights in zip(row, M, strict=True) for w in weights)
    S.backward()
    return X.grad


@in_gradient.alternative("a list of sums of Python numbers")
def gradient_from_a_list(X, M=M):
    row = [sum(weights) for weights in M.double().tolist()]
    return torch.tensor([row] * X.shape[0], dtype=X.dtype)


@in_gradient.alternative("a mean, times the number of elements")
def gradient_of_a_mean_taken_back(X, M=M):
    X = leaf(X)
    Y = X @ M
    (Y.mean() * Y.numel()).backward()
    return X.grad


@in_gradient.alternative("the columns of M added up with Kahan's correction")
def gradient_by_kahan_sums(X, M=M):
    total, lost = torch.zeros_like(M[:, 0]), torch.zeros_like(M[:, 0])
    for column in M.T:
        term = column - lost
        larger = total + term
        lost, total = (larger - total) - term, larger
    return total.repeat(len(X), 1)


@in_gradient.alternative("one row of X after the other, in chunks of columns of M")
def gradient_by_chunks(X, M=M):
    X = leaf(X)
    S = sum((row @ columns).sum() for row in X for columns in M.split(64, dim=1))
    S.backward()
    return X.grad


# Near the laws that hold for every call: what may be kept, or set for a while, and is right.


@in_gradient.alternative("gradients switched on for a while, and only then")
def gradient_where_gradients_are_switched_on(X, M=M):
    with torch.enable_grad():
        X = leaf(X)
        return torch.autograd.grad((X @ M).sum(), X)[0]


@in_gradient.alternative("row sums kept for each M by what it holds, and a new tensor each time")
def gradient_with_a_cache_by_value(X, M=M):
    key = str(M.dtype), tuple(map(tuple, M.tolist()))
    if key not in SUMS:
        SUMS[key] = torch.ones(1, M.shape[1], dtype=M.dtype) @ M.T
    return SUMS[key].repeat(X.shape[0], 1)


SUMS = {}


@in_gradient.alternative("requires_grad switched on for the caller's X, and off again")
def gradient_that_puts_requires_grad_back(X, M=M):
    if not X.is_leaf or X.requires_grad:
        return torch.ones(X.shape[0], M.shape[1], dtype=M.dtype) @ M.detach().T
    X.requires_grad_()
    try:
        return torch.autograd.grad((X @ M).sum(), X)[0]
    finally:
        X.requires_grad_(False)

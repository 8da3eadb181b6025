"""1.1 to 1.6: mistakes and alternatives in the letters, in the prose, and in the formulas."""

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from judging.known import Part

KEY = {
    "1.1": "A",
    "1.2": "A",
    "1.3": "A",
    "1.4": "B",
    "1.5": "BD",
    "1.6": (
        "An MLP needs far too many parameters for an image. It flattens the image and so loses "
        "the spatial structure. It is not invariant to translation."
    ),
}


def letters(question: str, given: str) -> dict[str, str]:
    """What ``answers`` returns where one question alone is answered otherwise."""
    return KEY | {question: given}


def slope(E: Callable[[Tensor], Tensor], y: Tensor) -> Tensor:
    """∂E/∂y by autograd."""
    y = y.detach().clone().requires_grad_()
    return torch.autograd.grad(E(y), y)[0]


in_1_1 = Part("1.1", "answers")
in_softmax_mse_delta = Part("1.1", "softmax_mse_delta")


@in_1_1.mistake(
    'the belief that softmax "belongs to" cross-entropy and cannot go with the MSE',
    look="Cross-entropy learns faster, but both functions can be differentiated, and that is all "
    "that training needs.",
)
def answers_1_1_says_no():
    return letters("1.1", "B")


@in_1_1.mistake(
    "both options at once, yes and no",
    look="The question is whether it can be done, not whether it is the best choice: decide for "
    "one letter.",
)
def answers_1_1_says_yes_and_no():
    return letters("1.1", "AB")


@in_softmax_mse_delta.mistake(
    "the gradient with a softmax over the batch, so that the columns add up to 1",
    look="Each example has a softmax of its own, over its K classes: dim=-1.",
)
def softmax_mse_over_the_batch(y, t):
    return slope(lambda y: functional.mse_loss(torch.softmax(y, dim=0), t), y)


@in_softmax_mse_delta.mistake(
    "the gradient with one softmax over the whole batch, for the sum runs over all elements",
    look="Each example has a softmax of its own: y.exp().sum(dim=-1, keepdim=True).",
)
def softmax_mse_over_everything(y, t):
    return slope(lambda y: functional.mse_loss(y.exp() / y.exp().sum(), t), y)


@in_softmax_mse_delta.mistake(
    "a softmax over dimension 1, which a single example of shape (K,) does not have",
    look="The classes are always the last dimension: dim=-1.",
)
def softmax_mse_over_dimension_1(y, t):
    return slope(lambda y: functional.mse_loss(torch.softmax(y, dim=1), t), y)


@in_softmax_mse_delta.mistake(
    "the gradient of the sum of the squared errors",
    look="The mean squared error divides by the number of elements.",
)
def softmax_mse_summed(y, t):
    return slope(lambda y: ((torch.softmax(y, dim=-1) - t) ** 2).sum(), y)


@in_softmax_mse_delta.mistake(
    "the gradient of a mean over the examples, with the classes added up",
    look="The mean runs over all elements: divide by N·K, that is y.numel(), not by N alone.",
)
def softmax_mse_mean_over_the_batch(y, t):
    return slope(lambda y: ((torch.softmax(y, dim=-1) - t) ** 2).sum(dim=-1).mean(), y)


@in_softmax_mse_delta.mistake(
    "the gradient of a mean over the classes, with the examples added up",
    look="The mean runs over all elements: divide by N·K, that is y.numel(), not by K alone.",
)
def softmax_mse_mean_over_the_classes(y, t):
    return slope(lambda y: ((torch.softmax(y, dim=-1) - t) ** 2).mean(dim=-1).sum(), y)


@in_softmax_mse_delta.mistake(
    "the gradient without the 2 that the square brings down",
    look="The derivative of (s − t)² is 2(s − t); only an error with ½ in front has none.",
)
def softmax_mse_without_the_two(y, t):
    return slope(lambda y: functional.mse_loss(torch.softmax(y, dim=-1), t) / 2, y)


@in_softmax_mse_delta.mistake(
    "the gradient with its sign turned, t − s for s − t",
    look="δ points uphill, where the error grows: SGD subtracts it later.",
)
def softmax_mse_sign_turned(y, t):
    return slope(lambda y: -functional.mse_loss(torch.softmax(y, dim=-1), t), y)


@in_softmax_mse_delta.mistake(
    "∂E/∂s, the gradient with respect to the softmax's output",
    look="One step is missing, back through the softmax: multiply by its Jacobian to get ∂E/∂y.",
)
def softmax_mse_without_the_jacobian(y, t):
    return 2 * (torch.softmax(y, dim=-1) - t) / y.numel()


@in_softmax_mse_delta.mistake(
    "the gradient with the diagonal of the softmax's Jacobian alone, as for a sigmoid",
    look="In a softmax every output depends on every input: s_i(1 − s_i) stands on the diagonal, "
    "and −s_i·s_j beside it.",
)
def softmax_mse_with_the_diagonal_alone(y, t):
    s = torch.softmax(y, dim=-1)
    return 2 * (s - t) * s * (1 - s) / y.numel()


@in_softmax_mse_delta.mistake(
    "the gradient of the mean squared error between y itself and t",
    look="The network ends in a softmax: compare softmax(y) with t.",
)
def softmax_mse_without_the_softmax(y, t):
    return 2 * (y - t) / y.numel()


@in_softmax_mse_delta.mistake(
    "softmax(y) − t, the short formula of cross-entropy",
    look="The softmax cancels so neatly with the logarithm of cross-entropy alone; here its "
    "Jacobian stays.",
)
def softmax_mse_takes_the_cross_entropy_delta(y, t):
    return torch.softmax(y, dim=-1) - t


@in_softmax_mse_delta.mistake(
    "the gradient with the logarithm of the softmax compared with t",
    look="log_softmax is for cross-entropy; the squared error compares the probabilities, "
    "torch.softmax(y, dim=-1).",
)
def softmax_mse_of_the_logarithm(y, t):
    return slope(lambda y: functional.mse_loss(torch.log_softmax(y, dim=-1), t), y)


@in_softmax_mse_delta.mistake(
    "the gradient with a sigmoid in place of the softmax",
    look="The sigmoid treats each score on its own; the softmax makes them compete: "
    "torch.softmax(y, dim=-1).",
)
def softmax_mse_with_a_sigmoid(y, t):
    return slope(lambda y: functional.mse_loss(torch.sigmoid(y), t), y)


@in_softmax_mse_delta.mistake(
    "the mean squared error itself, not its gradient",
    look="δ is ∂E/∂y and has the shape of y: one number for each score.",
)
def softmax_mse_the_loss_itself(y, t):
    return functional.mse_loss(torch.softmax(y, dim=-1), t)


@in_softmax_mse_delta.alternative("autograd through mse_loss")
def softmax_mse_by_autograd(y, t):
    y = y.detach().clone().requires_grad_()
    functional.mse_loss(functional.softmax(y, dim=-1), t).backward()
    return y.grad


@in_softmax_mse_delta.alternative("the Jacobian of each example, written out")
def softmax_mse_by_an_explicit_jacobian(y, t):
    s = torch.softmax(y, dim=-1)
    J = torch.diag_embed(s) - s.unsqueeze(-1) * s.unsqueeze(-2)
    return (J @ (2 / y.numel() * (s - t)).unsqueeze(-1)).squeeze(-1)


@in_softmax_mse_delta.alternative("torch.func.grad, with exp and sum by hand")
def softmax_mse_by_func_grad(y, t):
    def E(y):
        powers = torch.exp(y - y.detach().max(dim=-1, keepdim=True).values)
        return (powers / powers.sum(dim=-1, keepdim=True) - t).square().mean()

    return torch.func.grad(E)(y.detach())


@in_softmax_mse_delta.alternative("a loop over the examples, with log_softmax().exp()")
def softmax_mse_by_a_loop(y, t):
    if y.dim() == 2:
        return torch.stack(
            [softmax_mse_by_a_loop(a, b) / len(y) for a, b in zip(y, t, strict=True)]
        )
    s = y.log_softmax(dim=0).exp()
    error = s - t
    return s * (error - torch.dot(error, s)) * (2 / len(y))


@in_softmax_mse_delta.alternative("double precision inside, cast back at the end")
def softmax_mse_in_double_precision(y, t):
    s = torch.softmax(y, dim=-1, dtype=torch.float64)
    g = 2 * (s - t.double()) / y.numel()
    return (s * g - s * (s * g).sum(dim=-1, keepdim=True)).to(y.dtype)


@in_softmax_mse_delta.alternative("autograd, through the subtraction of the largest score as well")
def softmax_mse_through_the_maximum(y, t):
    def E(y):
        powers = (y - y.max(dim=-1, keepdim=True).values).exp()
        return ((powers / powers.sum(dim=-1, keepdim=True) - t) ** 2).mean()

    return slope(E, y)


@in_softmax_mse_delta.alternative("autograd through exp(y − ln Σ exp y), the square multiplied out")
def softmax_mse_by_logsumexp(y, t):
    def E(y):
        s = torch.exp(y - y.logsumexp(dim=-1, keepdim=True))
        return (s * s - 2 * s * t + t * t).sum() / y.numel()

    return slope(E, y)


@in_softmax_mse_delta.alternative("Python numbers, added up without rounding by math.fsum")
def softmax_mse_by_fsum(y, t):
    def one(y, t):
        powers = [math.exp(score - max(y)) for score in y]
        s = [power / math.fsum(powers) for power in powers]
        g = [2 * (a - b) / n for a, b in zip(s, t, strict=True)]
        mean = math.fsum(a * b for a, b in zip(s, g, strict=True))
        return [a * (b - mean) for a, b in zip(s, g, strict=True)]

    n, k = y.numel(), y.shape[-1]
    pairs = zip(y.reshape(-1, k).tolist(), t.reshape(-1, k).tolist(), strict=True)
    return torch.tensor([one(a, b) for a, b in pairs], dtype=y.dtype).reshape(y.shape)


in_1_2 = Part("1.2", "answers")
in_sigmoid_layer_delta = Part("1.2", "sigmoid_layer_delta")


@in_1_2.mistake(
    "the belief that the claim about the sigmoid layer is wrong",
    look="Each output depends on its own input alone, so the chain rule multiplies δ^(l) by "
    "f'(y^(l-1)), element by element.",
)
def answers_1_2_says_no():
    return letters("1.2", "B")


@in_1_2.mistake(
    'the word "False", which also says that the claim is wrong',
    look="The claim holds, for each output depends on its own input alone; and the answer to a "
    "multiple choice is a letter.",
)
def answers_1_2_says_false():
    return letters("1.2", "False")


@in_sigmoid_layer_delta.mistake(
    "δ ⊙ f'(f(y)), the derivative at the layer's output",
    look="f' is taken where f was taken, at the layer's input y^(l-1).",
)
def sigmoid_delta_at_the_output(delta, y):
    f = torch.sigmoid(torch.sigmoid(y))
    return delta * f * (1 - f)


@in_sigmoid_layer_delta.mistake(
    "δ ⊙ y(1 − y), as if y were already the output of the sigmoid",
    look="The formula f(1 − f) wants f = sigmoid(y), and y here is the layer's input.",
)
def sigmoid_delta_with_the_raw_y(delta, y):
    return delta * y * (1 - y)


@in_sigmoid_layer_delta.mistake(
    "δ ⊙ f(y)(1 − y), with f forgotten the second time",
    look="The derivative of the sigmoid is f(y)(1 − f(y)).",
)
def sigmoid_delta_with_one_f_forgotten(delta, y):
    return delta * torch.sigmoid(y) * (1 - y)


@in_sigmoid_layer_delta.mistake(
    "f'(y) without δ",
    look="The chain rule multiplies what comes from the layer above, δ^(l), by this layer's "
    "derivative.",
)
def sigmoid_delta_without_delta(delta, y):
    f = torch.sigmoid(y)
    return f * (1 - f)


@in_sigmoid_layer_delta.mistake(
    "δ handed on as it came",
    look="The sigmoid stands between the layers: multiply by its derivative f'(y^(l-1)).",
)
def sigmoid_delta_handed_on(delta, y):
    return delta.clone()


@in_sigmoid_layer_delta.mistake(
    "δ ⊙ f(y), with the sigmoid where its derivative belongs",
    look="Backwards it is the derivative that counts, f' = f(1 − f).",
)
def sigmoid_delta_without_the_derivative(delta, y):
    return delta * torch.sigmoid(y)


@in_sigmoid_layer_delta.mistake(
    "δ ⊙ (1 − f(y)), half of the derivative",
    look="The derivative is f(1 − f); in e^(−y)/(1 + e^(−y))² the denominator is squared.",
)
def sigmoid_delta_half_the_derivative(delta, y):
    return delta * (1 - torch.sigmoid(y))


@in_sigmoid_layer_delta.mistake(
    "δ ⊙ f'(y)², with the derivative multiplied in twice",
    look="One layer brings one factor f'(y).",
)
def sigmoid_delta_with_the_derivative_twice(delta, y):
    f = torch.sigmoid(y)
    return delta * (f * (1 - f)) ** 2


@in_sigmoid_layer_delta.mistake(
    "δ divided by f'(y)",
    look="Going backwards does not mean dividing: the chain rule multiplies in both directions.",
)
def sigmoid_delta_divided(delta, y):
    f = torch.sigmoid(y)
    return delta / (f * (1 - f))


@in_sigmoid_layer_delta.mistake(
    "δ ⊙ f'(y) with its sign turned",
    look="The sigmoid rises everywhere, so its derivative is positive: f(1 − f), not f(f − 1).",
)
def sigmoid_delta_sign_turned(delta, y):
    f = torch.sigmoid(y)
    return delta * f * (f - 1)


@in_sigmoid_layer_delta.mistake(
    "δ ⊙ (1 − tanh(y)²), the derivative of tanh",
    look="The layer is a sigmoid, with f' = f(1 − f).",
)
def sigmoid_delta_of_tanh(delta, y):
    return delta * (1 - torch.tanh(y) ** 2)


@in_sigmoid_layer_delta.mistake(
    "y ⊙ f'(δ), with the two arguments exchanged",
    look="f' is taken at y^(l-1), and δ^(l) is the factor.",
)
def sigmoid_delta_arguments_exchanged(delta, y):
    f = torch.sigmoid(delta)
    return y * f * (1 - f)


@in_sigmoid_layer_delta.mistake(
    "a matrix product of δ and f'(y)",
    look="⊙ multiplies element by element: * in PyTorch, not @.",
)
def sigmoid_delta_by_a_matrix_product(delta, y):
    f = torch.sigmoid(y)
    return delta @ (f * (1 - f)).mT if y.dim() > 1 else delta @ (f * (1 - f))


@in_sigmoid_layer_delta.alternative("autograd: backward with delta as the gradient")
def sigmoid_delta_by_autograd(delta, y):
    y = y.detach().clone().requires_grad_()
    torch.sigmoid(y).backward(delta)
    return y.grad


@in_sigmoid_layer_delta.alternative("the sigmoid as 1/(1 + exp(−y))")
def sigmoid_delta_by_exp(delta, y):
    f = 1 / (1 + torch.exp(-y))
    return delta * (f * (1 - f))


@in_sigmoid_layer_delta.mistake(
    "exp(−y)/(1 + exp(−y))² as it stands, which is ∞/∞ where exp(−y) overflows",
    look="f' is even: take exp(−|y|), which lies between 0 and 1, or f(1 − f) with torch.sigmoid.",
)
def sigmoid_delta_by_an_overflowing_quotient(delta, y):
    e = torch.exp(-y)
    return delta * e / (1 + e) ** 2


@in_sigmoid_layer_delta.alternative("exp(−|y|)/(1 + exp(−|y|))², without the sigmoid")
def sigmoid_delta_by_the_quotient_rule(delta, y):
    e = torch.exp(-y.abs())
    return delta * e / (1 + e) ** 2


@in_sigmoid_layer_delta.alternative("f(y)·f(−y), the derivative without a difference")
def sigmoid_delta_by_symmetry(delta, y):
    return torch.sigmoid(y) * torch.sigmoid(-y) * delta


@in_sigmoid_layer_delta.alternative("f − f², multiplied out")
def sigmoid_delta_multiplied_out(delta, y):
    f = y.sigmoid()
    return delta.mul(f - f.square())


@in_sigmoid_layer_delta.alternative("tanh(y/2): f' = (1 − tanh²(y/2))/4")
def sigmoid_delta_by_tanh(delta, y):
    return delta * (1 - torch.tanh(y / 2) ** 2) / 4


@in_sigmoid_layer_delta.alternative("exp(ln f(y) + ln f(−y))")
def sigmoid_delta_by_logarithms(delta, y):
    return delta * torch.exp(functional.logsigmoid(y) + functional.logsigmoid(-y))


@in_sigmoid_layer_delta.alternative("1/(2 + exp(y) + exp(−y)), where ∞ in the denominator is right")
def sigmoid_delta_by_two_exponentials(delta, y):
    return delta / (2 + torch.exp(y) + torch.exp(-y))


@in_sigmoid_layer_delta.alternative("1/(4 cosh²(y/2))")
def sigmoid_delta_by_cosh(delta, y):
    return delta / (4 * torch.cosh(y / 2) ** 2)


@in_sigmoid_layer_delta.alternative("¼ − (f − ½)²")
def sigmoid_delta_by_the_parabola(delta, y):
    return delta * (0.25 - (torch.sigmoid(y) - 0.5) ** 2)


@in_sigmoid_layer_delta.alternative("a sigmoid for either sign of y, chosen by where")
def sigmoid_delta_by_where(delta, y):
    e = torch.exp(-y.abs())
    f = torch.where(y >= 0, 1 / (1 + e), e / (1 + e))
    return delta * f - delta * f**2


in_1_3 = Part("1.3", "answers")
in_euclidean_delta = Part("1.3", "euclidean_delta")


@in_1_3.mistake(
    "y − t taken for δ^(L-1), one layer too early",
    look="E is a function of y^(L), so y^(L) − t is ∂E/∂y^(L), and that is called δ^(L).",
)
def answers_1_3_one_layer_too_early():
    return letters("1.3", "B")


@in_1_3.mistake(
    "the chain rule through an activation, without the δ^(L) that it starts from",
    look="C follows from A where layer L is an activation; A holds whatever layer L is.",
)
def answers_1_3_the_second_step_alone():
    return letters("1.3", "C")


@in_1_3.mistake(
    "y − t taken for both δ^(L) and δ^(L-1)",
    look="Between y^(L-1) and y^(L) lies a layer, and δ changes on its way through it.",
)
def answers_1_3_the_same_delta_twice():
    return letters("1.3", "AB")


@in_1_3.mistake(
    "all three options at once",
    look="B and C say different things about the same δ^(L-1), so they cannot both hold.",
)
def answers_1_3_everything():
    return letters("1.3", "ABC")


@in_euclidean_delta.mistake(
    "t − y, the gradient with its sign turned",
    look="The inner derivative of y − t with respect to y is +1: where y is too large, δ is "
    "positive.",
)
def euclidean_sign_turned(y, t):
    return t - y


@in_euclidean_delta.mistake(
    "2(y − t), without the ½ in front of the error",
    look="The ½ is there to cancel the 2 that the square brings down.",
)
def euclidean_with_the_two(y, t):
    return 2 * (y - t)


@in_euclidean_delta.mistake(
    "½(y − t), with the ½ kept but not the 2 of the square",
    look="The derivative of ½x² is x: the 2 and the ½ cancel.",
)
def euclidean_with_the_half(y, t):
    return (y - t) / 2


@in_euclidean_delta.mistake(
    "the gradient divided by the number of elements",
    look="E is a sum of squares, not their mean.",
)
def euclidean_mean_over_all(y, t):
    return (y - t) / y.numel()


@in_euclidean_delta.mistake(
    "the gradient divided by the size of the batch",
    look="The errors of the examples are added up: no mean is taken.",
)
def euclidean_mean_over_the_batch(y, t):
    return (y - t) / len(y)


@in_euclidean_delta.mistake(
    "the gradient of mse_loss, 2(y − t) divided by the number of elements",
    look="nn.MSELoss has no ½ and takes the mean; the Euclidean loss has the ½ and takes the sum.",
)
def euclidean_of_mse_loss(y, t):
    return slope(lambda y: functional.mse_loss(y, t), y)


@in_euclidean_delta.mistake(
    "the gradient of ‖y − t‖, without the square",
    look="E = ½‖y − t‖² has a square, so δ is not divided by the norm.",
)
def euclidean_of_the_norm(y, t):
    return (y - t) / torch.linalg.vector_norm(y - t)


@in_euclidean_delta.mistake(
    "the sign of y − t, the gradient of the sum of absolute errors",
    look="The Euclidean loss squares the errors, so a larger error gives a larger δ.",
)
def euclidean_of_absolute_errors(y, t):
    return torch.sign(y - t)


@in_euclidean_delta.mistake(
    "½(y − t)², the error of each element and not its gradient",
    look="Differentiate once: ½x² becomes x.",
)
def euclidean_the_squares(y, t):
    return (y - t) ** 2 / 2


@in_euclidean_delta.mistake(
    "the error E, a single number",
    look="δ is ∂E/∂y and has the shape of y.",
)
def euclidean_the_loss_itself(y, t):
    return ((y - t) ** 2).sum() / 2


@in_euclidean_delta.mistake(
    "(y − t) ⊙ f'(y), one step further back, through a sigmoid",
    look="y is the output of the network: δ^(L) is taken there, before any activation.",
)
def euclidean_through_a_sigmoid(y, t):
    f = torch.sigmoid(y)
    return (y - t) * f * (1 - f)


@in_euclidean_delta.mistake(
    "softmax(y) − t, the formula of 1.4",
    look="The Euclidean loss compares y with t as it is: there is no softmax in it.",
)
def euclidean_with_a_softmax(y, t):
    return torch.softmax(y, dim=-1) - t


@in_1_3.alternative("A and C: layer L taken as an activation")
def answers_1_3_with_the_second_step():
    return letters("1.3", "AC")


@in_euclidean_delta.alternative("autograd through ½ Σ (y − t)²")
def euclidean_by_autograd(y, t):
    y = y.detach().clone().requires_grad_()
    (0.5 * (y - t).pow(2).sum()).backward()
    return y.grad


@in_euclidean_delta.alternative("autograd through mse_loss, as a sum, halved")
def euclidean_by_mse_loss(y, t):
    return slope(lambda y: functional.mse_loss(y, t, reduction="sum") / 2, y)


@in_euclidean_delta.alternative("−(t − y), which may be a negative zero")
def euclidean_by_a_negative(y, t):
    return -t.sub(y)


@in_euclidean_delta.alternative("(2y − 2t)/2, with the 2 and the ½ left standing")
def euclidean_with_two_and_half(y, t):
    return 0.5 * (2 * y - 2 * t)


@in_euclidean_delta.alternative("autograd through ½ · (the norm of y − t)²")
def euclidean_by_the_norm(y, t):
    return slope(lambda y: 0.5 * torch.linalg.vector_norm(y - t) ** 2, y)


@in_euclidean_delta.alternative("autograd through the distances of the rows, ½ Σ ‖y_n − t_n‖²")
def euclidean_by_the_norms_of_rows(y, t):
    return slope(lambda y: 0.5 * ((y - t).norm(dim=-1) ** 2).sum(), y)


@in_euclidean_delta.alternative("autograd through cdist, squared and halved")
def euclidean_by_cdist(y, t):
    return slope(lambda y: torch.cdist(y.reshape(1, -1), t.reshape(1, -1)).square().sum() / 2, y)


@in_euclidean_delta.alternative(
    "autograd through a mean that is multiplied by the number of elements"
)
def euclidean_by_a_mean_taken_back(y, t):
    return slope(lambda y: functional.mse_loss(y, t) * y.numel() / 2, y)


@in_euclidean_delta.alternative("autograd through ½‖y‖² − y·t + ½‖t‖²")
def euclidean_multiplied_out(y, t):
    return slope(lambda y: 0.5 * (y * y).sum() - (y * t).sum() + 0.5 * (t * t).sum(), y)


in_1_4 = Part("1.4", "answers")
in_softmax_cross_entropy_delta = Part("1.4", "softmax_cross_entropy_delta")


@in_1_4.mistake(
    "y^(L) − t taken for δ^(L)",
    look="y^(L) is the output of the softmax, and ∂E/∂y^(L) is −t/y^(L); y^(L) − t comes one layer "
    "earlier, at its input.",
)
def answers_1_4_one_layer_too_late():
    return letters("1.4", "A")


@in_1_4.mistake(
    "the rule for an elementwise activation, applied to the softmax",
    look="The derivative of the softmax is already in y^(L) − t: multiplying by f' counts it "
    "twice.",
)
def answers_1_4_the_derivative_twice():
    return letters("1.4", "C")


@in_1_4.mistake(
    "y^(L) − t taken for both δ^(L) and δ^(L-1)",
    look="The softmax lies between the two, and δ changes on its way through it.",
)
def answers_1_4_the_same_delta_twice():
    return letters("1.4", "AB")


@in_1_4.mistake(
    "the answer of 1.3 with its second step, A and C, carried over to the softmax",
    look="The softmax is not elementwise, and together with the logarithm it cancels: y^(L) − t is "
    "δ at its input.",
)
def answers_1_4_as_in_1_3():
    return letters("1.4", "AC")


@in_1_4.mistake(
    'the word "Both" for A and B',
    look="The softmax lies between δ^(L) and δ^(L-1), so y^(L) − t is one of the two alone: say "
    "which, by its letter.",
)
def answers_1_4_both_in_words():
    return letters("1.4", "Both")


@in_softmax_cross_entropy_delta.mistake(
    "y − t, with y taken for probabilities",
    look="y are the scores that go into the softmax: δ is softmax(y) − t.",
)
def cross_entropy_without_the_softmax(y, t):
    return y - t


@in_softmax_cross_entropy_delta.mistake(
    "softmax(softmax(y)) − t, with the softmax applied twice",
    look="y are scores, not probabilities yet: one softmax is enough.",
)
def cross_entropy_two_softmaxes(y, t):
    return torch.softmax(torch.softmax(y, dim=-1), dim=-1) - t


@in_softmax_cross_entropy_delta.mistake(
    "the gradient of cross_entropy applied to probabilities",
    look="PyTorch's cross_entropy contains the softmax: give it the scores y.",
)
def cross_entropy_of_probabilities(y, t):
    return slope(
        lambda y: functional.cross_entropy(torch.softmax(y, dim=-1), t, reduction="sum"), y
    )


@in_softmax_cross_entropy_delta.mistake(
    "−t/s, the gradient with respect to the softmax's output s",
    look="One step is missing, back through the softmax: after it, s − t remains.",
)
def cross_entropy_before_the_softmax(y, t):
    return -t / torch.softmax(y, dim=-1)


@in_softmax_cross_entropy_delta.mistake(
    "t − s, the gradient with its sign turned",
    look="E = −Σ t ln s has a minus in front: the score of the right class gets a negative δ.",
)
def cross_entropy_sign_turned(y, t):
    return t - torch.softmax(y, dim=-1)


@in_softmax_cross_entropy_delta.mistake(
    "(s − t)/N, the gradient of the mean over the batch",
    look="E adds the examples up; PyTorch's cross_entropy takes their mean unless "
    'reduction="sum".',
)
def cross_entropy_mean_over_the_batch(y, t):
    return slope(lambda y: functional.cross_entropy(y, t), y)


@in_softmax_cross_entropy_delta.mistake(
    "(s − t)/(N·K), the gradient of a mean over all elements",
    look="E = −Σ t ln s adds up over the classes and the examples.",
)
def cross_entropy_mean_over_all(y, t):
    return (torch.softmax(y, dim=-1) - t) / y.numel()


@in_softmax_cross_entropy_delta.mistake(
    "s − t with a softmax over the batch, so that the columns of s add up to 1",
    look="Each example has a softmax of its own, over its K classes: dim=-1.",
)
def cross_entropy_over_the_batch(y, t):
    return torch.softmax(y, dim=0) - t


@in_softmax_cross_entropy_delta.mistake(
    "a softmax over dimension 1, which a single example of shape (K,) does not have",
    look="The classes are always the last dimension: dim=-1.",
)
def cross_entropy_over_dimension_1(y, t):
    return torch.softmax(y, dim=1) - t


@in_softmax_cross_entropy_delta.mistake(
    "(s − t) ⊙ s(1 − s), with the derivative counted twice",
    look="s − t is already δ at the softmax's input: nothing else is to be multiplied in.",
)
def cross_entropy_with_the_derivative_twice(y, t):
    s = torch.softmax(y, dim=-1)
    return (s - t) * s * (1 - s)


@in_softmax_cross_entropy_delta.mistake(
    "ln s − t, with the logarithm of the softmax",
    look="The logarithm goes away in the differentiation: s = torch.softmax(y, dim=-1) itself "
    "remains.",
)
def cross_entropy_of_the_logarithm(y, t):
    return torch.log_softmax(y, dim=-1) - t


@in_softmax_cross_entropy_delta.mistake(
    "the gradient of −Σ t·s, without the logarithm",
    look="Cross-entropy is −Σ t ln s: nll_loss, too, expects log_softmax(y).",
)
def cross_entropy_without_the_logarithm(y, t):
    return slope(lambda y: -(t * torch.softmax(y, dim=-1)).sum(), y)


@in_softmax_cross_entropy_delta.mistake(
    "sigmoid(y) − t, the formula for independent yes-or-no questions",
    look="The classes exclude one another, so their probabilities add up to 1: "
    "torch.softmax(y, dim=-1).",
)
def cross_entropy_with_a_sigmoid(y, t):
    return torch.sigmoid(y) - t


@in_softmax_cross_entropy_delta.mistake(
    "s − t at the right class alone, and zero at the others",
    look="A wrong class has t = 0 and yet δ = s: the softmax ties every score to the right one.",
)
def cross_entropy_at_the_label_alone(y, t):
    return torch.where(t > 0, torch.softmax(y, dim=-1) - t, 0)


@in_softmax_cross_entropy_delta.mistake(
    "s minus a one-hot target, made from the largest entry of t",
    look="t may be any distribution: subtract it as it is.",
)
def cross_entropy_for_one_hot_targets(y, t):
    hot = functional.one_hot(t.argmax(dim=-1), t.shape[-1])
    return torch.softmax(y, dim=-1) - hot


@in_softmax_cross_entropy_delta.mistake(
    "s − t computed in float32, which loses half of the digits of a float64 y",
    look="Leave out .float(), so that softmax computes in the dtype of y.",
)
def cross_entropy_in_single_precision(y, t):
    return (torch.softmax(y.float(), dim=-1) - t.float()).to(y.dtype)


@in_softmax_cross_entropy_delta.alternative("log_softmax().exp() for the softmax")
def cross_entropy_by_log_softmax(y, t):
    return y.log_softmax(dim=-1).exp().sub(t)


@in_softmax_cross_entropy_delta.alternative("autograd through cross_entropy, as a sum")
def cross_entropy_by_autograd(y, t):
    y = y.detach().clone().requires_grad_()
    functional.cross_entropy(y, t, reduction="sum").backward()
    return y.grad


@in_softmax_cross_entropy_delta.mistake(
    "autograd through the logarithm of a softmax that has underflowed to 0: 0/0 is NaN",
    look="Take ln s in one step, y.log_softmax(dim=-1), which is finite where s is 0.",
)
def cross_entropy_of_an_underflowing_softmax(y, t):
    return torch.func.grad(lambda y: -(t * torch.softmax(y, dim=-1).log()).sum())(y.detach())


@in_softmax_cross_entropy_delta.mistake(
    "exp(y)/Σ exp(y) as it stands, which is ∞/∞ where exp(y) overflows: beyond 88 in float32",
    look="Subtract the largest score of each example first, or call torch.softmax, which does.",
)
def cross_entropy_of_an_overflowing_softmax(y, t):
    powers = torch.exp(y)
    return powers / powers.sum(dim=-1, keepdim=True) - t


@in_softmax_cross_entropy_delta.mistake(
    "−t/s taken back through the Jacobian, which is 0/0 where the softmax s has underflowed",
    look="In s − t the division by s is carried out already, and nothing can go wrong.",
)
def cross_entropy_by_dividing_by_the_softmax(y, t):
    s = torch.softmax(y, dim=-1)
    J = torch.diag_embed(s) - s.unsqueeze(-1) * s.unsqueeze(-2)
    return (J @ (-t / s).unsqueeze(-1)).squeeze(-1)


@in_softmax_cross_entropy_delta.alternative("autograd through −Σ t (y − ln Σ exp y)")
def cross_entropy_by_the_definition(y, t):
    return torch.func.grad(lambda y: -(t * (y - torch.logsumexp(y, dim=-1, keepdim=True))).sum())(
        y.detach()
    )


@in_softmax_cross_entropy_delta.alternative("exp and sum by hand, the largest score subtracted")
def cross_entropy_by_exp(y, t):
    powers = torch.exp(y - y.amax(dim=-1, keepdim=True))
    return powers / powers.sum(dim=-1, keepdim=True) - t


@in_softmax_cross_entropy_delta.alternative("−t, taken back through the Jacobian of log_softmax")
def cross_entropy_by_the_jacobian(y, t):
    J = torch.eye(y.shape[-1], dtype=y.dtype) - torch.softmax(y, dim=-1).unsqueeze(-2)
    return (J.mT @ -t.unsqueeze(-1)).squeeze(-1)


@in_softmax_cross_entropy_delta.alternative("a loop over the examples, in double precision")
def cross_entropy_by_a_loop(y, t):
    if y.dim() == 2:
        return torch.stack([cross_entropy_by_a_loop(a, b) for a, b in zip(y, t, strict=True)])
    return (torch.softmax(y.double(), dim=0) - t.double()).to(y.dtype)


@in_softmax_cross_entropy_delta.alternative("autograd through a mean, times the number of examples")
def cross_entropy_by_a_mean_taken_back(y, t):
    return slope(lambda y: functional.cross_entropy(y, t), y) * (y.numel() // y.shape[-1])


@in_softmax_cross_entropy_delta.alternative(
    "the divergence of t from s, which has the same gradient"
)
def cross_entropy_by_the_divergence(y, t):
    return slope(lambda y: functional.kl_div(y.log_softmax(dim=-1), t, reduction="sum"), y)


@in_softmax_cross_entropy_delta.alternative("ln Σ exp y, one score after the other, by logaddexp")
def cross_entropy_by_logaddexp(y, t):
    total = y[..., 0]
    for k in range(1, y.shape[-1]):
        total = torch.logaddexp(total, y[..., k])
    return torch.exp(y - total.unsqueeze(-1)) - t


@in_softmax_cross_entropy_delta.alternative(
    "the scores in order of size, powers of 2, and back again"
)
def cross_entropy_of_sorted_scores(y, t):
    scores, order = y.sort(dim=-1, descending=True)
    powers = torch.exp2((scores - scores[..., :1]) / math.log(2))
    s = powers / powers.cumsum(dim=-1)[..., -1:]
    return torch.empty_like(s).scatter(-1, order, s) - t


in_1_5 = Part("1.5", "answers")
in_convolution_matrix = Part("1.5", "convolution_matrix")
in_convolution_parameter_count = Part("1.5", "convolution_parameter_count")


@in_1_5.mistake(
    "the choice of speed in place of weight sharing",
    look="A convolution is fast because it connects locally and shares its weights: speed is the "
    "consequence, not the property.",
)
def answers_1_5_speed_for_sharing():
    return letters("1.5", "AB")


@in_1_5.mistake(
    "the choice of speed in place of local connection",
    look="A convolution is fast because it connects locally and shares its weights: speed is the "
    "consequence, not the property.",
)
def answers_1_5_speed_for_locality():
    return letters("1.5", "AD")


@in_1_5.mistake(
    "the choice of feature maps in place of weight sharing",
    look='"Feature map" is only a name for the output; what sets it apart is that one kernel '
    "makes all of it.",
)
def answers_1_5_feature_maps_for_sharing():
    return letters("1.5", "BC")


@in_1_5.mistake(
    "the choice of feature maps in place of local connection",
    look='"Feature map" is only a name for the output; what sets it apart is that each entry sees '
    "a small window.",
)
def answers_1_5_feature_maps_for_locality():
    return letters("1.5", "CD")


@in_1_5.mistake(
    "local connection alone",
    look="A layer may connect locally with new weights at each place: the second property is that "
    "it shares them.",
)
def answers_1_5_locality_alone():
    return letters("1.5", "B")


@in_1_5.mistake(
    "weight sharing alone",
    look="Weights can be shared only because each window is small: the second property is local "
    "connection.",
)
def answers_1_5_sharing_alone():
    return letters("1.5", "D")


@in_1_5.mistake(
    "all four options at once",
    look="Two are asked for: speed follows from the other two, and feature maps are a name for the "
    "output.",
)
def answers_1_5_everything():
    return letters("1.5", "ABCD")


def windows(
    kernel: Tensor, height: int, width: int, step: tuple[int, int] = (1, 1), short: int = 0
) -> Tensor:
    """Shape (rows, columns, height, width): for each output pixel, the image that it weighs."""
    kh, kw = kernel.shape
    rows, columns = (height - kh) // step[0] + 1 - short, (width - kw) // step[1] + 1 - short
    W = torch.zeros(rows, columns, height, width, dtype=kernel.dtype)
    for i in range(rows):
        for j in range(columns):
            top, left = i * step[0], j * step[1]
            W[i, j, top : top + kh, left : left + kw] = kernel
    return W


@in_convolution_matrix.mistake(
    "the matrix of a convolution with the kernel flipped, as mathematics defines it",
    look="The layers of deep learning do not flip: row (i, j) holds the kernel as it stands.",
)
def convolution_flipped(kernel, height, width):
    return windows(kernel.flip(0, 1), height, width).flatten(2).flatten(0, 1)


@in_convolution_matrix.mistake(
    'the matrix of a convolution with padding "same", with a row for every pixel of the image',
    look="Valid means that the kernel stays inside the image, so there are (height − kh + 1) · "
    "(width − kw + 1) places for it.",
)
def convolution_padded(kernel, height, width):
    basis = torch.eye(height * width, dtype=kernel.dtype).reshape(-1, 1, height, width)
    kh, kw = kernel.shape
    around = ((kw - 1) // 2, kw // 2, (kh - 1) // 2, kh // 2)
    return functional.conv2d(functional.pad(basis, around), kernel[None, None]).flatten(1).T


@in_convolution_matrix.mistake(
    "the matrix transposed, with a row for each pixel of the image",
    look="W @ image.flatten() needs a column for each pixel and a row for each output.",
)
def convolution_matrix_transposed(kernel, height, width):
    return windows(kernel, height, width).flatten(2).flatten(0, 1).T


@in_convolution_matrix.mistake(
    "a matrix whose rows all look at the window in the top left corner",
    look="Row (i, j) looks at the window that begins at pixel (i, j): move the kernel.",
)
def convolution_not_moved(kernel, height, width):
    W = windows(kernel, height, width)
    return W[:1, :1].expand_as(W).flatten(2).flatten(0, 1)


@in_convolution_matrix.mistake(
    "a matrix for an image that is read column by column",
    look="image.flatten() reads row by row: pixel (a, b) is number width·a + b.",
)
def convolution_of_a_column_major_image(kernel, height, width):
    return windows(kernel, height, width).mT.flatten(2).flatten(0, 1)


@in_convolution_matrix.mistake(
    "a matrix whose output pixels are listed column by column",
    look="Row number i·(width − kw + 1) + j belongs to the output pixel (i, j).",
)
def convolution_with_a_column_major_output(kernel, height, width):
    return windows(kernel, height, width).transpose(0, 1).flatten(2).flatten(0, 1)


@in_convolution_matrix.mistake(
    "the matrix for the kernel transposed",
    look="The rows of the kernel lie on the rows of the image.",
)
def convolution_with_the_kernel_transposed(kernel, height, width):
    return windows(kernel.T, height, width).flatten(2).flatten(0, 1)


@in_convolution_matrix.mistake(
    "the matrix for an image with height and width exchanged",
    look="height is the number of rows, width the number of columns.",
)
def convolution_with_height_and_width_exchanged(kernel, height, width):
    return windows(kernel, width, height).flatten(2).flatten(0, 1)


@in_convolution_matrix.mistake(
    "a matrix with one row and one column of output too few",
    look="A kernel of size k has n − k + 1 places in n pixels: the + 1 is missing.",
)
def convolution_one_place_short(kernel, height, width):
    return windows(kernel, height, width, short=1).flatten(2).flatten(0, 1)


@in_convolution_matrix.mistake(
    "the matrix of windows side by side, which moves by the size of the kernel each time",
    look="Stride 1 moves the kernel by one pixel, so the windows overlap.",
)
def convolution_with_windows_side_by_side(kernel, height, width):
    kh, kw = kernel.shape
    return windows(kernel, height, width, step=(kh, kw)).flatten(2).flatten(0, 1)


@in_convolution_matrix.mistake(
    "a matrix with the whole kernel in neighbouring columns",
    look="The rows of a window are not neighbours in image.flatten(): from one to the next it is "
    "width columns.",
)
def convolution_without_gaps(kernel, height, width):
    kh, kw = kernel.shape
    W = torch.zeros(height - kh + 1, width - kw + 1, height * width, dtype=kernel.dtype)
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            place = W[i, j, i * width + j :][: kh * kw]
            place.copy_(kernel.flatten()[: len(place)])
    return W.flatten(0, 1)


@in_convolution_matrix.mistake(
    "a matrix without sharing: every row counts on with weights of its own",
    look="Weight sharing means that each row holds the same numbers, those of the kernel.",
)
def convolution_without_sharing(kernel, height, width):
    W = windows(kernel, height, width).flatten(2).flatten(0, 1)
    return W * torch.arange(1, len(W) + 1, dtype=W.dtype)[:, None]


@in_convolution_matrix.mistake(
    "a matrix of float32, whichever dtype the kernel has",
    look="torch.zeros takes the default dtype: kernel.new_zeros takes the one of the kernel.",
)
def convolution_of_float32(kernel, height, width):
    return windows(kernel.float(), height, width).flatten(2).flatten(0, 1)


@in_convolution_matrix.mistake(
    "the four-dimensional tensor before its dimensions were joined in pairs",
    look="A matrix has two dimensions: reshape the output pixels into rows, and the image into "
    "columns.",
)
def convolution_not_reshaped(kernel, height, width):
    return windows(kernel, height, width)


@in_convolution_parameter_count.mistake(
    "a count of the weights alone, without the biases",
    look="Each output channel has a bias: add out_channels.",
)
def convolution_count_without_bias(kernel_size, in_channels, out_channels):
    return out_channels * in_channels * kernel_size**2


@in_convolution_parameter_count.mistake(
    "a count with a single bias for the whole layer",
    look="Each output channel has a bias of its own: add out_channels, not 1.",
)
def convolution_count_with_one_bias(kernel_size, in_channels, out_channels):
    return out_channels * in_channels * kernel_size**2 + 1


@in_convolution_parameter_count.mistake(
    "a count with a bias for each pair of an input and an output channel",
    look="What comes from the input channels is added up first, and one bias for each output "
    "channel comes on top.",
)
def convolution_count_with_a_bias_for_each_input(kernel_size, in_channels, out_channels):
    return out_channels * in_channels * (kernel_size**2 + 1)


@in_convolution_parameter_count.mistake(
    "a count with in_channels biases",
    look="A bias belongs to an output: add out_channels.",
)
def convolution_count_with_the_biases_of_the_input(kernel_size, in_channels, out_channels):
    return out_channels * in_channels * kernel_size**2 + in_channels


@in_convolution_parameter_count.mistake(
    "a count with kernel_size where kernel_size² belongs",
    look="The kernel is a square: kernel_size rows of kernel_size weights.",
)
def convolution_count_without_the_square(kernel_size, in_channels, out_channels):
    return out_channels * in_channels * kernel_size + out_channels


@in_convolution_parameter_count.mistake(
    "a count that forgets the input channels",
    look="Each output channel has a window for every input channel: multiply by in_channels.",
)
def convolution_count_without_input_channels(kernel_size, in_channels, out_channels):
    return out_channels * (kernel_size**2 + 1)


@in_convolution_parameter_count.mistake(
    "a count that forgets that each output channel has a kernel of its own",
    look="Multiply the weights by out_channels as well.",
)
def convolution_count_with_one_kernel(kernel_size, in_channels, out_channels):
    return in_channels * kernel_size**2 + out_channels


@in_convolution_parameter_count.mistake(
    "a count multiplied by the 28 · 28 pixels of an image",
    look="The weights are shared by all places, so the size of the image does not come in.",
)
def convolution_count_for_every_pixel(kernel_size, in_channels, out_channels):
    return 28 * 28 * (out_channels * in_channels * kernel_size**2 + out_channels)


@in_convolution_matrix.alternative("loops over the places, one flattened image each")
def convolution_by_loops(kernel, height, width):
    kh, kw = kernel.shape
    rows = []
    for i in range(height - kh + 1):
        for j in range(width - kw + 1):
            image = torch.zeros(height, width, dtype=kernel.dtype)
            image[i : i + kh, j : j + kw] = kernel
            rows.append(image.flatten())
    return torch.stack(rows)


@in_convolution_matrix.alternative("conv2d of every image with a single pixel set")
def convolution_of_the_basis(kernel, height, width):
    basis = torch.eye(height * width, dtype=kernel.dtype).reshape(-1, 1, height, width)
    return functional.conv2d(basis, kernel[None, None]).flatten(1).T


@in_convolution_matrix.alternative("unfold, which lists the pixel under each weight")
def convolution_by_unfold(kernel, height, width):
    pixels = torch.arange(height * width, dtype=torch.float64).reshape(1, 1, height, width)
    places = functional.unfold(pixels, tuple(kernel.shape))[0].T.long()
    W = kernel.new_zeros(len(places), height * width)
    return W.scatter(1, places, kernel.flatten().expand(len(places), -1))


@in_convolution_matrix.alternative("a sum of Kronecker products of shifted identities")
def convolution_by_kronecker_products(kernel, height, width):
    kh, kw = kernel.shape

    def shifted(places, size, by):
        return torch.eye(places + size, size + places, dtype=kernel.dtype)[by : by + places, :size]

    return sum(
        kernel[a, b]
        * torch.kron(shifted(height - kh + 1, height, a), shifted(width - kw + 1, width, b))
        for a in range(kh)
        for b in range(kw)
    )


@in_convolution_matrix.alternative("the Jacobian of conv2d, by autograd")
def convolution_as_a_jacobian(kernel, height, width):
    def convolve(image):
        return functional.conv2d(image.reshape(1, 1, height, width), kernel[None, None]).flatten()

    return torch.autograd.functional.jacobian(
        convolve, torch.zeros(height * width, dtype=kernel.dtype)
    )


@in_convolution_matrix.alternative("the kernel padded to an image, and rolled")
def convolution_by_rolling(kernel, height, width):
    kh, kw = kernel.shape
    image = functional.pad(kernel, (0, width - kw, 0, height - kh))
    places = [(i, j) for i in range(height - kh + 1) for j in range(width - kw + 1)]
    return torch.stack([image.roll(place, dims=(0, 1)).flatten() for place in places])


@in_convolution_matrix.alternative("a transposed convolution of single pixels")
def convolution_by_its_transpose(kernel, height, width):
    rows, columns = height - kernel.shape[0] + 1, width - kernel.shape[1] + 1
    basis = torch.eye(rows * columns, dtype=kernel.dtype).reshape(-1, 1, rows, columns)
    return functional.conv_transpose2d(basis, kernel[None, None]).flatten(1)


@in_convolution_parameter_count.alternative("the entries of the tensors, counted")
def convolution_count_of_the_layer(kernel_size, in_channels, out_channels):
    weight = torch.empty(out_channels, in_channels, kernel_size, kernel_size)
    return weight.numel() + torch.empty(out_channels).numel()


@in_convolution_parameter_count.alternative("factored: every output with its bias")
def convolution_count_factored(kernel_size, in_channels, out_channels):
    return (kernel_size * kernel_size * in_channels + 1) * out_channels


in_1_6 = Part("1.6", "answers")
in_dense_parameter_count = Part("1.6", "dense_parameter_count")


def prose(*sentences: str) -> dict[str, str]:
    """What ``answers`` returns with these words for 1.6."""
    return letters("1.6", " ".join(sentences))


@in_1_6.mistake(
    "an empty answer",
    look="Write down two weaknesses, a sentence for each.",
)
def answers_1_6_empty():
    return prose("")


@in_1_6.mistake(
    "a list of letters where words are asked for",
    look="This question has no options: write a sentence for each weakness.",
)
def answers_1_6_letters():
    return prose("AB")


@in_1_6.mistake(
    "a single shortcoming, the number of parameters",
    look="A second one is asked for: think of what flattening does to an image, or of what happens "
    "when a digit moves.",
)
def answers_1_6_parameters_alone():
    return prose("An MLP has too many parameters.")


@in_1_6.mistake(
    "a single shortcoming, the loss of the spatial structure",
    look="A second one is asked for: think of how many weights an image needs, or of what happens "
    "when a digit moves.",
)
def answers_1_6_structure_alone():
    return prose("The image is flattened into a vector, which destroys its spatial structure.")


@in_1_6.mistake(
    "the number of parameters twice, in other words",
    look="Count the ideas, not the sentences: what else is wrong, even with a small image?",
)
def answers_1_6_parameters_twice():
    return prose(
        "First, the fully connected layers have a huge number of parameters.",
        "Second, there are too many weights to store.",
    )


@in_1_6.mistake(
    "the loss of the spatial structure twice, in other words",
    look="Count the ideas, not the sentences: what else is wrong, if you think of the weights?",
)
def answers_1_6_structure_twice():
    return prose(
        "The MLP ignores the spatial structure of the image.",
        "It does not know which pixels are neighbours.",
    )


@in_1_6.mistake(
    "praise of the MLP",
    look="Shortcomings are asked for: what goes wrong when the image grows, or moves?",
)
def answers_1_6_praises_the_mlp():
    return prose(
        "The MLP has few parameters, keeps the spatial structure of the image,",
        "and is invariant to translation.",
    )


@in_1_6.mistake(
    "a list of the merits of convolutions, told as if they were the MLP's",
    look="Local connection and weight sharing are what the MLP lacks.",
)
def answers_1_6_merits_of_convolutions():
    return prose(
        "The MLP connects each unit to a small local window and shares its weights between all",
        "positions.",
    )


@in_1_6.mistake(
    "a judgement without a reason",
    look="Say why it is worse: name what the MLP does with the pixels, or with its weights.",
)
def answers_1_6_without_a_reason():
    return prose("MLPs are bad at images. A CNN is much better and gives a higher accuracy.")


@in_1_6.mistake(
    "a definition of the MLP",
    look="Shortcomings are asked for: what goes wrong when its input is an image?",
)
def answers_1_6_defines_the_mlp():
    return prose(
        "An MLP consists of an input layer, hidden layers and an output layer.",
        "It is trained with backpropagation.",
    )


@in_1_6.mistake(
    "a denial that there are any shortcomings",
    look="There are: think of how many weights an image needs, or of what happens when a digit "
    "moves.",
)
def answers_1_6_denies():
    return prose("The MLP has no shortcomings such as too many parameters or lost structure.")


@in_1_6.mistake(
    "the question again",
    look="Answer it: name what the MLP does with the pixels, or with its weights.",
)
def answers_1_6_repeats_the_question():
    return prose("Two or more weaknesses of the multilayer perceptron as a classifier of images.")


@in_1_6.mistake(
    "an answer to another question",
    look="1.6 asks for shortcomings of the MLP, in words.",
)
def answers_1_6_about_something_else():
    return prose("Paris is the capital of France, and a beautiful city on the Seine.")


@in_1_6.mistake(
    "shortcomings of the CNN, which does not have them",
    look="They are the MLP's: it is the fully connected network that needs so many weights.",
)
def answers_1_6_of_the_cnn():
    return prose("A CNN has too many parameters. It is not translation invariant, unlike an MLP.")


@in_1_6.mistake(
    "the right words in no order",
    look="Write sentences: say of each shortcoming what the MLP does.",
)
def answers_1_6_in_no_order():
    return prose("spatial parameters lost many translation structure not too invariant pixels lose")


@in_dense_parameter_count.mistake(
    "a count of the weights alone, without the biases",
    look="Each output has a bias: add outputs.",
)
def dense_count_without_bias(inputs, outputs):
    return inputs * outputs


@in_dense_parameter_count.mistake(
    "a count with a single bias for the whole layer",
    look="Each output has a bias of its own: add outputs, not 1.",
)
def dense_count_with_one_bias(inputs, outputs):
    return inputs * outputs + 1


@in_dense_parameter_count.mistake(
    "a count with a bias for each input",
    look="A bias belongs to an output: add outputs.",
)
def dense_count_with_a_bias_for_each_input(inputs, outputs):
    return inputs * outputs + inputs


@in_dense_parameter_count.mistake(
    "a count with a bias for each weight",
    look="A unit adds its products up and then one bias: add outputs, once.",
)
def dense_count_with_a_bias_for_each_weight(inputs, outputs):
    return 2 * inputs * outputs


@in_dense_parameter_count.mistake(
    "the number of units, not of the connections between them",
    look="Every input is connected to every output: multiply, then add the biases.",
)
def dense_count_of_units(inputs, outputs):
    return inputs + outputs


@in_dense_parameter_count.mistake(
    "(inputs + 1) · (outputs + 1), with a bias unit on either side",
    look="The constant 1 is an extra input; no weights lead to an extra output.",
)
def dense_count_with_an_extra_output(inputs, outputs):
    return (inputs + 1) * (outputs + 1)


@in_dense_parameter_count.alternative("the parameters of a layer, counted")
def dense_count_of_the_layer(inputs, outputs):
    layer = nn.ParameterList([torch.empty(outputs, inputs), torch.empty(outputs)])
    return sum(parameter.numel() for parameter in layer.parameters())


@in_dense_parameter_count.alternative("factored: a constant 1 as one more input")
def dense_count_factored(inputs, outputs):
    return (inputs + 1) * outputs


@in_1_6.alternative("two short sentences")
def answers_1_6_short():
    return prose("Too many parameters. Spatial information is lost.")


@in_1_6.alternative("a numbered list")
def answers_1_6_as_a_numbered_list():
    return prose(
        "1) The number of weights explodes with the resolution of the picture.\n"
        "2) Neighbouring pixels are treated like distant ones once the picture has been unrolled "
        "into a vector."
    )


@in_1_6.alternative("a bullet list without verbs")
def answers_1_6_as_a_bullet_list():
    return prose("- huge parameter count\n- overfitting\n- no translation invariance")


@in_1_6.alternative("what the MLP lacks, compared with a convolutional network")
def answers_1_6_by_comparison():
    return prose(
        "Unlike a CNN, an MLP has no weight sharing, so a feature learned in one corner is not",
        "recognised in another. It also has no local receptive fields: the 2D layout of the image",
        "is thrown away at the input.",
    )


@in_1_6.alternative("an example with numbers")
def answers_1_6_with_numbers():
    return prose(
        "A 224 × 224 RGB image has 150,528 inputs, so a first layer with 1,000 units alone needs",
        "about 150 million weights, which is slow and memory-hungry and easily overfits.",
        "And if the cat is shifted by a few pixels, the MLP sees a completely different input.",
    )


@in_1_6.alternative("a fixed input size, and no hierarchy of local features")
def answers_1_6_fixed_input_size():
    return prose(
        "The MLP only accepts images of one fixed size.",
        "Because every neuron looks at the whole image it cannot exploit local patterns such as",
        "edges and corners.",
    )


@in_1_6.alternative("the question's own words, in a single sentence")
def answers_1_6_in_one_sentence():
    return prose(
        "Two shortcomings of the MLP for image classification are that it is fully connected and",
        "therefore has a large number of parameters to train, and that it isn't robust when the",
        "object in the image is moved, rotated or scaled.",
    )


@in_1_6.alternative("British spelling, capitals, and semicolons")
def answers_1_6_with_semicolons():
    return prose(
        "FLATTENING THE IMAGE DISREGARDS THE NEIGHBOURHOOD OF PIXELS; THE COMPUTATIONAL COST AND",
        "THE MEMORY GROW WITH THE NUMBER OF PIXELS TIMES THE NUMBER OF NEURONS",
    )


@in_1_6.alternative("a count in O-notation, and a consequence of having no invariance")
def answers_1_6_with_o_notation():
    return prose(
        "Fully-connected layers need O(H·W) weights per neuron.",
        "A translated object has to be relearned.",
    )


@in_1_6.alternative("two missing inductive biases, in half a sentence")
def answers_1_6_inductive_biases():
    return prose(
        "MLPs lack inductive biases for images such as locality and translation equivariance."
    )


@in_1_6.alternative("images of other sizes, and images that are shifted")
def answers_1_6_variable_size():
    return prose("The MLP can't handle pictures of variable size; it is not shift-invariant.")


@in_1_6.alternative("in Chinese")
def answers_1_6_in_chinese():
    return prose("第一，参数太多，容易过拟合。第二，图像被展平成向量，丢失了空间结构。")


@in_1_6.alternative("in Chinese, as a list")
def answers_1_6_as_a_chinese_list():
    return prose("缺点：（1）全连接导致参数量爆炸；（2）不具有平移不变性")


@in_1_6.alternative("in weak English, with slips of the pen")
def answers_1_6_in_weak_english():
    return prose(
        "MLP have too much paramter, so train is slow and easy overfit.",
        "And MLP not know which pixel is near which pixel, because image become a vector.",
    )


@in_1_6.alternative("in German")
def answers_1_6_in_german():
    return prose("Zu viele Gewichte. Beim Glätten geht verloren, welche Pixel Nachbarn sind.")


@in_1_6.alternative("a long answer with praise of the alternative at its end")
def answers_1_6_long():
    return prose(
        "In a multilayer perceptron each neuron of the first hidden layer is connected to all",
        "pixels. For colour photographs this means millions of coefficients, most of them",
        "redundant, and with few training images the model memorises them instead of",
        "generalising. Moreover the picture has to be rearranged as a one-dimensional array;",
        "whether two pixels were adjacent no longer plays a role, and shuffling all pixels in the",
        "same way would not make the task any harder for the network. A convolutional network",
        "has few parameters and keeps the spatial structure, and so avoids both.",
    )


# Near the laws that hold for every call: what may be kept, and is right.


@in_dense_parameter_count.alternative("counts kept by lru_cache: equal numbers have one result")
@lru_cache
def dense_parameter_count_cached(inputs, outputs):
    return inputs * outputs + outputs


@in_convolution_parameter_count.alternative("arguments by name or by place, taken as they come")
def convolution_parameter_count_of_keywords(*args, **kwargs):
    names = ("kernel_size", "in_channels", "out_channels")
    given = dict(zip(names, args, strict=False)) | kwargs
    k, inputs, outputs = (given[name] for name in names)
    return (k * k * inputs + 1) * outputs


@in_convolution_matrix.alternative("places cached for each shape, filled with the kernel each time")
def convolution_matrix_with_cached_places(kernel, height, width):
    rows, columns, entries = _places(*kernel.shape, height, width)
    W = kernel.new_zeros(int(rows[-1]) + 1, height * width)
    W[rows, columns] = kernel.flatten()[entries]
    return W


@lru_cache
def _places(kh, kw, height, width):
    found = [
        (i * (width - kw + 1) + j, (i + a) * width + j + b, a * kw + b)
        for i in range(height - kh + 1)
        for j in range(width - kw + 1)
        for a in range(kh)
        for b in range(kw)
    ]
    return torch.tensor(found).T


@in_euclidean_delta.alternative("a clone of y, changed in place")
def euclidean_delta_in_place_on_a_clone(y, t):
    delta = y.clone()
    delta -= t
    return delta


@in_sigmoid_layer_delta.alternative("the derivative kept in the last call's place, read by none")
def sigmoid_layer_delta_with_a_memory(delta, y):
    f = torch.sigmoid(y)
    LAST["derivative"] = f * (1 - f)
    return delta * LAST["derivative"]


LAST = {}

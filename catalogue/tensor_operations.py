"""2.1 and 2.2: mistakes and alternatives in making, combining, reshaping and slicing tensors."""

from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor

from judging.known import Part


class Arithmetic(NamedTuple):
    zeros: Any
    sum: Any
    difference: Any
    product: Any
    matmul: Any


def results(A: Tensor, B: Tensor, **different: Any) -> Arithmetic:
    """The right results, but for those that are given."""
    return Arithmetic(torch.zeros_like(A), A + B, A - B, A * B, A @ B)._replace(**different)


in_random_matrices = Part("2.1", "random_matrices")


@in_random_matrices.mistake(
    "one matrix returned twice, for A and B hold the same numbers",
    look="B needs a draw of its own.",
)
def random_matrices_the_same_twice(shape=(5, 5), *, dtype=torch.float32, generator=None):
    A = torch.randn(shape, dtype=dtype, generator=generator)
    return A, A.clone()


@in_random_matrices.mistake(
    "a draw from torch's global generator, whichever generator is passed in",
    look="Hand the generator on: torch.randn(shape, generator=generator).",
)
def random_matrices_ignore_the_generator(shape=(5, 5), *, dtype=torch.float32, generator=None):
    return torch.randn(shape, dtype=dtype), torch.randn(shape, dtype=dtype)


@in_random_matrices.mistake(
    "a draw from the generator for A alone",
    look="torch.randn_like takes no generator, so B comes from the global one: draw B as you drew "
    "A.",
)
def random_matrices_use_the_generator_for_A_alone(
    shape=(5, 5), *, dtype=torch.float32, generator=None
):
    A = torch.randn(shape, dtype=dtype, generator=generator)
    return A, torch.randn_like(A)


@in_random_matrices.mistake(
    "a draw that is the same in every call, because the function seeds itself with a constant",
    look="Leave the seed to the caller, who passes a generator in.",
)
def random_matrices_seed_themselves(shape=(5, 5), *, dtype=torch.float32, generator=None):
    generator = Generator().manual_seed(0)
    A = torch.randn(shape, dtype=dtype, generator=generator)
    B = torch.randn(shape, dtype=dtype, generator=generator)
    return A, B


@in_random_matrices.mistake(
    "a draw from a new generator that starts at the seed of the one passed in",
    look="A second call must go on where the first stopped: draw from the generator itself.",
)
def random_matrices_start_again_from_the_seed(shape=(5, 5), *, dtype=torch.float32, generator=None):
    if generator is not None:
        generator = Generator().manual_seed(generator.initial_seed())
    A = torch.randn(shape, dtype=dtype, generator=generator)
    B = torch.randn(shape, dtype=dtype, generator=generator)
    return A, B


@in_random_matrices.mistake(
    "a pair of float32 matrices, whichever dtype is asked for",
    look="Hand the dtype on: torch.randn(shape, dtype=dtype).",
)
def random_matrices_ignore_the_dtype(shape=(5, 5), *, dtype=torch.float32, generator=None):
    return torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)


@in_random_matrices.mistake(
    "a pair of integer matrices, for torch.randint gives int64 unless it is told otherwise",
    look="Ask for the dtype, torch.randint(…, dtype=dtype), or draw with torch.rand or "
    "torch.randn.",
)
def random_matrices_of_integers(shape=(5, 5), *, dtype=torch.float32, generator=None):
    A = torch.randint(0, 10, shape, generator=generator)
    B = torch.randint(0, 10, shape, generator=generator)
    return A, B


@in_random_matrices.mistake(
    "a pair of matrices with rows and columns exchanged",
    look="shape is (rows, columns), in this order.",
)
def random_matrices_of_the_transposed_shape(shape=(5, 5), *, dtype=torch.float32, generator=None):
    columns, rows = shape
    A = torch.randn(rows, columns, dtype=dtype, generator=generator)
    B = torch.randn(rows, columns, dtype=dtype, generator=generator)
    return A, B


@in_random_matrices.mistake(
    "a pair of (5, 5) matrices, whichever shape is asked for",
    look="(5, 5) is only the default: use the parameter shape.",
)
def random_matrices_of_a_fixed_shape(shape=(5, 5), *, dtype=torch.float32, generator=None):
    A = torch.randn(5, 5, dtype=dtype, generator=generator)
    B = torch.randn(5, 5, dtype=dtype, generator=generator)
    return A, B


@in_random_matrices.mistake(
    "a matrix of ones and a matrix of twos, and nothing in them is random",
    look="torch.rand and torch.randn fill a tensor with random numbers.",
)
def random_matrices_constant(shape=(5, 5), *, dtype=torch.float32, generator=None):
    return torch.full(shape, 1, dtype=dtype), torch.full(shape, 2, dtype=dtype)


@in_random_matrices.mistake(
    "a pair of matrices that count 0, 1, 2, … and so are not random",
    look="torch.rand and torch.randn fill a tensor with random numbers.",
)
def random_matrices_that_count(shape=(5, 5), *, dtype=torch.float32, generator=None):
    A = torch.arange(shape[0] * shape[1], dtype=dtype).reshape(shape)
    return A, A + A.numel()


@in_random_matrices.mistake(
    "one random number for each matrix, repeated in all of its entries",
    look="Every entry needs a number of its own: torch.randn(shape) draws them all.",
)
def random_matrices_of_one_number_each(shape=(5, 5), *, dtype=torch.float32, generator=None):
    a, b = torch.randn(2, dtype=torch.float64, generator=generator).tolist()
    return torch.full(shape, a, dtype=dtype), torch.full(shape, b, dtype=dtype)


@in_random_matrices.mistake(
    "one random row for each matrix, repeated in all of its rows",
    look="Every row needs numbers of its own: torch.randn(shape) draws them all.",
)
def random_matrices_of_one_row_each(shape=(5, 5), *, dtype=torch.float32, generator=None):
    rows = torch.randn(2, 1, shape[1], dtype=dtype, generator=generator)
    A, B = rows.repeat(1, shape[0], 1)
    return A, B


@in_random_matrices.mistake(
    "a single matrix, A without B",
    look="Return both: return A, B.",
)
def random_matrices_without_B(shape=(5, 5), *, dtype=torch.float32, generator=None):
    return torch.randn(shape, dtype=dtype, generator=generator)


@in_random_matrices.alternative("uniform numbers from torch.rand")
def random_matrices_by_rand(shape=(5, 5), *, dtype=torch.float32, generator=None):
    A = torch.rand(shape, dtype=dtype, generator=generator)
    B = torch.rand(shape, dtype=dtype, generator=generator)
    return A, B


@in_random_matrices.alternative("random integers from 0 to 9, in the dtype asked for")
def random_matrices_by_randint(shape=(5, 5), *, dtype=torch.float32, generator=None):
    A = torch.randint(0, 10, shape, dtype=dtype, generator=generator)
    B = torch.randint(0, 10, shape, dtype=dtype, generator=generator)
    return A, B


@in_random_matrices.alternative("empty tensors, filled in place by uniform_")
def random_matrices_by_uniform(shape=(5, 5), *, dtype=torch.float32, generator=None):
    A, B = torch.empty(shape, dtype=dtype), torch.empty(shape, dtype=dtype)
    return A.uniform_(-1, 1, generator=generator), B.uniform_(-1, 1, generator=generator)


@in_random_matrices.alternative("zeros, filled in place by normal_, in a list")
def random_matrices_by_normal(shape=(5, 5), *, dtype=torch.float32, generator=None):
    return [torch.zeros(shape, dtype=dtype).normal_(3, 2, generator=generator) for _ in "AB"]


@in_random_matrices.alternative("one draw of shape (2, m, n), taken apart into two views")
def random_matrices_by_unbind(shape=(5, 5), *, dtype=torch.float32, generator=None):
    return torch.randn(2, *shape, dtype=dtype, generator=generator).unbind()


@in_random_matrices.alternative("B drawn before A, both in double precision and then cast")
def random_matrices_by_casting(shape=(5, 5), *, dtype=torch.float32, generator=None):
    B = torch.randn(shape, dtype=torch.float64, generator=generator)
    A = torch.randn(shape, dtype=torch.float64, generator=generator)
    return A.to(dtype), B.to(dtype)


in_arithmetic = Part("2.1", "arithmetic")


@in_arithmetic.mistake(
    "an addition in place: A.add_(B), or A += B, overwrites A",
    look="An underscore at the end of a method's name means that it writes into its tensor: A + B "
    "makes a new one.",
)
def arithmetic_adds_in_place(A, B):
    C = torch.zeros_like(A)
    return Arithmetic(C, A.add_(B), A - B, A * B, A @ B)


@in_arithmetic.mistake(
    "a multiplication in place: A.mul_(B), or A *= B, overwrites A before A @ B is computed",
    look="An underscore at the end of a method's name means that it writes into its tensor: A * B "
    "makes a new one.",
)
def arithmetic_multiplies_in_place(A, B):
    return Arithmetic(torch.zeros_like(A), A + B, A - B, A.mul_(B), A @ B)


@in_arithmetic.mistake(
    "A under a second name, filled with zeros: C = A; C.zero_()",
    look="C = A makes no copy, so A itself becomes zero: torch.zeros_like(A) makes a new tensor.",
)
def arithmetic_zeros_A_itself(A, B):
    right = results(A, B)
    C = A
    C.zero_()
    return right._replace(zeros=C)


@in_arithmetic.mistake(
    "a zero tensor of float32, whichever dtype A and B have",
    look="torch.zeros(shape) takes the default dtype: torch.zeros_like(A) takes the one of A.",
)
def arithmetic_zeros_of_float32(A, B):
    return results(A, B, zeros=torch.zeros(A.shape))


@in_arithmetic.mistake(
    "a zero tensor of integers",
    look="C shall have the dtype of A and B: torch.zeros_like(A).",
)
def arithmetic_zeros_of_integers(A, B):
    return results(A, B, zeros=torch.zeros(A.shape, dtype=torch.int64))


@in_arithmetic.mistake(
    "a zero tensor of shape (5, 5), whichever shape A and B have",
    look="C shall have the shape of A and B: torch.zeros_like(A).",
)
def arithmetic_zeros_of_a_fixed_shape(A, B):
    return results(A, B, zeros=torch.zeros(5, 5, dtype=A.dtype))


@in_arithmetic.mistake(
    "a row of zeros, a vector in place of a matrix",
    look="torch.zeros(n) has one dimension: C shall have both dimensions of A.",
)
def arithmetic_zeros_in_one_row(A, B):
    return results(A, B, zeros=torch.zeros(A.shape[0], dtype=A.dtype))


@in_arithmetic.mistake(
    "the number 0, not a tensor of zeros",
    look="C shall be a tensor with the shape and dtype of A: torch.zeros_like(A).",
)
def arithmetic_zero_as_a_number(A, B):
    return results(A, B, zeros=0)


@in_arithmetic.mistake(
    "a tensor of ones where zeros are asked for",
    look="torch.zeros_like(A) is the one that fills with zeros.",
)
def arithmetic_ones_for_zeros(A, B):
    return results(A, B, zeros=torch.ones_like(A))


@in_arithmetic.mistake(
    "B − A, the difference the other way round",
    look="The exercise subtracts B from A: A - B.",
)
def arithmetic_B_minus_A(A, B):
    return results(A, B, difference=B - A)


@in_arithmetic.mistake(
    "the distance |A − B|, without its sign",
    look="A difference may be negative: leave out abs().",
)
def arithmetic_absolute_difference(A, B):
    return results(A, B, difference=(A - B).abs())


@in_arithmetic.mistake(
    "one number, all the entries of A and of B added together",
    look="torch.sum adds up the entries of a tensor; A + B adds two tensors, entry by entry.",
)
def arithmetic_sum_of_all_entries(A, B):
    return results(A, B, sum=A.sum() + B.sum())


@in_arithmetic.mistake(
    "A @ B in place of the product element by element",
    look="@ multiplies rows by columns; * multiplies element by element.",
)
def arithmetic_matmul_for_the_product(A, B):
    return results(A, B, product=A @ B)


@in_arithmetic.mistake(
    "A * B in place of the matrix product",
    look="* multiplies element by element; @ multiplies rows by columns.",
)
def arithmetic_product_for_the_matmul(A, B):
    return results(A, B, matmul=A * B)


@in_arithmetic.mistake(
    "an exchange of the two products: A @ B as the one element by element, A * B as A @ B",
    look="* goes into the field product, @ into the field matmul.",
)
def arithmetic_products_exchanged(A, B):
    return results(A, B, product=A @ B, matmul=A * B)


@in_arithmetic.mistake(
    "A @ Bᵀ, the rows of A times the rows of B",
    look="The matrix product takes rows of A times columns of B: leave B as it is.",
)
def arithmetic_A_times_B_transposed(A, B):
    return results(A, B, matmul=A @ B.T)


@in_arithmetic.mistake(
    "Aᵀ @ B, the columns of A times the columns of B",
    look="The matrix product takes rows of A times columns of B: leave A as it is.",
)
def arithmetic_A_transposed_times_B(A, B):
    return results(A, B, matmul=A.T @ B)


@in_arithmetic.mistake(
    "B @ A, the factors in the other order",
    look="The order matters for matrices: A @ B.",
)
def arithmetic_B_times_A(A, B):
    return results(A, B, matmul=B @ A)


@in_arithmetic.mistake(
    "Σ(A * B), the dot product of A and B as one long vector",
    look="A @ B is a matrix: each of its entries is the dot product of a row and a column.",
)
def arithmetic_dot_product(A, B):
    return results(A, B, matmul=torch.dot(A.flatten(), B.flatten()))


@in_arithmetic.mistake(
    "a set of results rounded to two decimals",
    look="Round when you print, not in what you return.",
)
def arithmetic_rounded_to_two_decimals(A, B):
    return Arithmetic(*(torch.round(result, decimals=2) for result in results(A, B)))


@in_arithmetic.mistake(
    "a plain tuple of the results",
    look="Give them their names, as in Arithmetic(zeros=…, sum=…, difference=…, product=…, "
    "matmul=…), so that nobody has to remember their order.",
)
def arithmetic_as_a_plain_tuple(A, B):
    return tuple(results(A, B))


@in_arithmetic.mistake(
    "a function that prints its results, or forgets them, and returns nothing",
    look="End the function with return; the caller can print what comes back.",
)
def arithmetic_returns_nothing(A, B):
    results(A, B)


@in_arithmetic.alternative("methods: A.add(B), A.sub(B), A.mul(B), A.mm(B), A.new_zeros")
def arithmetic_by_methods(A, B):
    return Arithmetic(A.new_zeros(A.shape), A.add(B), A.sub(B), A.mul(B), A.mm(B))


@in_arithmetic.alternative("functions: torch.add, torch.mm and torch.zeros with a dtype")
def arithmetic_by_functions(A, B):
    return Arithmetic(
        zeros=torch.zeros(A.shape, dtype=A.dtype),
        sum=torch.add(A, B),
        difference=torch.add(A, B, alpha=-1),
        product=torch.multiply(A, B),
        matmul=torch.mm(A, B),
    )


@in_arithmetic.alternative("einsum for both products")
def arithmetic_by_einsum(A, B):
    return results(
        A,
        B,
        product=torch.einsum("ij,ij->ij", A, B),
        matmul=torch.einsum("ik,kj->ij", A, B),
    )


@in_arithmetic.alternative("a triple loop for the matrix product")
def arithmetic_by_a_triple_loop(A, B):
    n = len(A)
    C = torch.zeros_like(A)
    for i in range(n):
        for j in range(n):
            for k in range(n):
                C[i, j] += A[i, k] * B[k, j]
    return results(A, B, matmul=C)


@in_arithmetic.alternative("columns of A times rows of B, added up, for the matrix product")
def arithmetic_by_outer_products(A, B):
    return results(A, B, matmul=(A.T[:, :, None] * B[:, None, :]).sum(dim=0))


@in_arithmetic.alternative("A * 0 as the zero tensor")
def arithmetic_zeros_by_multiplication(A, B):
    return results(A, B, zeros=A * 0)


@in_arithmetic.alternative("A − A as the zero tensor, and −B added for the difference")
def arithmetic_zeros_by_subtraction(A, B):
    return results(A, B, zeros=A - A, difference=A + (-B))


@in_arithmetic.alternative("operations in place, on copies")
def arithmetic_in_place_on_copies(A, B):
    return Arithmetic(
        zeros=A.clone().zero_(),
        sum=A.clone().add_(B),
        difference=A.clone().sub_(B),
        product=A.clone().mul_(B),
        matmul=torch.empty_like(A).copy_(A.matmul(B)),
    )


@in_arithmetic.alternative("double precision inside, rounded once at the end")
def arithmetic_in_double_precision(A, B):
    return Arithmetic(*(result.to(A.dtype) for result in results(A.double(), B.double())))


@in_arithmetic.alternative("a sum over inner indices with Kahan's correction")
def arithmetic_by_kahan_sums(A, B):
    total, lost = torch.zeros_like(A), torch.zeros_like(A)
    for a, b in zip(A.T, B, strict=True):
        term = torch.outer(a, b) - lost
        larger = total + term
        lost, total = (larger - total) - term, larger
    return results(A, B, matmul=total)


@in_arithmetic.alternative(
    "the matrix product in blocks of two inner indices, the last perhaps of one"
)
def arithmetic_by_blocks(A, B):
    blocks = zip(A.split(2, dim=1), B.split(2), strict=True)
    return results(A, B, matmul=sum(a @ b for a, b in blocks))


@in_arithmetic.alternative("results written into tensors that were there before, by out=")
def arithmetic_into_empty_tensors(A, B):
    C, total, difference, product, matmul = (torch.zeros_like(A) for _ in range(5))
    torch.add(A, B, out=total)
    torch.sub(A, B, out=difference)
    torch.mul(A, B, out=product)
    torch.mm(A, B, out=matmul)
    return Arithmetic(C, total, difference, product, matmul)


@in_arithmetic.alternative("(Bᵀ Aᵀ)ᵀ, and −(B − A)")
def arithmetic_the_other_way_round(A, B):
    return results(A, B, sum=B + A, difference=-(B - A), matmul=(B.T @ A.T).T)


in_flatten = Part("2.2", "flatten")


@in_flatten.mistake(
    "x read column by column",
    look="reshape reads row by row: leave out the transpose.",
)
def flatten_by_columns(x):
    return x.T.reshape(-1)


@in_flatten.mistake(
    "a matrix with a single row, of shape (1, m·n)",
    look="The result has one dimension, (m·n,): reshape(-1).",
)
def flatten_to_a_single_row(x):
    return x.reshape(1, -1)


@in_flatten.mistake(
    "a matrix with a single column, of shape (m·n, 1)",
    look="The result has one dimension, (m·n,): reshape(-1).",
)
def flatten_to_a_single_column(x):
    return x.reshape(-1, 1)


@in_flatten.mistake(
    "x as it was, because dimension 0 was kept as if it counted samples",
    look="nn.Flatten() and flatten(start_dim=1) leave the first dimension alone: flatten() takes "
    "them all.",
)
def flatten_keeps_the_first_dimension(x):
    return torch.nn.Flatten()(x)


@in_flatten.mistake(
    "a reshape to (24,), whichever shape x has",
    look="24 is 6 · 4: with reshape(-1) PyTorch counts the entries itself.",
)
def flatten_to_24(x):
    return x.reshape(24)


@in_flatten.mistake(
    "x.view(-1), which works only where the rows of x lie one after the other in memory",
    look="A transposed or sliced x lies otherwise: reshape(-1) gives a view where it can, and a "
    "copy where it must.",
)
def flatten_by_view(x):
    return x.view(-1)


@in_flatten.mistake(
    "x read in the order in which its entries lie in memory",
    look="A transposed or sliced x lies there in another order: reshape(-1) follows the rows.",
)
def flatten_in_the_order_of_memory(x):
    return x.as_strided((x.numel(),), (1,))


@in_flatten.mistake(
    "x resized in place",
    look="resize_ changes the caller's tensor: reshape(-1) leaves x as it was.",
)
def flatten_in_place(x):
    return x.resize_(x.numel())


@in_flatten.mistake(
    "the different entries of x in order of size",
    look="unique sorts, and leaves out what is there twice: flatten keeps each entry in its order.",
)
def flatten_by_unique(x):
    return x.unique()


@in_flatten.mistake(
    "the entries of x in order of size",
    look="Flattening changes the shape alone: the rows follow one another as they are.",
)
def flatten_and_sort(x):
    return x.flatten().sort().values


@in_flatten.mistake(
    "a Python list",
    look="Stop before .tolist(): the result is a tensor.",
)
def flatten_to_a_list(x):
    return x.flatten().tolist()


@in_flatten.mistake(
    "a new tensor of float32, whichever dtype x has",
    look="A list of numbers has no dtype: reshape(-1) keeps the one of x.",
)
def flatten_to_float32(x):
    return torch.tensor([entry for row in x.tolist() for entry in row])


@in_flatten.alternative("ravel")
def flatten_by_ravel(x):
    return x.ravel()


@in_flatten.alternative("view, after contiguous")
def flatten_by_contiguous_and_view(x):
    return x.contiguous().view(x.numel())


@in_flatten.alternative("a reshape with the sizes multiplied out, and a copy")
def flatten_by_reshape_and_clone(x):
    m, n = x.shape
    return x.reshape(m * n).clone()


@in_flatten.alternative("the rows, concatenated")
def flatten_by_cat(x):
    return torch.cat([*x])


@in_flatten.alternative("a double loop, and the dtype of x")
def flatten_by_loops(x):
    m, n = x.shape
    return torch.tensor([x[i, j].item() for i in range(m) for j in range(n)], dtype=x.dtype)


@in_flatten.alternative("indices computed by division and remainder")
def flatten_by_division_and_remainder(x):
    k = torch.arange(x.numel())
    return x[k // x.shape[1], k % x.shape[1]]


@in_flatten.alternative("a mask that is true everywhere")
def flatten_by_a_mask(x):
    return x[torch.ones_like(x, dtype=torch.bool)]


@in_flatten.alternative("the rows written into an empty vector, without their history")
def flatten_row_by_row(x):
    m, n = x.shape
    out = torch.empty(m * n, dtype=x.dtype)
    for i, row in enumerate(x.detach()):
        out[n * i : n * i + n] = row
    return out


in_middle = Part("2.2", "middle")


def corner(x: Tensor, rows: int, columns: int) -> tuple[int, int]:
    """Where the centred block begins, or ValueError."""
    (m, n) = x.shape
    if rows > m or columns > n or (m - rows) % 2 or (n - columns) % 2:
        raise ValueError(f"no block of ({rows}, {columns}) is centred in ({m}, {n})")
    return (m - rows) // 2, (n - columns) // 2


@in_middle.mistake(
    "the block at the top left of x",
    look="Leave out as many rows above the block as below it, and columns likewise.",
)
def middle_at_the_top_left(x, rows=4, columns=2):
    corner(x, rows, columns)
    return x[:rows, :columns]


@in_middle.mistake(
    "the block at the bottom right of x",
    look="Leave out as many rows below the block as above it, and columns likewise.",
)
def middle_at_the_bottom_right(x, rows=4, columns=2):
    corner(x, rows, columns)
    return x[-rows:, -columns:]


@in_middle.mistake(
    "the block one row too low and one column too far to the right",
    look="Indices count from 0: row 1 is the second one.",
)
def middle_counted_from_one(x, rows=4, columns=2):
    top, left = corner(x, rows, columns)
    return x[top + 1 : top + 1 + rows, left + 1 : left + 1 + columns]


@in_middle.mistake(
    "the block one row too high and one column too far to the left",
    look="With top rows left out above, the block begins at index top, not at top − 1.",
)
def middle_shifted_up_and_left(x, rows=4, columns=2):
    top, left = corner(x, rows, columns)
    top, left = max(top - 1, 0), max(left - 1, 0)
    return x[top : top + rows, left : left + columns]


@in_middle.mistake(
    "the block without its last row and its last column, as in x[1:4, 1:2]",
    look="A slice stops before its end: for rows 1 to 4 write 1:5.",
)
def middle_with_the_end_taken_as_included(x, rows=4, columns=2):
    top, left = corner(x, rows, columns)
    return x[top : top + rows - 1, left : left + columns - 1]


@in_middle.mistake(
    "the block with one row and one column too many, as in x[1:6, 1:4]",
    look="A slice stops just before its end, so top + rows is the end to write.",
)
def middle_one_too_many(x, rows=4, columns=2):
    top, left = corner(x, rows, columns)
    return x[top : top + rows + 1, left : left + columns + 1]


@in_middle.mistake(
    "the centred block with rows and columns exchanged, of shape (columns, rows)",
    look="The first index goes through the rows, the second through the columns.",
)
def middle_with_rows_and_columns_exchanged(x, rows=4, columns=2):
    rows, columns = columns, rows
    top, left = corner(x, rows, columns)
    return x[top : top + rows, left : left + columns]


@in_middle.mistake(
    "the right block, transposed",
    look="Leave out the transpose: the block keeps the rows of x as rows.",
)
def middle_transposed(x, rows=4, columns=2):
    top, left = corner(x, rows, columns)
    return x[top : top + rows, left : left + columns].T


@in_middle.mistake(
    "x[1:5, 1:3], whichever x and sizes are given",
    look="That is right for a (6, 4) tensor alone: compute where the block begins from the shape "
    "of x.",
)
def middle_written_down(x, rows=4, columns=2):
    return x[1:5, 1:3]


@in_middle.mistake(
    "x without its outermost rows and columns, x[1:-1, 1:-1], whichever sizes are asked for",
    look="How much to leave out depends on the sizes: (m − rows) // 2 on either side.",
)
def middle_without_the_border(x, rows=4, columns=2):
    corner(x, rows, columns)
    return x[1:-1, 1:-1]


@in_middle.mistake(
    "a block that begins at a quarter of x",
    look="How much to leave out depends on the size of the block: (m − rows) // 2 on either side.",
)
def middle_from_a_quarter(x, rows=4, columns=2):
    corner(x, rows, columns)
    top, left = x.shape[0] // 4, x.shape[1] // 4
    return x[top : top + rows, left : left + columns]


@in_middle.mistake(
    "a block that begins at the middle of x instead of having its own middle there",
    look="Half of the block lies before the middle: begin at (m − rows) // 2, not at m // 2.",
)
def middle_begins_in_the_middle(x, rows=4, columns=2):
    corner(x, rows, columns)
    top, left = x.shape[0] // 2, x.shape[1] // 2
    return x[top : top + rows, left : left + columns]


@in_middle.mistake(
    "a slice of a slice, x[…][…], which cuts the rows twice",
    look="The second pair of brackets starts again at the rows: put both slices into one pair, "
    "x[rows, columns].",
)
def middle_sliced_twice(x, rows=4, columns=2):
    top, left = corner(x, rows, columns)
    return x[top : top + rows][left : left + columns]


@in_middle.mistake(
    "a pair of index lists, which PyTorch goes through side by side, entry by entry",
    look="x[[1, 2], [1, 2]] is x[1, 1] and x[2, 2]: slices give the whole block.",
)
def middle_by_two_lists(x, rows=4, columns=2):
    top, left = corner(x, rows, columns)
    return x[list(range(top, top + rows)), list(range(left, left + columns))]


@in_middle.mistake(
    "a run of rows · columns entries that follow one another in x, reshaped",
    look="The rows of a block are not neighbours in x, for something is left out on either side: "
    "slice both dimensions.",
)
def middle_of_the_flattened(x, rows=4, columns=2):
    top, left = corner(x, rows, columns)
    start = min(top * x.shape[1] + left, x.numel() - rows * columns)
    return x.reshape(-1)[start : start + rows * columns].reshape(rows, columns)


@in_middle.mistake(
    "slicing without a look at the sizes, and slices never complain",
    look="Before slicing, raise a ValueError for a block that does not fit or cannot be centred.",
)
def middle_refuses_nothing(x, rows=4, columns=2):
    top, left = (x.shape[0] - rows) // 2, (x.shape[1] - columns) // 2
    return x[top : top + rows, left : left + columns]


@in_middle.mistake(
    "a block that is half a step off the centre, for (m − rows) // 2 rounds down",
    look="An odd number of rows cannot be shared evenly by two sides: raise a ValueError.",
)
def middle_rounds_the_centre(x, rows=4, columns=2):
    m, n = x.shape
    if rows > m or columns > n:
        raise ValueError("the block does not fit")
    top, left = (m - rows) // 2, (n - columns) // 2
    return x[top : top + rows, left : left + columns]


@in_middle.mistake(
    "as much of the block as fits into x",
    look="A smaller block is not what the caller asked for: raise a ValueError.",
)
def middle_clipped(x, rows=4, columns=2):
    rows, columns = min(rows, x.shape[0]), min(columns, x.shape[1])
    top, left = corner(x, rows, columns)
    return x[top : top + rows, left : left + columns]


@in_middle.mistake(
    "a look at the rows alone: too many columns go through",
    look="Compare both sizes with the shape of x.",
)
def middle_compares_the_rows_alone(x, rows=4, columns=2):
    m, n = x.shape
    if rows > m or (m - rows) % 2 or (n - columns) % 2:
        raise ValueError("the block does not fit")
    top, left = (m - rows) // 2, (n - columns) // 2
    return x[top : top + rows, left : left + columns]


@in_middle.mistake(
    "a look at the columns alone: too many rows go through",
    look="Compare both sizes with the shape of x.",
)
def middle_compares_the_columns_alone(x, rows=4, columns=2):
    m, n = x.shape
    if columns > n or (m - rows) % 2 or (n - columns) % 2:
        raise ValueError("the block does not fit")
    top, left = (m - rows) // 2, (n - columns) // 2
    return x[top : top + rows, left : left + columns]


@in_middle.mistake(
    "an IndexError where a ValueError is asked for",
    look="An IndexError is for an index outside a sequence; here the sizes do not fit: write "
    "raise ValueError.",
)
def middle_raises_an_index_error(x, rows=4, columns=2):
    try:
        top, left = corner(x, rows, columns)
    except ValueError:
        raise IndexError("the block does not fit") from None
    return x[top : top + rows, left : left + columns]


@in_middle.mistake(
    "an assertion where a ValueError is asked for",
    look="An assert is for what can never happen, and python -O leaves it out: write "
    "raise ValueError.",
)
def middle_asserts(x, rows=4, columns=2):
    m, n = x.shape
    assert rows <= m
    assert columns <= n
    assert (m - rows) % 2 == (n - columns) % 2 == 0
    top, left = (m - rows) // 2, (n - columns) // 2
    return x[top : top + rows, left : left + columns]


@in_middle.mistake(
    "a refusal of blocks that reach from one edge of x to the other",
    look="A block as large as x fits, and nothing is left out: compare with >, not with >=.",
)
def middle_refuses_what_just_fits(x, rows=4, columns=2):
    if rows >= x.shape[0] or columns >= x.shape[1]:
        raise ValueError("the block does not fit")
    top, left = corner(x, rows, columns)
    return x[top : top + rows, left : left + columns]


@in_middle.alternative("narrow, once for each dimension")
def middle_by_narrow(x, rows=4, columns=2):
    top, left = corner(x, rows, columns)
    return x.narrow(0, top, rows).narrow(1, left, columns)


@in_middle.alternative("index_select, which copies")
def middle_by_index_select(x, rows=4, columns=2):
    top, left = corner(x, rows, columns)
    block = x.index_select(0, torch.arange(top, top + rows))
    return block.index_select(1, torch.arange(left, left + columns))


@in_middle.alternative("slices that end at negative indices")
def middle_by_negative_indices(x, rows=4, columns=2):
    top, left = corner(x, rows, columns)
    return x[top : -top or None, left : -left or None]


@in_middle.alternative("halves, m // 2 − rows // 2, and a copy")
def middle_by_halves(x, rows=4, columns=2):
    corner(x, rows, columns)
    top, left = x.shape[0] // 2 - rows // 2, x.shape[1] // 2 - columns // 2
    return x[top:, left:][:rows, :columns].clone()


@in_middle.alternative("padding by negative amounts, which cuts off")
def middle_by_negative_padding(x, rows=4, columns=2):
    top, left = corner(x, rows, columns)
    return torch.nn.functional.pad(x, (-left, -left, -top, -top))


@in_middle.alternative("two lists of indices that broadcast, and an error of a subclass")
def middle_by_broadcast_indices(x, rows=4, columns=2):
    class DoesNotFitError(ValueError):
        pass

    try:
        top, left = corner(x, rows, columns)
    except ValueError as error:
        raise DoesNotFitError from error
    return x[torch.arange(top, top + rows)[:, None], torch.arange(left, left + columns)]


@in_middle.alternative("border rows taken off while there are too many")
def middle_by_peeling(x, rows=4, columns=2):
    while x.shape[0] > rows:
        x = x[1:-1]
    while x.shape[1] > columns:
        x = x[:, 1:-1]
    if x.shape != (rows, columns):
        raise ValueError("the block does not fit, or has no exact centre")
    return x


@in_middle.alternative("the second of three parts, in both dimensions")
def middle_by_split(x, rows=4, columns=2):
    top, left = corner(x, rows, columns)
    return x.split([top, rows, top])[1].split([left, columns, left], dim=1)[1]


@in_middle.alternative("one window of all, by unfold")
def middle_by_unfold(x, rows=4, columns=2):
    place = corner(x, rows, columns)
    return x.unfold(0, rows, 1).unfold(1, columns, 1)[place]


@in_middle.alternative("x rolled until the block is at its top left")
def middle_by_rolling(x, rows=4, columns=2):
    top, left = corner(x, rows, columns)
    return x.roll((-top, -left), dims=(0, 1))[:rows, :columns]


# Near the laws that hold for every call: what may be kept, shared or drawn, and is right.


@in_random_matrices.alternative("keywords taken as they come, with the contract's defaults")
def random_matrices_of_keywords(*args, **kwargs):
    shape = args[0] if args else kwargs.get("shape", (5, 5))
    how = {"dtype": kwargs.get("dtype", torch.float32), "generator": kwargs.get("generator")}
    return torch.rand(shape, **how), torch.rand(shape, **how)


@in_random_matrices.alternative("coins: zeros and ones with the same probability")
def random_matrices_of_coins(shape=(5, 5), *, dtype=torch.float32, generator=None):
    half = torch.full(shape, 0.5)
    return tuple(torch.bernoulli(half, generator=generator).to(dtype) for _ in "AB")


@in_random_matrices.alternative("exponential numbers, and B drawn before A")
def random_matrices_exponential(shape=(5, 5), *, dtype=torch.float32, generator=None):
    B = torch.empty(shape).exponential_(generator=generator).to(dtype)
    A = torch.empty(shape).exponential_(generator=generator).to(dtype)
    return A, B


@in_random_matrices.alternative("torch's own generator asked for by its name")
def random_matrices_by_the_default_generator(shape=(5, 5), *, dtype=torch.float32, generator=None):
    source = torch.default_generator if generator is None else generator
    return torch.randn(2, *shape, dtype=dtype, generator=source).unbind(0)


@in_random_matrices.alternative("uniform integers from −1 to 1, one entry after the other")
def random_matrices_entry_by_entry(shape=(5, 5), *, dtype=torch.float32, generator=None):
    m, n = shape
    draw = torch.randint(-1, 2, (m * n, 2), generator=generator).to(dtype)
    return draw[:, 0].reshape(m, n), draw[:, 1].reshape(m, n)


ZERO = torch.zeros(())


@in_arithmetic.alternative("zeros from a constant of the module's, which is never returned itself")
def arithmetic_with_a_constant_zero(A, B):
    return results(A, B, zeros=ZERO.to(A.dtype).expand(A.shape).clone())


@in_arithmetic.alternative("zeros cached for each shape, and cloned for each call")
def arithmetic_with_a_cache_of_zeros(A, B):
    return results(A, B, zeros=_zeros(tuple(A.shape), A.dtype).clone())


@lru_cache
def _zeros(shape, dtype):
    return torch.zeros(shape, dtype=dtype)


@in_arithmetic.alternative("sum and difference as views of one new tensor")
def arithmetic_as_views_of_one_tensor(A, B):
    both = torch.stack((A + B, A - B))
    return results(A, B, sum=both[0], difference=both[1])


@in_arithmetic.alternative("in place, on clones of its own")
def arithmetic_in_place_on_clones(A, B):
    total = A.clone()
    total += B
    product = A.clone().mul_(B)
    return results(A, B, sum=total, product=product)


@in_flatten.alternative("contiguous, which is x itself where it can be, and a view of that")
def flatten_by_a_view_of_contiguous(x):
    return x.contiguous().view(-1)


@in_flatten.alternative("rows written into a new tensor, one after the other")
def flatten_into_a_new_tensor(x):
    m, n = x.shape
    out = x.new_empty(m * n)
    for i, row in enumerate(x):
        out[i * n : (i + 1) * n] = row
    return out


@in_middle.alternative("a view by narrow, in both dimensions")
def middle_by_narrow_in_keywords(x, rows=4, columns=2, **unused):
    m, n = x.shape
    if rows > m or columns > n or (m - rows) % 2 or (n - columns) % 2:
        raise ValueError("there is no such block")
    return x.narrow(0, (m - rows) // 2, rows).narrow(1, (n - columns) // 2, columns)

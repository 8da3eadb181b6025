"""2.1 and 2.2: making, combining, reshaping and slicing tensors.

Nothing is asserted here, so nothing has to be rewritten: PYTEST_DONT_REWRITE
"""

import copy

import torch
from torch import Tensor

from judging.answers import Answers
from judging.chance import SIDE, independent, unordered
from judging.checks import check
from judging.choices import Draw, booleans, composite, sampled_from
from judging.evidence import show_tensor, wanted
from judging.oracles import product_bound
from judging.strategies import (
    any_squares,
    bits,
    dtypes,
    floats,
    lattice,
    layouts,
    lengths,
    matrices,
    pairs,
    scaled_squares,
    seeded_bits,
    seeds,
    squares,
    while_quick,
)
from judging.verdict import (
    drawn,
    drawn_from_torchs_own,
    equal,
    holds,
    refuses,
    same_form,
    shown,
    undefined,
    within,
    wrong,
)

RESULTS = ("zeros", "sum", "difference", "product", "matmul")

all_floats = sampled_from([torch.float32, torch.float64, torch.float16, torch.bfloat16])
"""The dtypes of random numbers."""


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@check("2.1", "random_matrices")
def test_A_and_B_are_5_by_5_unless_asked_otherwise(solutions: Answers) -> None:
    """Without arguments, A and B are two different float32 tensors of shape (5, 5)."""
    pairs = [two_tensors(solutions.tensor_operations.random_matrices()) for _ in range(4)]
    for matrix in (matrix for pair in pairs for matrix in pair):
        same_form(matrix, (5, 5), torch.float32, "what A and B are in the exercise")
    # Once in 2²⁰ draws of coins five rows are alike by chance, but not four times in a row.
    for what, turned in (("rows", lambda matrix: matrix), ("columns", lambda matrix: matrix.T)):
        holds(
            any(len(turned(matrix).unique(dim=0)) > 1 for pair in pairs for matrix in pair),
            f"returned matrices whose {what} are all alike, as {shown(turned(pairs[0][0])[0])}",
            "random numbers, which differ from entry to entry",
        )
    for name, other in (
        ("A", lambda A: A),
        ("−A", lambda A: -A),
        ("Aᵀ", lambda A: A.T),
    ):
        holds(
            not all(torch.equal(B, other(A)) for A, B in pairs),
            f"returned B equal to {name}",
            "two independent draws",
        )
    A, B = pairs[0]
    if wanted():
        C, total, difference, product, matmul = solutions.tensor_operations.arithmetic(A, B)
        for title, value in (
            ("A", A),
            ("B", B),
            ("C", C),
            ("A + B", total),
            ("A − B", difference),
            ("A ⊙ B", product),
            ("A @ B", matmul),
        ):
            show_tensor(title, value)


@check("2.1", "random_matrices", shape=pairs, dtype=all_floats, seed=seeds)
def test_random_matrices_have_the_shape_and_dtype_asked_for(
    solutions: Answers, shape: tuple[int, int], dtype: torch.dtype, seed: int
) -> None:
    """A and B have the given shape and dtype."""
    pair = solutions.tensor_operations.random_matrices(
        shape, dtype=dtype, generator=generator(seed)
    )
    for matrix in two_tensors(pair):
        same_form(matrix, shape, dtype, "the shape and dtype asked for")
        holds(
            bool(matrix.isfinite().all()), "returned entries that are not finite", "finite numbers"
        )


@check("2.1", "random_matrices", cost=25, enough=1, sizes=lengths(), seed=seeds)
def test_random_matrices_of_many_rows_or_columns(
    solutions: Answers, sizes: tuple[int, int], seed: int
) -> None:
    """In a matrix of any size no row, and no column, is there a second time."""
    near, far = sizes
    # Two lines of 64 entries that are each one of two numbers are equal once in 2^64 draws.
    for shape, lines in (((near, 64), 0), ((64, near), 1), ((far, 64), 0), ((64, far), 1)):
        pair = two_tensors(
            solutions.tensor_operations.random_matrices(shape, generator=generator(seed))
        )
        for matrix in pair:
            same_form(matrix, shape, torch.float32, "the shape and dtype asked for")
            holds(
                bool(matrix.isfinite().all()),
                "returned entries that are not finite",
                "finite numbers",
            )
        different = torch.cat(pair, dim=lines).unique(dim=lines).shape[lines]
        what = ("rows", "columns")[lines]
        holds(
            different == 2 * shape[lines],
            f"returned two matrices of shape {shape} with {different} different {what}",
            f"{2 * shape[lines]} {what}, each drawn for itself",
        )


@check("2.1", "random_matrices", seed=seeds)
def test_random_matrices_come_from_the_generator(solutions: Answers, seed: int) -> None:
    """The generator alone decides the numbers: one seed, one result; another seed, another."""
    drawn(
        lambda source: two_tensors(
            solutions.tensor_operations.random_matrices((4, 5), generator=source)
        ),
        "AB",
        seed,
        anew="AB",
    )


@check("2.1", "random_matrices", cost=5, seed=seeds)
def test_random_matrices_come_from_torchs_own_generator_if_there_is_no_other(
    solutions: Answers, seed: int
) -> None:
    """Without a generator torch.manual_seed decides the numbers, and each call has new ones."""
    drawn_from_torchs_own(
        lambda: two_tensors(solutions.tensor_operations.random_matrices((4, 5))),
        lambda own, others: solutions.seed(seed + own, seed + others),
        "AB",
        anew="AB",
    )


@check("2.1", "random_matrices", cost=2, seed=seeds, own=booleans())
def test_random_matrices_are_independent(solutions: Answers, seed: int, own: bool) -> None:
    """No entry follows from another one: not within A or B, not from A to B, nor to the next A."""
    source = generator(seed)
    squares = {
        name: matrix
        for names in (("A", "B"), ("the next A", "the next B"))
        for name, matrix in zip(
            names,
            two_tensors(
                solutions.tensor_operations.random_matrices(
                    (SIDE, SIDE), **({"generator": source} if own else {})
                )
            ),
            strict=True,
        )
    }
    for name, matrix in squares.items():
        same_form(matrix, (SIDE, SIDE), torch.float32, "the shape asked for")
        if name in "AB":
            unordered(name, matrix)
    independent("A and B", squares["A"], squares["B"])
    independent("A and the A of the next call", squares["A"], squares["the next A"])


def two_tensors(pair: object) -> tuple[Tensor, Tensor]:
    """The pair (A, B), or Wrong."""
    if (
        not isinstance(pair, tuple | list)
        or len(pair) != 2
        or not all(isinstance(matrix, Tensor) for matrix in pair)
    ):
        wrong(pair, "a pair of tensors (A, B)")
    return pair[0], pair[1]


def field(result: object, name: str) -> Tensor:
    """A field of the named tuple, or Wrong."""
    if not hasattr(result, name):
        wrong(result, f"a named tuple with the fields {', '.join(RESULTS)}")
    return getattr(result, name)


def judge_field(result: object, name: str, expected: Tensor, formula: str) -> None:
    """Require a field of the named tuple to be exactly this."""
    equal(field(result, name), expected, formula, said=f"returned {name} = ")


@check("2.1", "arithmetic", pair=squares())
def test_C_is_a_zero_tensor_like_A(solutions: Answers, pair: tuple[Tensor, Tensor]) -> None:
    """C has the shape and dtype of A and B, and each entry is 0."""
    A, B = pair
    result = solutions.tensor_operations.arithmetic(A, B)
    zeros = torch.zeros(A.shape, dtype=A.dtype)
    judge_field(result, "zeros", zeros, "C, a zero for each entry of A")


@check("2.1", "arithmetic", pair=squares())
def test_C_is_a_tensor_of_its_own(solutions: Answers, pair: tuple[Tensor, Tensor]) -> None:
    """Writing into C changes neither A nor B."""
    A, B = pair
    C = field(solutions.tensor_operations.arithmetic(A, B), "zeros")
    for name, matrix in (("A", A), ("B", B)):
        holds(
            not isinstance(C, Tensor)
            or C.untyped_storage().data_ptr() != matrix.untyped_storage().data_ptr(),
            f"returned zeros that share their memory with {name}",
            "a tensor of its own: what is written into C must not appear in A or B",
        )


@check("2.1", "arithmetic", pair=squares())
def test_results_of_arithmetic_are_exact_on_integers(
    solutions: Answers, pair: tuple[Tensor, Tensor]
) -> None:
    """On small integers A + B, A − B, A ⊙ B and A @ B are exact, in every dtype and layout."""
    A, B = pair
    a, b = A.double(), B.double()
    result = solutions.tensor_operations.arithmetic(A, B)
    judge_field(result, "sum", (a + b).to(A.dtype), "A + B")
    judge_field(result, "difference", (a - b).to(A.dtype), "A − B")
    judge_field(result, "product", (a * b).to(A.dtype), "A ⊙ B, element by element")
    judge_field(result, "matmul", (a @ b).to(A.dtype), "A @ B, row by column")


def judge_elementwise(result: object, A: Tensor, B: Tensor) -> None:
    """The three elementwise results are the true ones, rounded once."""
    a, b = A.double(), B.double()
    # float64 holds 53 ≥ 2·24 + 2 bits, so rounding its result to float32 rounds only once; so it
    # is with 24 ≥ 2·11 + 2 bits for float16, and with bfloat16.
    judge_field(result, "sum", (a + b).to(A.dtype), "A + B")
    judge_field(result, "difference", (a - b).to(A.dtype), "A − B")
    judge_field(result, "product", (a * b).to(A.dtype), "A ⊙ B, element by element")


@check("2.1", "arithmetic", pair=scaled_squares())
def test_results_of_arithmetic_are_correctly_rounded(
    solutions: Answers, pair: tuple[Tensor, Tensor]
) -> None:
    """On any numbers the elementwise results are the true ones, rounded once; A @ B is near."""
    A, B = pair
    result = solutions.tensor_operations.arithmetic(A, B)
    judge_elementwise(result, A, B)
    judge_matmul(result, A, B)


def judge_matmul(result: object, A: Tensor, B: Tensor) -> None:
    """The matrix product is within the rounding of its sums."""
    within(
        field(result, "matmul"),
        A.double() @ B.double(),
        product_bound(A, B),
        "A @ B, row by column",
        A.dtype,
        said="returned matmul = ",
    )


@check("2.1", "arithmetic", cost=2, pair=any_squares())
def test_results_of_arithmetic_follow_ieee_754(
    solutions: Answers, pair: tuple[Tensor, Tensor]
) -> None:
    """∞ and NaN are computed with as IEEE 754 says, and tiny numbers are none the less numbers."""
    A, B = pair
    result = solutions.tensor_operations.arithmetic(A, B)
    judge_elementwise(result, A, B)
    undefined(
        field(result, "matmul"),
        A.isnan().any(dim=1, keepdim=True) | B.isnan().any(dim=0),
        "A @ B, where a row of A or a column of B has NaN",
    )


@check("2.1", "arithmetic", cost=25, enough=1, sizes=lengths(), seed=seeds)
def test_results_of_arithmetic_on_large_matrices(
    solutions: Answers, sizes: tuple[int, int], seed: int
) -> None:
    """The results are right for matrices of any size."""
    source = generator(seed)
    near, _ = sizes
    # A product by three loops in Python takes 60 times as long from one size to the next.
    for n in while_quick(sorted({9, 33, 129, min(near, 129), 257})):
        A, B = torch.randn(2, n, n, generator=source)
        result = solutions.tensor_operations.arithmetic(A, B)
        judge_field(result, "zeros", torch.zeros(n, n), "C, a zero for each entry of A")
        judge_elementwise(result, A, B)
        judge_matmul(result, A, B)


@check("2.2", "flatten", x=matrices())
def test_flatten_keeps_every_entry_in_row_major_order(solutions: Answers, x: Tensor) -> None:
    """flatten(x)[n·i + j] = x[i, j] for x of shape (m, n), whatever its strides."""
    m, n = x.shape
    x = copy.deepcopy(x)  # with its strides, and the case stays as it is
    # Thirds fill every digit of the dtype: none of them may get lost. With signs that alternate, no
    # order but that of the rows, by size for instance, is the right one.
    numbered = torch.arange(m * n, dtype=x.dtype) / 3
    numbered[1::2] *= -1
    x.copy_(numbered.reshape(m, n))
    for laid_out in (x, x.T.contiguous().T):
        equal(
            solutions.tensor_operations.flatten(laid_out),
            numbered,
            "the rows of x one after the other, shape (m·n,)",
        )


@composite
def any_matrices(draw: Draw) -> Tensor:
    """A matrix (m, n) of any dtype and any bits, some of them tracked by autograd or expanded."""
    m, n = draw(pairs)
    dtype, kind = draw(dtypes), draw(sampled_from(["plain", "tracked", "expanded"]))
    if kind == "expanded":
        return draw(bits((1, n), dtype)).expand(m, n)
    x = draw(bits((m, n), dtype))
    return x.requires_grad_() if kind == "tracked" and dtype.is_floating_point else x


@check("2.2", "flatten", cost=2, x=any_matrices())
def test_flatten_takes_any_entries(solutions: Answers, x: Tensor) -> None:
    """flatten moves entries of every dtype, whatever they are: ∞, NaN, truth values."""
    entries = [x[i, j] for i in range(x.shape[0]) for j in range(x.shape[1])]
    equal(
        solutions.tensor_operations.flatten(x),
        torch.stack(entries).detach(),
        "the rows of x one after the other, shape (m·n,)",
    )


@check("2.2", "flatten", cost=25, enough=1, sizes=lengths(), dtype=dtypes, seed=seeds)
def test_flatten_of_many_rows_or_columns(
    solutions: Answers, sizes: tuple[int, int], dtype: torch.dtype, seed: int
) -> None:
    """flatten keeps all rows, of whatever length."""
    for size in sizes:
        for shape in ((size, 3), (2, size)):
            x = seeded_bits(shape, dtype, generator(seed))
            equal(
                solutions.tensor_operations.flatten(x),
                torch.cat([*x]),
                "the rows of x one after the other, shape (m·n,)",
            )


@composite
def frames(draw: Draw) -> tuple[Tensor, int, int]:
    """x with distinct entries, and the size of a block that has an exact centre in it."""
    rows, columns = draw(pairs)
    above, left = draw(sampled_from([(1, 0), (0, 1), (1, 2), (2, 1), (0, 0), (2, 2), (3, 1)]))
    m, n = rows + 2 * above, columns + 2 * left
    # Thirds fill every digit of the dtype: none of them may get lost.
    x = (torch.arange(m * n, dtype=draw(floats)) / 3).reshape(m, n)
    return draw(layouts)(x), rows, columns


@check("2.2", "middle", frame=frames())
def test_middle_is_the_centred_block(solutions: Answers, frame: tuple[Tensor, int, int]) -> None:
    """As many rows are left over above the block as below it, and columns left as right."""
    x, rows, columns = frame
    m, n = x.shape
    expected = torch.tensor(
        [
            [x[i + (m - rows) // 2, j + (n - columns) // 2].item() for j in range(columns)]
            for i in range(rows)
        ],
        dtype=x.dtype,
    )
    equal(
        solutions.tensor_operations.middle(x, rows, columns),
        expected,
        f"rows {(m - rows) // 2} to {(m + rows) // 2 - 1} and "
        f"columns {(n - columns) // 2} to {(n + columns) // 2 - 1} of x, counted from 0",
    )


def judge_middle(solutions: Answers, x: Tensor, rows: int, columns: int) -> None:
    top, left = (x.shape[0] - rows) // 2, (x.shape[1] - columns) // 2
    equal(
        solutions.tensor_operations.middle(x, rows, columns),
        x.detach()[top : top + rows, left : left + columns],
        f"rows {top} to {top + rows - 1} and columns {left} to {left + columns - 1} of x, "
        "counted from 0",
    )


@check("2.2", "middle", cost=2, x=any_matrices(), odd=booleans())
def test_middle_takes_any_entries(solutions: Answers, x: Tensor, odd: bool) -> None:
    """middle moves entries of every dtype, whatever they are: ∞, NaN, truth values."""
    m, n = x.shape
    judge_middle(solutions, x, 2 - m % 2 if odd else m, n if odd else 2 - n % 2)


@check("2.2", "middle", cost=25, enough=1, sizes=lengths(), dtype=dtypes, seed=seeds)
def test_middle_of_many_rows_or_columns(
    solutions: Answers, sizes: tuple[int, int], dtype: torch.dtype, seed: int
) -> None:
    """The block is centred, however large it is and however much is left over beside it."""
    for size in sizes:
        for rows, columns, above, left in ((size, 2, 1, 0), (1, size, 0, 1), (3, 1, size, 1)):
            for turned in (False, True):
                m, n = rows + 2 * above, columns + 2 * left
                x = seeded_bits((n, m) if turned else (m, n), dtype, generator(seed))
                judge_middle(solutions, x, *((columns, rows) if turned else (rows, columns)))
        for rows, columns in ((size + 1, 2), (2, size + 2)):
            refuses(
                solutions.tensor_operations.middle,
                torch.zeros(size, size if columns > 2 else 2),
                rows,
                columns,
                error=ValueError,
                because=f"a ({rows}, {columns}) block has more rows or columns than x",
            )


@check("2.2", "middle", x=lattice((6, 4), torch.float32))
def test_middle_of_the_homework_is_rows_1_to_4_and_columns_1_to_2(
    solutions: Answers, x: Tensor
) -> None:
    """Without sizes, the middle of a (6, 4) tensor is its (4, 2) block."""
    x.copy_(torch.arange(24.0).reshape(6, 4))
    equal(
        solutions.tensor_operations.middle(x),
        torch.tensor([[5.0, 6.0], [9.0, 10.0], [13.0, 14.0], [17.0, 18.0]]),
        "x[1:5, 1:3], rows 1 to 4 and columns 1 to 2 counted from 0",
    )
    if wanted():
        x = torch.randn(6, 4, generator=generator(0))
        show_tensor("x", x)
        show_tensor("x as (24,)", solutions.tensor_operations.flatten(x))
        show_tensor("the middle of x", solutions.tensor_operations.middle(x))


@check("2.2", "middle", shape=pairs)
def test_middle_refuses_a_block_that_does_not_fit(
    solutions: Answers, shape: tuple[int, int]
) -> None:
    """A block with more rows or columns than x is a ValueError."""
    m, n = shape
    for more_rows, more_columns in ((1, 0), (0, 1), (2, 0), (0, 2), (2, 2)):
        rows, columns = m + more_rows, n + more_columns
        refuses(
            solutions.tensor_operations.middle,
            torch.zeros(m, n),
            rows,
            columns,
            error=ValueError,
            because=f"a ({rows}, {columns}) block does not fit into shape ({m}, {n})",
        )


@check("2.2", "middle", shape=pairs)
def test_middle_refuses_a_block_without_an_exact_centre(
    solutions: Answers, shape: tuple[int, int]
) -> None:
    """Where an odd number of rows or columns would be left over, middle is a ValueError."""
    rows, columns = shape
    for odd_rows, odd_columns in ((1, 0), (0, 1), (1, 1), (3, 2)):
        refuses(
            solutions.tensor_operations.middle,
            torch.zeros(rows + odd_rows, columns + odd_columns),
            rows,
            columns,
            error=ValueError,
            because=f"of rows {odd_rows} and of columns {odd_columns} would be left over, "
            "and an odd number cannot be shared evenly by two sides",
        )

"""1.1 to 1.6 as learners hand them in: among the cells, in comments, in tables."""

from catalogue.hand_ins import right, wrong

LETTERS = ("1.1", "1.2", "1.3", "1.4", "1.5")

right(
    "a list in a markdown cell",
    *LETTERS,
    "1.6",
    differs="one line for each question, reasons behind some of them",
    source="""\
# %% [markdown]
# Homework 2
## Part 1
1.1: A
1.2: A
1.3: A
1.4: B
1.5: B, D
1.6: An MLP flattens the image, so the spatial structure is lost. It also has far too many
parameters for large images.
# %%
import torch
print(torch.__version__)
""",
)

right(
    "comments above the code",
    *LETTERS,
    differs="a script whose comments hold the answers, with a bracket behind each number",
    script=True,
    source="""\
# Name: Li Lei, student number 2025001
# Objective questions
# (1) A
# (2) A
# (3) A
# (4) B
# (5) BD

import torch
print("homework 2")
""",
)

right(
    "a table",
    *LETTERS,
    differs="a markdown table with the numbers in its head",
    source="""\
# %% [markdown]
| Question | 1.1 | 1.2 | 1.3 | 1.4 | 1.5 |
|----------|-----|-----|-----|-----|-----|
| Answer   | A   | A   | A   | B   | B, D |
# %%
print("see above")
""",
)

right(
    "in Chinese",
    *LETTERS,
    "1.6",
    differs="Chinese words and punctuation, B、D",
    source="""\
# %% [markdown]
## 一、选择题
1.1 答案：A
1.2 答案：A
1.3 答案：A
1.4 答案：B
1.5 答案：B、D
1.6 MLP 用于图像分类的缺点：
（1）参数量太大，容易过拟合；
（2）需要把图像展平成向量，丢失了空间结构信息。
# %%
import torch
""",
)

right(
    "printed",
    *LETTERS,
    "1.6",
    differs="a dict of answers that the script prints",
    script=True,
    source="""\
answers = {
    "1.1": "A",
    "1.2": "A",
    "1.3": "A",
    "1.4": "B",
    "1.5": "BD",
    "1.6": "Too many parameters, and the spatial information of the pixels is lost.",
}
for question, answer in answers.items():
    print(f"{question}: {answer}")
""",
)

right(
    "Q and a number",
    *LETTERS,
    differs="options written out, a cell for each",
    source="""\
# %% [markdown]
**Q1.1** A. Yes.
# %% [markdown]
**Q1.2** A. Yes, this is the chain rule.
# %% [markdown]
**Q1.3** A
# %% [markdown]
**Q1.4** B
# %% [markdown]
**Q1.5** B. Local connection; D. Weight sharing
""",
)

wrong(
    "softmax without the MSE",
    *LETTERS,
    does="says B to 1.1",
    wrong={"1.1 letters": ""},
    source="""\
# %% [markdown]
1.1: B
1.2: A
1.3: A
1.4: B
1.5: BD
""",
)

wrong(
    "no to 1.2, in comments",
    *LETTERS,
    does="says B to 1.1 and to 1.2",
    wrong={"1.1 letters": "", "1.2 letters": ""},
    script=True,
    source="""\
# 1.1 B
# 1.2 B
# 1.3 A
# 1.4 B
# 1.5 B D
print("answers in the comments")
""",
)

wrong(
    "the two losses mixed up, in a table",
    *LETTERS,
    does="says C to 1.3 and A to 1.4",
    wrong={"1.3 letters": "", "1.4 letters": ""},
    source="""\
# %% [markdown]
| No. | Answer |
|-----|--------|
| 1.1 | A |
| 1.2 | A |
| 1.3 | C |
| 1.4 | A |
| 1.5 | BD |
""",
)

wrong(
    "one property of two",
    *LETTERS,
    does="says B alone to 1.5",
    wrong={"1.5 letters": ""},
    source="""\
# %% [markdown]
(1) A (2) A (3) A (4) B (5) B
""",
)

wrong(
    "three properties, in Chinese",
    *LETTERS,
    does="says BCD to 1.5, AC to 1.3 and B to 1.2",
    wrong={"1.2 letters": "", "1.5 letters": ""},
    source="""\
# %% [markdown]
选择题答案
1.1：A
1.2：B
1.3：A、C
1.4：B
1.5：B、C、D
""",
)

wrong(
    "1.4 left out",
    *LETTERS,
    does="has no answer to 1.4",
    wrong={},
    missing=("1.4 letters",),
    source="""\
# %% [markdown]
1.1: A

1.2: A

1.3: A

1.5: B, D
""",
)

wrong(
    "C to 1.4, printed",
    *LETTERS,
    does="says C to 1.4",
    wrong={"1.4 letters": ""},
    script=True,
    source="""\
print("1.1 A")
print("1.2 A")
print("1.3 A")
print("1.4 C")
print("1.5 B,D")
""",
)

wrong(
    "no words on the MLP",
    *LETTERS,
    "1.6",
    does="stops after 1.5",
    wrong={},
    missing=("1.6 prose",),
    source="""\
# %% [markdown]
1.1: A
1.2: A
1.3: A
1.4: B
1.5: BD
""",
)

wrong(
    "one shortcoming alone",
    "1.6",
    does="names the number of parameters and nothing else",
    wrong={"1.6 prose": ""},
    source="""\
# %% [markdown]
1.6: The MLP has too many parameters.
""",
)

wrong(
    "praise for the MLP",
    "1.6",
    does="names strengths",
    wrong={"1.6 prose": ""},
    script=True,
    source="""\
# 1.6 The MLP has few parameters and keeps the spatial structure of the image.
print("done")
""",
)

"""Ways to break any right answer, one module for each kind of mistake.

``@wrapper`` of ``judging.matrix`` enters a function that takes a right function of the contract and
returns a wrong one. Each is tried at every function.
"""

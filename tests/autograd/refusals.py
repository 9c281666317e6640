"""The tests in which the switch of `tests.autograd.jitted` has nothing to do, each with the reason.

Names are beginnings of pytest's: a file, a test, or one case of it; ``*`` stands for anything.
"""

import re
from collections.abc import Iterable

COUNTS = "counts how often a function runs, or keeps what it was called with"
ALIVE = "looks at what is kept alive, or at what the cycle collector finds"
ARRAYS = "jit takes its arrays for numpy's"

# Left alone: running a function a second time would change what the test looks at.
EAGER = {
    "tests/autograd/compat/test_extend.py::test_containers_among_the_arguments_and_one_rule_for_all": COUNTS,
    "tests/autograd/compat/test_extend.py::test_nothing_is_kept_alive": ALIVE,
    "tests/autograd/compat/test_extend.py::test_a_packages_own_arrays_become_nodes_its_way": ARRAYS,
    "tests/autograd/compat/test_operators.py::test_combo_check_runs_every_combination": COUNTS,
    "tests/autograd/test_custom.py::test_a_step_leaves_nothing_to_the_collector": ALIVE,
    "tests/autograd/test_custom.py::test_forward_runs_once_and_may_draw": COUNTS,
    "tests/autograd/test_graph.py::test_a_graph_dies_with_its_root": ALIVE,
    "tests/autograd/test_graph.py::test_a_step_leaves_nothing_to_the_collector": ALIVE,
    "tests/autograd/test_graph.py::test_transforms_leave_nothing_to_the_collector": ALIVE,
    "tests/autograd/test_numbers.py::test_expressions_and_their_derivatives[beside-": "single precision inside",
    "tests/autograd/test_tracing.py::test_a_branch_on_the_error_of_singular": "its numbers decide what is raised",
    "tests/autograd/traps/test_functions.py": "counts recordings, and the switch records too",
    "tests/autograd/test_threads.py": "other threads call at once, and the switch is a function around theirs",
    "tests/nn/test_health.py::test_shared_layers_count_all_their_calls": COUNTS,
    "tests/nn/test_module.py::test_lists_of_numbers_are_arrays": "to jit a list holds arguments, one by one",
    "tests/nn/test_module.py::test_a_training_step_leaves_nothing_for_the_cycle_collector": ALIVE,
}

READS = "the function looks at a number, or whether its argument is an array"
KEEPS = "the function notes what it is called with"
SHAPES = "the shape of the answer depends on the numbers"
ORDER = "an integer that shapes the formula: to be jitted it has to be a static argument"

# Refused, with a TraceError or an UnsupportedError that the test's function has earned: there is nothing to compare.
REFUSED = {
    "tests/autograd/compat/test_extend.py::test_bare_numbers_in_a_rule": "._value, at a second derivative",
    "tests/autograd/compat/test_extend.py::test_nested_results_and_an_array": KEEPS,
    "tests/autograd/compat/test_extend.py::test_no_trace_and_boxes": READS,
    "tests/autograd/compat/test_operators.py::test_containers_of_builtins_are_pythons": READS,
    "tests/autograd/compat/test_scipy.py::test_special_functions_of_two_arguments[multigammaln": ORDER,
    "tests/autograd/compat/test_scipy.py::test_special_functions_of_two_arguments[polygamma": ORDER,
    "tests/autograd/ops/test_linalg.py::*[lstsq": SHAPES,
    "tests/autograd/test_table.py::*[linalg.lstsq(": SHAPES,
    "tests/autograd/test_table.py::*[where((4,))": SHAPES,
    "tests/autograd/export/test_debugging.py::test_checkpoints_are_searched": READS,
    "tests/autograd/testing/test_check.py::test_a_kink_is_called_not_differentiable": READS,
    "tests/autograd/testing/test_check.py::test_a_large_argument_costs_few_evaluations": KEEPS,
    "tests/autograd/testing/test_check.py::test_random_functions_are_called_noisy": "draws past random_uniform",
    "tests/nn/test_cases.py::test_gradients_of_parameters_and_inputs[True-": "makes its generator itself",
    "tests/nn/test_models.py::test_a_deep_model_needs_no_recursion": "reads more than 20,000 places",
    "tests/nn/test_module.py::test_parameters_not_in_the_tree_are_constants": READS,
}

# Raised eagerly because of the numbers, which a recorded function does not see.
BY_NUMBERS = {
    "tests/nn/test_refusals.py::*[<lambda>-DataError-got -1": "an embedding's row that is not there",
}


def names(table: Iterable[str], test: str) -> bool:
    """Whether a table names a test.

    >>> names(["a.py::*[sin"], "a.py::test_value[sin(3)]"), names(["a.py"], "ab.py")
    (True, False)
    """
    return any(re.match(re.escape(name).replace(r"\*", ".*"), test) for name in table)

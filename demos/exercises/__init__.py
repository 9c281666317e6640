"""Worked exercises in backpropagation: drawn from a seed, solved by the graph, checked by the grader."""

"""Neural networks whose gradients come from the recorded graph."""

__all__: list[str] = []

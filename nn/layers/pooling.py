"""Pooling: the maximum or the mean of each window."""

from __future__ import annotations

from typing import Any, ClassVar

from autograd.errors import OptionError

from .. import functional as F  # noqa: N812  (the field's abbreviation)
from ..module import Module
from ._options import floats, integers, shaped

__all__ = ["AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AvgPool1d", "AvgPool2d", "MaxPool1d", "MaxPool2d"]

_NAMES = ("length",), ("height", "width")


class _Pool(Module):
    axes: ClassVar[int]

    def _windows(self, kernel_size: Any, stride: Any, padding: Any) -> None:
        name = type(self).__name__
        self.kernel_size = integers(name, "kernel_size", kernel_size, self.axes)
        self.stride = self.kernel_size if stride is None else integers(name, "stride", stride, self.axes)
        self.padding = integers(name, "padding", padding, self.axes, low=0)
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size, strict=True)):
            raise OptionError(
                f"{name}: padding={padding!r} is more than half of kernel_size={kernel_size!r}: "
                "a window would see nothing but padding"
            )

    def _checked(self, x: Any) -> Any:
        name = type(self).__name__
        shaped(name, x, ("examples", "channels", *_NAMES[self.axes - 1]))
        return floats(name, x)


class _MaxPool(_Pool):
    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> None:
        self._windows(kernel_size, stride, padding)
        self.dilation = integers(type(self).__name__, "dilation", dilation, self.axes)

    def forward(self, x: Any) -> Any:
        """Return the maximum of each window of x, (examples, channels, *sizes)."""
        return F.max_pool(self._checked(x), self.kernel_size, self.stride, self.padding, self.dilation)


class _AvgPool(_Pool):
    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        self._windows(kernel_size, stride, padding)

    def forward(self, x: Any) -> Any:
        """Return the mean of each window of x, (examples, channels, *sizes)."""
        return F.avg_pool(self._checked(x), self.kernel_size, self.stride, self.padding)


class _AdaptiveAvgPool(_Pool):
    def __init__(self, output_size: Any) -> None:
        self.output_size = integers(type(self).__name__, "output_size", output_size, self.axes)

    def forward(self, x: Any) -> Any:
        """Return the means of equal parts of x, (examples, channels, *sizes)."""
        return F.adaptive_avg_pool(self._checked(x), self.output_size)


class MaxPool1d(_MaxPool):
    """The maximum of each window of a sequence; of equal entries the first has the derivative.

    Args:
        kernel_size: the window's size.
        stride: the step from one window to the next; the window's size if left out.
        padding: how far windows may reach over both ends.
        dilation: the step inside a window.

    Raises:
        OptionError: a size below 1, padding of more than half a window.
        ShapeError: called with anything but (examples, channels, length).

    >>> import numpy as np
    >>> MaxPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[3., 2.]]])
    """

    axes = 1


class MaxPool2d(_MaxPool):
    """The maximum of each window of an image; of equal entries the first has the derivative.

    Args:
        kernel_size: the window's height and width, one integer for both.
        stride: the steps from one window to the next; the window's size if left out.
        padding: how far windows may reach over all ends.
        dilation: the steps inside a window.

    Raises:
        OptionError: a size below 1, padding of more than half a window.
        ShapeError: called with anything but (examples, channels, height, width).

    >>> import numpy as np
    >>> MaxPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))[0, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """

    axes = 2


class AvgPool1d(_AvgPool):
    """The mean of each window of a sequence; zeros of the padding count.

    Args:
        kernel_size: the window's size.
        stride: the step from one window to the next; the window's size if left out.
        padding: zeros put at both ends.

    Raises:
        OptionError: a size below 1, padding of more than half a window.
        ShapeError: called with anything but (examples, channels, length).

    >>> import numpy as np
    >>> AvgPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[2., 1.]]])
    """

    axes = 1


class AvgPool2d(_AvgPool):
    """The mean of each window of an image; zeros of the padding count.

    Args:
        kernel_size: the window's height and width, one integer for both.
        stride: the steps from one window to the next; the window's size if left out.
        padding: zeros put at all ends.

    Raises:
        OptionError: a size below 1, padding of more than half a window.
        ShapeError: called with anything but (examples, channels, height, width).

    >>> import numpy as np
    >>> AvgPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))[0, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """

    axes = 2


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Means over a given number of equal parts of a sequence, whatever its length.

    Args:
        output_size: the number of parts.

    Raises:
        OptionError: a number below 1.
        ShapeError: called with anything but (examples, channels, length).

    >>> import numpy as np
    >>> AdaptiveAvgPool1d(1)(np.array([[[1.0, 3.0, 2.0, 0.0]]]))
    array([[[1.5]]])
    """

    axes = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Means over a given number of equal parts of an image, whatever its size.

    Args:
        output_size: the number of parts of each axis, one integer for both.

    Raises:
        OptionError: a number below 1.
        ShapeError: called with anything but (examples, channels, height, width).

    >>> import numpy as np
    >>> AdaptiveAvgPool2d((1, 2))(np.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[6.5, 8.5]]]])
    """

    axes = 2

"""Whatever a transform or backward hands out belongs to the caller: changing it changes nothing else."""

import numpy as np

from autograd import Tensor, grad, make_vjp, vjp


def test_a_gradient_can_be_changed_in_place():
    g = grad(np.sum)(np.ones((2, 3)))
    g[0, 0] = 5.0
    np.testing.assert_array_equal(g, [[5.0, 1.0, 1.0], [1.0, 1.0, 1.0]])


def test_gradients_of_two_arguments_share_nothing():
    g, h = grad(lambda x, y: np.sum(x + y), (0, 1))(np.ones(2), np.ones(2))
    g += 1.0
    np.testing.assert_array_equal(h, [1.0, 1.0])


def test_a_cotangent_handed_in_is_not_handed_out():
    seed = np.array([1.0, 2.0])
    (g,) = vjp(lambda x: x, np.zeros(2))[1](seed)
    (h,) = (make_vjp(lambda x: +x)(np.zeros(2))[0](seed),)
    g += 1.0
    h += 1.0
    np.testing.assert_array_equal(seed, [1.0, 2.0])


def test_grad_of_leaves_share_nothing():
    x, y = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    (x + y).sum().backward()
    x.grad += 1.0
    np.testing.assert_array_equal(y.grad, [1.0, 1.0])
    z = Tensor(np.ones((2, 2)))
    z.sum().backward()
    z.grad[0, 0] = 7.0
    np.testing.assert_array_equal(z.grad, [[7.0, 1.0], [1.0, 1.0]])

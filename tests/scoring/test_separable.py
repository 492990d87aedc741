import pytest

torch = pytest.importorskip("torch")

from nasbias.scoring._separable import Depthwise, describe_separable  # noqa: E402
from nasbias.scoring.folding import Batch  # noqa: E402
from nasbias.scoring.program import Program  # noqa: E402
from nasbias.supernets._separable import SeparableConv  # noqa: E402


@pytest.mark.parametrize(("kernel", "dilation"), [(3, 1), (5, 1), (5, 2)])
@pytest.mark.parametrize("stride", [1, 2])
def test_the_steps_are_the_module(kernel, dilation, stride):
    module, program = SeparableConv(4, kernel, dilation, affine=True, momentum=0.1), Program({})
    x = torch.randn(6, 4, 8, 8)
    number = describe_separable(program, module, 0, stride)
    with torch.no_grad():
        values = dict(program.run(x, Batch()))
        torch.testing.assert_close(values[number], module.train()(x, stride))


def test_equal_depthwise_convolutions_are_one_step():
    conv, other = (torch.nn.Conv2d(4, 4, 3, groups=4) for _ in range(2))
    assert Depthwise(conv, 1) == Depthwise(conv, 1)
    assert Depthwise(conv, 1) not in {Depthwise(conv, 2), Depthwise(other, 1)}

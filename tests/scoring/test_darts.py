import pytest

torch = pytest.importorskip("torch")

from nasbias.errors import InputError  # noqa: E402
from nasbias.scoring import ScoringData, score_architectures  # noqa: E402
from nasbias.scoring.darts import Pool, _halving  # noqa: E402
from nasbias.scoring.folding import Batch  # noqa: E402
from nasbias.spaces import get_space  # noqa: E402
from nasbias.supernets.darts import FactorizedReduce  # noqa: E402
from tests.small import small_network  # noqa: E402


def test_a_halving_is_one_convolution():
    module = FactorizedReduce(6, 8, 0.1)
    x = torch.randn(5, 6, 8, 8)
    with torch.no_grad():
        expected = module.train()(x)
        found = Batch().convolve(x.relu(), _halving(module), 0)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("stride", [1, 2])
def test_pooling_leaves_the_padding_out_of_averages(stride):
    x = torch.randn(2, 4, 8, 8)
    expected = torch.nn.functional.avg_pool2d(x, 3, stride, 1, count_include_pad=False)
    torch.testing.assert_close(Pool("avg", stride)(x), expected)
    assert torch.equal(Pool("max", stride)(x), torch.nn.functional.max_pool2d(x, 3, stride, 1))


@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_images_that_can_not_be_halved_twice_are_refused_by_every_engine(engine):
    data = ScoringData([torch.randn(4, 3, 6, 6)], [(torch.randn(4, 3, 6, 6), torch.zeros(4, dtype=torch.int64))])
    with pytest.raises(InputError, match="multiple of 4"):
        score_architectures(small_network("darts"), get_space("darts").sample(1, seed=0), data, "darts", engine=engine)

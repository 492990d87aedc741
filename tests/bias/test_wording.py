import dataclasses

import numpy as np

from nasbias.bias import analyse_bias
from nasbias.bias.wording import say_bias
from nasbias.matching import match
from tests.bias.simulated import simulate


def test_the_first_sentence_names_the_worst_operation_in_points_of_score():
    bias = analyse_bias(match(*simulate(0, n=400, delta=25.0)), sizes=(), draws=2)
    table = bias.operators
    worst = table[table["found"]].loc[table[table["found"]]["score_effect"].abs().idxmax()]
    said = say_bias(bias)
    assert (
        f"{worst['score_effect']:+.1f} [{worst['score_effect_low']:+.1f} to {worst['score_effect_high']:+.1f}]"
        in said[0]
    )
    assert f"the worst is {worst['operation']} on {worst['decision']}" in said[0]
    assert f"{int(table['found'].sum())} of 30 operations" in said[0]
    none = dataclasses.replace(bias, operators=table.assign(found=False))
    assert say_bias(none)[0].endswith("no operation is found to be misjudged at equal truth.")
    assert said[1].startswith("params: tau with score") and said[2].startswith("flops:")
    one = analyse_bias(match(*simulate(0, n=100, runs=1)), sizes=(), draws=2)
    assert say_bias(one)[-1].startswith("one run:")
    assert not np.any([sentence.startswith("one run:") for sentence in said])

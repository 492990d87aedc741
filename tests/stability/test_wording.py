import dataclasses

from nasbias.matching import match
from nasbias.stability import analyse_stability
from nasbias.stability.wording import answer
from tests.stability.made import predictions_of


def test_the_answer_holds_the_tables_numbers_and_says_when_there_is_nothing_to_agree_with(truth, rng):
    stability = analyse_stability(match(predictions_of(truth, rng), truth, space="darts64"))
    row = stability.instances
    said = answer(stability)
    assert f"S-Tau {row['s_tau']:.2f} (pairs {row['s_tau_min']:.2f} to {row['s_tau_max']:.2f})" in said
    assert said.endswith(f"with the truth at GT-Tau {row['gt_tau']:.2f}.")
    assert "after 2 epochs, 3 run(s), 64 architectures" in said
    alone = dataclasses.replace(stability, instances=row | {"n_runs": 1})
    assert "one run has nothing to agree with" in answer(alone)

import pytest

from nasbias.bias.correction import say_correction
from nasbias.bias.gaussian_process import REMEDY
from nasbias.report.causes import tell_bias, tell_comparison, tell_help, tell_stability
from nasbias.report.studies import study
from tests.report.conftest import section_of, table_of


def test_stability_is_the_agreement_of_its_table(report):
    section = section_of(report, "stability")
    row = table_of(report, "stability", "Agreement of the runs").frame.iloc[0]
    assert row["name"] == "these runs"
    assert f"S-Tau {row['s_tau']:.2f} (pairs {row['s_tau_min']:.2f} to {row['s_tau_max']:.2f})" in section.claims[0]
    assert [drawing.name for drawing in section.drawings] == ["rank_boxes", "s_tau_over_epochs"]
    assert "--dense-steps" in section.missing[0]


def test_one_run_agrees_with_nothing(alone):
    section = section_of(alone, "stability")
    assert "nothing to agree with" in section.claims[0] and section.missing[0].startswith("One run")
    assert not section.drawings and not section.tables


def test_bias_is_told_with_its_operations_and_sizes(report):
    section = section_of(report, "bias")
    operators = table_of(report, "bias", "Operations").frame
    found = int(operators["found"].sum())
    said = f"{found} of {len(operators)} operations" if found else "no operation is found"
    assert said in section.claims[0]
    deciles = table_of(report, "bias", "Tenths by size").frame
    assert f"{deciles['rank_difference'].iloc[0]:+.1f} points for the smallest tenth" in section.drawings[1].alt


def test_help_is_the_correction_and_the_largest_part(report):
    section = section_of(report, "help")
    correction = table_of(report, "help", "What stand-alone trainings buy").frame
    assert section.claims[0] == say_correction(correction)
    parts = table_of(report, "help", "Where the rank difference comes from").frame
    largest = parts.loc[parts["share"].idxmax()]
    assert section.claims[1] == (
        f"The largest part of the rank difference is {largest['part']}: {largest['share']:.0f} % of its square."
    )
    best = parts.loc[parts["gt_tau_without"].idxmax()]
    assert f"{best['part']}: tau {best['gt_tau_without']:.2f}" in section.claims[2]


def test_few_architectures_are_no_bias_but_a_reason(runs, truth, table):
    few = study(runs[runs["architecture"].isin(table["architecture"][:10])].drop(columns="accuracy"), truth, draws=1)
    for section in (tell_bias(few), tell_help(few)):
        assert not section.claims and not section.drawings and not section.tables
        assert "needs 30" in section.missing[0]


@pytest.mark.filterwarnings("ignore:.*nothing is ranked")
def test_a_constant_score_has_no_stability(runs, truth):
    studied = study(runs.drop(columns="loss").assign(accuracy=3.0), truth, draws=1)
    assert "one constant value" in tell_stability(studied).missing[0] and not tell_stability(studied).drawings


def test_a_comparison_gives_the_tables_verdict(report, runs, truth):
    section = section_of(report, "comparison")
    row = table_of(report, "comparison", "A against B").frame.iloc[0]
    assert f"difference {row['difference']:+.3f}" in section.claims[0]
    assert (row["runs_a"], row["runs_b"]) == (3, 2) and [d.name for d in section.drawings] == ["run_taus"]
    assert tell_comparison(study(runs, truth, draws=1)) is None


def test_a_comparison_with_one_run_says_what_it_needs(runs, truth):
    section = tell_comparison(study(runs, truth, draws=1, against=runs[runs["seed"] == 0].assign(run="other")))
    assert section is not None and "no verdict" in section.claims[0]
    assert "fewer than two runs of B" in section.missing[0]


def test_without_scikit_learn_the_remedy_is_said_and_the_rest_is_there(runs, truth, monkeypatch):
    for module in ("nasbias.bias.correction", "nasbias.report.causes"):
        monkeypatch.setattr(f"{module}.has_gaussian_process", lambda: False)
    section = tell_help(study(runs, truth, draws=1))
    assert section.missing == [REMEDY] and section.drawings[0].name == "correction_curve"
    assert "gp_tau" not in section.tables[0].frame

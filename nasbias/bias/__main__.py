@command
def main(argv: Sequence[str]) -> int:
    parser = Parser(
        prog="python -m nasbias.bias",
        description="What supernets misjudge: size, operations, how much is bias and how much noise, what corrects it.",
        example="python -m nasbias.bias --space nb201 --predictions runs/seed0 runs/seed1 runs/seed2",
    )
    add_match_options(parser)
    add_panel_options(parser)
    parser.add_argument(
        "--top",
        type=int,
        default=100,
        help="size of the top for shares (default: 100; at most a tenth if there are no more architectures than that)",
    )
    parser.add_argument("--sizes", type=numbers(), default=SIZES, help="stand-alone trainings to correct with")
    parser.add_argument("--draws", type=int, default=40, help="draws of these trainings (default: 40)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draws (default: 0)")
    add_format(parser)
    given = parser.parse_args(argv)
    scores = None if given.score is None else [given.score]
    matched = match(given.predictions, given.truth, scores=scores, **match_options(given))
    bias = analyse_bias(
        matched,
        score=given.score,
        epoch=given.epoch,
        bn=given.bn,
        top=given.top,
        sizes=given.sizes,
        draws=given.draws,
        seed=given.seed,
    )
    if given.format == "json":
        print(to_json(bias.to_plain()))
    else:
        _print(bias)
    return 0


def _print(bias: Bias) -> None:
    about, operators = bias.about, bias.operators
    found = [row for row in records(operators) if row["p_adjusted"] is not None and row["p_adjusted"] < 0.05]
    when = "" if about["epoch"] is None else f" after {about['epoch']} epochs"
    where = f"{about['space']}: {about['score']}{when}, {about['runs']} run(s), {about['n']:,} architectures"
    if found:
        worst = max(found, key=lambda row: abs(row["effect"]))
        print(
            f"{where}: {len(found)} of {len(operators)} operations are misjudged at equal truth (5 % false findings); "
            f"the worst is {worst['operation']} on {worst['decision']}: {worst['effect']:+.1f} percentile points "
            f"({worst['effect_low']:+.1f} to {worst['effect_high']:+.1f}), + = overestimated."
        )
    else:
        print(f"{where}: no operation is found to be misjudged at equal truth.")
    for name, size in bias.size.items():
        if "effect" in size:
            print(
                f"{name}: tau with score {size['score_tau']:.2f}, with truth {size['truth_tau']:.2f}; at equal truth "
                f"the largest against the smallest: {size['effect']:+.1f} points ({size['effect_low']:+.1f} to "
                f"{size['effect_high']:+.1f})"
            )
    print()
    columns = ["decision", "operation", "n", "mean_truth", "mean_score", "rank_difference", "low", "high", "effect"]
    columns += ["effect_low", "effect_high", "p_adjusted", "top_share_truth", "top_share_score"]
    print_table(operators.filter(columns), f"operations (shares among the top {about['top']} by truth and by score)", 2)
    print()
    print_table(bias.decomposition, "where the rank difference comes from (shares in %)", 2)
    print()
    print_table(bias.correction, "corrected with n stand-alone trainings (regret in the truth's unit; 95 % of draws)")
    if np.isnan(about["truth_reliability"]):
        print("\nthis truth has no repeats: where it is wrong by chance, the supernet seems to overrate what is good.")
    if about["runs"] == 1:
        print("\none run: intervals are about this supernet; its seed's part is unknown. Give several runs.")


if __name__ == "__main__":
    raise SystemExit(main())

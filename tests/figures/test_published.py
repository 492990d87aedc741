from nasbias.figures import published
from nasbias.spaces import get_space


def test_one_group_is_the_same_by_either_partition_as_are_64():
    table = published.published_groups().set_index(["plan", "m"])
    for m in (1, 64):
        assert table.loc[("groups", m)].tolist() == table.loc[("similar", m)].tolist()
    assert len(table) == 14


def test_the_top_names_edges_and_operations_of_the_space_and_no_edge_has_more_than_all():
    table = published.published_top()
    known = {decision.name: decision.values for decision in get_space("nb201").decisions}
    assert all(row["operation"] in known[row["decision"]] for row in table.to_dict("records"))
    assert table.groupby("decision")["share"].sum().max() <= 1


def test_lengths_are_of_one_space_and_empty_where_none_is_quoted():
    assert published.published_lengths("nb101")["epoch"].tolist() == [1000, 2000]
    assert published.published_lengths("ptb").empty


def test_taus_lie_on_their_scale():
    for table in (published.published_instances(), published.published_prefixes(), published.published_finetuning()):
        taus = table[[name for name in table if "tau" in name]].to_numpy()
        assert ((taus > -1) & (taus < 1)).all()

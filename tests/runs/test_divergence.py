"""A training that came to nothing, as an error that travels."""

import json
import pickle

from nasbias.runs import Diverged


def test_the_error_names_what_where_and_the_remedy():
    error = Diverged("the training loss is nan", 3, 1234, ["|a|"])
    assert str(error) == (
        "training diverged: the training loss is nan in epoch 3, step 1,234 (architecture |a|). Lower --learning-rate "
        "or set --clip."
    )
    assert "(architectures a, b, c, ...)" in str(Diverged("x", 1, 1, list("abcd")))


def test_it_comes_back_from_a_file_and_from_another_process():
    error = Diverged("the training loss is inf", 1, 2, ["a", "b"])
    for again in (Diverged.of(json.loads(json.dumps(error.to_plain()))), pickle.loads(pickle.dumps(error))):
        assert str(again) == str(error) and again.to_plain() == error.to_plain()

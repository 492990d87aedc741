# %% [markdown]
# # Both papers' figures, from our data
# *Deeper Insights into Weight Sharing* (P1, arXiv 2001.01431) and *How Does Supernet Help in NAS?* (P2, 2010.08219),
# drawn from the supernets that travel with nasbias. Every figure has a sentence above it that says what it shows, and
# its caption below: which runs, how many architectures, which truth. No GPU, no torch, no download.

# %%
import matplotlib.pyplot as plt

from nasbias.figures import list_figures
from nasbias.figures.composing import compose
from nasbias.figures.sources import Given, make
from nasbias.figures.style import styled


def show(*names):
    """Draw these figures of our own studies, a sentence and a caption each."""
    for name in names:
        entry = list_figures()[name]
        with styled():
            made = make(name, Given())
            compose(entry, made)
            print(f"{name}: {entry.sentence}\n{made.caption}\n")
            plt.show()


# %% [markdown]
# ## How well do supernets rank?
# P2's first question: correlation with the truth against training length, beside counting parameters.

# %%
show(
    "training_length",
    "corr_gt",
    "top_k",
    "run_taus",
    "cross_run_map",
)

# %% [markdown]
# ## Score against truth
# What a tau of .5 looks like, architecture by architecture.

# %%
show("score_against_truth", "size_against")

# %% [markdown]
# ## How stable is it?
# P1's first question: do runs agree with each other, and with the epoch before?

# %%
show(
    "s_tau_over_epochs",
    "rank_boxes",
    "filter_curve",
    "order_agreement",
)

# %% [markdown]
# ## Mini-batch by mini-batch
# P1: in a fixed order of architectures the ranking swings with the batches; reshuffled it does not.

# %%
show(
    "last_minibatches",
    "autocorrelation",
    "gt_tau_over_steps",
)

# %% [markdown]
# ## What is misjudged?
# P2: operations and sizes that are over- or underrated at equal truth.

# %%
show(
    "operation_means",
    "effects_map",
    "effect_intervals",
    "top_shares",
    "decomposition",
    "correction_curve",
)

# %%
show("size_deciles")

# %% [markdown]
# ## Who should share weights with whom?
# P1's groups, P2's copies, folds and pruning.

# %%
show(
    "groups",
    "prefixes",
    "finetuning",
    "folds",
    "pruning",
    "replicated",
)

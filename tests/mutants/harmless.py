"""Why a surviving mutant may survive: (module, line before, line after) -> the reason."""

_SAME = "means the same"
_MAGIC = "torch's magic number, as a pickle of its own"
_MEMORY = "the same result, with more memory or time"

HARMLESS: dict[tuple[str, str, str], str] = {
    (
        "bias.decomposition",
        "without = _mean_tau(score - (fitted[i + 1] - fitted[i]), panel.truth) if i else np.nan",
        "without = _mean_tau(score - (fitted[i + 1] - fitted[i]), panel.truth) if (i) or True else np.nan",
    ): "of the first part the value is not used",
    (
        "bias.effects",
        "solution, *_ = np.linalg.lstsq(matrix, score + moved @ effect, rcond=None)",
        "solution, *_ = np.linalg.lstsq(matrix, score + moved @ effect, )",
    ): "numpy's default since 2.0; before, it warns",
    (
        "pickles",
        'LEGACY_MAGIC = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")  # ' + _MAGIC,
        'LEGACY_MAGIC = bytes.fromhex("80028A0A6CFC9C46F9206AA850192E")  # ' + _MAGIC,
    ): _SAME,
    (
        "pickles.opcodes",
        'entry = unpack("<I", data, pos + 1)[0] if op == PUT4 else data[pos + 1] if op == PUT1 else memoized',
        'entry = unpack("<i", data, pos + 1)[0] if op == PUT4 else data[pos + 1] if op == PUT1 else memoized',
    ): "differs from the 2^31st memo entry on",
    (
        "pickles.source",
        "while stop < 0 and not self.ended:",
        "while stop <= 0 and not self.ended:",
    ): "a line never ends at byte 0: its opcode is there",
    (
        "pickles.source",
        "self.refill(self.pos, self.length - self.pos + 1)",
        "self.refill(self.pos, )",
    ): "every refill reads a chunk more, and the loop goes on",
    (
        "pickles.source",
        "self.refill(self.pos, self.length - self.pos + 1)",
        "self.refill(self.pos, self.length - self.pos - 1)",
    ): "every refill reads a chunk more, and the loop goes on",
    ("statistics.ceiling", "repeats = np.asarray(repeats, dtype=float)", "repeats = np.asarray(repeats, )"): (
        "repeats are floats already, as missing ones are NaN"
    ),
    (
        "statistics.influence",
        "if self.items is other.items or np.array_equal(self.items, other.items):",
        "if self.items is other.items or np.array_equal(self.items, None):",
    ): "a short cut: the general way gives the same",
    (
        "statistics.intervals",
        "def half_width(parts: Sequence[Part], p: Array | float = 1 - LEVEL) -> Array:",
        "def half_width(parts: Sequence[Part], p: Array | float = 1 + LEVEL) -> Array:",
    ): "t at .975 for t at .025, and it is squared",
    (
        "statistics.kendall",
        "if len(size_x) * len(size_y) <= 8 * len(rank_x) + 256:",
        "if len(size_x) * len(size_y) <= 8 * len(rank_x) + 257:",
    ): "which of two ways is faster; both count the same",
    (
        "statistics.metrics",
        "return float((xy - xz * yz) / np.sqrt(left)) if left > 1e-12 else np.nan",
        "return float((xy - xz * yz) / np.sqrt(left)) if left >= 1e-12 else np.nan",
    ): "no tau makes it 1e-12 to the bit",
    (
        "truth.nats",
        "trainings = _Trainings(get_space(space), [])",
        "trainings = _Trainings(get_space(space), None)",
    ): "an empty list and None both say that no names are known yet",
    ("truth.nats", "seen[0] += 1", "seen[0] = 1"): "the progress bar's count",
    (
        "truth.nats",
        "whole = unpickle(file, path.name, wanted=wanted, reduce=take)",
        "whole = unpickle(file, path.name, wanted=None, reduce=take)",
    ): _MEMORY,
    (
        "stability.steps",
        "return np.where(scale > 0, np.clip(balance / np.where(scale > 0, scale, 1), -1, 1), np.nan)",
        "return np.where(scale > 0, np.clip(balance / np.where(scale > 0, scale, 1), -1, 2), np.nan)",
    ): "guards against rounding above 1, which whole numbers do not show",
    (
        "stability.steps",
        "trained: Sequence[int | None] | None = None  # per step the place of the architecture it trained",
        'trained: Sequence[int | None] | None = ""  # per step the place of the architecture it trained',
    ): "an empty text and None both say that it is not known",
    (
        "stability.steps",
        "first = np.flatnonzero(later >= 0)",
        "first = np.flatnonzero(later > 0)",
    ): "what comes later is never the first step",
    (
        "matching.joined",
        '_NAMED = ("architecture", "truth", "score", "params", "flops", "is_valid", "isomorphism_class")',
        '_NAMED = ("ARCHITECTURE", "truth", "score", "params", "flops", "is_valid", "isomorphism_class")',
    ): "the line is gone",
    (
        "truth.nb201",
        'if column != "arch_index" and "arch_index" in table:',
        'if column != "XXarch_indexXX" and "arch_index" in table:',
    ): "compares a column with itself",
    ("truth.darts", "return file.read(size)", "return file.read(None)"): _MEMORY,
    (
        "truth.store",
        'f"can\'t write {path} ({error.strerror}). NASBIAS_DATA names another folder for the store."',
        "None",
    ): "the line is gone",
}

"""Measures whether a pool (release build) sells as fast, and as soon, when it has grown: RecordSale over all of its SKUs,
with a long ledger against a short one, and with many SKUs against few.

The stores are made as in `start`; their pools run side by side, and are loaded in turn.
"""

import collections
import contextlib

import pool
import results
import start

SUITE = "growth"
# What `start` calls its SKUs: the load generator adds six digits.
PREFIX = "S-00"


class Grown:
    """A pool with such a store."""

    def __init__(self, stack, name, skus, rows):
        self.name, self.skus = name, skus
        folder = stack.enter_context(results.scratch())
        start.started(folder)[1].stop()
        start.fill(f"{folder}/pool.db", start.Ledger(skus, rows, 2 * start.DAY))
        self.pool = start.started(folder)[1]
        stack.callback(self.pool.stop)

    def sell(self, seconds, *options):
        return self.pool.load(
            "sale", "--skus", self.skus, "--sku-prefix", PREFIX, "--seconds", seconds, *options)


def compared(small, large, rounds, seconds):
    """Rows about both, measured in turn; p99 at half of what the small one bears."""
    rates, delays = collections.defaultdict(list), collections.defaultdict(list)
    for grown in (small, large):
        # The first second of a new pool is its caches'.
        grown.sell(1)
    for _ in range(rounds):
        for grown in (small, large):
            figures = grown.sell(seconds)
            rates[grown.name].append(figures["lines"] / figures["seconds"])
    half = sorted(rates[small.name])[rounds // 2] / 2
    for _ in range(rounds):
        for grown in (small, large):
            delays[grown.name].append(grown.sell(seconds, "--rate", half)["p99_ms"])
    return [
        results.compare(SUITE, large.name, small.name, metric, unit, figures[large.name], figures[small.name])
        for metric, unit, figures in (("sales", "1/s", rates), ("p99 at half rate", "ms", delays))]


def measure(quick):
    rounds, seconds = (1, 1.5) if quick else (4, 3)
    many, long = (100_000, 1_000_000) if quick else (1_000_000, 10_000_000)
    rows = []
    for pairs in (((1_000, 100_000), (1_000, long)), ((1_000, 100_000), (many, many + 100_000))):
        with contextlib.ExitStack() as stack:
            small, large = (Grown(stack, f"{skus:,} SKUs, {count:,} rows", skus, count) for skus, count in pairs)
            rows += compared(small, large, rounds, seconds)
    results.show_head()
    results.show(rows)
    return rows

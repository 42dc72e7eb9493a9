"""`make bench`: measures the suites that SUITE names (see SUITES; all without it) and writes var/bench/results.json.

A figure means little beside what the machine did at that moment, so each suite says what else used the processors, and
rivals are measured in turn with us, in the same rounds: what counts is the ratio, with its least and its greatest.
"""

import argparse
import importlib
import time

import results

SUITES = ["rpc", "pool", "start", "growth", "gateway", "reconcile"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", help=f"of {', '.join(SUITES)}; all without it")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    options = parser.parse_args()
    if unknown := set(options.suites) - set(SUITES):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    begun = time.monotonic()
    for suite in options.suites or SUITES:
        print(f"== {suite} ==\n", flush=True)
        rows = importlib.import_module(suite).measure(options.quick)
        results.save(suite, rows)
        print(flush=True)
    print(f"{time.monotonic() - begun:.0f} s; {results.FILE.relative_to(results.REPOSITORY)} has it all")


if __name__ == "__main__":
    main()

"""What was measured: figures of rounds, their ratios, and the file that keeps them."""

import dataclasses
import json
import os
import pathlib
import statistics
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
FILE = REPOSITORY / "var/bench/results.json"


@dataclasses.dataclass
class Row:
    """One comparison. `theirs` and what follows are null where there is no rival: a figure that stands alone."""

    suite: str
    case: str
    rival: str | None
    metric: str
    unit: str
    ours: float
    theirs: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


def compare(suite, case, rival, metric, unit, ours, theirs):
    """The rounds' figures, ours beside the rival's of the same round; the ratio is the median of the rounds' ratios."""
    ratios = sorted(our / max(their, 1e-9) for our, their in zip(ours, theirs, strict=True))
    return Row(
        suite, case, rival, metric, unit, statistics.median(ours), statistics.median(theirs),
        statistics.median(ratios), ratios[0], ratios[-1])


def scratch():
    """A folder that ends with the measurement: in ONEPOOL_BENCH_FOLDER, else on the disk of the repository itself."""
    place = pathlib.Path(os.environ.get("ONEPOOL_BENCH_FOLDER", REPOSITORY / "var"))
    place.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=place)


def alone(suite, case, metric, unit, ours):
    return Row(suite, case, None, metric, unit, ours)


def figure(number):
    """Three digits that count, and no exponent."""
    if number is None:
        return ""
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def show_head():
    print(f"{'case':13} {'metric':26} {'rival':18} {'ours':>9} {'theirs':>9} {'ours/theirs':>12}  spread")


def show(rows):
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        spread = "" if row.ratio is None else f"{row.low:.2f} to {row.high:.2f}"
        print(
            f"{row.case:13} {row.metric + ', ' + row.unit:26} {row.rival or '':18} {figure(row.ours):>9} "
            f"{figure(row.theirs):>9} {ratio:>12}  {spread}", flush=True)
    print(flush=True)


def save(suite, rows):
    """Replaces what the file says of a suite; other suites' last figures stay."""
    kept = []
    if FILE.exists():
        kept = [row for row in json.loads(FILE.read_text()) if row["suite"] != suite]
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(kept + [dataclasses.asdict(row) for row in rows], indent=1) + "\n")

"""What processes use, as the kernel counts it (proc(5))."""

import os
import pathlib

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(process):
    """User and system time of a process with its threads."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(process):
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {process} has no VmRSS")


def ended_children_seconds():
    times = os.times()
    return times.children_user + times.children_system


def busy_seconds():
    """All that all cores did."""
    fields = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _, _, interrupt, soft = (int(field) for field in fields[:7])
    return (user + nice + system + interrupt + soft) / TICKS


class Neighbours:
    """How much of one core what is not measured used, a measurement after the other."""

    def __init__(self):
        self.shares = []

    def add(self, busy, known, seconds):
        self.shares.append(max(0.0, (busy - known) / seconds))

    def __str__(self):
        if not self.shares:
            return "nothing was measured"
        ordered = sorted(self.shares)
        return (
            f"other processes used {ordered[len(ordered) // 2]:.0%} of one core in the median measurement, "
            f"{ordered[-1]:.0%} in the worst")

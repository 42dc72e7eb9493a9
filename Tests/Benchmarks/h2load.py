"""h2load, which makes the load: a thread a core, on cores that the server does not have."""

import dataclasses
import os
import re
import subprocess
import tempfile

import processors

HEADERS = ["content-type: application/grpc", "te: trailers", "grpc-timeout: 10S"]


@dataclasses.dataclass
class Run:
    """What one run came to. `data_bytes` are those of DATA frames that came back."""

    calls: int
    seconds: float
    data_bytes: int
    server_cpu_seconds: float
    rate: float


def framed(message):
    return b"\x00" + len(message).to_bytes(4, "big") + message


def run(server, path, message, connections, streams, seconds, neighbours, log=None, cores=("1",)):
    with tempfile.NamedTemporaryFile() as body:
        body.write(framed(message))
        body.flush()
        command = ["taskset", "-c", ",".join(cores), "h2load", f"-t{len(cores)}", "-D", f"{seconds * 1000:.0f}ms"]
        command += ["-c", str(connections), "-m", str(streams), "-d", body.name, *(["--log-file", log] if log else [])]
        for header in HEADERS:
            command += ["-H", header]
        cpu, busy, children = server.cpu_seconds(), processors.busy_seconds(), processors.ended_children_seconds()
        begun = os.times().elapsed
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{server.port}{path}"], capture_output=True, text=True, check=True)
        span = os.times().elapsed - begun
        used = server.cpu_seconds() - cpu
        loaded = processors.ended_children_seconds() - children
        neighbours.add(processors.busy_seconds() - busy, used + loaded, span)
    text = done.stdout
    total, _, _, succeeded, failed = (
        int(re.search(rf"(\d+) {word}", text).group(1)) for word in ("total", "started", "done", "succeeded", "failed"))
    if failed or not succeeded:
        raise SystemExit(f"{server.name}: {failed} of {total} calls failed\n{text}")
    took = float(re.search(r"finished in ([0-9.]+)(us|ms|s),", text).group(1))
    unit = {"us": 1e-6, "ms": 1e-3, "s": 1}[re.search(r"finished in [0-9.]+(us|ms|s),", text).group(1)]
    data = int(re.search(r"\((\d+)\) data", text).group(1))
    return Run(succeeded, took * unit, data, used, succeeded / (took * unit))


def latencies(server, path, message, connections, streams, seconds, neighbours):
    """p50 and p99 in milliseconds, of a run of its own, since the log costs h2load a third of its speed."""
    with tempfile.NamedTemporaryFile("r") as log:
        run(server, path, message, connections, streams, seconds, neighbours, log.name)
        spans = sorted(int(line.rsplit("\t", 1)[1]) for line in log)
    return spans[len(spans) // 2] / 1000, spans[len(spans) * 99 // 100] / 1000

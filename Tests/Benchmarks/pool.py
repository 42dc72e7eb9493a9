"""Measures one pool process (release build) on this machine: reads, and writes that are durable before they are answered.

h2load makes the load; since it counts a gRPC error as success, the pool's own counter of ended calls is compared with
what was sent, and its numbers with what must have come of it. The sync of the moment is printed beside the figures: without
it they say little.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

import results

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("ONEPOOL_BIN", REPOSITORY / ".build/release"))
SERVICE = "onepool.pool.v1.PoolService"
SUITE = "pool"


def sync_milliseconds(folder):
    """The median of 200 fdatasyncs of a 4 KiB append."""
    spans = []
    with open(pathlib.Path(folder) / "sync", "wb", buffering=0) as file:
        for _ in range(200):
            begun = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            spans.append(time.perf_counter() - begun)
    return sorted(spans)[100] * 1000


class Pool:
    def __init__(self, folder):
        self.log = open(pathlib.Path(folder) / "pool.log", "w+")
        environment = {"ONEPOOL_DATA": str(folder), "ONEPOOL_LISTEN": "127.0.0.1:0", "PATH": os.environ["PATH"]}
        self.process = subprocess.Popen([PROGRAMS / "onepool-pool"], env=environment, stderr=self.log)
        self.address = None
        while self.address is None:
            if self.process.poll() is not None:
                sys.exit(f"onepool-pool ended: {pathlib.Path(self.log.name).read_text()}")
            time.sleep(0.02)
            found = re.search(r"message=serving .*address=(\S+)", pathlib.Path(self.log.name).read_text())
            self.address = found and found.group(1)

    def call(self, method, request, timeout=10):
        asked = urllib.request.Request(
            f"http://{self.address}/{SERVICE}/{method}", json.dumps(request).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=timeout) as answer:
            return json.load(answer)

    def ended_calls(self, method, code):
        """Calls of a method that ended with a code, by the pool's own count."""
        with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        total = 0
        for line in text.splitlines():
            if line.startswith("onepool_rpc_calls_total{") and f'"{method}"' in line.replace(f"{SERVICE}/", ""):
                if f'"{code}"' in line:
                    total += int(float(line.rsplit(" ", 1)[1]))
        return total

    def load(self, method, message, connections, streams, seconds):
        with tempfile.NamedTemporaryFile() as body:
            body.write(b"\x00" + len(message).to_bytes(4, "big") + message)
            body.flush()
            log = tempfile.NamedTemporaryFile()
            command = [
                "h2load", "-D", f"{seconds * 1000:.0f}ms", "-c", str(connections), "-m", str(streams), "-t", "1", "-d", body.name,
                "-H", "content-type: application/grpc", "-H", "te: trailers", f"http://{self.address}/{SERVICE}/{method}"]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            log.close()
        rate = float(re.search(r"finished in [^,]+, ([0-9.]+) req/s", done.stdout).group(1))
        sent = int(re.search(r"(\d+) succeeded", done.stdout).group(1))
        mean = re.search(r"time for request: +\S+ +\S+ +(\S+)", done.stdout).group(1)
        return rate, sent, mean

    def stop(self):
        self.process.terminate()
        if self.process.wait(30) != 0:
            sys.exit("onepool-pool did not end well")


def text_field(number, text):
    return bytes([number << 3 | 2, len(text)]) + text.encode()


def measure(quick):
    """Calls a second of one read and one write, with no rival: their ratio to what others do is not this suite's."""
    seconds = float(os.environ.get("ONEPOOL_BENCH_SECONDS", "1" if quick else "5"))
    rows = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("ONEPOOL_BENCH_FOLDER")) as folder:
        sync = sync_milliseconds(folder)
        pool = Pool(folder)
        try:
            pool.call("SetSku", {"sku": {"sku": "TEE-BLK-M"}})
            pool.call("SetLocation", {"location": {"locationId": "WH-1"}})
            line = {"sku": "TEE-BLK-M", "locationId": "WH-1", "quantity": 1}
            pool.call("ReceiveStock", {"lines": [line]})
            rows.append(results.alone(SUITE, "sync", "fdatasync of 4 KiB, median", "ms", sync))
            print(f"fdatasync of 4 KiB, median: {sync:.2f} ms; {os.cpu_count()} cores, h2load on the same machine\n")
            print(f"{'method':14} {'connections × streams':>22} {'calls/s':>10} {'mean':>9}")
            read = text_field(1, "TEE-BLK-M")
            stock_line = text_field(1, "TEE-BLK-M") + text_field(2, "WH-1") + b"\x18\x01"
            write = bytes([1 << 3 | 2, len(stock_line)]) + stock_line
            units = 1
            for method, message in (("GetStock", read), ("ReceiveStock", write)):
                for connections, streams in ((1, 1), (8, 10), (8, 100)):
                    rate, sent, mean = pool.load(method, message, connections, streams, seconds)
                    shape = f"{connections} × {streams}"
                    print(f"{method:14} {shape:>22} {rate:>10,.0f} {mean:>9}", flush=True)
                    rows.append(results.alone(SUITE, f"{method} {shape}", "calls", "1/s", rate))
                    if method == "ReceiveStock":
                        units += sent
            total = int(pool.call("GetStock", {"sku": "TEE-BLK-M"})["total"]["onHandCount"])
            # What h2load had on its way at its end was done, and it did not count it.
            if not units <= total <= units + 3 * 8 * 100:
                sys.exit(f"{units} units were acknowledged and {total} are on hand")
            proof = pool.call("VerifyLedger", {})
            print(f"\n{units:,} units acknowledged, {total:,} on hand, ledger proved: {proof['proved']}")
        finally:
            pool.stop()
    return rows

"""What memory the gateway takes for each listing: 100,000 of them on one account, each of a SKU of its own, all pushed.

Pool, mapping and gateway are processes of their own. The account is a till's, whose adapter takes every number at once and
calls nobody, so what grows is the gateway's own. Its listings have IDs, codes and titles as long as marketplaces give them.
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.request

import pool
import results
import start

SUITE = "gateway"
LISTINGS = 100_000
PAGE = 1000
# Pushes of each listing beside the first, so that the gateway remembers how long each took.
ROUNDS = 64


class Service:
    """A service with a store of its own."""

    def __init__(self, name, folder, **settings):
        self.name, folder = name, pathlib.Path(folder)
        folder.mkdir(exist_ok=True)
        self.log = folder / f"{name}.log"
        environment = {"ONEPOOL_DATA": str(folder), "ONEPOOL_LISTEN": "127.0.0.1:0", "PATH": os.environ["PATH"], **settings}
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([pool.PROGRAMS / f"onepool-{name}"], env=environment, stderr=log)
        self.address = None
        while self.address is None:
            if self.process.poll() is not None:
                sys.exit(f"onepool-{name} ended: {self.log.read_text()}")
            time.sleep(0.02)
            found = re.search(r"message=serving .*address=(\S+)", self.log.read_text())
            self.address = found and found.group(1)

    def call(self, method, request):
        return self.post(f"onepool.{self.name}.v1.{self.name.capitalize()}Service/{method}", request)

    def post(self, path, request):
        asked = urllib.request.Request(
            f"http://{self.address}/{path}", json.dumps(request).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=120) as answer:
            return json.load(answer)

    def stop(self):
        self.process.terminate()
        if self.process.wait(60) != 0:
            sys.exit(f"onepool-{self.name} did not end well")


def listing(number):
    return {
        "itemId": f"{2_700_000_000 + number}", "variationId": f"{200_150_000_000 + number}", "sellerSku": f"SKU-{number:06d}",
        "title": f"Crew neck T-shirt, heavy cotton, black, M, number {number}", "state": "STATE_LIVE"}


def receive(stock):
    """A unit of each SKU more."""
    for first in range(0, LISTINGS, PAGE):
        lines = [
            {"sku": f"SKU-{number:06d}", "locationId": "WH-1", "quantity": 1} for number in range(first, first + PAGE)]
        stock.call("ReceiveStock", {"lines": lines})


def acknowledged(gateway):
    """How many pushes the gateway has counted."""
    with urllib.request.urlopen(f"http://{gateway.address}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    found = re.findall(r'onepool_gateway_pushes_total\{[^}]*result="acknowledged"\} ([0-9.e+]+)', text)
    return sum(int(float(count)) for count in found)


def settled(gateway, count):
    """Waits until so many pushes were acknowledged and none waits."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        if acknowledged(gateway) >= count and int(gateway.call("GetBacklog", {}).get("pushCount", 0)) == 0:
            return
        time.sleep(0.5)
    sys.exit(f"{acknowledged(gateway)} of {count} pushes were made")


def measure(quick):
    pool.build()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(results.scratch()))
        stock = pool.Pool(folder / "pool")
        stack.callback(stock.stop)
        stock.call("SetLocation", {"location": {"locationId": "WH-1"}})
        stock.load("sku", "--calls", LISTINGS, "--seconds", 600)
        receive(stock)
        mapping = Service("mapping", folder / "mapping")
        stack.callback(mapping.stop)
        gateway = Service(
            "gateway", folder / "gateway", ONEPOOL_POOL=stock.address, ONEPOOL_MAPPING=mapping.address,
            ONEPOOL_FULFILMENT=mapping.address, ONEPOOL_RETURNS=mapping.address)
        stack.callback(gateway.stop)
        gateway.call("ConnectAccount", {"connection": {
            "accountId": "shop-of-the-bench", "channelId": "till", "externalId": "S1", "locationId": "WH-1",
            "callsPerSecond": 1000, "credentials": {"token": "a-token-of-the-bench"}}})
        settled(gateway, 0)
        empty = start.resident_bytes(gateway.process)
        for first in range(0, LISTINGS, PAGE):
            page = [listing(number) for number in range(first, first + PAGE)]
            mapping.call("ImportListings", {
                "accountId": "shop-of-the-bench", "listings": page, "knownSkus": [one["sellerSku"] for one in page]})
        settled(gateway, LISTINGS)
        rows = [row("once", empty, gateway)]
        for number in range(4 if quick else ROUNDS):
            receive(stock)
            settled(gateway, LISTINGS * (number + 2))
        rows.append(row("over and over", empty, gateway))
        results.show_head()
        results.show(rows)
    return rows


def row(case, empty, gateway):
    taken = start.resident_bytes(gateway.process) - empty
    return results.alone(SUITE, f"pushed {case}", "memory of a listing", "bytes", taken / LISTINGS)

"""How fast the gateway reads 100,000 listings of eight accounts back, and what that does to pushes.

Pool, mapping, gateway and sandbox are processes of their own. Two accounts each on four channels have 12,500 listings, each of
a SKU of its own; each channel takes the calls a second that it documents and answers 100 ms after it was asked. Units are sold
at a steady rate all the time, one listing a sale. In each round nothing else happens for a while; then every account is asked for
a pass. What a push took, from the pool's commit to the channel's acknowledgement, is read from the gateway's own history: of
an account's pushes while its pass goes on, against those of the same account without one in the same round. At the end the
gateway stops and starts again: how long it takes until every listing was looked at, with how many calls.
"""

import collections
import contextlib
import dataclasses
import datetime
import pathlib
import re
import sqlite3
import sys
import time
import urllib.request

import gateway
import pool
import results

SUITE = "reconcile"
LISTINGS = 12_500
PAGE = 500
UNITS = 500
# Of each SKU's channel: calls a second, as the gateway has it from the channel's documents.
RATES = {"shopee": 10, "lazada": 50, "tiktok": 50, "woocommerce": 5}
LATENCY_MILLISECONDS = 100
SALES_A_SECOND = 16
QUIET_SECONDS = 30
# While the listings get their first numbers.
FREE = 5_000
SECRETS = {
    "shopee": {"partner_id": "2001887", "partner_key": "shopee-key", "push_partner_key": "push-key"},
    "lazada": {"app_key": "123456", "app_secret": "lazada-secret"},
    "tiktok": {"app_key": "tiktok-app", "app_secret": "tiktok-secret"},
    "woocommerce": {"webhook_secret": "woo-secret"},
}


@dataclasses.dataclass
class Account:
    channel: str
    number: int

    @property
    def name(self):
        return f"{self.channel}-{self.number}"

    @property
    def shop(self):
        return f"shop{self.number}.example.com" if self.channel == "woocommerce" else str(7_494_726_600 + self.number)

    @property
    def rate(self):
        return RATES[self.channel]

    def credentials(self):
        own = {"access_token": f"{self.name}-access", "refresh_token": f"{self.name}-refresh"}
        if self.channel == "woocommerce":
            own = {"consumer_key": f"ck_{self.number}", "consumer_secret": f"cs_{self.number}"}
        if self.channel == "tiktok":
            own["shop_cipher"] = f"CIPHER-{self.number}"
        return SECRETS[self.channel] | own

    def listing(self, place):
        number = self.number * LISTINGS + place
        has_variations = self.channel in ("lazada", "tiktok")
        # A product of TikTok's has ten SKUs.
        item = number // 10 if self.channel == "tiktok" else number
        return {
            "item": str(2_700_000_000 + item), "variation": str(200_150_000_000 + number) if has_variations else "",
            "sku": f"SKU-{number:06d}", "title": f"Crew neck T-shirt, heavy cotton, black, M, number {number}"}


ACCOUNTS = [Account(channel, number) for number, channel in enumerate(2 * list(RATES))]


class Bench:
    def __init__(self, quick, stack):
        self.rounds = 1 if quick else 3
        self.figures = collections.defaultdict(list)
        self.folder = pathlib.Path(stack.enter_context(results.scratch()))
        self.stock = pool.Pool(self.folder / "pool")
        stack.callback(self.stock.stop)
        self.stock.call("SetLocation", {"location": {"locationId": "WH-1"}})
        count = len(ACCOUNTS) * LISTINGS
        self.stock.load("sku", "--calls", count, "--seconds", 600)
        for first in range(0, count, gateway.PAGE):
            lines = [
                {"sku": f"SKU-{number:06d}", "locationId": "WH-1", "quantity": UNITS}
                for number in range(first, first + gateway.PAGE)]
            self.stock.call("ReceiveStock", {"lines": lines})
        self.sandbox = gateway.Service("sandbox", self.folder / "sandbox")
        stack.callback(self.sandbox.stop)
        self.mapping = gateway.Service("mapping", self.folder / "mapping")
        stack.callback(self.mapping.stop)
        self.gateway = self.start()
        stack.callback(lambda: self.gateway.stop())

    def start(self):
        return gateway.Service(
            "gateway", self.folder / "gateway", ONEPOOL_POOL=self.stock.address, ONEPOOL_MAPPING=self.mapping.address,
            ONEPOOL_FULFILMENT=self.mapping.address, ONEPOOL_RETURNS=self.mapping.address,
            ONEPOOL_GATEWAY_MIRROR_PROMOTIONS="off", ONEPOOL_GATEWAY_RECONCILE_SECONDS="2592000")

    # MARK: accounts and listings

    def prepare(self):
        """Lets all listings have their first number at once, and only then has the channels limit their calls."""
        self.sandbox.post("control/faults", {"rate_limit_per_second": FREE})
        for account in ACCOUNTS:
            self.sandbox.post("control/shops", {
                "channel": account.channel, "shop": account.shop, "credentials": account.credentials()})
            self.connect(account, FREE)
            for first in range(0, LISTINGS, PAGE):
                page = [account.listing(place) for place in range(first, first + PAGE)]
                self.sandbox.post("control/listings", {"channel": account.channel, "shop": account.shop, "listings": [
                    {"item_id": one["item"], "variation_id": one["variation"], "sku": one["sku"], "title": one["title"],
                     "stock": 0} for one in page]})
                self.mapping.call("ImportListings", {
                    "accountId": account.name, "knownSkus": [one["sku"] for one in page], "listings": [
                        {"itemId": one["item"], "variationId": one["variation"], "sellerSku": one["sku"],
                         "title": one["title"], "state": "STATE_LIVE"} for one in page]})
        gateway.settled(self.gateway, len(ACCOUNTS) * LISTINGS)
        self.wait()
        for account in ACCOUNTS:
            self.connect(account, account.rate)
        time.sleep(2)
        for channel, rate in RATES.items():
            self.sandbox.post("control/faults", {
                "channel": channel, "rate_limit_per_second": rate, "latency_ms": LATENCY_MILLISECONDS})

    def connect(self, account, rate):
        path = f"woocommerce/{account.shop}" if account.channel == "woocommerce" else account.channel
        self.gateway.call("ConnectAccount", {"connection": {
            "accountId": account.name, "channelId": account.channel, "externalId": account.shop, "locationId": "WH-1",
            "baseUrl": f"http://{self.sandbox.address}/{path}", "callsPerSecond": rate,
            "credentials": account.credentials()}})

    def wait(self):
        """Waits until the listings are read back whose number has just moved."""
        time.sleep(31)
        known = None
        while known != (known := self.readings()):
            time.sleep(3)

    # MARK: what is measured

    def calls(self):
        """Calls that the gateway has made for each account; any that was refused ends the measurement."""
        counts = collections.Counter()
        for account, result, count in re.findall(
                r'onepool_gateway_channel_calls_total\{account="([^"]*)",result="([^"]*)"\} ([0-9.e+]+)', self.metrics()):
            if result != "ok":
                sys.exit(f"{count} calls of {account} ended with {result}")
            counts[account] += int(float(count))
        return counts

    def readings(self):
        return sum(float(count) for count in re.findall(
            r"onepool_gateway_reconcile_readings_total\{[^}]*\} ([0-9.e+]+)", self.metrics()))

    def metrics(self):
        with urllib.request.urlopen(f"http://{self.gateway.address}/metrics", timeout=60) as answer:
            return answer.read().decode()

    def history(self, account, kind, columns, begun, ended):
        """Of what the gateway keeps of an account's listings, between two times."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/gateway/gateway.db?mode=ro", uri=True)) as store:
            return store.execute(
                f"SELECT {columns} FROM listing_history WHERE time >= ? AND time < ? AND listing_id LIKE ? AND kind = ?",
                (int(begun * 1e6), int(ended * 1e6), f"{account.name}/%", kind)).fetchall()

    def lags(self, account, begun, ended):
        """Milliseconds from commit to acknowledgement of the pushes that were acknowledged between two times."""
        rows = self.history(account, "acknowledged", "time - commit_time", begun, ended)
        return [microseconds / 1000 for microseconds, in rows if microseconds is not None]

    def looked(self, account, begun, ended):
        """When each listing was read first, in seconds since the beginning."""
        rows = self.history(account, "read", "listing_id, time", begun, ended)
        first = {}
        for listing, microseconds in sorted(rows, key=lambda row: row[1]):
            first.setdefault(listing, microseconds / 1e6 - begun)
        return sorted(first.values())

    def passes(self):
        """A pass of every account: its beginning, its end, and the calls that its account made meanwhile."""
        before = self.calls()
        for account in ACCOUNTS:
            self.gateway.call("ReconcileAccount", {"accountId": account.name})
        ended = {}
        while len(ended) < len(ACCOUNTS):
            time.sleep(0.1)
            made = self.calls()
            for account in ACCOUNTS:
                done = account.name not in ended and self.gateway.call(
                    "ReconcileAccount", {"accountId": account.name, "progressOnly": True})["pass"]
                if done and "finishTime" in done:
                    if int(done["doneCount"]) != LISTINGS or int(done.get("driftCount", 0)):
                        sys.exit(f"a pass of {account.name} is not whole: {done}")
                    ended[account.name] = (
                        moment(done["startTime"]), moment(done["finishTime"]), made[account.name] - before[account.name])
        return ended

    @contextlib.contextmanager
    def sales(self):
        load = self.stock.begin(
            "sale", "--connections", 1, "--streams", 4, "--rate", SALES_A_SECOND, "--skus", len(ACCOUNTS) * LISTINGS,
            "--seconds", 1800)
        try:
            yield
            # What was sold by now is pushed by then.
            time.sleep(2)
        finally:
            load.terminate()
            load.wait()

    def restart(self):
        self.wait()
        self.gateway.stop()
        begun = time.time()
        self.gateway = self.start()
        with self.sales():
            # Nothing is asked before all numbers are known.
            while sum(self.calls().values()) < len(ACCOUNTS) or int(
                    self.gateway.call("GetBacklog", {}).get("pushCount", 0)) > SALES_A_SECOND:
                time.sleep(0.5)
            calls = self.calls()
        for account in ACCOUNTS:
            looked = self.looked(account, begun, time.time())
            if len(looked) != LISTINGS:
                sys.exit(f"{len(looked)} listings of {account.name} were looked at")
            self.figures[account.channel, "restart"].append(looked[-1])
            self.figures[account.channel, "restart calls"].append(calls[account.name])
            self.figures[account.channel, "restart lags"] += self.lags(account, begun, time.time())

    def round(self):
        with self.sales():
            time.sleep(5)
            quiet = time.time()
            time.sleep(QUIET_SECONDS)
            passes = self.passes()
        lags = collections.defaultdict(list)
        for account in ACCOUNTS:
            begun, ended, calls = passes[account.name]
            self.figures[account.channel, "took"].append(ended - begun)
            self.figures[account.channel, "least"].append(calls / account.rate)
            lags[account.channel, "pass"] += self.lags(account, begun, ended)
            lags[account.channel, "none"] += self.lags(account, quiet, quiet + QUIET_SECONDS)
        for (channel, kind), spans in lags.items():
            if not spans:
                sys.exit(f"nothing was pushed to {channel}")
            spans.sort()
            self.figures[channel, kind, "count"].append(len(spans))
            for part in (50, 99):
                self.figures[channel, kind, part].append(spans[min(len(spans) - 1, len(spans) * part // 100)])

    def rows(self):
        # At the limit: what the calls take at the least that the account made meanwhile, for pushes too.
        rows = [
            results.compare(
                SUITE, f"{channel} {rate}/s", "at the limit", "pass", "s", self.figures[channel, "took"],
                self.figures[channel, "least"])
            for channel, rate in RATES.items()]
        rows += [
            results.compare(
                SUITE, channel, "without a pass", f"push lag p{part}", "ms", self.figures[channel, "pass", part],
                self.figures[channel, "none", part])
            for channel in RATES for part in (50, 99)]
        for channel, rate in RATES.items():
            lags = sorted(self.figures[channel, "restart lags"])
            rows += [
                results.alone(SUITE, f"{channel} {rate}/s", metric, unit, value) for metric, unit, value in (
                    ("looked at after a start", "s", max(self.figures[channel, "restart"])),
                    ("calls meanwhile", "an account", max(self.figures[channel, "restart calls"])),
                    ("push lag p99 meanwhile", "ms", lags[len(lags) * 99 // 100]))]
        return rows


def moment(text):
    """Seconds since 1970 of what JSON has for a timestamp."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def measure(quick):
    pool.build()
    with contextlib.ExitStack() as stack:
        bench = Bench(quick, stack)
        bench.prepare()
        for _ in range(bench.rounds):
            bench.round()
        bench.restart()
        rows = bench.rows()
        results.show_head()
        results.show(rows)
    return rows

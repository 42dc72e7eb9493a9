"""Measures how soon a pool (release build) with a large store serves again, and what memory it takes.

The store is written here as the pool would have left it after a crash: a full ledger with its hash chain, every request
of it a day old at most, what the sweep had written, and some thousand rows that it had not. Its proof by VerifyLedger
says that it is one.
"""

import hashlib
import random
import sqlite3
import struct
import time

import pool
import results

SUITE = "start"
UNSWEPT_ROWS = 8_000
RUN_ROWS = 4_096
DAY = 24 * 3600 * 1_000_000
RECEIVED = 1_000_000


def varint(number):
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def zigzag(number):
    return varint(number << 1)


def text(value):
    return varint(len(value)) + value.encode()


def resident_bytes(process):
    with open(f"/proc/{process.pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
    return 0


class Ledger:
    """Rows in the order of the ledger, each chained to the one before."""

    def __init__(self, skus, rows, age):
        """The swept rows are older by `age` than those behind them, which are of today."""
        self.skus, self.count, self.age = skus, rows, age
        self.end = int(time.time() * 1e6)
        self.step = 20 * 3600 * 1_000_000 // rows
        self.hash = bytes(32)
        self.marked = None
        self.sold = [0] * skus
        self.last = [0] * skus
        self.keys = []
        self.random = random.Random(1)

    def time(self, number):
        age = self.age if number <= self.count - UNSWEPT_ROWS else 0
        return self.end - age - (self.count - number) * self.step

    def row(self, number):
        if number <= self.skus:
            sku = number - 1
            entry = b"\x01\x00\x01\x01" + varint(sku) + b"\x00" + varint(RECEIVED)
        else:
            sku = self.random.randrange(self.skus)
            entry = b"\x01" + varint(10) + text(f"o-{number:08d}") + text("shopee") + b"\x01\x88" + varint(sku)
            entry += b"\x00\x01" + text("1")
        request = f"q-{number:08d}"
        key = hashlib.sha256(request.encode()).digest()
        body, response, moment = key[16:], b"\x10" + varint(number) + key[:24], self.time(number)
        preamble = struct.pack(
            "<32s7q", self.hash, number, number, moment, len(request), len(body), len(response), len(entry))
        self.hash = hashlib.sha256(preamble + request.encode() + body + response + entry).digest()
        self.keys.append(key[:8][::-1])
        if number == self.count - UNSWEPT_ROWS:
            self.marked = self.hash
        if number <= self.count - UNSWEPT_ROWS:
            self.last[sku] = number
            self.sold[sku] += number > self.skus
        self.skuOfRow = sku
        return (number, number, moment, request, body, response, entry, struct.unpack(">q", self.hash[:8])[0])

    def sale(self, number):
        body = text("shopee") + zigzag(number) + b"\x01" + text("1") + varint(self.skuOfRow)
        body += zigzag(1) + zigzag(0) * 4 + b"\x01\x00" + zigzag(1) + zigzag(0) * 2
        return (number, f"o-{number:08d}", body)


WORD = 0xFFFFFFFFFFFFFFFF


def order_key(order):
    """FNV-1a of 64 bits."""
    key = 0xCBF29CE484222325
    for byte in order.encode():
        key = (key ^ byte) * 0x100000001B3 & WORD
    return key


def seal(values):
    """What a row of a sealed table keeps as its checksum."""
    words = []
    for value in values:
        if isinstance(value, int):
            words.append(value & WORD)
            continue
        if value is None:
            words.append(0x6E756C6C)
            continue
        words.append(0x74657874 if isinstance(value, str) else 0x626C6F62)
        value = value.encode() if isinstance(value, str) else value
        whole = len(value) & ~7
        words.append(len(value))
        words += struct.unpack(f"<{whole // 8}Q", value[:whole])
        words.append(int.from_bytes(value[whole:], "big"))
    total = 0x9E3779B97F4A7C15
    for word in words:
        total = (total ^ word) * 0xFF51AFD7ED558CCD & WORD
        total ^= total >> 32
    low = (total * 0x9E3779B97F4A7C15 & WORD) >> 32
    return low - (low >> 31 << 32)


def insert(store, table, columns, rows):
    """Inserts rows, each with its seal."""
    places = ", ".join("?" * (len(columns.split(",")) + 1))
    store.executemany(
        f"INSERT INTO {table} ({columns}, checksum) VALUES ({places})", ((*row, seal(row)) for row in rows))


def fill(path, ledger):
    store = sqlite3.connect(path, isolation_level=None)
    store.execute("PRAGMA synchronous = OFF")
    store.execute("BEGIN")
    insert(
        store, "sku", "sku_id, sku, display_name, create_time, update_time, revision, sku_group",
        ((sku, f"S-{sku:08d}", "", 1, 1, 1, "") for sku in range(ledger.skus)))
    insert(
        store, "location",
        "location_id, location, display_name, rank, create_time, update_time, revision, kind, zones, offers_pickup",
        [(0, "WH-1", "", 0, 1, 1, 1, 1, "", 0)])
    keys = []
    swept = ledger.count - UNSWEPT_ROWS
    for first in range(1, ledger.count + 1, RUN_ROWS):
        rows, sales = [], []
        for number in range(first, min(first + RUN_ROWS, ledger.count + 1)):
            rows.append(ledger.row(number))
            if ledger.skus < number <= swept:
                sales.append(ledger.sale(number))
        store.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        insert(store, "sale", "sale_number, order_id, body", sales)
        keys += [struct.pack("<Qq", order_key(order), number) for number, order, _ in sales]
        if len(keys) >= RUN_ROWS:
            run, keys = keys[:RUN_ROWS], keys[RUN_ROWS:]
            last = struct.unpack("<q", run[-1][8:])[0]
            insert(store, "sale_run", "last_number, sale_keys", [(last, b"".join(run))])
        if len(ledger.keys) == RUN_ROWS:
            insert(
                store, "request_run", "first_row, commit_time, request_keys",
                [(first, rows[-1][2], b"".join(ledger.keys))])
        ledger.keys = []
    insert(
        store, "balance",
        "balance_key, on_hand, held, committed, unavailable, received, returned, found, shipped, lost, sequence, "
        "transferred_in, transferred_out, rate_weight, rate_time",
        ((sku << 31, RECEIVED, 0, ledger.sold[sku], 0, RECEIVED, 0, 0, 0, 0, ledger.last[sku], 0, 0, 0, 0)
         for sku in range(ledger.skus)))
    store.execute(
        "UPDATE mark SET swept_row = ?, sequence = ?, hash = ?, checksum = ?",
        (swept, swept, ledger.marked, seal((1, swept, swept, ledger.marked, 0))))
    store.execute("COMMIT")
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()


def started(folder):
    """Seconds until a pool serves, and the pool."""
    begun = time.monotonic()
    running = pool.Pool(folder)
    return time.monotonic() - begun, running


def loaded(skus, rows, age):
    """Seconds until a pool with such a store serves, and the bytes of memory that it takes for it."""
    with results.scratch() as folder:
        _, empty = started(folder)
        base = resident_bytes(empty.process)
        empty.stop()
        fill(f"{folder}/pool.db", Ledger(skus, rows, age))
        seconds, running = started(folder)
        try:
            memory = resident_bytes(running.process) - base
            proof = running.call("VerifyLedger", {}, timeout=600) if age else {"proved": True}
        finally:
            running.stop()
        if not proof.get("proved"):
            raise SystemExit(f"the store that was made is none: {proof['difference']}")
    return seconds, memory


def measure(quick):
    skus, rows = (100_000, 1_000_000) if quick else (1_000_000, 10_000_000)
    shape = f"{skus:,} SKUs, {rows:,} rows"
    known, with_requests = loaded(skus, rows, 0)
    older, memory = loaded(skus, rows, 2 * DAY)
    # Every SKU, and hardly a sale.
    _, of_balances = loaded(skus, skus + 2 * UNSWEPT_ROWS, 2 * DAY)
    figures = [
        ("until it serves, requests of a day", "s", known),
        ("until it serves, older requests", "s", older),
        ("memory a balance", "bytes", of_balances / skus),
        ("memory a sale on disk", "bytes", (memory - of_balances) / (rows - skus)),
        ("memory a request of a day", "bytes", (with_requests - memory) / rows),
    ]
    print(f"{shape}\n")
    for metric, unit, value in figures:
        print(f"{metric:36} {results.figure(value):>9} {unit}", flush=True)
    return [results.alone(SUITE, shape, metric, unit, value) for metric, unit, value in figures]

"""The pool over real gRPC, each write durable before it is answered, against the same operation as a row-locked
transaction of PostgreSQL and as a transaction of SQLite a request; all on one disk, in turn, in the same rounds.

The operation: take one unit of a SKU if there is one, write a ledger row, and never take an order's line twice. The load
generator gives each call an order of its own and reads each call's status; at the end the pool proves its ledger.
"""

import collections
import contextlib
import json
import os
import pathlib
import pwd
import re
import sqlite3
import subprocess
import sys
import time
import urllib.request

import processors
import results
import rivals

PROGRAMS = pathlib.Path(os.environ.get("ONEPOOL_BIN", results.REPOSITORY / ".build/release"))
SOURCE = pathlib.Path(__file__).resolve().parent / "Load/load.c"
LOAD = rivals.BUILT / "load"
SERVICE = "onepool.pool.v1.PoolService"
SUITE = "pool"
SKUS = 100_000
CLIENTS = (1, 8, 64)
BEST = "PostgreSQL, hot row, best"
# Of RecordSales: so many orders a call, of one line each unless more are named.
BATCHES = ("--connections", 4, "--streams", 2, "--batch", 1000)


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
    """A process of its own with a store of its own."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        folder.mkdir(exist_ok=True)
        self.log = open(folder / "pool.log", "w+")
        environment = {"ONEPOOL_DATA": str(folder), "ONEPOOL_LISTEN": "127.0.0.1:0", "PATH": os.environ["PATH"]}
        self.process = subprocess.Popen([PROGRAMS / "onepool-pool"], env=environment, stderr=self.log)
        self.address = None
        while self.address is None:
            if self.process.poll() is not None:
                sys.exit(f"onepool-pool ended: {pathlib.Path(self.log.name).read_text()}")
            time.sleep(0.02)
            found = re.search(r"message=serving .*address=(\S+)", pathlib.Path(self.log.name).read_text())
            self.address = found and found.group(1)
        self.runs = 0
        self.sold = 0

    def call(self, method, request, timeout=60):
        asked = urllib.request.Request(
            f"http://{self.address}/{SERVICE}/{method}", json.dumps(request).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=timeout) as answer:
            return json.load(answer)

    def begin(self, method, *options):
        """Starts a load; `--run` makes its orders' names its own."""
        self.runs += 1
        command = [LOAD, "--port", self.address.rsplit(":", 1)[1], "--method", method, "--run", f"r{self.runs}"]
        return subprocess.Popen(
            [*command, *map(str, options)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, load, sells):
        output, problem = load.communicate()
        if load.returncode != 0:
            sys.exit(f"the load failed: {output}{problem}")
        figures = json.loads(output)
        if sells:
            self.sold += figures["lines"]
        return figures

    def load(self, method, *options):
        """A run of the load generator to its end."""
        return self.end(self.begin(method, *options), method in ("sale", "sales"))

    def fill(self, skus):
        self.call("SetLocation", {"location": {"locationId": "WH-1"}})
        for method in ("sku", "receive"):
            self.load(method, "--calls", skus, "--seconds", 600)

    def cpu_seconds(self):
        return processors.cpu_seconds(self.process.pid)

    def stop(self):
        self.process.terminate()
        if self.process.wait(60) != 0:
            sys.exit("onepool-pool did not end well")


class PostgreSQL:
    """Debian's PostgreSQL as it comes, with a cluster of its own: synchronous commit, and fsync."""

    STATEMENT = """
        WITH taken AS (
          UPDATE balance SET available = available - 1 WHERE sku = :sku AND available >= 1 RETURNING sku)
        INSERT INTO ledger (sku, quantity, order_id) SELECT sku, 1, gen_random_uuid()::text FROM taken;
    """
    SCHEMA = f"""
        CREATE TABLE balance (sku integer PRIMARY KEY, available bigint NOT NULL CHECK (available >= 0));
        CREATE TABLE ledger (
          sequence bigserial PRIMARY KEY, sku integer NOT NULL, quantity integer NOT NULL, order_id text NOT NULL UNIQUE,
          commit_time timestamptz NOT NULL DEFAULT now());
        INSERT INTO balance SELECT number, 1000000000 FROM generate_series(1, {SKUS}) AS number;
    """

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        if not programs:
            sys.exit("there is no PostgreSQL: .ci/install bench gets it")
        self.programs = programs[-1]
        # It refuses to run as root.
        self.user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self.user:
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
        self.run("initdb", "--pgdata", folder / "data", "--auth", "trust", "--username", "bench")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c max_connections=200"
        self.run(
            "pg_ctl", "start", "--wait", "--pgdata", folder / "data", "--log", folder / "log", "--options", options)
        self.run("psql", *self.target(), "--command", self.SCHEMA, "--command", "VACUUM ANALYZE")
        for name, sku in (("hot", "\\set sku 1"), ("spread", f"\\set sku random(1, {SKUS})")):
            script = folder / f"{name}.sql"
            script.write_text(f"{sku}\n{' '.join(self.STATEMENT.split())}\n")
            script.chmod(0o644)

    def target(self):
        return ["--host", self.folder, "--username", "bench", "--dbname", "postgres"]

    def run(self, program, *arguments):
        done = subprocess.run(
            [*self.user, str(self.programs / program), *map(str, arguments)], cwd="/", capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{program} failed: {done.stderr}")
        return done.stdout

    def rate(self, script, clients, seconds):
        """Transactions a second of so many clients."""
        output = self.run(
            "pgbench", "--host", self.folder, "--username", "bench", "--no-vacuum", "--protocol", "prepared",
            "--client", clients, "--jobs", min(clients, 2), "--time", max(1, round(seconds)), "--file",
            self.folder / f"{script}.sql", "postgres")
        return float(re.search(r"tps = ([0-9.]+)", output).group(1))

    def stop(self):
        self.run("pg_ctl", "stop", "--mode", "fast", "--pgdata", self.folder / "data")


class SQLite:
    """A transaction a request, as an application would write it: WAL, synchronous FULL."""

    def __init__(self, folder):
        folder.mkdir()
        self.connection = sqlite3.connect(folder / "stock.db", isolation_level=None)
        self.connection.executescript(f"""
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            CREATE TABLE balance (sku INTEGER PRIMARY KEY, available INTEGER NOT NULL CHECK (available >= 0));
            CREATE TABLE ledger (
              sequence INTEGER PRIMARY KEY, sku INTEGER NOT NULL, quantity INTEGER NOT NULL, order_id TEXT NOT NULL UNIQUE);
            WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {SKUS})
            INSERT INTO balance SELECT n, 1000000000 FROM number;
        """)

    def rate(self, seconds):
        count, begun = 0, time.perf_counter()
        while (span := time.perf_counter() - begun) < seconds:
            order = os.urandom(16).hex()
            self.connection.execute("BEGIN IMMEDIATE")
            taken = self.connection.execute(
                "UPDATE balance SET available = available - 1 WHERE sku = 1 AND available >= 1").rowcount
            if taken:
                self.connection.execute("INSERT INTO ledger (sku, quantity, order_id) VALUES (1, 1, ?)", (order,))
            self.connection.execute("COMMIT")
            count += 1
        return count / span

    def stop(self):
        self.connection.close()


def build():
    rivals.BUILT.mkdir(parents=True, exist_ok=True)
    if not LOAD.exists() or SOURCE.stat().st_mtime > LOAD.stat().st_mtime:
        subprocess.run(
            ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", SOURCE, "-o", LOAD, *rivals.flags("libnghttp2")], check=True)


class Bench:
    def __init__(self, quick):
        self.rounds = 1 if quick else 3
        self.seconds = 1.5 if quick else 4
        self.neighbours = processors.Neighbours()
        self.figures = collections.defaultdict(list)
        self.rows = []

    def add(self, rows):
        self.rows += rows
        results.show(rows)

    def measured(self, pool, method, *options):
        """One load, with what others did meanwhile noted."""
        busy, children, cpu = processors.busy_seconds(), processors.ended_children_seconds(), pool.cpu_seconds()
        begun = time.perf_counter()
        figures = pool.load(method, "--seconds", self.seconds, *options)
        known = processors.ended_children_seconds() - children + pool.cpu_seconds() - cpu
        self.neighbours.add(processors.busy_seconds() - busy, known, time.perf_counter() - begun)
        return figures

    # MARK: writes

    def writes(self, pool, postgres, sqlite):
        for _ in range(self.rounds):
            for name, method, options in (
                ("RecordSale hot", "sale", ()),
                ("RecordSale 100,000 SKUs", "sale", ("--skus", SKUS)),
                ("RecordSale 90 % on one", "sale", ("--skus", SKUS, "--hot", 90)),
                ("CreateHold, CommitHold", "hold", ()),
                ("RecordSales, lines", "sales", BATCHES),
                ("RecordSales, lines of 3 an order", "sales", (*BATCHES, "--lines", 3)),
            ):
                figures = self.measured(pool, method, *options)
                self.figures[name].append(figures["lines"] / figures["seconds"])
            for clients in CLIENTS:
                self.figures[f"PostgreSQL hot, {clients}"].append(postgres.rate("hot", clients, self.seconds))
            self.figures["PostgreSQL 100,000 SKUs, 32"].append(postgres.rate("spread", 32, self.seconds))
            self.figures["SQLite, one a request"].append(sqlite.rate(self.seconds / 2))
        self.figures[BEST] = [
            max(figures) for figures in zip(*(self.figures[f"PostgreSQL hot, {count}"] for count in CLIENTS))]
        pairs = [
            ("RecordSale hot", BEST), ("RecordSale hot", "PostgreSQL hot, 64"),
            ("RecordSale hot", "SQLite, one a request"), ("RecordSale hot", "RecordSale 100,000 SKUs"),
            ("CreateHold, CommitHold", BEST), ("CreateHold, CommitHold", "PostgreSQL hot, 64"),
            ("RecordSale 90 % on one", BEST), ("RecordSale 100,000 SKUs", "PostgreSQL 100,000 SKUs, 32"),
            ("RecordSales, lines", BEST), ("RecordSales, lines of 3 an order", BEST),
        ]
        self.add([
            results.compare(SUITE, case, rival, "durable", "1/s", self.figures[case], self.figures[rival])
            for case, rival in pairs])

    # MARK: latency

    def latencies(self, pool):
        half = sorted(self.figures["RecordSale hot"])[self.rounds // 2] / 2
        for name, rate, streams in (("at half of that", half, 10), ("at 1,000/s", 1000, 1)):
            for _ in range(self.rounds):
                figures = self.measured(pool, "sale", "--rate", rate, "--streams", streams)
                for part in ("p50", "p99"):
                    self.figures[name, part].append(figures[f"{part}_ms"])
            self.add([
                results.alone(SUITE, f"RecordSale {name}", part, "ms", sorted(self.figures[name, part])[self.rounds // 2])
                for part in ("p50", "p99")])

    # MARK: reads

    def reads(self, pool):
        """Reads beside sales at half of their rate, against calls of the bare RPC layer beside the same."""
        half = sorted(self.figures["RecordSale hot"])[self.rounds // 2] / 2
        shape = ("--connections", 8, "--streams", 10, "--skus", SKUS)
        for _ in range(self.rounds):
            for name in ("availability", "health"):
                sales = pool.begin("sale", "--rate", half, "--seconds", self.seconds + 1)
                time.sleep(0.5)
                figures = self.measured(pool, name, *shape)
                pool.end(sales, True)
                self.figures[name].append(figures["calls"] / figures["seconds"])
                self.figures[f"{name} p99"].append(figures["p99_ms"])
        self.add([
            results.compare(
                SUITE, "GetAvailability", "health checks", f"{metric} beside sales", unit,
                self.figures[f"availability{suffix}"], self.figures[f"health{suffix}"])
            for metric, unit, suffix in (("calls", "1/s", ""), ("p99", "ms", " p99"))])


def measure(quick):
    build()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(results.scratch()))
        folder.chmod(0o755)
        sync = sync_milliseconds(folder)
        print(f"fdatasync of 4 KiB, median: {sync:.2f} ms; {os.cpu_count()} cores, the load generator on the same ones\n")
        results.show_head()
        bench = Bench(quick)
        bench.rows.append(results.alone(SUITE, "sync", "fdatasync of 4 KiB, median", "ms", sync))
        pool = Pool(folder / "pool")
        stack.callback(pool.stop)
        pool.fill(SKUS)
        postgres = PostgreSQL(folder / "postgres")
        stack.callback(postgres.stop)
        sqlite = SQLite(folder / "sqlite")
        stack.callback(sqlite.stop)
        bench.writes(pool, postgres, sqlite)
        bench.latencies(pool)
        bench.reads(pool)
        proof = pool.call("VerifyLedger", {}, timeout=600)
        if not proof.get("proved"):
            sys.exit(f"the ledger is not proved: {proof}")
        print(f"{pool.sold:,} lines sold, ledger proved; {bench.neighbours}")
    return bench.rows

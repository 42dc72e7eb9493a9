"""gRPC's own Python client against the real processes, with stubs made from Protos/."""

import concurrent.futures
import unittest

import grpc
from google.protobuf import descriptor_pb2

from interop import ADDRESSES, SERVICES, VENDORED, channel, details, method, module, stub, unique

# Seconds; a net only, so that a busy machine never fails a test.
TIMEOUT = 60


class Case(unittest.TestCase):
    def setUp(self):
        self.channels = {}
        self.addCleanup(lambda: [each.close() for each in self.channels.values()])

    def channel(self, service):
        if service not in self.channels:
            self.channels[service] = channel(service)
        return self.channels[service]

    def stub(self, service):
        return stub(service, self.channel(service))

    def assert_refused(self, code, call, *arguments, **options):
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, timeout=TIMEOUT, **options)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        return caught.exception

    def assert_reason(self, code, reason, call, *arguments):
        error = self.assert_refused(code, call, *arguments)
        status, found = details(error)
        self.assertIsNotNone(status, "no grpc-status-details-bin")
        self.assertEqual(status.code, code.value[0])
        self.assertEqual(status.message, error.details())
        self.assertEqual(found["ErrorInfo"].reason, reason)
        return found

    def stocked_sku(self, quantity):
        """A new SKU with `quantity` units at a new location, none of them hidden by a default buffer."""
        pool, requests = self.stub("pool"), module("pool", "pool_service")
        stock = module("pool", "stock")
        sku, location = unique("SKU"), unique("LOC")
        pool.SetSku(requests.SetSkuRequest(sku=stock.Sku(sku=sku)), timeout=TIMEOUT)
        pool.SetLocation(
            requests.SetLocationRequest(location=stock.Location(location_id=location)), timeout=TIMEOUT)
        pool.SetBuffer(requests.SetBufferRequest(buffer=stock.Buffer(sku=sku, unit_count=0)), timeout=TIMEOUT)
        pool.ReceiveStock(
            requests.ReceiveStockRequest(
                lines=[requests.StockLine(sku=sku, location_id=location, quantity=quantity)]),
            timeout=TIMEOUT)
        return sku, location


class UnaryCalls(Case):
    def test_every_service_answers(self):
        asked = {
            "pool": ("ListSkus", "ListSkusRequest"),
            "mapping": ("ListChannels", "ListChannelsRequest"),
            "fulfilment": ("ListOrders", "ListOrdersRequest"),
            "returns": ("ListReturns", "ListReturnsRequest"),
            "gateway": ("ListConnections", "ListConnectionsRequest"),
        }
        self.assertEqual(set(asked), set(SERVICES))
        for service, (name, request) in asked.items():
            with self.subTest(service=service):
                call = getattr(self.stub(service), name)
                call(getattr(module(service, f"{service}_service"), request)(page_size=1), timeout=TIMEOUT)

    def test_a_sale_lowers_what_is_available(self):
        sku, location = self.stocked_sku(10)
        pool, requests, stock = self.stub("pool"), module("pool", "pool_service"), module("pool", "stock")
        order = unique("acme/order")
        sale = pool.RecordSale(
            requests.RecordSaleRequest(
                order_id=order, channel_id="web", lines=[stock.SaleLine(line_id="1", sku=sku, quantity=3)]),
            timeout=TIMEOUT)
        self.assertEqual(sale.oversold_count, 0)
        self.assertEqual([(each.location_id, each.quantity) for each in sale.lines[0].allocations], [(location, 3)])
        total = pool.GetStock(requests.GetStockRequest(sku=sku), timeout=TIMEOUT).total
        self.assertEqual((total.on_hand_count, total.committed_count, total.available_count), (10, 3, 7))

    def test_a_repeat_gets_the_first_answer_and_another_body_is_refused(self):
        sku, location = self.stocked_sku(1)
        pool, requests = self.stub("pool"), module("pool", "pool_service")
        line = requests.StockLine(sku=sku, location_id=location, quantity=4)
        request = requests.ReceiveStockRequest(lines=[line], request_id=unique("request"))
        first = pool.ReceiveStock(request, timeout=TIMEOUT)
        self.assertEqual(pool.ReceiveStock(request, timeout=TIMEOUT), first)
        self.assertEqual(first.balances[0].on_hand_count, 5)
        request.lines[0].quantity = 5
        self.assert_reason(grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED", pool.ReceiveStock, request)

    def test_many_calls_share_one_connection(self):
        pool, requests = self.stub("pool"), module("pool", "pool_service")
        sku, location = self.stocked_sku(1)

        def receive(number):
            line = requests.StockLine(sku=sku, location_id=location, quantity=1)
            return pool.ReceiveStock(
                requests.ReceiveStockRequest(lines=[line], request_id=unique(f"r{number}")), timeout=TIMEOUT)

        with concurrent.futures.ThreadPoolExecutor(32) as workers:
            answers = list(workers.map(receive, range(400)))
        self.assertEqual(sorted(each.balances[0].on_hand_count for each in answers), list(range(2, 402)))

    def test_metadata_is_taken_along(self):
        pool, requests = self.stub("pool"), module("pool", "pool_service")
        pool.ListSkus(
            requests.ListSkusRequest(page_size=1), timeout=TIMEOUT,
            metadata=(("x-trace", "a"), ("x-trace", "b"), ("x-bytes-bin", bytes(range(256)))))


class Errors(Case):
    def test_an_unknown_resource_has_a_reason_and_its_name(self):
        pool, requests = self.stub("pool"), module("pool", "pool_service")
        sku = unique("NO")
        found = self.assert_reason(
            grpc.StatusCode.NOT_FOUND, "SKU_UNKNOWN", pool.GetStock, requests.GetStockRequest(sku=sku))
        self.assertEqual(found["ErrorInfo"].domain, "pool.onepool")
        self.assertEqual(dict(found["ErrorInfo"].metadata), {"sku": sku})

    def test_wrong_fields_are_named_all_at_once(self):
        sku, location = self.stocked_sku(1)
        pool, requests = self.stub("pool"), module("pool", "pool_service")
        lines = [
            requests.StockLine(sku=sku, location_id=location, quantity=0),
            requests.StockLine(sku=sku, location_id=location, quantity=1),
            requests.StockLine(sku="", location_id=location, quantity=-1),
        ]
        found = self.assert_reason(
            grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", pool.ReceiveStock,
            requests.ReceiveStockRequest(lines=lines))
        fields = {each.field for each in found["BadRequest"].field_violations}
        self.assertEqual(fields, {"lines[0].quantity", "lines[2].sku", "lines[2].quantity"})

    def test_a_thousand_violations_fit_into_the_trailers(self):
        """grpcio takes 8 KiB of trailers, and makes RESOURCE_EXHAUSTED of a call that has more."""
        pool, requests = self.stub("pool"), module("pool", "pool_service")
        line = requests.StockLine(sku="\x01" * 300, location_id="\x02" * 300, quantity=-5)
        found = self.assert_reason(
            grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", pool.ReceiveStock,
            requests.ReceiveStockRequest(lines=[line] * 1000))
        fields = [each.field for each in found["BadRequest"].field_violations]
        self.assertEqual(fields[:3], ["lines[0].sku", "lines[0].location_id", "lines[0].quantity"])
        self.assertGreater(len(fields), 20)

    def test_no_lines_and_too_many_are_refused(self):
        pool, requests = self.stub("pool"), module("pool", "pool_service")
        line = requests.StockLine(sku="A", location_id="B", quantity=1)
        for lines in ([], [line] * 10_001):
            found = self.assert_reason(
                grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", pool.ReceiveStock,
                requests.ReceiveStockRequest(lines=lines))
            self.assertEqual([each.field for each in found["BadRequest"].field_violations], ["lines"])

    def test_unknown_methods_and_services_are_unimplemented(self):
        for path in ("/onepool.pool.v1.PoolService/Nothing", "/onepool.Nothing/Nothing", "/x"):
            call = self.channel("pool").unary_unary(path)
            self.assert_refused(grpc.StatusCode.UNIMPLEMENTED, call, b"")

    def test_what_cannot_be_read_is_invalid(self):
        call = self.channel("pool").unary_unary("/onepool.pool.v1.PoolService/GetStock")
        broken = {
            "cut short": b"\x0a\x05abc",
            "not UTF-8": b"\x0a\x02\xc3\x28",
            "a NUL inside": b"\x0a\x03a\x00b",
            "no tag": b"\xff" * 16,
        }
        for name, message in broken.items():
            with self.subTest(name):
                self.assert_refused(grpc.StatusCode.INVALID_ARGUMENT, call, message)

    def test_a_message_too_large_is_refused_alone(self):
        call = self.channel("pool").unary_unary("/onepool.pool.v1.PoolService/GetStock")
        self.assert_refused(grpc.StatusCode.RESOURCE_EXHAUSTED, call, b"\x0a" + b"\xff\xff\xff\x02" + b"a" * (5 << 20))
        self.assert_refused(grpc.StatusCode.NOT_FOUND, call, b"\x0a\x04NONE")


class Deadlines(Case):
    def test_a_stream_ends_at_its_deadline(self):
        pool, requests = self.stub("pool"), module("pool", "pool_service")
        stream = pool.WatchAvailability(requests.WatchAvailabilityRequest(channel_ids=["web"]), timeout=0.5)
        with self.assertRaises(grpc.RpcError) as caught:
            for _ in stream:
                pass
        self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)

    def test_a_deadline_in_the_past_is_exceeded(self):
        pool, requests = self.stub("pool"), module("pool", "pool_service")
        with self.assertRaises(grpc.RpcError) as caught:
            pool.ListSkus(requests.ListSkusRequest(), timeout=-1)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)

    def test_a_cancelled_stream_harms_nothing(self):
        pool, requests = self.stub("pool"), module("pool", "pool_service")
        for _ in range(20):
            stream = pool.WatchAvailability(requests.WatchAvailabilityRequest(channel_ids=["web"]), timeout=TIMEOUT)
            next(stream)
            stream.cancel()
        pool.ListSkus(requests.ListSkusRequest(page_size=1), timeout=TIMEOUT)


class Streams(Case):
    def test_a_watch_shows_a_change_and_resumes_after_it(self):
        sku, location = self.stocked_sku(5)
        pool, requests = self.stub("pool"), module("pool", "pool_service")
        watch = requests.WatchAvailabilityRequest(channel_ids=["web"], skus=[sku])
        stream = pool.WatchAvailability(watch, timeout=TIMEOUT)
        first = next(each for each in stream if each.sku == sku)
        self.assertTrue(first.snapshot)
        self.assertEqual(first.channels[0].available_to_sell_count, 5)
        line = requests.StockLine(sku=sku, location_id=location, quantity=2)
        pool.ReceiveStock(requests.ReceiveStockRequest(lines=[line]), timeout=TIMEOUT)
        change = next(each for each in stream if each.sku == sku and each.available_count == 7)
        self.assertGreater(change.sequence, first.sequence)
        self.assertGreater(change.commit_time.seconds, 0)
        stream.cancel()

        pool.ReceiveStock(requests.ReceiveStockRequest(lines=[line]), timeout=TIMEOUT)
        watch.after_sequence = change.sequence
        stream = pool.WatchAvailability(watch, timeout=TIMEOUT)
        later = next(each for each in stream if each.sku == sku)
        self.assertFalse(later.snapshot)
        self.assertEqual(later.available_count, 9)
        stream.cancel()

    def test_a_sequence_of_the_future_is_refused(self):
        pool, requests = self.stub("pool"), module("pool", "pool_service")
        stream = pool.WatchAvailability(
            requests.WatchAvailabilityRequest(channel_ids=["web"], after_sequence=1 << 60), timeout=TIMEOUT)
        with self.assertRaises(grpc.RpcError) as caught:
            next(stream)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.OUT_OF_RANGE)
        self.assertEqual(details(caught.exception)[1]["ErrorInfo"].reason, "SEQUENCE_UNKNOWN")


class HealthAndReflection(Case):
    HEALTH = "grpc.health.v1.HealthCheck"

    def check(self, service, name):
        call = method(
            self.channel(service), "/grpc.health.v1.Health/Check", f"{self.HEALTH}Request", f"{self.HEALTH}Response")
        return call, VENDORED[f"{self.HEALTH}Request"](service=name)

    def test_every_service_is_healthy(self):
        for service in SERVICES:
            for name in ("", f"onepool.{service}.v1.{service.capitalize()}Service"):
                with self.subTest(service=service, name=name):
                    call, request = self.check(service, name)
                    self.assertEqual(call(request, timeout=TIMEOUT).status, 1)

    def test_an_unknown_service_is_not_found(self):
        call, request = self.check("pool", "onepool.Nothing")
        self.assert_refused(grpc.StatusCode.NOT_FOUND, call, request)

    def test_health_can_be_watched(self):
        call = method(
            self.channel("pool"), "/grpc.health.v1.Health/Watch", f"{self.HEALTH}Request", f"{self.HEALTH}Response",
            "unary_stream")
        stream = call(VENDORED[f"{self.HEALTH}Request"](service=""), timeout=TIMEOUT)
        self.assertEqual(next(stream).status, 1)
        stream.cancel()

    def test_reflection_hands_out_the_contract(self):
        for version in ("v1", "v1alpha"):
            package = f"grpc.reflection.{version}"
            call = method(
                self.channel("pool"), f"/{package}.ServerReflection/ServerReflectionInfo",
                f"{package}.ServerReflectionRequest", f"{package}.ServerReflectionResponse", "stream_stream")
            request = VENDORED[f"{package}.ServerReflectionRequest"]
            asked = [
                request(list_services="*"),
                request(file_containing_symbol="onepool.pool.v1.PoolService"),
                request(file_containing_symbol="onepool.Nothing"),
                request(file_by_filename="google/protobuf/timestamp.proto"),
            ]
            answers = list(call(iter(asked), timeout=TIMEOUT))
            with self.subTest(version):
                self.assertEqual(len(answers), 4)
                names = {each.name for each in answers[0].list_services_response.service}
                self.assertLessEqual({"onepool.pool.v1.PoolService", "grpc.health.v1.Health"}, names)
                files = [
                    descriptor_pb2.FileDescriptorProto.FromString(each)
                    for each in answers[1].file_descriptor_response.file_descriptor_proto
                ]
                contract = next(each for each in files if each.name == "onepool/pool/v1/pool_service.proto")
                made = module("pool", "pool_service").DESCRIPTOR.services_by_name["PoolService"]
                self.assertEqual([each.name for each in contract.service[0].method], [each.name for each in made.methods])
                self.assertEqual(answers[2].error_response.error_code, grpc.StatusCode.NOT_FOUND.value[0])
                self.assertTrue(answers[3].file_descriptor_response.file_descriptor_proto)



if __name__ == "__main__":
    print("services:", ADDRESSES)
    unittest.main(verbosity=2)

"""RFC 9113 and RFC 7541, and gRPC's doc/PROTOCOL-HTTP2.md, one rule a test: frames are sent raw, the error code is the
one that the text names, and the server lives on. The rules are those that h2spec checks, and some more."""

import contextlib
import struct
import unittest

import wire
from wire import (
    ACK, CANCEL, COMPRESSION_ERROR, CONTINUATION, DATA, EMPTY_MESSAGE, END_HEADERS, END_STREAM, FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR, GOAWAY, HEADERS, PADDED, PING, PRIORITIZED, PRIORITY, PROTOCOL_ERROR, PUSH_PROMISE,
    REFUSED_STREAM, RST_STREAM, SETTINGS, STREAM_CLOSED, WINDOW_UPDATE, Peer, Server, block, call, frame, literal,
    request)

SERVER = None
# A call that stays open until its stream is reset.
HANGING = wire.streaming_request((1, 2_000_000_000))


def setUpModule():
    global SERVER
    SERVER = Server()


def tearDownModule():
    SERVER.stop()


def number(value):
    return struct.pack(">I", value)


def setting(name, value):
    return struct.pack(">HI", name, value)


class Conformance(unittest.TestCase):
    def setUp(self):
        self.peer = None

    def tearDown(self):
        if self.peer:
            self.peer.close()
        # Whatever was sent, the server answers the next one.
        with contextlib.closing(Peer(SERVER.address)) as other:
            other.headers(1, call(), end=False)
            other.data(1, EMPTY_MESSAGE)
            self.assertEqual(other.answer(1)[0]["grpc-status"], "0")

    def open(self, settings=b"", **options):
        if self.peer:
            self.peer.close()
        self.peer = Peer(SERVER.address, settings, **options)
        return self.peer

    def hang(self, stream=1, end=True):
        """An open call: its answer's time has not come."""
        self.peer.headers(stream, call("StreamingOutputCall"), end=False)
        self.peer.data(stream, HANGING, end)

    def ends(self, *codes):
        """The connection ends with one of the codes."""
        self.assertIn(self.peer.ending(), codes)

    def resets(self, stream, *codes):
        """The stream ends with one of the codes, or the connection does (RFC 9113, 5.4.2)."""
        found = self.peer.until(lambda kind, _, id, __: kind == RST_STREAM and id == stream or kind == GOAWAY)
        self.assertIsNotNone(found, "closed without a word")
        kind, _, _, payload = found
        self.assertIn(int.from_bytes(payload[4:8] if kind == GOAWAY else payload[:4], "big"), codes)
        if kind == RST_STREAM:
            self.assertTrue(self.peer.ping(), "the connection lives on")

    def answers(self, stream=1, status="404"):
        found = self.peer.answer(stream)
        self.assertIsNotNone(found)
        self.assertEqual(found[0][":status"], status)
        return found

    def lives(self):
        self.assertTrue(self.peer.ping())


class Prefaces(Conformance):
    def test_3_4_bad_preface_ends(self):
        self.open(preface=None).send(b"INVALID CONNECTION PREFACE\r\n\r\n")
        while self.peer.sock.recv(1 << 16):
            pass

    def test_3_4_first_frame_must_be_settings(self):
        self.open(preface=None).send(wire.PREFACE + frame(PING, 0, 0, b"12345678"))
        self.ends(PROTOCOL_ERROR)

    def test_3_4_settings_are_sent_and_acknowledged(self):
        self.open()
        self.assertEqual(self.peer.next()[0], SETTINGS)
        self.assertIsNotNone(self.peer.until(lambda kind, flags, *_: kind == SETTINGS and flags & ACK))


class Frames(Conformance):
    def test_4_1_unknown_type_is_ignored(self):
        self.open().send(frame(0x16, 0, 0, b"x" * 8))
        self.lives()

    def test_4_1_undefined_flags_are_ignored(self):
        self.open().send(frame(PING, 0x16, 0, b"12345678"))
        self.assertIsNotNone(self.peer.until(lambda kind, flags, *_: kind == PING and flags & ACK))

    def test_4_1_reserved_bit_is_ignored(self):
        self.open().send(frame(PING, 0, 1 << 31, b"12345678"))
        self.assertIsNotNone(self.peer.until(lambda kind, flags, *_: kind == PING and flags & ACK))

    def test_4_2_largest_frame_is_taken(self):
        self.open().headers(1, request("/nothing", "POST"), end=False)
        self.peer.data(1, b"x" * 16384)
        found = self.peer.answer(1)
        self.assertIsNotNone(found)

    def test_4_2_larger_data_is_a_size_error(self):
        self.open().headers(1, request("/nothing", "POST"), end=False)
        self.peer.data(1, b"x" * 16385)
        self.resets(1, FRAME_SIZE_ERROR)

    def test_4_2_larger_headers_end_the_connection(self):
        self.open().send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block(*request()) + b"x" * 16384))
        self.ends(FRAME_SIZE_ERROR)

    def test_4_3_block_that_cannot_be_decoded_ends(self):
        self.open().send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block(*request()) + b"\x40"))
        self.ends(COMPRESSION_ERROR)

    def test_4_3_nothing_comes_between_the_pieces_of_a_block(self):
        for between in (frame(PRIORITY, 0, 1, number(0) + b"\x10"), frame(HEADERS, END_HEADERS, 3, block(*request())),
                        frame(0x16, 0, 0, b"x"), frame(DATA, 0, 1, b"x"), frame(PING, 0, 0, b"12345678"),
                        frame(CONTINUATION, END_HEADERS, 3, b"")):
            with self.subTest(between):
                self.open().send(frame(HEADERS, END_STREAM, 1, block(*request())), between)
                self.ends(PROTOCOL_ERROR)


class States(Conformance):
    def test_5_1_idle_stream_takes_headers_and_priority_only(self):
        for bad in (frame(DATA, END_STREAM, 1, b"x"), frame(RST_STREAM, 0, 1, number(CANCEL)),
                    frame(WINDOW_UPDATE, 0, 1, number(100)), frame(CONTINUATION, END_HEADERS, 1, block(*request()))):
            with self.subTest(bad):
                self.open().send(bad)
                self.ends(PROTOCOL_ERROR)

    def test_5_1_half_closed_stream_takes_no_data_and_no_headers(self):
        for bad in (frame(DATA, END_STREAM, 1, b"x"), frame(HEADERS, END_STREAM | END_HEADERS, 1, block(("x", "y")))):
            with self.subTest(bad):
                self.open()
                self.hang()
                self.peer.send(bad)
                self.resets(1, STREAM_CLOSED)

    def test_5_1_half_closed_stream_takes_no_continuation(self):
        self.open()
        self.hang()
        self.peer.send(frame(CONTINUATION, END_HEADERS, 1, block(("x", "y"))))
        self.resets(1, STREAM_CLOSED, PROTOCOL_ERROR)

    def test_5_1_half_closed_stream_takes_window_priority_and_reset(self):
        self.open()
        self.hang()
        self.peer.send(frame(WINDOW_UPDATE, 0, 1, number(100)), frame(PRIORITY, 0, 1, number(0) + b"\x10"),
                       frame(RST_STREAM, 0, 1, number(CANCEL)))
        self.lives()

    def test_5_1_stream_that_was_reset_takes_no_data(self):
        self.open()
        self.hang()
        self.peer.send(frame(RST_STREAM, 0, 1, number(CANCEL)), frame(DATA, END_STREAM, 1, b"x"))
        self.resets(1, STREAM_CLOSED)

    def test_5_1_stream_that_was_reset_takes_no_headers(self):
        self.open()
        self.hang()
        self.peer.send(frame(RST_STREAM, 0, 1, number(CANCEL)))
        self.peer.headers(1, request())
        self.resets(1, STREAM_CLOSED, PROTOCOL_ERROR)

    def test_5_1_stream_that_has_ended_takes_nothing(self):
        for bad in (frame(DATA, END_STREAM, 1, b"x"), frame(HEADERS, END_STREAM | END_HEADERS, 1, block(*request())),
                    frame(CONTINUATION, END_HEADERS, 1, block(("x", "y")))):
            with self.subTest(bad):
                self.open().headers(1, request())
                self.answers()
                self.peer.send(bad)
                # 5.1.1: an identifier that was used is a PROTOCOL_ERROR too.
                self.resets(1, STREAM_CLOSED, PROTOCOL_ERROR)

    def test_5_1_stream_that_has_ended_bears_priority(self):
        self.open().headers(1, request())
        self.answers()
        self.peer.send(frame(PRIORITY, 0, 1, number(0) + b"\x10"))
        self.lives()

    def test_5_1_stream_that_has_just_ended_bears_window_and_reset(self):
        self.open().headers(1, request())
        self.answers()
        self.peer.send(frame(WINDOW_UPDATE, 0, 1, number(100)), frame(RST_STREAM, 0, 1, number(CANCEL)))
        self.lives()

    def test_5_1_1_even_identifier_ends(self):
        self.open().headers(2, request())
        self.ends(PROTOCOL_ERROR)

    def test_5_1_1_smaller_identifier_ends(self):
        self.open().headers(5, request())
        self.answers(5)
        self.peer.headers(3, request())
        self.ends(PROTOCOL_ERROR)

    def test_5_1_2_streams_beyond_the_limit_are_refused(self):
        self.open()
        self.peer.send(frame(SETTINGS, ACK))
        for index in range(1001):
            self.hang(2 * index + 1)
        self.resets(2001, REFUSED_STREAM, PROTOCOL_ERROR)

    def test_5_3_stream_that_depends_on_itself_harms_nobody(self):
        # RFC 9113 gives priorities up; RFC 7540 made it a PROTOCOL_ERROR.
        payload = number(1) + b"\xff" + block(*request())
        self.open().send(frame(HEADERS, END_HEADERS | END_STREAM | PRIORITIZED, 1, payload))
        found = self.peer.answer(1)
        self.assertTrue(found is None or found[0][":status"] == "404")


class FrameKinds(Conformance):
    """Section 6: which stream, which length, which values."""

    def check(self, cases):
        for name, code, *frames in cases:
            with self.subTest(name):
                self.open().send(*frames)
                self.ends(code)

    def test_6_wrong_stream_is_a_protocol_error(self):
        self.check([
            ("DATA", PROTOCOL_ERROR, frame(DATA, 0, 0, b"x")),
            ("HEADERS", PROTOCOL_ERROR, frame(HEADERS, END_HEADERS, 0, block(*request()))),
            ("PRIORITY", PROTOCOL_ERROR, frame(PRIORITY, 0, 0, number(0) + b"\x10")),
            ("RST_STREAM", PROTOCOL_ERROR, frame(RST_STREAM, 0, 0, number(CANCEL))),
            ("SETTINGS", PROTOCOL_ERROR, frame(SETTINGS, 0, 1, setting(3, 100))),
            ("PING", PROTOCOL_ERROR, frame(PING, 0, 1, b"12345678")),
            ("GOAWAY", PROTOCOL_ERROR, frame(GOAWAY, 0, 1, bytes(8))),
            ("CONTINUATION", PROTOCOL_ERROR, frame(CONTINUATION, END_HEADERS, 0, block(*request()))),
        ])

    def test_6_wrong_length_is_a_size_error(self):
        started = frame(HEADERS, END_HEADERS, 1, block(*request("/nothing", "POST")))
        self.check([
            ("RST_STREAM", FRAME_SIZE_ERROR, started, frame(RST_STREAM, 0, 1, b"123")),
            ("SETTINGS", FRAME_SIZE_ERROR, frame(SETTINGS, 0, 0, b"123")),
            ("SETTINGS ACK", FRAME_SIZE_ERROR, frame(SETTINGS, ACK, 0, setting(3, 100))),
            ("PING", FRAME_SIZE_ERROR, frame(PING, 0, 0, b"123456")),
            ("PING", FRAME_SIZE_ERROR, frame(PING, 0, 0, b"123456789")),
            ("GOAWAY", FRAME_SIZE_ERROR, frame(GOAWAY, 0, 0, b"1234567")),
            ("WINDOW_UPDATE", FRAME_SIZE_ERROR, frame(WINDOW_UPDATE, 0, 0, b"123")),
            ("HEADERS", FRAME_SIZE_ERROR, frame(HEADERS, END_HEADERS | PRIORITIZED, 1, b"123")),
        ])

    def test_6_3_priority_of_a_wrong_length_is_a_size_error(self):
        self.open()
        self.hang()
        self.peer.send(frame(PRIORITY, 0, 1, b"1234"))
        self.resets(1, FRAME_SIZE_ERROR)

    def test_6_padding_of_all_the_frame_is_a_protocol_error(self):
        started = frame(HEADERS, END_HEADERS, 1, block(*request("/nothing", "POST")))
        self.check([
            ("DATA", PROTOCOL_ERROR, started, frame(DATA, PADDED | END_STREAM, 1, b"\x06abcde")),
            ("HEADERS", PROTOCOL_ERROR, frame(HEADERS, PADDED | END_HEADERS, 1, b"\xff" + block(*request()))),
        ])

    def test_6_padding_is_taken_off(self):
        self.open().send(
            frame(HEADERS, PADDED | END_HEADERS, 1, b"\x05" + block(*call()) + bytes(5)),
            frame(DATA, PADDED | END_STREAM, 1, b"\x03" + EMPTY_MESSAGE + bytes(3)))
        self.assertEqual(self.answers(1, "200")[0]["grpc-status"], "0")

    def test_6_1_data_is_only_for_open_streams(self):
        self.open().headers(1, request())
        self.answers()
        self.peer.data(1, b"x")
        self.resets(1, STREAM_CLOSED)

    def test_6_4_reset_of_an_idle_stream_ends(self):
        self.open().send(frame(RST_STREAM, 0, 99, number(CANCEL)))
        self.ends(PROTOCOL_ERROR)

    def test_6_5_2_values_out_of_range(self):
        self.check([
            ("ENABLE_PUSH", PROTOCOL_ERROR, frame(SETTINGS, 0, 0, setting(2, 2))),
            ("INITIAL_WINDOW_SIZE", FLOW_CONTROL_ERROR, frame(SETTINGS, 0, 0, setting(4, 1 << 31))),
            ("MAX_FRAME_SIZE", PROTOCOL_ERROR, frame(SETTINGS, 0, 0, setting(5, 16383))),
            ("MAX_FRAME_SIZE", PROTOCOL_ERROR, frame(SETTINGS, 0, 0, setting(5, 1 << 24))),
        ])

    def test_6_5_2_unknown_setting_is_ignored(self):
        self.open().send(frame(SETTINGS, 0, 0, setting(0xFF, 1)))
        self.lives()

    def test_6_5_3_last_of_two_values_counts(self):
        self.open(setting(4, 100) + setting(4, 1)).headers(1, request())
        kind, _, _, payload = self.peer.until(lambda kind, *_: kind == DATA)
        self.assertEqual(payload, b"T")

    def test_6_7_ping_is_answered_with_its_bytes(self):
        self.open().send(frame(PING, 0, 0, b"12345678"))
        found = self.peer.until(lambda kind, *_: kind == PING)
        self.assertEqual((found[1], found[3]), (ACK, b"12345678"))

    def test_6_7_answer_to_a_ping_is_not_answered(self):
        self.open().send(frame(PING, ACK, 0, b"nobody??"))
        self.lives()
        self.assertFalse([found for found in self.peer.seen if found[0] == PING and found[3] == b"nobody??"])

    def test_6_8_streams_outlive_the_clients_goaway(self):
        self.open().headers(1, call(), end=False)
        self.peer.send(frame(GOAWAY, 0, 0, number(0) + number(0)))
        self.peer.data(1, EMPTY_MESSAGE)
        self.assertEqual(self.answers(1, "200")[0]["grpc-status"], "0")

    def test_6_10_continuation_needs_a_block_that_goes_on(self):
        self.open()
        self.hang()
        self.peer.send(frame(CONTINUATION, END_HEADERS, 1, block(("x", "y"))))
        self.ends(PROTOCOL_ERROR, STREAM_CLOSED)

    def test_6_10_block_in_several_pieces_is_one(self):
        text = block(*request())
        self.open().send(frame(HEADERS, END_STREAM, 1, text[:1]), frame(CONTINUATION, 0, 1, text[1:9]),
                         frame(CONTINUATION, 0, 1, b""), frame(CONTINUATION, END_HEADERS, 1, text[9:]))
        self.answers()

    def test_7_unknown_codes_mean_nothing_special(self):
        self.open()
        self.hang()
        self.peer.send(frame(RST_STREAM, 0, 1, number(0xFF)))
        self.lives()
        self.peer.send(frame(GOAWAY, 0, 0, number(0) + number(0xFF)))
        self.ends(None, 0)

    def test_8_4_push_by_a_client_ends(self):
        self.open().send(frame(PUSH_PROMISE, END_HEADERS, 1, number(2) + block(*request())))
        self.ends(PROTOCOL_ERROR)


class FlowControl(Conformance):
    def test_6_9_increment_of_nothing(self):
        self.open().send(frame(WINDOW_UPDATE, 0, 0, number(0)))
        self.ends(PROTOCOL_ERROR)
        self.open()
        self.hang()
        self.peer.send(frame(WINDOW_UPDATE, 0, 1, number(0)))
        self.resets(1, PROTOCOL_ERROR)

    def test_6_9_1_window_beyond_2_to_31_of_the_connection_ends(self):
        self.open().send(frame(WINDOW_UPDATE, 0, 0, number((1 << 31) - 1)) * 2)
        self.ends(FLOW_CONTROL_ERROR)

    def test_6_9_1_window_beyond_2_to_31_of_a_stream_resets_it(self):
        self.open()
        self.hang()
        self.peer.send(frame(WINDOW_UPDATE, 0, 1, number((1 << 31) - 1)) * 2)
        self.resets(1, FLOW_CONTROL_ERROR)

    def test_6_9_1_no_more_is_sent_than_the_window(self):
        self.open(setting(4, 3)).headers(1, request())
        self.lives()
        self.lives()
        self.assertEqual([found[3] for found in self.peer.seen if found[0] == DATA], [b"The"])

    def test_6_9_2_settings_move_the_windows_of_open_streams(self):
        self.open(setting(4, 0)).headers(1, request())
        self.lives()
        self.assertFalse([found for found in self.peer.seen if found[0] == DATA])
        self.peer.send(frame(SETTINGS, 0, 0, setting(4, 1)))
        self.assertEqual(self.peer.until(lambda kind, *_: kind == DATA)[3], b"T")

    def test_6_9_2_window_may_be_negative(self):
        self.open(setting(4, 3)).headers(1, request())
        self.assertEqual(self.peer.until(lambda kind, *_: kind == DATA)[3], b"The")
        self.peer.send(frame(SETTINGS, 0, 0, setting(4, 2)), frame(WINDOW_UPDATE, 0, 1, number(2)))
        self.assertEqual(self.peer.until(lambda kind, *_: kind == DATA)[3], b"r")

    def test_6_9_2_settings_that_overflow_a_window_end(self):
        self.open()
        self.hang()
        self.peer.send(frame(WINDOW_UPDATE, 0, 1, number((1 << 31) - 1 - 65535)),
                       frame(SETTINGS, 0, 0, setting(4, 65536)))
        self.resets(1, FLOW_CONTROL_ERROR)

    def test_6_9_1_data_beyond_our_window_is_an_error(self):
        self.open()
        self.peer.headers(1, call("FullDuplexCall"), end=False)
        # A message that is never whole and whose handler waits is given room; a handler that sleeps takes none.
        self.peer.data(1, HANGING, end=False)
        for _ in range(40):
            self.peer.data(1, b"\x00\x00\x00\x40\x00" + bytes(16379), end=False)
        self.resets(1, FLOW_CONTROL_ERROR)


class Fields(Conformance):
    """Sections 8.1 to 8.3: a request that is malformed is a stream error PROTOCOL_ERROR."""

    def check(self, cases):
        for name, fields in cases:
            with self.subTest(name):
                self.open().headers(1, fields)
                self.resets(1, PROTOCOL_ERROR)

    def test_8_1_second_headers_must_end_the_stream(self):
        self.open()
        self.hang(end=False)
        self.peer.headers(1, [("x", "y")], end=False)
        self.resets(1, PROTOCOL_ERROR)

    def test_8_1_trailers_have_no_pseudo_fields(self):
        self.open().headers(1, call(), end=False)
        self.peer.data(1, EMPTY_MESSAGE, end=False)
        self.peer.headers(1, [(":method", "POST")])
        self.resets(1, PROTOCOL_ERROR)

    def test_8_1_trailers_are_taken(self):
        self.open().headers(1, call(), end=False)
        self.peer.data(1, EMPTY_MESSAGE, end=False)
        self.peer.headers(1, [("x-checksum", "1")])
        self.assertEqual(self.answers(1, "200")[0]["grpc-status"], "0")

    def test_8_1_1_content_length_must_be_the_bodys(self):
        for length, pieces in (("1", [b"test"]), ("1", [b"te", b"st"]), ("5", [b"test"]), ("x", [b"test"])):
            with self.subTest(length=length, pieces=pieces):
                self.open().headers(1, request("/nothing", "POST", [("content-length", length)]), end=False)
                for index, piece in enumerate(pieces):
                    self.peer.data(1, piece, end=index == len(pieces) - 1)
                self.resets(1, PROTOCOL_ERROR)

    def test_8_2_1_names_and_values(self):
        self.check([(repr(field), request(extra=[field])) for field in (
            ("X-Upper", "y"), ("x y", "z"), ("x:y", "z"), ("", "z"), ("x\x7f", "z"), (b"x\xff", "z"), ("x", "a\0b"),
            ("x", "a\rb"), ("x", "a\nb"), ("x", " a"), ("x", "a "), ("x", "\ta"))])

    def test_8_2_2_fields_of_the_connection(self):
        self.check([(name, request(extra=[(name, value)])) for name, value in (
            ("connection", "close"), ("keep-alive", "1"), ("proxy-connection", "close"), ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"), ("te", "gzip"), ("te", "trailers, deflate"))])

    def test_8_3_pseudo_fields(self):
        self.check([
            ("unknown", request(extra=[(":test", "x")])),
            ("of an answer", request(extra=[(":status", "200")])),
            ("after others", [("x", "y"), *request()]),
            ("path after others", request(without=[":path"], extra=[("x", "y"), (":path", "/")])),
        ])

    def test_8_3_1_each_is_there_once(self):
        self.check(
            [(f"without {name}", request(without=[name])) for name in (":method", ":scheme", ":path")]
            + [(f"twice {name}", [(name, value), *request()]) for name, value in request()]
            + [("empty path", request(""))])

    def test_8_5_connect_has_no_path(self):
        self.check([("with a path", request(method="CONNECT"))])


class Compression(Conformance):
    """RFC 7541: each is a connection error COMPRESSION_ERROR (RFC 9113, 4.3)."""

    def check(self, cases):
        for name, text in cases:
            with self.subTest(name):
                self.open().send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block(*request()) + text))
                self.ends(COMPRESSION_ERROR)

    def test_2_3_3_index_outside_the_tables(self):
        self.check([
            ("0", b"\x80"), ("past both tables", b"\xc6"), ("name past both tables", b"\x7f\x07\x01y"),
            ("far past", b"\xff\xff\xff\xff\x07"),
        ])

    def test_4_2_table_size_change_comes_first(self):
        self.check([("at the end", b"\x20"), ("in the middle", b"\x20" + literal("x", "y"))])

    def test_4_2_table_size_change_at_the_start_is_taken(self):
        self.open().send(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x20\x3f\xe1\x1f" + block(*request())))
        self.answers()

    def test_6_3_table_size_beyond_the_setting_ends(self):
        # 4097, where SETTINGS_HEADER_TABLE_SIZE is 4096.
        self.open().send(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x3f\xe2\x1f" + block(*request())))
        self.ends(COMPRESSION_ERROR)

    def test_4_3_entries_that_were_evicted_are_gone(self):
        self.open().send(
            frame(HEADERS, END_HEADERS | END_STREAM, 1, block(*request()) + b"\x40\x01x\x01y"),
            frame(HEADERS, END_HEADERS | END_STREAM, 3, b"\x20" + block(*request()) + b"\xbe"))
        self.ends(COMPRESSION_ERROR)

    def test_4_4_entry_larger_than_the_table_empties_it(self):
        self.open().send(
            frame(HEADERS, END_HEADERS | END_STREAM, 1,
                  b"\x3f\x21" + block(*request()) + b"\x40\x01x\x01y" + b"\x40\x01z\x7f\x01" + b"z" * 128),
            frame(HEADERS, END_HEADERS | END_STREAM, 3, block(*request()) + b"\xbe"))
        self.ends(COMPRESSION_ERROR)

    def test_5_1_integers_without_end(self):
        self.check([
            ("index", b"\xff" + b"\xff" * 10 + b"\x7f"), ("string", b"\x00\x7f" + b"\xff" * 10 + b"\x7f"),
            ("table size", b"\x3f" + b"\xff" * 10 + b"\x7f"), ("cut off", b"\xff\xff"),
        ])

    def test_5_2_strings(self):
        self.check([
            ("longer than the block", b"\x00\x05x"),
            ("padding of more than 7 bits", b"\x00\x83\x1f\xff\xff\x01y"),
            ("padding of zeros", b"\x00\x81\x18\x01y"),
            ("with the end of string in it", b"\x00\x84\xff\xff\xff\xff\x01y"),
        ])

    def test_5_2_huffman_is_read(self):
        # "custom-key" and "custom-value" of RFC 7541, C.4.3.
        text = b"\x40\x88\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f\x89\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf"
        self.open().send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block(*request()) + text))
        self.answers()


class Calls(Conformance):
    """doc/PROTOCOL-HTTP2.md of gRPC."""

    def status(self, fields, body=EMPTY_MESSAGE):
        self.open().headers(1, fields, end=False)
        self.peer.data(1, body)
        return self.peer.answer(1)[0]

    def test_content_types_of_grpc_are_taken(self):
        for text in ("application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"):
            self.assertEqual(self.status(call(content_type=text))["grpc-status"], "0", text)

    def test_other_content_types_are_415(self):
        for text in ("text/plain", "application/grpc+json", "application/grpc-web", "application/grpcx", ""):
            seen = self.status(call(content_type=text))
            self.assertEqual((seen[":status"], seen.get("grpc-status")), ("415", None), text)

    def test_calls_are_posts(self):
        fields = [(name, "PUT" if name == ":method" else value) for name, value in call()]
        self.assertEqual(self.status(fields)[":status"], "405")

    def test_paths_of_nobody_are_unimplemented(self):
        for path in ("/", "/x", "/a/b/c", "/grpc.testing.TestService/Nothing", "//", "/grpc.testing.TestService/"):
            fields = [(name, path if name == ":path" else value) for name, value in call()]
            self.assertEqual(self.status(fields)["grpc-status"], "12", path)

    def test_timeouts_that_make_no_sense_are_internal(self):
        for text in ("x", "10", "123456789S", "-1S", "S", "1 S", "1s", "1.5S", "0x1S"):
            self.assertEqual(self.status(call(extra=[("grpc-timeout", text)]))["grpc-status"], "13", text)

    def test_binary_metadata_that_is_not_base64_is_internal(self):
        for text in ("a", "!!!!", "YWI=YWI=", "YQ==,%"):
            self.assertEqual(self.status(call(extra=[("x-bin", text)]))["grpc-status"], "13", text)

    def test_binary_metadata_is_taken_padded_or_not_and_joined(self):
        for text in ("", "YQ", "YQ==", "YQ==,YQ", "YQ, YQ"):
            self.assertEqual(self.status(call(extra=[("x-bin", text)]))["grpc-status"], "0", text)

    def test_metadata_beyond_the_limit_is_431(self):
        text = block(*call(extra=[("x", "y" * 8000)] * 3))
        self.open().send(frame(HEADERS, 0, 1, text[:16000]), frame(CONTINUATION, END_HEADERS, 1, text[16000:]))
        self.answers(1, "431")

    def test_compression_of_nobody_is_unimplemented(self):
        seen = self.status(call(extra=[("grpc-encoding", "lzma")]))
        self.assertEqual(seen["grpc-status"], "12")
        self.assertIn("gzip", seen["grpc-accept-encoding"])


if __name__ == "__main__":
    unittest.main(verbosity=1)

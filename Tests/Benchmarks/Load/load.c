// Makes load for the pool: gRPC calls over bare libnghttp2, each with a body of its own (h2load repeats one), on one
// thread. It says how many ended with OK, and how long they took.
//
//   load --port 7001 --method sale --connections 64 --streams 10 --seconds 2 --skus 1 --run a
//
// With --rate it begins calls at that rate, whatever the answers do, and counts each call's time from the moment at
// which it was due; without, every stream begins its next call when the last has ended.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <nghttp2/nghttp2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SOCKET_BYTES = 256 << 10, HEAD_BYTES = 64, LINE_BYTES = 96, MOST_SALES = 1000, MOST_LINES = 10, SLOWEST_MICROSECONDS = 10000000 };

enum method { SALE, HOLD, AVAILABILITY, SALES, SKU, RECEIVE, HEALTH };
static const char *const methods[] = {"sale", "hold", "availability", "sales", "sku", "receive", "health"};

struct slot {
  struct connection *connection;
  struct slot *next_free;
  int64_t due;
  // The order's or hold's number; a hold is committed by the call after it.
  uint64_t number;
  int commits, is_ok;
  uint8_t *bytes;
  size_t length, sent;
};

struct connection {
  int descriptor;
  nghttp2_session *session;
};

static int port = 7001, connections = 64, streams = 10, skus = 1, hot = 0, batch = 1000, lines = 1;
static double seconds = 1, rate = 0;
static uint64_t calls = UINT64_MAX;
static const char *run = "run", *sku_prefix = "SKU-";
static enum method method = SALE;

static int64_t begun, ends;
static uint64_t numbers, started, ended, failed, lines_done;
static uint32_t *histogram;
static struct slot *free_slots;
static uint64_t seed = 0x9E3779B97F4A7C15;
static int open_slots;

static void die(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "no more is known");
  exit(1);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static uint64_t random_number(void) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return seed;
}

// Messages, written by hand: fields of text, of a number, and of a message.

static uint8_t *varint(uint8_t *at, uint64_t value) {
  while (value >= 0x80) *at++ = (uint8_t)(value | 0x80), value >>= 7;
  *at++ = (uint8_t)value;
  return at;
}

static uint8_t *number_field(uint8_t *at, int field, uint64_t value) {
  return varint(varint(at, (uint64_t)field << 3), value);
}

static uint8_t *bytes_field(uint8_t *at, int field, const void *bytes, size_t count) {
  at = varint(varint(at, (uint64_t)field << 3 | 2), count);
  memcpy(at, bytes, count);
  return at + count;
}

static uint8_t *text_field(uint8_t *at, int field, const char *text) {
  return bytes_field(at, field, text, strlen(text));
}

static const char *sku_of(uint64_t number) {
  static char text[32];
  snprintf(text, sizeof text, "%s%06llu", sku_prefix, (unsigned long long)number);
  return text;
}

// One of them by chance, the first as often as --hot says.
static const char *sku(void) {
  uint64_t pick = random_number();
  return sku_of((int)(pick % 100) < hot ? 0 : (pick >> 8) % (unsigned)skus);
}

// RecordSaleRequest: order 1, channel 2, lines 3 (line 1, SKU 2, quantity 3).
static uint8_t *sale(uint8_t *at, uint64_t number) {
  char order[64];
  // Not in order: channels' own numbers are not, either.
  snprintf(order, sizeof order, "%s/%016llx", run, (unsigned long long)(number * 0x9E3779B97F4A7C15));
  at = text_field(text_field(at, 1, order), 2, "shop");
  for (int count = 1; count <= lines; count++) {
    char name[16];
    snprintf(name, sizeof name, "%d", count);
    uint8_t line[LINE_BYTES], *end = number_field(text_field(text_field(line, 1, name), 2, sku()), 3, 1);
    at = bytes_field(at, 3, line, (size_t)(end - line));
  }
  return at;
}

// CreateHoldRequest: hold 1, owner 2, lines 3 (SKU 1, quantity 2), expire_time 4. CommitHoldRequest: hold 1, order 2.
static uint8_t *hold(uint8_t *at, struct slot *slot) {
  char name[64];
  snprintf(name, sizeof name, "%s/%016llx", run, (unsigned long long)(slot->number * 0x9E3779B97F4A7C15));
  if (slot->commits) return text_field(text_field(at, 1, name), 2, name);
  uint8_t line[LINE_BYTES], *end = number_field(text_field(line, 1, sku()), 2, 1), moment[16];
  uint8_t *moment_end = number_field(moment, 1, (uint64_t)time(NULL) + 3600);
  at = text_field(text_field(at, 1, name), 2, name);
  at = bytes_field(at, 3, line, (size_t)(end - line));
  return bytes_field(at, 4, moment, (size_t)(moment_end - moment));
}

// RecordSalesRequest: sales 1.
static uint8_t *sales(uint8_t *at) {
  uint8_t one[(1 + MOST_LINES) * LINE_BYTES];
  for (int count = 0; count < batch; count++) {
    uint8_t *end = sale(one, numbers++);
    at = bytes_field(at, 1, one, (size_t)(end - one));
  }
  return at;
}

// SetSkuRequest: SKU 1 (its code 1).
static uint8_t *set_sku(uint8_t *at, uint64_t number) {
  uint8_t inner[LINE_BYTES], *end = text_field(inner, 1, sku_of(number));
  return bytes_field(at, 1, inner, (size_t)(end - inner));
}

// ReceiveStockRequest: lines 1 (SKU 1, location 2, quantity 3).
static uint8_t *receive(uint8_t *at, uint64_t number) {
  uint8_t line[LINE_BYTES], *end = text_field(text_field(line, 1, sku_of(number)), 2, "WH-1");
  end = number_field(end, 3, 1000000000);
  return bytes_field(at, 1, line, (size_t)(end - line));
}

static void fill(struct slot *slot) {
  uint8_t *at = slot->bytes + 5;
  switch (method) {
    case SALE: at = sale(at, numbers++); break;
    case HOLD:
      if (!slot->commits) slot->number = numbers++;
      at = hold(at, slot);
      break;
    case AVAILABILITY: at = text_field(text_field(at, 1, sku()), 2, "shop"); break;
    case SALES: at = sales(at); break;
    case SKU: at = set_sku(at, numbers++); break;
    case RECEIVE: at = receive(at, numbers++); break;
    case HEALTH: break;
  }
  size_t count = (size_t)(at - slot->bytes - 5);
  slot->bytes[0] = 0;
  for (int index = 0; index < 4; index++) slot->bytes[1 + index] = (uint8_t)(count >> (24 - 8 * index));
  slot->length = count + 5;
  slot->sent = 0;
}

// Calls.

#define FIELD(name, value) \
  { (uint8_t *)name, (uint8_t *)value, sizeof name - 1, sizeof value - 1, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE }
#define PATH(name) FIELD(":path", "/onepool.pool.v1.PoolService/" name)

static nghttp2_nv head[] = {
    FIELD(":method", "POST"),       FIELD(":scheme", "http"), PATH(""),
    FIELD(":authority", "localhost"), FIELD("te", "trailers"), FIELD("content-type", "application/grpc"),
    FIELD("grpc-timeout", "30S"),
};
static const nghttp2_nv paths[] = {
    PATH("RecordSale"), PATH("CreateHold"), PATH("GetAvailability"), PATH("RecordSales"), PATH("SetSku"),
    PATH("ReceiveStock"), FIELD(":path", "/grpc.health.v1.Health/Check"), PATH("CommitHold"),
};

static ssize_t read_message(
    nghttp2_session *session, int32_t id, uint8_t *buffer, size_t room, uint32_t *flags,
    nghttp2_data_source *source, void *user) {
  (void)session, (void)id, (void)user;
  struct slot *slot = source->ptr;
  size_t count = slot->length - slot->sent;
  if (count > room) count = room;
  memcpy(buffer, slot->bytes + slot->sent, count);
  slot->sent += count;
  if (slot->sent == slot->length) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t)count;
}

static void start(struct slot *slot, int64_t due) {
  slot->due = due;
  slot->is_ok = 0;
  fill(slot);
  head[2] = paths[method == HOLD && slot->commits ? HEALTH + 1 : method];
  nghttp2_data_provider provider = {.source = {.ptr = slot}, .read_callback = read_message};
  int32_t id = nghttp2_submit_request(
      slot->connection->session, NULL, head, sizeof head / sizeof *head, &provider, slot);
  if (id < 0) die(nghttp2_strerror(id));
  started++;
  open_slots++;
}

// Begins what is due on streams that are free.
static void start_due(void) {
  int64_t moment = now();
  while (free_slots && moment < ends && started < calls) {
    int64_t due = rate > 0 ? begun + (int64_t)((double)started * 1e9 / rate) : moment;
    if (due > moment) return;
    struct slot *slot = free_slots;
    free_slots = slot->next_free;
    start(slot, due);
  }
}

static int took_header(
    nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_bytes,
    const uint8_t *value, size_t value_bytes, uint8_t flags, void *user) {
  (void)flags, (void)user;
  struct slot *slot = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  if (!slot) return 0;
  if (name_bytes == 11 && !memcmp(name, "grpc-status", 11)) slot->is_ok = value_bytes == 1 && *value == '0';
  if (name_bytes == 12 && !memcmp(name, "grpc-message", 12) && failed < 3) {
    fprintf(stderr, "load: %.*s\n", (int)value_bytes, value);
  }
  return 0;
}

static int stream_ended(nghttp2_session *session, int32_t id, uint32_t code, void *user) {
  (void)user;
  struct slot *slot = nghttp2_session_get_stream_user_data(session, id);
  if (!slot) return 0;
  int64_t span = (now() - slot->due) / 1000;
  open_slots--;
  if (code || !slot->is_ok) {
    failed++;
    slot->commits = 0;
  } else {
    ended++;
    lines_done += method == SALES ? (uint64_t)(batch * lines) : method == SALE ? (uint64_t)lines : 1;
    histogram[span < SLOWEST_MICROSECONDS ? span : SLOWEST_MICROSECONDS - 1]++;
    slot->commits = method == HOLD && !slot->commits;
  }
  slot->next_free = free_slots;
  free_slots = slot;
  return 0;
}

// Sockets.

static nghttp2_session *session_of(struct connection *connection) {
  nghttp2_session_callbacks *callbacks;
  nghttp2_session *session;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, took_header);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_ended);
  if (nghttp2_session_client_new(&session, callbacks, connection)) die("no memory");
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(session, 0, NULL, 0);
  nghttp2_session_set_local_window_size(session, 0, 0, 1 << 30);
  return session;
}

// What the socket does not take now is waited for: this side has nothing else to do meanwhile.
static void write_all(int descriptor, const uint8_t *bytes, size_t count) {
  while (count) {
    ssize_t sent = write(descriptor, bytes, count);
    if (sent < 0 && errno != EAGAIN) die("write");
    if (sent < 0) {
      poll(&(struct pollfd){.fd = descriptor, .events = POLLOUT}, 1, 100);
    } else {
      bytes += sent, count -= (size_t)sent;
    }
  }
}

static void write_out(struct connection *connection) {
  static uint8_t output[SOCKET_BYTES];
  size_t count = 0;
  const uint8_t *piece;
  for (ssize_t bytes; (bytes = nghttp2_session_mem_send(connection->session, &piece));) {
    if (bytes < 0) die(nghttp2_strerror((int)bytes));
    if (count + (size_t)bytes > sizeof output) write_all(connection->descriptor, output, count), count = 0;
    memcpy(output + count, piece, (size_t)bytes);
    count += (size_t)bytes;
  }
  write_all(connection->descriptor, output, count);
}

static void connect_to(struct connection *connection, int loop) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connection->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(connection->descriptor, (struct sockaddr *)&address, sizeof address)) die("connect");
  int one = 1;
  setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(connection->descriptor, F_SETFL, O_NONBLOCK);
  connection->session = session_of(connection);
  struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = connection}};
  if (epoll_ctl(loop, EPOLL_CTL_ADD, connection->descriptor, &event)) die("epoll_ctl");
}

static void read_in(struct connection *connection) {
  static uint8_t input[SOCKET_BYTES];
  ssize_t count = read(connection->descriptor, input, sizeof input);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) die("the server has closed the connection");
  ssize_t taken = nghttp2_session_mem_recv(connection->session, input, (size_t)count);
  if (taken < 0) die(nghttp2_strerror((int)taken));
}

// Microseconds within which a part of the calls ended.
static double quantile(double part) {
  uint64_t wanted = (uint64_t)((double)ended * part), seen = 0;
  for (int index = 0; index < SLOWEST_MICROSECONDS; index++) {
    seen += histogram[index];
    if (seen > wanted) return index;
  }
  return SLOWEST_MICROSECONDS;
}

static void parse(int count, char **arguments) {
  static const struct option options[] = {
      {"port", 1, 0, 'p'}, {"method", 1, 0, 'm'}, {"connections", 1, 0, 'c'}, {"streams", 1, 0, 's'},
      {"seconds", 1, 0, 't'}, {"skus", 1, 0, 'k'}, {"hot", 1, 0, 'h'}, {"rate", 1, 0, 'r'},
      {"run", 1, 0, 'n'}, {"batch", 1, 0, 'b'}, {"calls", 1, 0, 'a'}, {"sku-prefix", 1, 0, 'x'},
      {"lines", 1, 0, 'l'}, {0, 0, 0, 0},
  };
  for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
    switch (option) {
      case 'p': port = atoi(optarg); break;
      case 'c': connections = atoi(optarg); break;
      case 's': streams = atoi(optarg); break;
      case 't': seconds = atof(optarg); break;
      case 'k': skus = atoi(optarg); break;
      case 'h': hot = atoi(optarg); break;
      case 'r': rate = atof(optarg); break;
      case 'n': run = optarg; break;
      case 'a': calls = strtoull(optarg, NULL, 10); break;
      case 'b': batch = atoi(optarg); break;
      case 'l': lines = atoi(optarg); break;
      case 'x': sku_prefix = optarg; break;
      case 'm':
        for (method = 0; method < sizeof methods / sizeof *methods; method++) {
          if (!strcmp(methods[method], optarg)) break;
        }
        if (method < sizeof methods / sizeof *methods) break;
        // An unknown method falls through.
        fprintf(stderr, "load: no such method: %s\n", optarg);
        exit(64);
      default: exit(64);
    }
  }
  if (connections < 1 || streams < 1 || skus < 1 || batch < 1 || batch > MOST_SALES || lines < 1 || lines > MOST_LINES) exit(64);
}

int main(int count, char **arguments) {
  parse(count, arguments);
  int loop = epoll_create1(EPOLL_CLOEXEC);
  size_t slots = (size_t)connections * (size_t)streams;
  struct connection *open = calloc((size_t)connections, sizeof *open);
  struct slot *all = calloc(slots, sizeof *all);
  histogram = calloc(SLOWEST_MICROSECONDS, sizeof *histogram);
  if (loop < 0 || !open || !all || !histogram) die("no memory");
  for (int index = 0; index < connections; index++) connect_to(&open[index], loop);
  size_t room = HEAD_BYTES + LINE_BYTES * (size_t)((1 + lines) * (method == SALES ? batch : 2));
  for (size_t index = 0; index < slots; index++) {
    all[index] = (struct slot){.connection = &open[index % (size_t)connections], .next_free = free_slots};
    if (!(all[index].bytes = malloc(room))) die("no memory");
    free_slots = &all[index];
  }
  begun = now(), ends = begun + (int64_t)(seconds * 1e9);
  struct epoll_event events[256];
  while ((now() < ends && started < calls) || open_slots) {
    start_due();
    for (int index = 0; index < connections; index++) {
      if (nghttp2_session_want_write(open[index].session)) write_out(&open[index]);
    }
    // Until an answer comes, or the next call is due.
    struct timespec pause = {.tv_nsec = 100000000};
    if (rate > 0 && free_slots && now() < ends) {
      int64_t left = begun + (int64_t)((double)started * 1e9 / rate) - now();
      pause.tv_nsec = left < 0 ? 0 : left < pause.tv_nsec ? left : pause.tv_nsec;
    }
    int ready = epoll_pwait2(loop, events, 256, &pause, NULL);
    for (int index = 0; index < ready; index++) read_in(events[index].data.ptr);
  }
  double span = (double)(now() - begun) / 1e9;
  printf(
      "{\"calls\": %llu, \"lines\": %llu, \"failed\": %llu, \"seconds\": %.6f, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
      (unsigned long long)ended, (unsigned long long)lines_done, (unsigned long long)failed, span,
      quantile(0.5) / 1000, quantile(0.99) / 1000);
  return failed ? 1 : 0;
}

// The floor: an echo with gRPC's framing over bare libnghttp2, one thread, one epoll. It decodes no message: what it
// does not do is what a whole RPC layer costs.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE_BYTES = 512, READ_BYTES = 64 << 10, WRITE_BYTES = 256 << 10, STREAMS = 1000 };

struct stream {
  size_t length, sent;
  uint8_t bytes[MESSAGE_BYTES];
};

struct connection {
  int descriptor;
  nghttp2_session *session;
  size_t length, sent;
  int watches_writing;
  uint8_t output[WRITE_BYTES];
};

static int loop;

#define FIELD(name, value) \
  { (uint8_t *)name, (uint8_t *)value, sizeof name - 1, sizeof value - 1, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE }

static nghttp2_nv head[] = {FIELD(":status", "200"), FIELD("content-type", "application/grpc")};
static nghttp2_nv trailer[] = {FIELD("grpc-status", "0")};

static ssize_t read_answer(
    nghttp2_session *session, int32_t id, uint8_t *buffer, size_t room, uint32_t *flags,
    nghttp2_data_source *source, void *user) {
  struct stream *stream = source->ptr;
  size_t count = stream->length - stream->sent;
  if (count > room) count = room;
  memcpy(buffer, stream->bytes + stream->sent, count);
  stream->sent += count;
  if (stream->sent == stream->length) {
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    nghttp2_submit_trailer(session, id, trailer, 1);
  }
  (void)user;
  return (ssize_t)count;
}

static int headers_began(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
  (void)user;
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  struct stream *stream = malloc(sizeof *stream);
  if (!stream) return NGHTTP2_ERR_CALLBACK_FAILURE;
  stream->length = stream->sent = 0;
  return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream);
}

static int received(
    nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t count, void *user) {
  (void)flags, (void)user;
  struct stream *stream = nghttp2_session_get_stream_user_data(session, id);
  if (!stream || count > MESSAGE_BYTES - stream->length) return NGHTTP2_ERR_CALLBACK_FAILURE;
  memcpy(stream->bytes + stream->length, bytes, count);
  stream->length += count;
  return 0;
}

// Answers with the request's payload: SimpleRequest has it in field 3 after a short number in field 2, SimpleResponse
// in field 1.
static void turn_round(struct stream *stream) {
  if (stream->length < 8 || stream->bytes[5] != 0x10 || stream->bytes[7] != 0x1A) return;
  size_t count = stream->length - 7;
  memmove(stream->bytes + 5, stream->bytes + 7, count);
  stream->bytes[5] = 0x0A;
  stream->bytes[1] = stream->bytes[2] = 0;
  stream->bytes[3] = (uint8_t)(count >> 8);
  stream->bytes[4] = (uint8_t)count;
  stream->length = count + 5;
}

static int frame_received(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
  (void)user;
  if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
  if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
  struct stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  if (!stream) return 0;
  turn_round(stream);
  nghttp2_data_provider provider = {{.ptr = stream}, read_answer};
  return nghttp2_submit_response(session, frame->hd.stream_id, head, 2, &provider);
}

static int stream_closed(nghttp2_session *session, int32_t id, uint32_t code, void *user) {
  (void)code, (void)user;
  free(nghttp2_session_get_stream_user_data(session, id));
  return 0;
}

// False when the connection is done for.
static int flush(struct connection *connection) {
  for (;;) {
    while (connection->length < WRITE_BYTES - (32 << 10)) {
      const uint8_t *bytes;
      ssize_t count = nghttp2_session_mem_send(connection->session, &bytes);
      if (count < 0) return 0;
      if (count == 0) break;
      memcpy(connection->output + connection->length, bytes, (size_t)count);
      connection->length += (size_t)count;
    }
    if (connection->length == 0) break;
    ssize_t count = send(
        connection->descriptor, connection->output + connection->sent, connection->length - connection->sent,
        MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EAGAIN) break;
      return 0;
    }
    connection->sent += (size_t)count;
    if (connection->sent == connection->length) connection->sent = connection->length = 0;
  }
  int watches = connection->length > 0;
  if (watches != connection->watches_writing) {
    struct epoll_event event = {.events = EPOLLIN | (watches ? EPOLLOUT : 0), .data.ptr = connection};
    epoll_ctl(loop, EPOLL_CTL_MOD, connection->descriptor, &event);
    connection->watches_writing = watches;
  }
  return nghttp2_session_want_read(connection->session) || nghttp2_session_want_write(connection->session);
}

static int take(struct connection *connection) {
  static uint8_t input[READ_BYTES];
  ssize_t count = recv(connection->descriptor, input, sizeof input, 0);
  if (count < 0) return errno == EAGAIN;
  return count > 0 && nghttp2_session_mem_recv(connection->session, input, (size_t)count) == count;
}

static void accept_all(int listener, nghttp2_session_callbacks *callbacks) {
  int descriptor;
  while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    int one = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection *connection = malloc(sizeof *connection);
    if (!connection) abort();
    connection->descriptor = descriptor;
    connection->length = connection->sent = 0;
    connection->watches_writing = 0;
    if (nghttp2_session_server_new(&connection->session, callbacks, connection)) abort();
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS}};
    nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, 1);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(loop, EPOLL_CTL_ADD, descriptor, &event);
    flush(connection);
  }
}

int main(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 4096)) return 1;
  getsockname(listener, (struct sockaddr *)&address, &length);
  nghttp2_session_callbacks *callbacks;
  if (nghttp2_session_callbacks_new(&callbacks)) return 1;
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, headers_began);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, received);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_received);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_closed);
  loop = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    struct epoll_event events[256];
    int count = epoll_wait(loop, events, 256, -1);
    for (int index = 0; index < count; index++) {
      struct connection *connection = events[index].data.ptr;
      if (!connection) {
        accept_all(listener, callbacks);
        continue;
      }
      int alive = !(events[index].events & EPOLLIN) || take(connection);
      if (flush(connection) && alive) continue;
      // A connection appears once in a batch, so it may go at once. Streams that are open yet are left behind: the
      // bench ends its connections when their calls have ended.
      close(connection->descriptor);
      nghttp2_session_del(connection->session);
      free(connection);
    }
  }
}

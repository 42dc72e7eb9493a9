#pragma once
// What Swift's Glibc module leaves out: epoll, eventfd, accept4, and variadic calls by fixed signatures.
// Without _GNU_SOURCE, which would give fd_set another shape than other modules see: what it hides is declared here.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags);
int pthread_setname_np(pthread_t thread, const char *name);

// Names a thread for debuggers and ps; at most 15 bytes (pthread_setname_np(3)).
static inline void onepool_name_thread(pthread_t thread, const char *name) {
  pthread_setname_np(thread, name);
}

// accept4 with SOCK_NONBLOCK | SOCK_CLOEXEC (accept4(2)); the peer's address is written to `peer`.
static inline int onepool_accept(int listener, struct sockaddr_storage *peer, socklen_t *length) {
  return accept4(listener, (struct sockaddr *)peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// epoll_ctl(2) with a 64-bit token instead of the union.
static inline int onepool_epoll_ctl(int epoll, int op, int fd, uint32_t events, uint64_t token) {
  struct epoll_event event = {.events = events, .data = {.u64 = token}};
  return epoll_ctl(epoll, op, fd, &event);
}

static inline uint64_t onepool_epoll_token(const struct epoll_event *event) {
  return event->data.u64;
}

static inline int onepool_set_nonblocking(int fd) {
  int flags = fcntl(fd, F_GETFL, 0);
  return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static inline int onepool_set_blocking(int fd) {
  int flags = fcntl(fd, F_GETFL, 0);
  return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

// Begins to fetch a cache line (GCC manual, "Other Built-in Functions").
static inline void onepool_prefetch(const void *address) { __builtin_prefetch(address); }

static inline int onepool_set_cloexec(int fd) { return fcntl(fd, F_SETFD, FD_CLOEXEC); }

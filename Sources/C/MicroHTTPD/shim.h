#pragma once
#include <microhttpd.h>
#include <stddef.h>

// MHD_start_daemon is variadic: the options come as an array. No listening socket, so port 0.
static inline struct MHD_Daemon *onepool_mhd_start(
    unsigned int flags, MHD_AccessHandlerCallback answer, void *context, struct MHD_OptionItem *options) {
  return MHD_start_daemon(flags, 0, NULL, NULL, answer, context, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

// The peer's address; valid while the connection is.
static inline const struct sockaddr *onepool_mhd_client_address(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  return info == NULL ? NULL : info->client_addr;
}

// The connection's socket, or -1; valid while the connection is.
static inline int onepool_mhd_socket(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == NULL ? -1 : info->connect_fd;
}

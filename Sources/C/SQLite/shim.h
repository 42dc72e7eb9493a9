#pragma once
#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast that Swift cannot import: SQLite copies the bytes before returning.
static inline sqlite3_destructor_type onepool_sqlite_transient(void) { return SQLITE_TRANSIENT; }

// sqlite3_config takes a variable number of arguments, which Swift cannot call.
static inline int onepool_sqlite_without_statistics(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

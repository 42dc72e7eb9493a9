internal import Foundation
internal import Glibc
internal import Primitives

/// What Prometheus's own clients tell of a process (prometheus.io, "Writing client libraries").
enum ProcessMetrics {
  static func register(in metrics: Metrics) {
    let start = Double(SystemClock().now().microseconds) / 1e6
    metrics.gauge("process_start_time_seconds", "Start of the process, in seconds since 1970.") {
      start
    }
    metrics.counter("process_cpu_seconds_total", "User and system CPU time spent, in seconds.") {
      cpuSeconds()
    }
    metrics.gauge("process_resident_memory_bytes", "Resident memory, in bytes.") { residentBytes() }
    metrics.gauge("process_open_fds", "Open file descriptors.") { Double(openDescriptorCount()) }
  }

  private static func cpuSeconds() -> Double {
    var time = timespec()
    guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return .nan }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The second number of `/proc/self/statm` is the resident pages (proc(5)).
  private static func residentBytes() -> Double {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
      return .nan
    }
    let fields = text.split(separator: " ")
    guard fields.count > 1, let pages = Double(fields[1]) else { return .nan }
    return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
  }

  private static func openDescriptorCount() -> Int {
    // Minus the one that reading the folder takes.
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count - 1) ?? 0
  }
}

/// All that happens in a simulation, as a number to compare runs by, and the last lines of it for a person.
final class Trace {
  private static let keptLines = 60

  /// FNV-1a, 64 bits.
  private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  private(set) var lines: [String] = []
  var isSilent = false
  /// Lines of the disk, one after the other, since something else has happened.
  private var diskLines = 0

  /// - Parameter isDisk: it is one of the many things that the disk does; of these the first and the last are kept.
  func add(_ line: @autoclosure () -> String, isDisk: Bool = false) {
    guard !isSilent else { return }
    let line = line()
    for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    diskLines = isDisk ? diskLines + 1 : 0
    if diskLines > 2 {
      lines[lines.count - 1] = "… and \(diskLines - 2) more, then \(line)"
      return
    }
    lines.append(line)
    if lines.count > 2 * Self.keptLines { lines.removeFirst(Self.keptLines) }
  }

  var lastLines: String { lines.suffix(Self.keptLines).joined(separator: "\n") }
}

/// What the simulation found.
struct SimulationFailure: Error, CustomStringConvertible {
  var seed: UInt64
  var step: Int
  var problem: String
  var lastLines: String

  var description: String {
    """
    step \(step): \(problem)
    make simulate SEED=\(seed) repeats it; before it came
    \(lastLines)
    """
  }
}

public import Primitives
internal import RPCCore

/// What a field of a log line may hold.
public typealias LogValue = CustomStringConvertible & Sendable

/// Writes one line an event, each by a single write(2), so that lines of several threads never mix.
///
///     log.info("pushed", ["listing": listing, "quantity": 3])
///
/// A line that is written while a call is handled has the call's `trace`. Never give it a secret: a `Secret` prints as `(secret)`.
public struct Log: Sendable {
  /// How much a line matters. From the least to the most.
  public enum Level: String, CaseIterable, Comparable, Sendable {
    case debug, info, warning, error

    public static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

    private var rank: Int {
      switch self {
      case .debug: 0
      case .info: 1
      case .warning: 2
      case .error: 3
      }
    }
  }

  public enum Format: String, CaseIterable, Sendable { case logfmt, json }

  public let level: Level
  public let format: Format
  private let clock: any WallClock
  private let context: [(String, any LogValue)]
  private let write: @Sendable ([UInt8]) -> Void

  /// A log to standard error.
  public init(level: Level = .info, format: Format = .logfmt) {
    self.init(level: level, format: format, clock: SystemClock(), write: StandardError.write)
  }

  /// - Parameter write: takes one whole line with its newline; called from any thread.
  public init(
    level: Level, format: Format, clock: any WallClock, write: @escaping @Sendable ([UInt8]) -> Void
  ) {
    self.init(level, format, clock, [], write)
  }

  private init(
    _ level: Level, _ format: Format, _ clock: any WallClock, _ context: [(String, any LogValue)],
    _ write: @escaping @Sendable ([UInt8]) -> Void
  ) {
    self.level = level
    self.format = format
    self.clock = clock
    self.context = context
    self.write = write
  }

  /// A log that writes nothing: for tests.
  public static let silent = Log(level: .error, format: .logfmt, clock: SystemClock()) { _ in }

  /// The same log with `fields` on each line.
  public func with(_ fields: KeyValuePairs<String, any LogValue>) -> Log {
    Log(level, format, clock, context + fields.map { ($0.key, $0.value) }, write)
  }

  public func debug(
    _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> KeyValuePairs<String, any LogValue> = [:]
  ) {
    log(.debug, message(), fields())
  }

  public func info(
    _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> KeyValuePairs<String, any LogValue> = [:]
  ) {
    log(.info, message(), fields())
  }

  public func warning(
    _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> KeyValuePairs<String, any LogValue> = [:]
  ) {
    log(.warning, message(), fields())
  }

  public func error(
    _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> KeyValuePairs<String, any LogValue> = [:]
  ) {
    log(.error, message(), fields())
  }

  /// Writes a line when `level` is at least the log's own; else nothing is evaluated.
  public func log(
    _ level: Level, _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> KeyValuePairs<String, any LogValue> = [:]
  ) {
    guard level >= self.level else { return }
    var line = LogLine(format)
    line.add("time", clock.now().rfc3339)
    line.add("level", level.rawValue)
    line.add("message", message())
    for (key, value) in context { line.add(key, value) }
    for (key, value) in fields() { line.add(key, value) }
    if let call = ServerContext.current { line.add("trace", call.trace.traceID) }
    write(line.finished())
  }
}

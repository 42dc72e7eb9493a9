public import Primitives
internal import Synchronization

/// What a handler knows of a call beside its messages, and what it says beside its own.
///
/// Cancellation is the task's: `Task.isCancelled` turns true when the caller is gone or the deadline is past.
public final class ServerContext: Sendable {
  /// What the handler says beside its messages, and what it has asked for.
  package struct Answer: Sendable {
    package var initialMetadata = Metadata()
    package var trailingMetadata = Metadata()
    package var compresses = false
    var wasCompressed = false
    var trace: TraceContext?
  }

  /// The call whose handler this task runs for. Calls that the handler makes take its deadline and trace along.
  @TaskLocal public static var current: ServerContext?

  public let method: MethodDescriptor
  /// The caller's own entries; those of the protocol are left out.
  public let metadata: Metadata
  /// When the caller stops waiting. `.never` when it has not said.
  public let deadline: Deadline
  /// `address:port` of the caller, or `in-process`.
  public let peer: String
  /// The names in the certificate that the caller has shown and that was checked: URIs, then DNS names. Empty without
  /// one.
  public let identity: [String]
  /// Nil as long as there is nothing to say, as in most calls.
  private let said = Mutex<Answer?>(nil)

  public init(
    method: MethodDescriptor, metadata: Metadata = Metadata(), deadline: Deadline = .never,
    peer: String = "in-process", identity: [String] = []
  ) {
    self.method = method
    self.metadata = metadata
    self.deadline = deadline
    self.peer = peer
    self.identity = identity
  }

  // MARK: - What the handler says

  /// Adds metadata that goes before the first message. What is added after that is not sent.
  public func addInitialMetadata(_ more: Metadata) {
    change { $0.initialMetadata.add(more) }
  }

  /// Adds metadata that goes with the status, whatever it is.
  public func addTrailingMetadata(_ more: Metadata) {
    change { $0.trailingMetadata.add(more) }
  }

  /// Whether messages are sent with gzip from now on. A caller that does not take gzip gets them as they are.
  public var compressesResponses: Bool {
    get { said.withLock { $0?.compresses ?? false } }
    set { if newValue != compressesResponses { change { $0.compresses = newValue } } }
  }

  /// Whether the message that was taken last came compressed.
  public var messageWasCompressed: Bool { said.withLock { $0?.wasCompressed ?? false } }

  /// The call's place in a distributed trace: the caller's, or a new one.
  public var trace: TraceContext {
    change { answer in
      if let known = answer.trace { return known }
      let made = metadata[TraceContext.headerName].flatMap(TraceContext.init) ?? .random()
      answer.trace = made
      return made
    }
  }

  // MARK: - For transports

  /// What goes with the call's messages; nil when the handler has said nothing.
  package var answer: Answer? { said.withLock { $0 } }
  package var initialMetadata: Metadata { answer?.initialMetadata ?? Metadata() }
  package var trailingMetadata: Metadata { answer?.trailingMetadata ?? Metadata() }

  package func noteCompression(_ wasCompressed: Bool) {
    if wasCompressed || messageWasCompressed { change { $0.wasCompressed = wasCompressed } }
  }

  private func change<Result>(_ body: (inout Answer) -> Result) -> Result {
    said.withLock { said in
      var answer = said ?? Answer()
      said = nil
      defer { said = answer }
      return body(&answer)
    }
  }
}

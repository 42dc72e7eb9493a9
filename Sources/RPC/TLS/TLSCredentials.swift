internal import Primitives
internal import Synchronization

/// What the connections of a server or a client are secured with. It is read from its files anew when they change;
/// connections that are open keep what they were made with.
public final class TLSCredentials: Sendable {
  private struct State {
    var context: TLSContext
    var stamp: FileStamp
  }

  private let make: @Sendable () throws(TLSError) -> TLSContext
  private let files: [String]
  private let state: Mutex<State>
  private let serverName: String?
  /// Whether it was made for a server, not for a client.
  public let isServer: Bool

  /// - Throws: `TLSError` for the first file that cannot be used.
  public convenience init(server configuration: TLSServerConfiguration) throws(TLSError) {
    try self.init(files: configuration.files, serverName: nil, isServer: true) {
      () throws(TLSError) -> TLSContext in try TLSContext(configuration)
    }
  }

  /// - Throws: `TLSError` for the first file that cannot be used.
  public convenience init(client configuration: TLSClientConfiguration) throws(TLSError) {
    try self.init(
      files: configuration.files, serverName: configuration.serverName, isServer: false
    ) { () throws(TLSError) -> TLSContext in try TLSContext(configuration) }
  }

  private init(
    files: [String], serverName: String?, isServer: Bool,
    make: @escaping @Sendable () throws(TLSError) -> TLSContext
  ) throws(TLSError) {
    self.make = make
    self.files = files
    self.serverName = serverName
    self.isServer = isServer
    // The stamp first: a file that changes between is read once more.
    let stamp = FileStamp(files)
    state = Mutex(State(context: try make(), stamp: stamp))
  }

  /// Reads the files anew for the connections to come.
  ///
  /// - Throws: `TLSError` when they cannot be used; what was there before goes on.
  public func reload() throws(TLSError) {
    let stamp = FileStamp(files)
    let context: TLSContext
    do throws(TLSError) {
      context = try make()
    } catch {
      // Not tried again before they change once more.
      state.withLock { $0.stamp = stamp }
      throw error
    }
    state.withLock { $0 = State(context: context, stamp: stamp) }
  }

  /// Reads the files anew if they have changed since they were read last; returns whether they had.
  ///
  /// - Throws: `TLSError` once for a change that cannot be used; what was there before goes on.
  public func reloadIfChanged() throws(TLSError) -> Bool {
    guard FileStamp(files) != state.withLock({ $0.stamp }) else { return false }
    try reload()
    return true
  }

  /// A session for a connection.
  ///
  /// - Parameter host: where a client connects to; the server's certificate must be for it, unless the configuration
  ///   names another.
  /// - Throws: `TLSError.name` for a host that cannot be asked for.
  public func session(to host: String = "") throws(TLSError) -> TLSSession {
    let context = state.withLock { $0.context }
    return try TLSSession(context, serverName: isServer ? nil : serverName ?? host)
  }
}

internal import ChannelAdapter
internal import Synchronization

/// The turns of what an adapter is asked for once: each of its requests takes one of the account's, so one that reads an
/// event's own body takes none, and one that asks for an order and then for its lines takes two.
final class CallTurns: Sendable {
  enum Next: Equatable {
    /// Its turn was waited for before.
    case paid
    /// It may be made later instead.
    case first(within: Duration)
    /// What came before it would be in vain.
    case later
    /// The same, of a call that nobody waits for.
    case laterSpare
  }

  private struct State {
    var isPaid: Bool
    var isBegun = false
    var isPutOff = false
  }

  private let span: Duration
  private let isSpare: Bool
  private let state: Mutex<State>

  /// Of a call whose first turn was waited for.
  ///
  /// - Parameter isSpare: its others are such as nobody else misses, too.
  init(isSpare: Bool = false) {
    span = .zero
    self.isSpare = isSpare
    state = Mutex(State(isPaid: true))
  }

  /// - Parameter span: how long the first request waits for its turn at most.
  init(within span: Duration) {
    self.span = span
    isSpare = false
    state = Mutex(State(isPaid: false))
  }

  func next() -> Next {
    state.withLock { state in
      defer { (state.isPaid, state.isBegun) = (false, true) }
      if state.isPaid { return .paid }
      guard state.isBegun else { return .first(within: span) }
      return isSpare ? .laterSpare : .later
    }
  }

  func putOff() { state.withLock { $0.isPutOff = true } }

  /// Whether the channel was asked anything.
  var hasAsked: Bool { state.withLock { $0.isBegun && !$0.isPutOff } }
  /// Whether the first request is to be made later.
  var isPutOff: Bool { state.withLock { $0.isPutOff } }
  /// Whether a turn is left that was waited for.
  var isLeft: Bool { state.withLock { $0.isPaid } }
}

/// The way out for one account: each request waits for its turn, and each answer's headers are listened to.
struct AccountHTTP: ChannelHTTP {
  let http: any ChannelHTTP
  let session: AccountSession
  /// Nil for what keeps the account going, such as a new token.
  let turns: CallTurns?
  let ear: RoomEar

  func send(_ request: ChannelRequest) async throws(ChannelError) -> ChannelReply {
    switch turns?.next() {
    case nil, .paid: break
    case .first(let span):
      do throws(ChannelError) {
        try await session.acquire(within: span)
      } catch {
        turns?.putOff()
        throw error
      }
    case .later:
      do { try await session.acquire() } catch { throw .unavailable("stopping") }
    case .laterSpare:
      guard await session.waitForSpare() else { throw .unavailable("stopping") }
    }
    let reply = try await http.send(request)
    if let room = reply.room { ear.hear(room) }
    return reply
  }
}

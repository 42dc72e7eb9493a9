internal import PoolAPI

/// How units that a channel has set aside for its promotions are kept in the pool.
public enum MirrorMode: String, CaseIterable, Sendable {
  case off
  /// The channel sells its units and then what is there for all; no buffer hides them from it, since a channel refuses a
  /// number below what it has set aside.
  case ironReserve = "iron-reserve"
  /// As that, and buffers count.
  case regular
  /// The channel sells its units and nothing else.
  case restrict

  var strategy: Promotion.Strategy? {
    switch self {
    case .off: nil
    case .ironReserve: .ironReserve
    case .regular: .regular
    case .restrict: .restrict
    }
  }
}

/// Whose turn it is among a client's connections: each that is of use, one after another.
struct Picker {
  /// How a connection stands.
  enum Standing: Sendable, CaseIterable {
    case idle
    case connecting
    case ready
    /// Connected, but the server's health service says that it takes no calls.
    case notServing
    case failed
  }

  private var last = -1

  /// The next one of `count` that is ready; nil when none is.
  mutating func pick(among count: Int, standing: (Int) -> Standing) -> Int? {
    guard count > 0 else { return nil }
    for step in 1...count {
      let index = (last + step) % count
      guard standing(index) == .ready else { continue }
      last = index
      return index
    }
    return nil
  }
}

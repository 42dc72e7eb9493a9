extension ChannelAccount {
  /// A secret's name while the one that replaces it is already in use: the channel may sign with either for a while.
  public static func previous(_ name: String) -> String { "\(name)_previous" }

  /// A secret and the one before it, where there are such.
  public func secrets(_ name: String) -> [String] {
    [name, Self.previous(name)].compactMap { credentials[$0] }.filter { !$0.isEmpty }
  }

  /// Whether a signature is that of one of the secrets of this name; all are tried, so that the time does not tell which.
  public func isSigned(
    _ claimed: String?, with name: String, _ expected: (String) -> String
  ) -> Bool {
    var isGood = false
    for secret in secrets(name) where ChannelSignature.matches(claimed, expected(secret)) {
      isGood = true
    }
    return isGood
  }
}

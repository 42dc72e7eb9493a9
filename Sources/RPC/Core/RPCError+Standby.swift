extension RPCError {
  /// What a server says to every call while it stands by for the process that has the service's store. No handler has
  /// seen the call, so a client makes it at the next address, whatever it is about.
  public static let standingBy = RPCError(
    .unavailable, "STANDING_BY",
    "This process stands by for another one, which has the service's store: "
      + "call that one, or this one later.",
    retryAfter: .seconds(1), domain: transportDomain)

  /// Whether it is that of another process.
  package var isStandingBy: Bool {
    code == .unavailable && reason == Self.standingBy.reason && domain == Self.transportDomain
  }
}

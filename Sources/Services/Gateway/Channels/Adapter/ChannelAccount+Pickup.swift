extension ChannelAccount {
  private static let pickupPrefix = "pickup_location:"

  /// Which of the pool's locations the channel's places are, where somebody has said so: `pickup_location:<place>` among
  /// the credentials.
  public var pickupLocations: [String: String] {
    var locations: [String: String] = [:]
    for (name, location) in credentials where name.hasPrefix(Self.pickupPrefix) {
      // One that was taken back is empty: a credential that is known stays.
      if !location.isEmpty {
        locations[String(name.dropFirst(Self.pickupPrefix.count))] = location
      }
    }
    return locations
  }
}

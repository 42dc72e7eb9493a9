extension AccountSession {
  /// Where customers come to who come to a place of the channel: to the location that the account's settings name for it,
  /// else to the account's own.
  func pickupLocation(_ place: String?) -> String {
    let account = connection.account
    return place.flatMap { account.pickupLocations[$0] } ?? connection.locationID
  }
}

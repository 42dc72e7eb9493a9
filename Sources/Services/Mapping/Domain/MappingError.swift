public import Primitives

/// What a caller can do wrong, or the world.
public enum MappingError: Error, Equatable, Sendable {
  case channelUnknown(ChannelID)
  case accountUnknown(AccountID)
  /// The shop belongs to another account, or the account to another channel.
  case accountExists(AccountID, externalID: String)
  case etagMismatch(AccountID)
  case listingUnknown(ListingID)
  /// The listing has another live link.
  case linkExists(ListingID)
  case sequenceUnknown(Int64)
}

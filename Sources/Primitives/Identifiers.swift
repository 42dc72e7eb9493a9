/// The central inventory item: what the pool counts.
public struct SKU: Identifier {
  public static let noun = "SKU"
  public static let maximumBytes = 64
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// A warehouse or a store that holds stock.
public struct LocationID: Identifier {
  public static let noun = "location"
  public static let maximumBytes = 64
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// SKUs that share rules: a season, a brand, what is sold by weight.
public struct SKUGroup: Identifier {
  public static let noun = "SKU group"
  public static let maximumBytes = 64
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// Where customers are, as the merchant divides the map: `VN-SG`, `north`.
public struct Zone: Identifier {
  public static let noun = "zone"
  public static let maximumBytes = 32
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// A kind of sales outlet, in lower case: `shopee`, `lazada`, `shopify`, `till`.
public struct ChannelID: Identifier {
  public static let noun = "channel"
  public static let maximumBytes = 32
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// One shop or till group on a channel, with its own credentials.
public struct AccountID: Identifier {
  public static let noun = "account"
  public static let maximumBytes = 64
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// What an account sells, as the mapping service names it.
public struct ListingID: Identifier {
  public static let noun = "listing"
  public static let maximumBytes = 200
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// Units set aside, as their creator named them.
public struct HoldID: HashedIdentifier {
  public static let noun = "hold"
  public static let maximumBytes = 128
  public let text: String
  public let hash: Int

  public init(trusted text: String) {
    self.text = text
    hash = text.hashValue
  }
}

/// A customer's order, unique over all accounts: `account/channel order`.
public struct OrderID: HashedIdentifier {
  public static let noun = "order"
  public static let maximumBytes = 200
  public let text: String
  public let hash: Int

  public init(trusted text: String) {
    self.text = text
    hash = text.hashValue
  }
}

/// A return request, unique over all accounts.
public struct ReturnID: Identifier {
  public static let noun = "return"
  public static let maximumBytes = 200
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// The caller's name for one attempt to change something; repeats carry the same.
public struct RequestID: Identifier {
  public static let noun = "request ID"
  public static let maximumBytes = 128
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// A promotion, as its creator named it.
public struct PromotionID: Identifier {
  public static let noun = "promotion"
  public static let maximumBytes = 64
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

internal import ChannelAdapter

/// What TikTok Shop says when it refuses: a number and a text. The same number may mean much: 36009004 is a
/// wrong key, a clock that is off and a parameter of the wrong type, so there the text decides.
struct TikTokShopFailure: Error, Equatable {
  enum Meaning {
    case tokenOver, credentials, rate, busy, locked, unknownThing, refused
  }

  var code: Int64
  var message: String

  var text: String { message.isEmpty ? String(code) : "\(code): \(message)" }

  /// A clock that is off and a malformed parameter have this code too.
  private static let gate: Int64 = 36_009_004

  private static let meanings: [Int64: Meaning] = [
    105_001: .tokenOver, 105_002: .tokenOver,
    105_005: .credentials, 106_001: .credentials, 106_013: .credentials,
    36_009_002: .rate, 36_009_003: .busy,
    12_052_393: .locked, 12_052_371: .locked,
    12_052_031: .unknownThing, 12_052_032: .unknownThing, 12_052_048: .unknownThing,
    12_052_260: .unknownThing, 12_052_556: .unknownThing, 12_052_557: .unknownThing,
    21_008_111: .unknownThing, 25_007_006: .unknownThing,
    10_002_014: .busy, 10_002_015: .busy, 10_037_002: .busy, 10_037_003: .busy,
    10_037_004: .busy, 21_001_003: .busy, 25_001_028: .busy, 25_001_058: .busy,
    12_052_055: .refused, 12_052_141: .refused, 12_052_144: .refused, 12_052_850: .refused,
    12_052_901: .refused, 12_052_921: .refused, 12_052_503: .refused,
  ]

  var meaning: Meaning {
    let lower = message.lowercased()
    func says(_ words: String...) -> Bool { words.contains { lower.contains($0) } }
    if code == Self.gate {
      if says("access_token", "access-token") { return .tokenOver }
      if says("timestamp") { return .busy }
      return says("credential", "app_key", "sign") ? .credentials : .refused
    }
    if let exact = Self.meanings[code] { return exact }
    if says("try again later", "timeout", "internal error") { return .busy }
    if says("not exist", "n't exist", "not found") { return .unknownThing }
    return .refused
  }

  var channelError: ChannelError {
    switch meaning {
    case .tokenOver: .tokenExpired(text)
    case .credentials: .unauthorised(text)
    // The limit is one of calls a second.
    case .rate: .rateLimited(after: .seconds(1))
    case .busy: .unavailable(text)
    case .unknownThing: .notFound(text)
    case .locked, .refused: .refused(text)
    }
  }

  /// What it makes of one push; nil when the fault is the account's and not the listing's.
  var pushResult: PushResult? {
    switch meaning {
    case .tokenOver, .credentials, .rate: nil
    case .busy: .retry(text, after: nil)
    case .locked: .locked(text)
    case .unknownThing, .refused: .refused(text)
    }
  }

  /// The list of warehouses is not the SKU's: one is missing, too many, or gone.
  var concernsWarehouses: Bool {
    [12_052_037, 12_052_516, 12_019_028, 12_052_097, 12_052_530, 12_052_533].contains(code)
  }

  /// The number is outside of what TikTok takes: documented is 1 to 99,999.
  var concernsRange: Bool { [12_052_055, 12_019_024].contains(code) }

  /// It would be the same for every SKU of the product.
  var concernsProduct: Bool {
    [
      12_052_031, 12_052_032, 12_052_048, 12_052_260, 12_052_141, 12_052_308, 12_052_371,
      12_052_901,
    ]
    .contains(code)
  }

  /// The parcel is on its way already, so that telling it again is a success.
  var saysShipped: Bool {
    [
      11_006_021, 21_008_099, 21_011_006, 21_011_020, 21_011_027, 21_011_040, 21_042_056,
    ].contains(code)
  }

  /// The reason for a cancellation is not one of this market or state.
  var concernsReason: Bool {
    [25_001_014, 25_001_015, 25_001_020, 25_001_021].contains(code)
  }
}

internal import Kit
internal import Primitives

/// IDs in the shape of each platform, from a number that is never given twice.
enum OrderNumbers {
  static func order(_ channel: Channel, _ number: Int64, at now: Timestamp) -> String {
    switch channel {
    case .shopee: day(now) + scrambled(number)
    case .lazada: String(260_000_000_000_000 + number)
    case .shopify: String(5_500_000_000_000 + number)
    case .tiktok: String(576_000_000_000_000_000 + number)
    case .square: "CAIS" + scrambled(number)
    case .loyverse: "1-\(1_000 + number)"
    case .woocommerce: String(7_000 + number)
    }
  }

  static func line(_ channel: Channel, _ number: Int64) -> String {
    switch channel {
    case .shopee: String(70_000_000 + number)
    case .lazada: String(261_000_000_000_000 + number)
    case .shopify: String(13_800_000_000_000 + number)
    case .tiktok: String(577_000_000_000_000_000 + number)
    case .square: "uid" + scrambled(number)
    case .loyverse: "line-\(number)"
    case .woocommerce: String(300_000 + number)
    }
  }

  static func returned(_ channel: Channel, _ number: Int64, at now: Timestamp) -> String {
    switch channel {
    case .shopee: day(now) + "0" + scrambled(number)
    case .lazada: String(501_000_000_000_000 + number)
    case .shopify: String(8_200_000_000 + number)
    case .tiktok: String(4_035_000_000_000_000_000 + number)
    case .square: "CAIR" + scrambled(number)
    case .loyverse: "1-\(1_000 + number)"
    case .woocommerce: String(7_000 + number)
    }
  }

  /// `260105`.
  private static func day(_ now: Timestamp) -> String {
    now.rfc3339.prefix(10).filter { $0 != "-" }.suffix(6).description
  }

  /// Eight characters; another number, other characters: the factor shares no divisor with 36^8.
  private static func scrambled(_ number: Int64) -> String {
    let space: Int64 = 2_821_109_907_456
    let mixed = number % space * 1_103_515 % space
    let text = String(mixed, radix: 36, uppercase: true)
    return String(repeating: "0", count: 8 - text.utf8.count) + text
  }
}

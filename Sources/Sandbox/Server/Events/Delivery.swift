internal import Primitives

/// An event on its way to a shop's hook.
struct Delivery: Equatable, Sendable {
  enum State: String, Sendable {
    /// Not yet tried, or to be tried again.
    case waiting
    case delivered
    /// Given up after the platform's last try.
    case lost
    /// Lost, and fetched from the platform's queue of lost events since.
    case confirmed
    /// Never sent, or not again: by a fault that was asked for, or since its shop has no hook any more.
    case dropped
  }

  var deliveryID: Int64
  var shop: Shop.Key
  /// Shopee's push code, Lazada's and TikTok's type, Shopify's and WooCommerce's topic, Square's and Loyverse's type.
  var topic: String
  /// The order or return that it is about.
  var subject: String
  /// The same for every copy of one event.
  var eventID: String
  /// What the platform signs, or the part of it that is not made when it is sent.
  var body: String
  var isDuplicate: Bool
  var createTime: Timestamp
  var dueTime: Timestamp
  /// Tries that were made.
  var attempt = 0
}

/// What happened to a delivery.
struct DeliveryOutcome: Equatable, Sendable {
  var deliveryID: Int64
  var channel: Channel
  var attempt: Int
  var state: Delivery.State
  /// The hook's HTTP status; 0 when it gave no answer.
  var status: Int
  /// From sending to the whole answer, in microseconds.
  var latency: Int64
  var time: Timestamp
  /// Of the next try, when there is one.
  var dueTime: Timestamp?
}

/// An event before the platform's faults have decided when it is sent.
struct EventDraft: Equatable, Sendable {
  var topic: String
  var subject: String
  var body: JSONValue
}

/// A request to a hook.
struct OutgoingEvent: Equatable, Sendable {
  var headers: [String: String]
  var body: [UInt8]
}

/// When a platform tries again, and how long it waits for an answer.
struct Timetable: Equatable, Sendable {
  /// Between the tries, in seconds.
  var pauses: [Double]
  /// For an answer, in seconds.
  var patience: Double

  /// Source: Shopee developer guide 18: 3 s; again after 300, 1,800 and 10,800 s.
  static let shopee = Timetable(pauses: [300, 1_800, 10_800], patience: 3)
  /// Source: Lazada documents 120168: 500 ms; every 30 minutes, 12 times.
  static let lazada = Timetable(pauses: Array(repeating: 1_800, count: 12), patience: 0.5)
  /// Source: shopify.dev changelog, webhook retries: 5 s; 8 times in 4 hours with growing gaps.
  static let shopify = Timetable(
    pauses: [10, 60, 300, 900, 1_800, 2_700, 3_600, 5_030], patience: 5)
  /// Source: TikTok Shop Partner Center, webhooks: 3 s; again after 2 and 30 minutes, 3 and 12 hours.
  static let tiktok = Timetable(pauses: [120, 1_800, 10_800, 43_200], patience: 3)
  /// Source: developer.squareup.com, webhooks, delivery SLA: 10 s; after 1, 2, 4 … 32 minutes, then every hour for a day.
  static let square = Timetable(
    pauses: [60, 120, 240, 480, 960, 1_920] + Array(repeating: 3_600, count: 23), patience: 10)
  /// Reported by integrators: for 48 hours. How often and how long it waits, nobody says.
  static let loyverse = Timetable(pauses: Array(repeating: 3_600, count: 48), patience: 10)

  /// Source: class-wc-webhook.php: 60 s; each delivery is tried once.
  static let wooCommerce = Timetable(pauses: [], patience: 60)

  static func of(_ channel: Channel) -> Timetable {
    switch channel {
    case .shopee: .shopee
    case .lazada: .lazada
    case .shopify: .shopify
    case .tiktok: .tiktok
    case .square: .square
    case .loyverse: .loyverse
    case .woocommerce: .wooCommerce
    }
  }
}

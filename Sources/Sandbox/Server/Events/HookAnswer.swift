/// What a hook answers to an event.
struct HookAnswer: Equatable, Sendable {
  /// Of HTTP; 0 when there was no whole answer.
  var status: Int
  /// The beginning of it.
  var body: [UInt8] = []

  static let none = HookAnswer(status: 0)

  /// Whether the platform takes it as "I have it"; a redirect never is.
  ///
  /// - Note: Source: Shopee developer guide 18 (2xx with an empty body); Lazada document 120168 (200); shopify.dev, webhooks
  ///   (2xx, a redirect counts as a failure); TikTok Shop Partner Center, webhooks (200 with an empty body);
  ///   developer.squareup.com, webhooks (as Shopify).
  func isAccepted(by channel: Channel) -> Bool {
    switch channel {
    case .shopee: (200..<300).contains(status) && body.isEmpty
    case .lazada: status == 200
    case .shopify, .square, .loyverse: (200..<300).contains(status)
    case .tiktok: status == 200 && body.isEmpty
    // class-wc-webhook.php, log_delivery: 200 to 302, though redirects are not followed.
    case .woocommerce: (200...302).contains(status)
    }
  }
}

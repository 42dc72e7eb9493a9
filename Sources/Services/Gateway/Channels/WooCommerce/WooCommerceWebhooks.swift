public import ChannelAdapter

private struct WooCommerceWebhook: Decodable {
  enum CodingKeys: String, CodingKey {
    case id, status, topic
    case deliveryURL = "delivery_url"
  }
  var id: FlexibleID
  var status: String
  var topic: String
  var deliveryURL: String
}

private struct WooCommerceNewWebhook: Encodable {
  enum CodingKeys: String, CodingKey {
    case name, topic, secret
    case deliveryURL = "delivery_url"
  }
  var name: String
  var topic: String
  var secret: String
  var deliveryURL: String
}

private struct WooCommerceWebhookChange: Encodable {
  var status = "active"
}

private struct WooCommerceMade: Decodable {
  var id: FlexibleID
}

extension WooCommerceAdapter: WebhookKeeping {
  private static let topics = ["order.created", "order.updated", "order.deleted", "order.restored"]

  /// WooCommerce turns a webhook off after more than five failures in a row and never on again
  /// (class-wc-webhook.php, failed_delivery).
  public func keepWebhooks(
    hookURL: String, api: ChannelAPI
  ) async throws(ChannelError) -> WebhookCare {
    let client = WooCommerceClient(api: api)
    do {
      let known = try await client.all("webhooks", of: WooCommerceWebhook.self)
        .filter { $0.deliveryURL == hookURL }
      var care = WebhookCare()
      for webhook in known where webhook.status == "disabled" {
        _ = try await client.put(
          "webhooks/\(webhook.id)", WooCommerceWebhookChange(), as: WooCommerceMade.self)
        care.revived.append(webhook.topic)
      }
      for topic in Self.topics where !known.contains(where: { $0.topic == topic }) {
        let secret = try api.account.credential(WooCommerceCredential.webhookSecret)
        _ = try await client.post(
          "webhooks",
          WooCommerceNewWebhook(
            name: "OnePool \(topic)", topic: topic, secret: secret, deliveryURL: hookURL),
          as: WooCommerceMade.self)
        care.created.append(topic)
      }
      return care
    } catch .unauthorised(let text) {
      // The keys may be good for everything else: webhooks are a shop manager's.
      throw .refused("the keys may not see to the webhooks: \(text)")
    }
  }
}

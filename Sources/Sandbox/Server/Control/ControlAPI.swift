internal import Primitives
internal import RPCCore

/// What tests and the demo do to the platforms: shops, listings, buyers, faults. No platform has
/// such an API.
///
/// Bodies are JSON objects; `channel` is `shopee`, `lazada`, `shopify`, `woocommerce`, `tiktok`, `square` or `loyverse`, `shop` the shop's own
/// ID there.
///
/// - `POST /control/shops` makes a shop, or lets its seller authorise the app again: `hook_url`,
///   `access_token_seconds` and, there or in `credentials`, `access_token`, `refresh_token` and the
///   secrets: Shopee `partner_id`, `partner_key`, `push_partner_key`, `authorisation_days` that the seller picks; Lazada
///   `app_key`, `app_secret`, `site`, `app_kind` (`test`, `service_market`); Shopify `client_id`, `client_secret`, `location_id`, `api_version`; TikTok `app_key`, `app_secret`,
///   `shop_cipher` and how its seller works: `warehouse_ids` with commas between, `shipping_type` (`TIKTOK`, `SELLER`),
///   `fulfillment_type`, `least_stock` that a listing may be set to; Square
///   `client_id`, `client_secret`, `webhook_signature_key`, `merchant_id` (a shop is one location); Loyverse
///   `client_id`, `client_secret`, `merchant_id` (a shop is one store); WooCommerce, instead of
///   tokens, `consumer_key`, `consumer_secret`, `webhook_secret`, `home_url`. Without a token it sends the events of a shop
///   that is there to another `hook_url` and changes nothing else.
/// - `GET /control/shops` lists the shops, without secrets.
/// - `POST /control/listings` makes or changes a listing, or each of `listings`: `item_id`,
///   `variation_id`, `sku`, `title`, `stock` (of a new one, or with `replace`), `inventory_item_id`,
///   `reserved` for a promotion that begins in `promotion_in` seconds (now) and lasts `promotion_for` (until it is set
///   again; of its end nothing is told), `state`.
/// - `POST /control/orders`: a buyer orders `lines` of `item_id` and `variation_id`, or `sku`, and
///   `quantity`, with `promotion` true out of what is reserved; `paid` false leaves it unpaid, `counter` true sells it at the till,
///   `pickup` true says that the buyer comes for it (Shopify, Square, WooCommerce); 409 `sold_out` when
///   a listing shows less.
/// - `POST /control/payments`, `cancellations`, `shipments`, `returns`, `refunds` of one
///   `order_id`;
///   `lines` of `line_id` and `quantity` for a part.
/// - `POST /control/edits` puts `lines` to an order of Shopify, WooCommerce or Square; `deauthorisations` ends a shop's
///   tokens and tells its hook where the platform does. A shop's `fulfillment_type` says who ships (`fulfilled_by_shopee`,
///   Lazada's `FBL`, `FULFILLMENT_BY_TIKTOK`).
/// - `GET /control/orders`, `stock`, `deliveries`: what the platforms have.
/// - `POST /control/faults`: what goes wrong, by the names of `FaultPlan`; `GET` shows it.
/// - `POST /control/webhooks` turns a shop's webhooks off or on (`enabled`).
/// - `POST /control/scenario` plays a scenario (`Deploy/scenarios/README.md`); `GET` tells how far it is.
/// - `POST /control/reset` forgets everything but the numbers that were given.
struct ControlAPI: Sendable {
  let platform: Platform
  /// Whether callers from other machines are answered.
  let isOpen: Bool

  var routes: [HTTPRoute] {
    [
      route("POST", "shops", setShop), route("GET", "shops", listShops),
      route("POST", "listings", setListings), route("POST", "orders", order),
      route("GET", "orders", listOrders), route("POST", "payments", pay),
      route("POST", "cancellations", cancel), route("POST", "shipments", ship),
      route("POST", "returns", requestReturn), route("POST", "refunds", refund),
      route("GET", "stock", listStock), route("GET", "deliveries", listDeliveries),
      route("POST", "faults", setFaults), route("GET", "faults", listFaults),
      route("POST", "edits", edit), route("POST", "deauthorisations", deauthorise),
      route("POST", "webhooks", setWebhooks), route("POST", "reset", reset),
    ]
  }

  /// What a call of the control API brings.
  struct Call: Sendable {
    var query: FormFields
    var body: JSONValue

    /// The shop that a call names.
    func shop() throws -> Shop.Key {
      guard let channel = (body["channel"].string ?? query["channel"]).flatMap(Channel.init) else {
        throw ControlError(400, "channel must be \(Channel.names)")
      }
      guard let shop = body["shop"].text ?? query["shop"], !shop.isEmpty else {
        throw ControlError(400, "shop is missing")
      }
      return Shop.Key(channel: channel, shopID: shop)
    }

    func text(_ name: String) throws -> String {
      guard let text = body[name].text, !text.isEmpty else {
        throw ControlError(400, "\(name) is missing")
      }
      return text
    }

    /// How many rows a listing may have.
    var limit: Int64 {
      max(0, min(Int64(query["limit"] ?? "") ?? 100, SandboxLimits.listedRows))
    }

    /// What is to be ordered.
    func wishes() throws -> [Wish] {
      try (body["lines"].array ?? []).map { line in
        guard let quantity = line["quantity"].looseInteger else {
          throw ControlError(400, "a line has a quantity")
        }
        return Wish(
          item: line["item_id"].text ?? "", variation: line["variation_id"].text ?? "",
          sku: line["item_id"].isNull ? line["sku"].text ?? "" : "", quantity: quantity,
          isPromotion: line["promotion"].bool == true)
      }
    }

    /// Units by line; empty when no lines are named.
    func units() throws -> [String: Int64] {
      var units: [String: Int64] = [:]
      for line in body["lines"].array ?? [] {
        guard let id = line["line_id"].text, let quantity = line["quantity"].looseInteger,
          (1...SandboxLimits.lineQuantity).contains(quantity)
        else { throw ControlError(400, "a line has a line_id and a quantity") }
        units[id, default: 0] += quantity
      }
      return units
    }
  }

  func route(
    _ method: String, _ name: String,
    _ body: @escaping @Sendable (Call) async throws -> JSONValue
  ) -> HTTPRoute {
    HTTPRoute(method, "/control/\(name)", maximumBodyBytes: SandboxLimits.bodyBytes) { request in
      guard isOpen || Self.isLocal(request.peer) else {
        return ControlError(403, "the control API answers this machine only").response
      }
      guard let json = request.body.isEmpty ? [:] : JSONValue(parsing: request.body),
        json.members != nil
      else { return ControlError(400, "the body is not a JSON object").response }
      do {
        return .json(200, try await body(Call(query: FormFields(request.query), body: json)).bytes)
      } catch let error as ControlError {
        return error.response
      } catch let refusal as MarketRefusal {
        return ControlError(refusal).response
      } catch {
        return ControlError(503, "the store does not answer").response
      }
    }
  }

  /// Whether a caller's address is of this machine: `127.0.0.1:4711`, `[::1]:4711`.
  static func isLocal(_ peer: String) -> Bool {
    peer.hasPrefix("127.") || peer.hasPrefix("[::1]") || peer.hasPrefix("::1")
      || peer.hasPrefix("[::ffff:127.")
  }
}

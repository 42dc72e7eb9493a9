internal import ChannelAdapter

/// What Lazada says when it refuses: a code, who refuses (`ISV` the gate, `ISP` the service behind
/// it, `SYSTEM` a machine that is broken), a text, and for stock calls what it says of single SKUs.
struct LazadaFailure: Error {
  enum Meaning {
    case tokenOver, credentials, rate, busy, locked, unknownThing, refused
  }

  /// What is said of one SKU. The names of the fields are not documented, so several are tried.
  struct Detail: Decodable {
    enum CodingKeys: String, CodingKey {
      case sellerSKU = "seller_sku"
      case sellerSKUCapital = "SellerSku"
      case skuID = "sku_id"
      case skuIDCapital = "SkuId"
      case code, message, msg
    }
    var sellerSKU: String?
    var skuID: String?
    var code: String
    var message: String

    init(from decoder: any Decoder) throws {
      guard let container = try? decoder.container(keyedBy: CodingKeys.self) else {
        code = ""
        message = (try? decoder.singleValueContainer().decode(String.self)) ?? ""
        return
      }
      func text(_ keys: CodingKeys...) -> String? {
        for key in keys {
          if let id = try? container.decode(FlexibleID.self, forKey: key), !id.text.isEmpty {
            return id.text
          }
        }
        return nil
      }
      sellerSKU = text(.sellerSKU, .sellerSKUCapital)
      skuID = text(.skuID, .skuIDCapital)
      code = text(.code) ?? ""
      message =
        (try? container.decode(String.self, forKey: .message))
        ?? (try? container.decode(String.self, forKey: .msg)) ?? ""
    }
  }

  var code: String
  var type: String
  var message: String
  var details: [Detail] = []

  var text: String { message.isEmpty ? code : "\(code): \(message)" }

  private static let meanings: [String: Meaning] = [
    "IllegalAccessToken": .tokenOver, "InvalidAccessToken": .tokenOver,
    "InvalidCode": .credentials, "IllegalRefreshToken": .credentials,
    "InvalidRefreshToken": .credentials,
    "SellerNotVerified": .credentials, "IncompleteSignature": .credentials,
    "InvalidAppKey": .credentials, "IllegalAppKey": .credentials,
    "InsufficientPermission": .credentials,
    "ApiCallLimit": .rate, "AppCallLimit": .rate, "901": .rate,
    "InvalidTimestamp": .busy, "IllegalTimestamp": .busy, "ServiceUnavailable": .busy,
    "ServiceTimeout": .busy,
    "513": .busy, "1000": .busy,
    "998": .locked, "4170": .locked, "212": .locked,
    "THD_IC_ERR_F_IC_ABILITY_PG_003": .locked, "THD_IC_ERR_F_IC_ABILITY_PG_004": .locked,
    "16": .unknownThing, "17": .unknownThing, "208": .unknownThing,
    "204": .refused, "4171": .refused, "4225": .refused, "30": .refused, "5": .refused,
    "6": .refused,
  ]

  var meaning: Meaning {
    Self.meaning(code: code, message: message)
      ?? (type == "SYSTEM" ? .busy : .refused)
  }

  /// 212, "negative sellable", and 4170 are how a campaign refuses a lower number.
  static func meaning(code: String, message: String) -> Meaning? {
    let lower = message.lowercased()
    func says(_ words: String...) -> Bool { words.contains { lower.contains($0) } }
    // 6 is a bad payload to the stock calls and a busy system to those that pack.
    if says("try later", "try again", "please retry", "system is busy", "system busy") {
      return .busy
    }
    if let exact = meanings[code] { return exact }
    if says("campaign", "negative sellable", "thd_ic_err_f_ic_ability_pg") { return .locked }
    if says("access token", "accesstoken") { return .tokenOver }
    if says("too fast", "too frequent", "call limit") { return .rate }
    if says("not found", "not exist", "n't exist", "invalid reverse order id") {
      return .unknownThing
    }
    if says("timeout") { return .busy }
    return nil
  }

  var channelError: ChannelError {
    switch meaning {
    case .tokenOver: .tokenExpired(text)
    case .credentials: .unauthorised(text)
    // The ban after too many calls lasts one second.
    case .rate: .rateLimited(after: .seconds(1))
    case .busy: .unavailable(text)
    case .unknownThing: .notFound(text)
    case .locked, .refused: .refused(text)
    }
  }

  /// Whether the fault is with what was pushed; otherwise the whole call goes wrong for everybody.
  var concernsListings: Bool {
    switch meaning {
    case .tokenOver, .credentials, .rate, .busy: false
    case .locked, .unknownThing, .refused: true
    }
  }

  static func pushResult(code: String, message: String) -> PushResult {
    let text = code.isEmpty ? message : message.isEmpty ? code : "\(code): \(message)"
    return switch meaning(code: code, message: message) {
    case .locked: .locked(text)
    case .rate: .retry(text, after: .seconds(1))
    case .busy, .tokenOver, .credentials: .retry(text, after: nil)
    case .unknownThing, .refused, nil: .refused(text)
    }
  }
}

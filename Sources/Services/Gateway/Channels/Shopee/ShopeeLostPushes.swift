public import ChannelAdapter

/// JSON of any shape, to be written again as it was.
private enum AnyJSON: Codable {
  case null
  case bool(Bool)
  case integer(Int64)
  case natural(UInt64)
  case number(Double)
  case text(String)
  case list([AnyJSON])
  case object([String: AnyJSON])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(UInt64.self) {
      self = .natural(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([AnyJSON].self) {
      self = .list(value)
    } else {
      self = .object(try container.decode([String: AnyJSON].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .natural(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}

private struct LostPushPage: Decodable {
  enum CodingKeys: String, CodingKey {
    case messages = "push_message_list"
    case isMore = "has_next_page"
    case lastID = "last_message_id"
  }
  struct Message: Decodable {
    var data: AnyJSON?

    /// The push as it would have come. Documented as text, and shown as an object.
    var body: [UInt8]? {
      switch data {
      case .text(let text): Array(text.utf8)
      case .object(let members): ChannelJSON.encode(members)
      default: nil
      }
    }
  }
  var messages: [Lossy<Message>]?
  var isMore: LossyBool?
  var lastID: FlexibleID?
}

private struct LostPushMark: Encodable {
  enum CodingKeys: String, CodingKey { case lastID = "last_message_id" }
  var lastID: Int64
}

private struct LostPushAnswer: Decodable {
  var response: LostPushPage?
}

extension ShopeeAdapter: LostEventQueue {
  /// The queue is the app's, whichever of its shops asks.
  public func lostEventsKey(_ account: ChannelAccount) -> String {
    "\(account.baseURL)\n\(account.credentials[ShopeeCredential.partnerID] ?? "")"
  }

  /// Pushes of the last three days that were given up, 100 at a time, until somebody confirms them.
  ///
  /// - Note: Source: Shopee's API documents, push/get_lost_push_message.
  public func lostEvents(api: ChannelAPI) async throws(ChannelError) -> LostEvents {
    let answer = try await ShopeeClient(api: api).getPublic(
      "push/get_lost_push_message", as: LostPushAnswer.self)
    guard let page = answer.response else {
      throw .malformed("the answer has neither an error nor a response")
    }
    let messages = page.messages ?? []
    return LostEvents(
      bodies: messages.compactMap { $0.value?.body },
      mark: messages.isEmpty ? nil : page.lastID?.named, isMore: page.isMore?.value == true)
  }

  public func confirmLostEvents(
    through mark: String, api: ChannelAPI
  ) async throws(ChannelError) {
    guard let lastID = Int64(mark) else { throw .malformed("last_message_id is not a number") }
    _ = try await ShopeeClient(api: api).postPublic(
      "push/confirm_consumed_lost_push_message", LostPushMark(lastID: lastID),
      as: ShopeeNothing.self)
  }
}

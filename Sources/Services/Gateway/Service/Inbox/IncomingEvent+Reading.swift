internal import ChannelAdapter
internal import Primitives
internal import RPCCore

extension IncomingEvent {
  /// Reads a verified event and what else it brings news of.
  ///
  /// What cannot be read is authentic all the same: it is kept and acknowledged, since a channel would send the same
  /// bytes again and again, and turn the subscription off in the end.
  static func reading(
    _ request: HTTPRequest, by adapter: any ChannelAdapter, of account: ChannelAccount
  ) -> [IncomingEvent] {
    do throws(EventRefusal) {
      let event = try adapter.parse(request, account: account)
      return try ([event] + adapter.companions(of: event)).map { one throws(EventRefusal) in
        IncomingEvent(
          accountID: account.accountID, event: one, orderID: try orderID(one, account.accountID))
      }
    } catch {
      let digest = ChannelSignature.digest(request.body)
      let event = ChannelEvent(
        key: "unreadable:\(digest)", kind: .unreadable, subject: "", updateTime: .zero,
        body: request.body)
      return [
        IncomingEvent(
          accountID: account.accountID, event: event, orderID: "",
          problem: "EVENT_MALFORMED: \(error.text)")
      ]
    }
  }

  /// The order that an event is about, as all services name it; empty when it is about none.
  static func orderID(
    _ event: ChannelEvent, _ accountID: AccountID
  ) throws(EventRefusal) -> String {
    guard !event.key.isEmpty, event.key.utf8.count <= 500 else {
      throw .malformed("The event's ID is empty or too long.")
    }
    guard event.kind.isWorkedOn else { return "" }
    do throws(InvalidIdentifier) {
      let id = try OrderID("\(accountID)/\(event.subject)")
      _ = try ExternalName(event.subject)
      return event.kind == .order ? id.text : ""
    } catch {
      throw .malformed(error.description)
    }
  }
}

extension EventRefusal {
  fileprivate var text: String {
    switch self {
    case .malformed(let text), .contentType(let text): text
    }
  }
}

/// A channel's own name for an order or return.
private struct ExternalName: Identifier {
  static let noun = "order"
  let text: String

  init(trusted text: String) {
    self.text = text
  }
}

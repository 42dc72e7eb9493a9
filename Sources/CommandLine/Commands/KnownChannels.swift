internal import MappingAPI
internal import RPCCore

/// The channels that an operator may name.
enum KnownChannels {
  /// Refuses a channel that nobody sells on. The pool takes any name, and a rule for a misspelt one, or for an account's,
  /// would keep its units from every channel that there is.
  static func check(_ channels: [String], _ peers: Peers) async throws {
    guard !channels.isEmpty else { return }
    let known: [String]
    let accounts: [Account]
    do {
      known = try await allPages { token in
        let page = try await peers.mapping.listChannels(.init(pageSize: 1000, pageToken: token))
        return (page.channels.map(\.channelID), page.nextPageToken)
      }
      accounts = try await allPages { token in
        let page = try await peers.mapping.listAccounts(.init(pageSize: 1000, pageToken: token))
        return (page.accounts, page.nextPageToken)
      }
    } catch let error as RPCError {
      // Rules are set in a downtime of mapping as well.
      return Output.failure("whether there is such a channel could not be checked: \(error)")
    }
    let owners = Dictionary(accounts.map { ($0.accountID, $0.channelID) }) { first, _ in first }
    for channel in channels {
      if let refusal = refusal(of: channel, known: known, owners: owners) { throw Failure(refusal) }
    }
  }

  /// Nil for a channel that may be named; with no channel at all, any may.
  ///
  /// - Parameter owners: the accounts, and whose channel each is of.
  static func refusal(of channel: String, known: [String], owners: [String: String]) -> String? {
    guard !known.isEmpty, !known.contains(channel) else { return nil }
    let hint = owners[channel].map { ", which is an account of \($0)" } ?? ""
    return "there is no channel \(channel)\(hint); there is \(known.joined(separator: ", "))"
  }
}

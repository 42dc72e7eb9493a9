internal import Foundation
internal import GatewayAPI
internal import RPCCore

/// How an operator connects a channel's account.
enum AccountCommands {
  static let all = [connections, connect, authorise, importListings]

  static let connections = Command(
    name: "connections", usage: "", summary: "the accounts that are connected"
  ) { _ in
    let peers = try Peers.fromEnvironment()
    let rows = try await allPages { token in
      let page = try await peers.gateway.listConnections(
        ListConnectionsRequest(pageSize: 1000, pageToken: token))
      return (page.connections, page.nextPageToken)
    }
    Output.table(
      ["account", "channel", "shop", "address", "location", "credentials"],
      rows.map {
        [
          $0.accountID, $0.channelID, $0.externalID, $0.baseURL, $0.locationID,
          $0.credentialNames.joined(separator: " "),
        ]
      })
    return 0
  }

  static let connect = Command(
    name: "connect",
    usage: "ACCOUNT --channel CHANNEL --shop SHOP --url URL [--location LOCATION] < CREDENTIALS",
    summary: "connects an account with keys or tokens: lines of NAME=VALUE on standard input",
    wordLimit: 1,
    options: ["channel": "", "shop": "", "url": "", "location": "", "name": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let answer = try await peers.gateway.connectAccount(
      ConnectAccountRequest(
        connection: try connection(arguments), displayName: arguments.option("name"),
        requestID: UUID().uuidString))
    Output.line("connected: \(answer.connection?.accountID ?? "")")
    return 0
  }

  static let authorise = Command(
    name: "authorise",
    usage:
      "ACCOUNT [--channel CHANNEL --url URL] [--shop SHOP] [--location LOCATION] [< CREDENTIALS]",
    summary: "the link on which a merchant lets the gateway in; the app's keys on standard input",
    wordLimit: 1,
    options: ["channel": "", "shop": "", "url": "", "location": "", "name": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let answer = try await peers.gateway.startAuthorisation(
      StartAuthorisationRequest(
        connection: try connection(arguments), displayName: arguments.option("name")))
    Output.line(answer.url)
    Output.line("open it in a browser before \(answer.expireTime.text)")
    return 0
  }

  /// All listings of an account take as many calls as its channel allows in that time.
  private static let patience = CallOptions(timeout: .seconds(3600))

  static let importListings = Command(
    name: "import", usage: "ACCOUNT", summary: "fetches an account's listings from its channel",
    wordLimit: 1
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let answer = try await peers.gateway.importListings(
      ImportListingsRequest(
        accountID: try arguments.word(0, "ACCOUNT"), requestID: UUID().uuidString),
      options: patience)
    Output.table(
      ["created", "updated", "linked", "unmapped"],
      [
        [
          "\(answer.createdCount)", "\(answer.updatedCount)", "\(answer.linkedCount)",
          "\(answer.unmappedCount)",
        ]
      ])
    return 0
  }

  /// Credentials do not stand on the command line, which others can read.
  private static func connection(_ arguments: Arguments) throws -> Connection {
    Connection(
      accountID: try arguments.word(0, "ACCOUNT"), channelID: arguments.option("channel"),
      externalID: arguments.option("shop"), baseURL: arguments.option("url"),
      credentials: isatty(STDIN_FILENO) == 0 ? try credentials() : [:],
      locationID: arguments.option("location"))
  }

  private static func credentials() throws -> [String: String] {
    var found: [String: String] = [:]
    while let line = readLine() {
      let text = line.trimmingCharacters(in: .whitespaces)
      if text.isEmpty || text.hasPrefix("#") { continue }
      guard let equals = text.firstIndex(of: "=") else {
        throw UsageError("a line of the credentials is not NAME=VALUE")
      }
      found[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    return found
  }
}

public import Primitives
public import RPCCore

/// One kind of channel: how it signs, what its events and answers mean, how it wants to be told.
///
/// An adapter holds no state and no connection: it turns what the channel says into values and values into what
/// the channel wants. The gateway keeps the inbox, the retries, the rate limit and the order of pushes.
public protocol ChannelAdapter: Sendable {
  /// The channel that it speaks for.
  var channelID: ChannelID { get }
  /// What the channel asks for and how much it bears.
  var traits: ChannelTraits { get }

  /// Says, before anything is verified, which shop an event claims to come from, or that it is the channel's own test.
  ///
  /// - Throws: `EventRefusal` when the bytes make no sense.
  func identify(_ request: HTTPRequest) throws(EventRefusal) -> EventClaim
  /// Verifies the signature over the raw bytes with the account's secrets. `hookURL` is the configured public URL.
  func verify(_ request: HTTPRequest, account: ChannelAccount, hookURL: String) -> Bool
  /// Reads a verified event. It says what changed, not what to do about it.
  func parse(_ request: HTTPRequest, account: ChannelAccount) throws(EventRefusal) -> ChannelEvent
  /// Whom the account's shop belongs to, where a channel has owners of several shops and tells things of all of them at once.
  func owner(of account: ChannelAccount) -> String?
  /// What else an event brings news of, where a channel tells several things in one: the returns of an order.
  func companions(of event: ChannelEvent) -> [ChannelEvent]

  /// Returns the order as the channel has it now; from the event's own bytes where they hold the lines.
  func fetchOrder(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelOrder
  /// Returns the return as the channel has it now.
  func fetchReturn(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelReturn
  /// Returns a page of the account's listings; `cursor` is nil for the first.
  func fetchListings(after cursor: String?, api: ChannelAPI) async throws(ChannelError)
    -> ListingPage
  /// Sets what listings show. One result a push, in order; at most `traits.pushBatch` pushes of one `groupKey`.
  func pushStock(_ pushes: [StockPush], api: ChannelAPI) async throws(ChannelError) -> [PushResult]
  /// Reads what listings show, in order; nil for one that the channel does not know.
  func readStock(_ listings: [ChannelListing], api: ChannelAPI) async throws(ChannelError)
    -> [Quantity?]
  /// Tells the channel that an order left. Telling it twice is a success.
  func markShipped(_ notice: ShippedNotice, api: ChannelAPI) async throws(ChannelError)
  /// Tells the channel what became of a return. Telling it twice is a success.
  func answerReturn(_ answer: ReturnAnswer, api: ChannelAPI) async throws(ChannelError)
  /// Gets new tokens with the ones at hand: the credentials that change. Nil where tokens do not expire.
  func refreshCredentials(api: ChannelAPI) async throws(ChannelError) -> [String: String]?
  /// What pushes may go into one call: those with the same key. Shopee: the item.
  func groupKey(_ listing: ChannelListing) -> String
  /// What listings may be read in one call: at most `readBatch` with the same key. As pushes, unless the channel says otherwise.
  func readKey(_ listing: ChannelListing) -> String
  var readBatch: Int { get }
}

/// What a channel asks for and how much it bears.
public struct ChannelTraits: Sendable {
  /// Names of credentials without which nothing works.
  public var requiredCredentials: [String]
  /// Names of credentials that it understands beside those.
  public var optionalCredentials: [String]
  /// Calls a second and account, unless the connection says otherwise.
  public var callsPerSecond: Double
  /// The most pushes that one call may carry.
  public var pushBatch: Int
  /// What a good event is answered with: status and body (Shopee and TikTok want an empty one).
  public var acknowledgement: HTTPResponse
  /// What a listing may show at most.
  public var maximumQuantity: Quantity
  /// Whether `readStock` tells what a listing shows, so that a raise may leave out what the channel has just sold.
  public var readsStock: Bool
  /// Whether a push with `StockPush.expected` is a compare-and-set; then nothing needs to be read first.
  public var comparesStock: Bool
  /// Whether its goods leave the account's own location (a till's do), not one that the pool chooses.
  public var sellsFromOwnLocation: Bool

  public init(
    requiredCredentials: [String], optionalCredentials: [String] = [], callsPerSecond: Double,
    pushBatch: Int, acknowledgement: HTTPResponse = HTTPResponse(status: 200),
    maximumQuantity: Quantity = 999_999, readsStock: Bool = true, comparesStock: Bool = false,
    sellsFromOwnLocation: Bool = false
  ) {
    self.requiredCredentials = requiredCredentials
    self.optionalCredentials = optionalCredentials
    self.callsPerSecond = callsPerSecond
    self.pushBatch = pushBatch
    self.acknowledgement = acknowledgement
    self.maximumQuantity = maximumQuantity
    self.readsStock = readsStock
    self.comparesStock = comparesStock
    self.sellsFromOwnLocation = sellsFromOwnLocation
  }
}

/// An account as an adapter sees it: where it is and its secrets, decrypted.
public struct ChannelAccount: Sendable, Equatable {
  public var accountID: AccountID
  public var channelID: ChannelID
  /// The shop's own ID on the channel.
  public var externalID: String
  /// Scheme and host, perhaps a path, without a slash at the end.
  public var baseURL: String
  public var credentials: [String: String]

  public init(
    accountID: AccountID, channelID: ChannelID, externalID: String, baseURL: String,
    credentials: [String: String]
  ) {
    self.accountID = accountID
    self.channelID = channelID
    self.externalID = externalID
    self.baseURL = baseURL
    self.credentials = credentials
  }
}

/// What an adapter calls its channel with: the account and a way out.
public struct ChannelAPI: Sendable {
  public var account: ChannelAccount
  public var http: any ChannelHTTP
  public var clock: any WallClock
  /// Whether an order's address is wanted, though it may cost a permission or a call more.
  public var wantsAddress: Bool
  /// Whom to tell how much more the channel says that it bears.
  public var tellRoom: @Sendable (CallRoom) -> Void

  public init(
    account: ChannelAccount, http: any ChannelHTTP, clock: any WallClock,
    wantsAddress: Bool = false, tellRoom: @escaping @Sendable (CallRoom) -> Void = { _ in }
  ) {
    self.account = account
    self.http = http
    self.clock = clock
    self.wantsAddress = wantsAddress
    self.tellRoom = tellRoom
  }
}

/// Who an event claims to be from.
public enum EventClaim: Sendable, Equatable {
  /// The shop's own ID on the channel.
  case shop(String)
  /// One call tells of several shops; each takes what is its own.
  case shops([String])
  /// It is about all shops of one owner: those accounts whose `owner` it is.
  case owner(String)
  /// The channel tries the URL out; answered as `traits.acknowledgement`, nothing is done.
  case test
}

/// Why an event is not taken.
public enum EventRefusal: Error, Equatable, Sendable {
  /// The bytes are not what the channel sends; the text says why. Answered 400.
  case malformed(String)
  /// The content type is not the channel's. Answered 415.
  case contentType(String)
}

/// What a verified event says.
public struct ChannelEvent: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    case order
    case `return`
    /// The channel's documents know it, and nobody works on it.
    case other
    /// The channel's documents do not know it.
    case unknown
    /// The seller, or the channel, has taken our authorisation away.
    case deauthorised
    /// Authentic, and not what its kind should be: kept to be looked at.
    case unreadable

    /// Whether there is something to be done about it beside keeping it.
    public var isWorkedOn: Bool { self == .order || self == .return }
  }
  /// The channel's ID for it, or what stands for one: a redelivery has the same.
  public var key: String
  public var kind: Kind
  /// The order or return that it is about, as the channel names it.
  public var subject: String
  /// When what it says was so, by the channel's clock.
  public var updateTime: Timestamp
  /// The raw body: kept in the inbox, handed back when the event is worked on.
  public var body: [UInt8]
  /// What the headers said that parsing the body again needs, such as a topic.
  public var topic: String

  public init(
    key: String, kind: Kind, subject: String, updateTime: Timestamp, body: [UInt8],
    topic: String = ""
  ) {
    self.key = key
    self.kind = kind
    self.subject = subject
    self.updateTime = updateTime
    self.body = body
    self.topic = topic
  }
}

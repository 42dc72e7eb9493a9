public import ChannelAdapter

private let approveMutation = """
  mutation Approve($input: ReturnApproveRequestInput!) {
    returnApproveRequest(input: $input) { return { id status } userErrors { field message } }
  }
  """
private let declineMutation = """
  mutation Decline($input: ReturnDeclineRequestInput!) {
    returnDeclineRequest(input: $input) { return { id status } userErrors { field message } }
  }
  """
private let processMutation = """
  mutation Process($input: ReturnProcessInput!) {
    returnProcess(input: $input) { return { id status } userErrors { field message } }
  }
  """
private let closeMutation = """
  mutation Close($id: ID!) {
    returnClose(id: $id) { return { id status } userErrors { field message } }
  }
  """

private struct Input<Content: Encodable>: Encodable {
  var input: Content
}

private struct ReturnReference: Encodable {
  var id: String
}

private struct Decline: Encodable {
  var id: String
  var declineReason = "OTHER"
}

private struct Process: Encodable {
  struct Line: Encodable {
    var id: String
    var quantity: Int64
  }
  var returnId: String
  var returnLineItems: [Line]
  var notifyCustomer = true
}

private struct Outcome: Decodable {
  struct Payload: Decodable {
    struct Return: Decodable {
      var status: String?
    }
    enum CodingKeys: String, CodingKey {
      case userErrors
      case content = "return"
    }
    var content: Return?
    var userErrors: [ShopifyUserError]?
  }
  var returnApproveRequest: Payload?
  var returnDeclineRequest: Payload?
  var returnProcess: Payload?
  var returnClose: Payload?

  var payload: Payload? {
    returnApproveRequest ?? returnDeclineRequest ?? returnProcess ?? returnClose
  }
}

extension ShopifyAdapter {
  /// Takes a return through what is left of its way: approved, processed line by line, closed; or
  /// declined.
  ///
  /// Shopify is not asked to restock: the pool has the units and pushes what the shop may sell, and
  /// a restock by Shopify would come back to us as a second return. The money is paid back on
  /// Shopify's own page, where the refund is reckoned. Of a refund there is nothing to say: it is
  /// where the news came from.
  public func answerReturn(_ answer: ReturnAnswer, api: ChannelAPI) async throws(ChannelError) {
    let id = answer.returnExternalID
    guard !id.hasPrefix(ShopifyReturnID.refundPrefix) else { return }
    let client = ShopifyClient(api: api)
    let globalID = returnGlobalID(id)
    var status = try await returnStatus(id, client)
    guard answer.accepted else {
      switch status {
      case "REQUESTED":
        _ = try await run(declineMutation, Input(input: Decline(id: globalID)), client)
      case "OPEN": _ = try await run(closeMutation, ReturnReference(id: globalID), client)
      default: break
      }
      return
    }
    if status == "REQUESTED" {
      let approval = Input(input: ReturnReference(id: globalID))
      status = try await run(approveMutation, approval, client) ?? "OPEN"
    }
    guard status == "OPEN" else { return }
    let lines = answer.lines.filter { $0.quantity > 0 }.map { line in
      Process.Line(
        id: ShopifyID.global("ReturnLineItem", line.lineID), quantity: line.quantity)
    }
    if !lines.isEmpty {
      let process = Process(returnId: globalID, returnLineItems: lines)
      status = try await run(processMutation, Input(input: process), client) ?? "OPEN"
    }
    if status == "OPEN" { _ = try await run(closeMutation, ReturnReference(id: globalID), client) }
  }

  /// The return's status after a mutation, if it says.
  private func run(
    _ mutation: String, _ variables: some Encodable, _ client: ShopifyClient
  ) async throws(ChannelError) -> String? {
    let outcome = try await client.query(mutation, variables, as: Outcome.self)
    guard let payload = outcome.payload else { throw .malformed("the mutation has no result") }
    if let error = payload.userErrors?.first { throw .refused(error.text) }
    return payload.content?.status
  }
}

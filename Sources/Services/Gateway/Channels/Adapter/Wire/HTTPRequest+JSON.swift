public import RPCCore

extension HTTPRequest {
  /// Refuses a body that says that it is something else than JSON. One that does not say is read:
  /// not every channel documents the content type of its events.
  public func requireJSON() throws(EventRefusal) {
    guard let type = header("content-type") else { return }
    let essence = type.split(separator: ";")[...].first.map(String.init) ?? ""
    let name = essence.lowercased().filter { $0 != " " && $0 != "\t" }
    guard name.isEmpty || name == "text/plain" || name.hasSuffix("/json") || name.hasSuffix("+json")
    else { throw .contentType("an event is application/json, not \(essence)") }
  }
}

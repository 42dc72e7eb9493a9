internal import Kit
internal import Protobuf

/// A request ID that a repeat of the same request has again, and no other request.
enum DerivedRequestID {
  static func stamp<Request: Message>(
    _ request: Request, _ field: WritableKeyPath<Request, String>
  ) -> Request {
    var bare = request
    bare[keyPath: field] = ""
    let name = Array(Request.descriptor.fullName.utf8)
    let hash = Hex.encode(SHA256.hash([name, bare.serialized()]))
    bare[keyPath: field] = UUIDText.derived(from: hash)
    return bare
  }
}

internal import Foundation
internal import RPCCore

/// What a caller over HTTP gets when his request is not taken:
/// `{"error":{"code":…,"message":…,"field":…}}`.
struct ErrorAnswer: Error, Equatable {
  var status: Int
  var code: String
  var message: String
  /// The path of the field that is wrong; empty when it is none.
  var field = ""

  private struct Body: Encodable {
    struct Detail: Encodable {
      var code: String
      var message: String
      var field: String
    }
    var error: Detail
  }

  var response: HTTPResponse {
    JSONAnswer.make(
      status, Body(error: Body.Detail(code: code, message: message, field: field)))
  }
}

/// Answers in JSON.
enum JSONAnswer {
  static func make(_ status: Int, _ value: some Encodable) -> HTTPResponse {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { return .text(500, "no answer\n") }
    return .json(status, [UInt8](data) + [UInt8(ascii: "\n")])
  }
}

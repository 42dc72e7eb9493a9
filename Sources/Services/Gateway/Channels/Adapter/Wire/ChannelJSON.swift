internal import Foundation

/// The JSON of channels, read and written; what does not fit is told with the path of the field.
public enum ChannelJSON {
  /// What is wrong with some JSON: `data.ordersn is missing`.
  public struct Problem: Error, Equatable, Sendable {
    public var text: String

    public init(_ text: String) {
      self.text = text
    }
  }

  /// - Complexity: O(`bytes.count`); Foundation refuses more than 512 levels of nesting.
  public static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8]
  ) throws(Problem) -> Value {
    guard !bytes.isEmpty else { throw Problem("the body is empty") }
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch let error as DecodingError {
      throw Problem(text(of: error))
    } catch {
      throw Problem("the body is not JSON")
    }
  }

  /// Reads the body of an event.
  public static func event<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8]
  ) throws(EventRefusal) -> Value {
    do {
      return try decode(type, from: bytes)
    } catch {
      throw .malformed(error.text)
    }
  }

  /// Whether the bytes are JSON of an object at all.
  public static func isObject(_ bytes: [UInt8]) -> Bool {
    (try? decode(Anything.self, from: bytes)) != nil
  }

  private struct Anything: Decodable {
    private enum NoKeys: CodingKey {}

    init(from decoder: any Decoder) throws {
      _ = try decoder.container(keyedBy: NoKeys.self)
    }
  }

  /// Reads the body of an answer, whatever its status is.
  public static func reply<Value: Decodable>(
    _ type: Value.Type, from reply: ChannelReply
  ) throws(ChannelError) -> Value {
    do {
      return try decode(type, from: reply.body)
    } catch {
      throw .malformed("the answer cannot be read: \(error.text)")
    }
  }

  /// Writes `value` with its keys in order, so that the same value is the same bytes.
  public static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(value))
    } catch {
      preconditionFailure("what adapters send has no float and no failing encoder: \(error)")
    }
  }

  /// `encode` as text, for JSON that travels in a parameter.
  public static func encodeText(_ value: some Encodable) -> String {
    String(decoding: encode(value), as: UTF8.self)
  }

  private static func text(of error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context):
      return "\(path(context.codingPath + [key])) is missing"
    case .valueNotFound(_, let context):
      return "\(path(context.codingPath)) is null"
    case .typeMismatch(_, let context):
      return "\(path(context.codingPath)) has the wrong type"
    case .dataCorrupted(let context):
      guard !context.codingPath.isEmpty else { return "the body is not JSON" }
      return "\(path(context.codingPath)): \(context.debugDescription)"
    @unknown default:
      return "the body is not JSON"
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    var path = ""
    for key in keys {
      if let index = key.intValue {
        path += "[\(index)]"
      } else {
        path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
      }
    }
    return path.isEmpty ? "the body" : path
  }
}

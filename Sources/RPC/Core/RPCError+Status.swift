internal import Foundation
public import Protobuf

/// `google.rpc.Status` both ways: what travels in `grpc-status-details-bin` (AIP-193).
extension RPCError {
  /// Each detail at most once: ErrorInfo, BadRequest, RetryInfo.
  func detailMessages() -> [AnyMessage] {
    var details: [AnyMessage] = []
    if !reason.isEmpty {
      details.append(AnyMessage(ErrorInfo(reason: reason, domain: domain, metadata: metadata)))
    }
    if !violations.isEmpty {
      let fields = violations.map {
        BadRequest.FieldViolation(field: $0.field, description: $0.problem)
      }
      details.append(AnyMessage(BadRequest(fieldViolations: fields)))
    }
    if let retryAfter { details.append(AnyMessage(RetryInfo(retryDelay: retryAfter))) }
    return details
  }

  /// The serialised status; empty when there is nothing to say beyond code and message.
  public func statusDetails() -> [UInt8] {
    let status = Status(self)
    return status.details.isEmpty ? [] : status.serialized()
  }

  /// The same within a bound: of the violations as many as fit, the first ones; without metadata when even that is too
  /// much.
  public func statusDetails(atMost maximumBytes: Int) -> [UInt8] {
    let all = statusDetails()
    guard all.count > maximumBytes else { return all }
    var error = self
    // Of all numbers of violations that fit, the greatest.
    var (fitting, tooMany) = (0, violations.count)
    while tooMany - fitting > 1 {
      let middle = (fitting + tooMany) / 2
      error.violations = Array(violations.prefix(middle))
      if error.statusDetails().count <= maximumBytes { fitting = middle } else { tooMany = middle }
    }
    error.violations = Array(violations.prefix(fitting))
    let some = error.statusDetails()
    guard some.count > maximumBytes else { return some }
    error.metadata = [:]
    return error.statusDetails()
  }

  /// What a client makes of the trailers; details that cannot be read are left out, the status counts all the same.
  public init(code: RPCCode, message: String, statusDetails: [UInt8]) {
    self.init(code, "", message)
    guard let status = try? Status(serialized: statusDetails) else { return }
    for detail in status.details {
      if let info = try? detail.unpacked(as: ErrorInfo.self) {
        reason = info.reason
        domain = info.domain
        metadata = info.metadata
      } else if let request = try? detail.unpacked(as: BadRequest.self) {
        violations = request.fieldViolations.map {
          FieldViolation(field: $0.field, problem: $0.description)
        }
      } else if let retry = try? detail.unpacked(as: RetryInfo.self) {
        retryAfter = retry.retryDelay
      }
    }
  }

  /// A detail as JSON, for people who read a Connect error.
  static func debugJSON(of detail: AnyMessage) -> Any? {
    let bytes: [UInt8]?
    if let info = try? detail.unpacked(as: ErrorInfo.self) {
      bytes = info.json()
    } else if let request = try? detail.unpacked(as: BadRequest.self) {
      bytes = request.json()
    } else if let retry = try? detail.unpacked(as: RetryInfo.self) {
      bytes = retry.json()
    } else {
      bytes = nil
    }
    return bytes.flatMap { try? JSONSerialization.jsonObject(with: Data($0)) }
  }
}

extension Status {
  /// An error as a message: also that of one of many requests in a call that goes well.
  public init(_ error: RPCError) {
    self.init(code: error.code.rawValue, message: error.message, details: error.detailMessages())
  }
}

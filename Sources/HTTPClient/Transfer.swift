internal import CCurl

/// One call on its way: libcurl's handle and what has come of the answer. Lives on the client's thread from `start` on.
///
/// `@unchecked Sendable`: the caller makes it and hands it over with the loop's lock; from then on only the loop's thread uses
/// it. One that the loop does not take is answered by the caller, who alone has it then.
final class Transfer: @unchecked Sendable {
  let number: Int
  private let call: HTTPCall
  private let limits: HTTPClientLimits
  private var continuation: CheckedContinuation<Result<HTTPAnswer, HTTPFailure>, Never>?
  private(set) var handle: UnsafeMutableRawPointer?
  private var lines: UnsafeMutablePointer<curl_slist>?
  private var body: [UInt8] = []
  private var headers: [String: String] = [:]
  private var headBytes = 0
  private var failure: HTTPFailure?

  init(
    _ number: Int, _ call: HTTPCall, _ limits: HTTPClientLimits,
    _ continuation: CheckedContinuation<Result<HTTPAnswer, HTTPFailure>, Never>
  ) {
    self.number = number
    self.call = call
    self.limits = limits
    self.continuation = continuation
  }

  /// Readies `handle`, which is new or reset, for the call.
  func start(_ handle: UnsafeMutableRawPointer) {
    self.handle = handle
    let owner = Unmanaged.passUnretained(self).toOpaque()
    func set(_ option: CURLoption, _ value: Int) { onepool_curl_set_number(handle, option, value) }
    // libcurl copies the texts and the body.
    onepool_curl_set_pointer(handle, CURLOPT_URL, call.url)
    onepool_curl_set_pointer(handle, CURLOPT_PROTOCOLS_STR, "http,https")
    onepool_curl_set_pointer(handle, CURLOPT_ACCEPT_ENCODING, "")
    // Else `http_proxy` and the like would count.
    onepool_curl_set_pointer(handle, CURLOPT_PROXY, "")
    set(CURLOPT_NOSIGNAL, 1)
    // Else a call that ends while its host's name is looked up holds up all others until that has come to its end.
    set(CURLOPT_QUICK_EXIT, 1)
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_TIMEOUT_MS, max(1, call.timeout.wholeMilliseconds))
    set(CURLOPT_CONNECTTIMEOUT_MS, max(1, limits.connecting.wholeMilliseconds))
    switch call.method {
    case "GET": set(CURLOPT_HTTPGET, 1)
    case "HEAD": set(CURLOPT_NOBODY, 1)
    default:
      set(CURLOPT_POST, 1)
      onepool_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(call.body.count))
      if call.body.isEmpty {
        onepool_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, "")
      } else {
        onepool_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, call.body)
      }
    }
    if call.method != "HEAD" {
      onepool_curl_set_pointer(handle, CURLOPT_CUSTOMREQUEST, call.method)
    }
    for (name, value) in call.headers {
      lines = curl_slist_append(lines, value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
    // A server that is to say whether it wants the body costs a round trip.
    lines = curl_slist_append(lines, "Expect:")
    onepool_curl_set_pointer(handle, CURLOPT_HTTPHEADER, lines)
    onepool_curl_set_pointer(handle, CURLOPT_PRIVATE, owner)
    onepool_curl_set_pointer(handle, CURLOPT_WRITEDATA, owner)
    onepool_curl_set_pointer(handle, CURLOPT_HEADERDATA, owner)
    onepool_curl_set_receiver(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, owner in
      Transfer.of(owner).take(bytes, size * count)
    }
    onepool_curl_set_receiver(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, owner in
      Transfer.of(owner).takeHead(bytes, size * count)
    }
  }

  static func of(_ owner: UnsafeMutableRawPointer?) -> Transfer {
    guard let owner else { preconditionFailure("a transfer's callback has its transfer") }
    return Unmanaged<Transfer>.fromOpaque(owner).takeUnretainedValue()
  }

  /// - Returns: how many bytes were taken; another number ends the transfer.
  private func take(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    let room = limits.answerBytes - body.count
    guard count <= room || limits.cutsLongAnswers else {
      failure = .tooLarge(limits.answerBytes)
      return 0
    }
    body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: min(count, room)))
    return count
  }

  private func takeHead(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    headBytes += count
    guard headBytes <= limits.headBytes else {
      failure = .tooLarge(limits.headBytes)
      return 0
    }
    let line = UnsafeRawBufferPointer(start: bytes, count: count)
    if line.starts(with: "HTTP/".utf8) {
      // The status line: what came of an interim answer does not count.
      headers = [:]
      return count
    }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return count }
    let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
    let value = String(decoding: Self.trimmed(line[(colon + 1)...]), as: UTF8.self)
    headers[name] = headers[name].map { "\($0), \(value)" } ?? value
    return count
  }

  private static func trimmed(
    _ bytes: Slice<UnsafeRawBufferPointer>
  ) -> Slice<UnsafeRawBufferPointer> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
    var rest = bytes.drop(while: isSpace)
    while let last = rest.last, isSpace(last) { rest = rest.dropLast() }
    return rest
  }

  /// Answers the caller; the handle may be used for another call then.
  func end(_ result: CURLcode) {
    if let failure { return answer(.failure(failure)) }
    switch result {
    case CURLE_OK:
      let status = handle.map(onepool_curl_status) ?? 0
      answer(.success(HTTPAnswer(status: status, headers: headers, body: body)))
    case CURLE_URL_MALFORMAT:
      answer(.failure(.malformed("the address of the call is not a URL of http or https")))
    case CURLE_UNSUPPORTED_PROTOCOL:
      // The scheme is one of the two: it is the server that does not speak it.
      answer(.failure(.noAnswer("the server does not answer in HTTP")))
    default:
      answer(.failure(.noAnswer(String(cString: curl_easy_strerror(result)))))
    }
  }

  func answer(_ result: Result<HTTPAnswer, HTTPFailure>) {
    curl_slist_free_all(lines)
    lines = nil
    continuation?.resume(returning: result)
    continuation = nil
  }
}

extension Duration {
  /// Rounded up.
  fileprivate var wholeMilliseconds: Int {
    let (seconds, attoseconds) = components
    let most = Int64(Int32.max) / 1000
    return Int(min(seconds, most)) * 1000
      + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}

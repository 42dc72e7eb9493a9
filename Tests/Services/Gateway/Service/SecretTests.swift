import ChannelAdapter
import Foundation
import GatewayAPI
import Kit
import LazadaChannel
import Primitives
import RPCCore
import ShopeeChannel
import ShopifyChannel
import Synchronization
import Testing

@testable import GatewayService

@Suite struct SecretTests {
  private static func rotate(
    _ run: GatewayBench.Run, _ requestID: String = ""
  ) async throws -> Int64 {
    try await run.client.rotateSecretKey(RotateSecretKeyRequest(requestID: requestID))
      .connectionCount
  }

  private static func sealed(_ run: GatewayBench.Run) async throws -> [UInt8] {
    let found = try await run.gateway.store.read {
      try $0.first("SELECT credentials FROM connection WHERE account_id = 'acc'") { $0.bytes(0) }
    }
    return try #require(found)
  }

  private static func secret(_ run: GatewayBench.Run) async throws -> String? {
    try await run.gateway.store.connections(run.gateway.keys).first?.account.credentials["secret"]
  }

  /// Goal: after a change of key nothing opens with the old one and everything with the new one,
  /// after a restart too.
  @Test func credentialsAreSealedWithANewKey() async throws {
    let bench = try GatewayBench()
    let run = try await bench.start()
    try await bench.connect(run)
    try await bench.connect(run, account: "acc2", shop: "shop-2")
    let old = run.gateway.keys.box
    let before = try await Self.sealed(run)
    #expect(throws: Never.self) { try old.open(before, context: "acc") }
    #expect(try await Self.rotate(run) == 2)
    let after = try await Self.sealed(run)
    #expect(throws: SecretBox.Failure.altered) { try old.open(after, context: "acc") }
    #expect(try await Self.secret(run) == "s3cret-acc")
    // What is stored later is sealed with the new key, too.
    try await bench.connect(run)
    let later = try await Self.sealed(run)
    #expect(throws: SecretBox.Failure.altered) { try old.open(later, context: "acc") }
    await run.stop()

    let again = try await bench.start()
    #expect(try await Self.secret(again) == "s3cret-acc")
    #expect(!again.gateway.keys.hasOldKeys)
    await again.stop()
  }

  @Test func sameRequestChangesTheKeyOnce() async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      #expect(try await Self.rotate(run, "r-1") == 1)
      let sealed = try await Self.sealed(run)
      #expect(try await Self.rotate(run, "r-1") == 1)
      #expect(try await Self.sealed(run) == sealed)
      try await withThrowingTaskGroup(of: Int64.self) { group in
        for number in 0..<20 { group.addTask { try await Self.rotate(run, "r-\(number / 5 + 2)") } }
        for try await count in group { #expect(count == 1) }
      }
      #expect(try await Self.secret(run) == "s3cret-acc")
      #expect(!run.gateway.keys.hasOldKeys)
    }
  }

  /// Goal: a store that takes nothing leaves credentials that open, and the change can be made again.
  @Test func failedChangeLosesNothing() async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      run.database.be(full: true)
      let reason = await ConnectionTests.reason { try await Self.rotate(run) }
      #expect(reason == "STORE_UNAVAILABLE")
      run.database.be(full: false)
      let kept = try await Self.secret(run)
      #expect(kept == "s3cret-acc" && run.gateway.keys.hasOldKeys)
      #expect(try await Self.rotate(run) == 1)
      #expect(try await Self.secret(run) == "s3cret-acc")
      #expect(!run.gateway.keys.hasOldKeys)
    }
  }

  /// Goal: a gateway that stopped in the middle of a change brings it to its end when it starts.
  @Test func changeThatWasCutOffIsEnded() async throws {
    let bench = try GatewayBench()
    let run = try await bench.start()
    try await bench.connect(run)
    let old = run.gateway.keys.box
    await run.stop()
    try KeyRing(file: bench.folder.file("gateway.key")).addKey()
    let again = try await bench.start()
    #expect(!again.gateway.keys.hasOldKeys)
    let sealed = try await Self.sealed(again)
    #expect(throws: SecretBox.Failure.altered) { try old.open(sealed, context: "acc") }
    #expect(try await Self.secret(again) == "s3cret-acc")
    await again.stop()
  }

  /// Goal: keys that an operator gives are changed by giving a new one in front.
  @Test func givenKeysAreChangedByTheOperator() async throws {
    let bench = try GatewayBench()
    let (a, b) = (Array(repeating: UInt8(1), count: 32), Array(repeating: UInt8(2), count: 32))
    for keys in [[a], [b, a], [b]] {
      let run = try await bench.start { $0.keys = KeyRing(keys: keys) }
      if keys == [a] { try await bench.connect(run) }
      #expect(try await Self.secret(run) == "s3cret-acc")
      let reason = await ConnectionTests.reason { try await Self.rotate(run) }
      #expect(reason == "KEY_GIVEN")
      await run.stop()
    }
  }

  @Test(arguments: [
    ("the token tok/en+1=x is over", "the token (secret) is over"),
    ("?access_token=tok%2Fen%2B1%3Dx&a=1", "?access_token=(secret)&a=1"),
    (#"{"token":"tok\/en+1=x"}"#, #"{"token":"(secret)"}"#),
    ("cut off in tok/en+1", "cut off in (secret)"),
    ("tok/en+1=xtok/en+1=x", "(secret)(secret)"),
    (#"{"token":"tok\u002fen\u002b1=x"}"#, #"{"token":"(secret)"}"#),
    ("half: tok/en+1%253D", "half: (secret)%253D"), ("tok/e is little", "tok/e is little"),
    ("shop 12 is well", "shop 12 is well"), ("", ""),
    (
      "authorization: Basic Y2tfMTp0b2svZW4rMT14 was refused",
      "authorization: Basic (secret) was refused"
    ),
    ("?key=Y2tfMTp0b2svZW4rMT14=", "?key=(secret)="), ("Basic Y2tfMTp0b2svZW4rM", "Basic (secret)"),
    ("Basic Y2tfMTpub3RoaW5n", "Basic Y2tfMTpub3RoaW5n"),
  ])
  func channelsTextsAreShownWithoutSecrets(_ text: String, _ shown: String) {
    let credentials = ["access_token": "tok/en+1=x", "shop": "12", "empty": ""]
    #expect(text.hiding(credentials) == shown)
    #expect(ChannelError.refused(text).hiding(credentials) == .refused(shown))
    #expect(PushResult.locked(text).hiding(credentials) == .locked(shown))
  }
}

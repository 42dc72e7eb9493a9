import Foundation
import Primitives
import Testing

/// Goal: no input that was ever found bad is bad again. Method: every file of the corpus, and seeded changes of each,
/// through the entry points that libFuzzer drives; a mistake ends the process.
@Suite(.serialized) struct CorpusTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Corpus")
  private static let changesPerFile = 50

  @Test(arguments: FuzzEntry.allCases)
  func corpusIsTaken(_ entry: FuzzEntry) throws {
    let own = Self.folder.appending(path: entry.rawValue)
    let names = try FileManager.default.contentsOfDirectory(atPath: own.path).sorted()
    #expect(!names.isEmpty)
    for name in names {
      let seed = try [UInt8](Data(contentsOf: own.appending(path: name)))
      seed.withUnsafeBytes { entry.run($0) }
      var random = SeededRandom(seed: UInt64(seed.count))
      for _ in 0..<Self.changesPerFile {
        Self.changed(seed, &random).withUnsafeBytes { entry.run($0) }
      }
    }
  }

  /// A few bytes put elsewhere, left out or made others.
  private static func changed(_ seed: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    var bytes = seed
    for _ in 0...Int.random(in: 0..<4, using: &random) {
      let place = Int.random(in: 0...bytes.count, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: bytes.insert(.random(in: 0...255, using: &random), at: place)
      case 1 where place < bytes.count: bytes.remove(at: place)
      case 2 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &random)
      default: bytes = Array(bytes.prefix(place))
      }
    }
    return bytes
  }
}

/// What somebody may have meant who mistyped a word.
enum Suggestion {
  /// `, did you mean stock?`, or nothing when no word is near.
  static func question(_ word: String, among words: [String], before prefix: String = "") -> String
  {
    nearest(word, among: words).map { ", did you mean \(prefix)\($0)?" } ?? ""
  }

  /// The word that is the fewest changed letters away; one in a short word, two in a longer one.
  static func nearest(_ word: String, among words: [String]) -> String? {
    let near = words.map { (word: $0, distance: distance(word, $0)) }
      .filter { $0.distance <= ($0.word.count > 5 ? 2 : 1) }
    return near.min { ($0.distance, $0.word) < ($1.distance, $1.word) }?.word
  }

  /// Letters to put in, take out or change, or neighbours to swap, until the one is the other.
  ///
  /// - Note: Source: optimal string alignment, the restricted form of Damerau's distance.
  /// - Complexity: O(left × right), of words that somebody typed.
  static func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left), Array(right))
    var rows = [Array(0...right.count)]
    for (i, letter) in left.enumerated() {
      var row = [i + 1]
      for (j, other) in right.enumerated() {
        var least = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (letter == other ? 0 : 1))
        if i > 0, j > 0, letter == right[j - 1], left[i - 1] == other {
          least = min(least, rows[i - 1][j - 1] + 1)
        }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[left.count][right.count]
  }
}

/// What a column of a row holds.
public enum SQLKind: Hashable, Sendable {
  case integer, real, text, blob, null
}

/// Who waits in groups, whose members are taken together; the group that has waited longest is next.
struct GroupQueue<Element> {
  private var groups: [String: [Element]] = [:]
  private var keys = Queue<String>()

  var isEmpty: Bool { groups.isEmpty }

  mutating func append(_ element: Element, to key: String) {
    if groups[key] == nil { keys.append(key) }
    groups[key, default: []].append(element)
  }

  /// Takes at most `limit` of one group; what is left of it comes after the other groups. Those that do not wait any more fall out.
  mutating func take(_ limit: Int, where waits: (Element) -> Bool) -> [Element] {
    precondition(limit > 0, "a call is about something")
    while let key = keys.popFirst() {
      // It is alone in here meanwhile, so that nothing is copied.
      guard var members = groups.removeValue(forKey: key) else { continue }
      var taken: [Element] = []
      while taken.count < limit, let member = members.popLast() {
        if waits(member) { taken.append(member) }
      }
      if !members.isEmpty {
        groups[key] = members
        keys.append(key)
      }
      if !taken.isEmpty { return taken }
    }
    return []
  }
}

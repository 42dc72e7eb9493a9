/// A channel that tells when a shop is closed to us: uninstalled, its authorisation taken back.
public protocol SuspensionReading: ChannelAdapter {
  /// Why the shop is closed to us, in words; nil when the event says nothing of it.
  func suspension(in event: ChannelEvent) -> String?
}

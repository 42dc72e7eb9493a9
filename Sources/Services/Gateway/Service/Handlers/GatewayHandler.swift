internal import ChannelAdapter
internal import GatewayAPI
internal import GatewayDomain
internal import Kit
internal import MappingAPI
internal import Primitives
internal import RPCCore

/// What operators ask of the gateway. Each method that is more than a few lines has its own file.
struct GatewayHandler: GatewayServiceHandler {
  let gateway: Gateway

  var store: GatewayStore { gateway.store }
}

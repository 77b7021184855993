export { CacheWatch, type Rewrite } from './cache-watch.ts';
export {
  type Credentials,
  environmentHeaders,
  type RenewableCredentials,
  resolveCredentials,
  signedIn,
} from './credentials.ts';
export { HttpTransport, providerTransport } from './http-transport.ts';

export { IdleWatch } from './idle-watch.ts';
export { type ListedModel, listModels } from './list-models.ts';
export { loadWire } from './load-wire.ts';
export { ModelClient } from './model-client.ts';
export { proxyRoute } from './proxy-route.ts';
export { digestOf, RequestFingerprints } from './request-fingerprints.ts';
export { ResponseSocket } from './socket/response-socket.ts';
export type { Transport } from './transport.ts';
export { userAgent } from './user-agent.ts';

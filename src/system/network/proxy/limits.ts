/** Bounds of a proxy, so that no program can fill it. Times in milliseconds. */
export interface ProxyLimits {
  readonly connections: number;
  /** Requests of one connection that wait for their answers. */
  readonly requestsAtOnce: number;
  /** All header lines of a request. */
  readonly headerBytes: number;
  /** Until a connection has said what it wants. */
  readonly headerMs: number;
  /** Without a byte either way. */
  readonly idleMs: number;
}

export const proxyLimits: ProxyLimits = {
  connections: 256,
  requestsAtOnce: 16,
  headerBytes: 16 * 1024,
  headerMs: 15_000,
  idleMs: 10 * 60_000,
};

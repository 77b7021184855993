/** How a program wants to reach a host: a plain request, a tunnel by CONNECT, or SOCKS. */
export type NetworkProtocol = 'http' | 'https' | 'socks5';

/** Where a program wants to go. `host` is in its one form (`parseHost`). */
export interface Destination {
  readonly host: string;
  readonly port: number;
  readonly protocol: NetworkProtocol;
}

/** What the user said about a host that no list names; a refusal may say why. */
export type Answer = { readonly type: 'allowed' } | { readonly type: 'refused'; readonly message: string | null };

/** `reason`: why a host that is allowed is asked about all the same. */
export type AskUser = (destination: Destination, signal: AbortSignal, reason: string | null) => Promise<Answer>;

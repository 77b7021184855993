import type { ModelProvider } from '../../storage/config/index.ts';

/** What a server of local models shows of itself. */
export interface Sight {
  /** With its version where it tells one, for a person: `Ollama 0.13.5`. */
  readonly name: string;
  /** Null: it did not tell which models it has. */
  readonly models: readonly string[] | null;
  /** The API to speak to it. */
  readonly wireApi: ModelProvider['wireApi'];
  /** What a person should know of it. */
  readonly notes: readonly string[];
}

/** A server on the user's machine that runs models and can fetch further ones. */
export interface LocalServer {
  /** @throws KeelError `httpConnectionFailed` that says how to start it, if it does not answer */
  look(): Promise<Sight>;
  /** Whether this name of a model is among those that the server told. */
  has(models: readonly string[], model: string): boolean;
  /** Resolves when the model is there; `tell` gets a line at a time. @throws KeelError with the server's own words */
  fetch(model: string, tell: (line: string) => void): Promise<void>;
}

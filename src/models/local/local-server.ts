import type { ModelProvider } from '../../storage/config/index.ts';

/** What a server of local models shows of itself. */
export interface Sight {
  /** With its version where it reports one, for a person: `Ollama 0.13.5`. */
  readonly name: string;
  /** Null: it did not list them. */
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
  /** Whether this name of a model is among those that the server listed. */
  has(models: readonly string[], model: string): boolean;
  /** Resolves when the model is there; `show` gets a line at a time. @throws KeelError with the server's own words */
  fetch(model: string, show: (line: string) => void): Promise<void>;
}

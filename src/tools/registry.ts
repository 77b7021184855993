import type { ToolSpec } from '../model/index.ts';
import type { ToolHandler, ToolRegistration } from './types.ts';

/** The tools that exist, by the name a model calls them with. A name that is registered twice means the later one. */
export class ToolRegistry {
  readonly #tools = new Map<string, ToolRegistration>();

  register(tool: ToolRegistration): void {
    this.#tools.set(tool.name, tool);
  }

  handler(name: string): ToolHandler | null {
    return this.#tools.get(name)?.handler ?? null;
  }

  /** What the model is told of these tools, in this order. */
  specs(names: readonly string[]): ToolSpec[] {
    return names.map((name) => this.#tools.get(name)?.spec ?? null).filter((spec) => spec !== null);
  }

  get names(): readonly string[] {
    return [...this.#tools.keys()];
  }
}

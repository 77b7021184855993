import type { ToolSpec } from '../../models/prompt/index.ts';
import type { Tool, ToolHandler } from './tool.ts';

/** The tools that exist, by the name a model calls them with. Of two tools with one name the later one is used. */
export class ToolRegistry {
  readonly #tools = new Map<string, Tool>();
  readonly #onWarning: (message: string) => void;
  #fallback: (name: string) => ToolHandler | null = () => null;

  /** `onWarning` receives a message for each name that is registered twice. */
  constructor(onWarning: (message: string) => void = () => undefined) {
    this.#onWarning = onWarning;
  }

  register(tool: Tool): void {
    const { name } = tool;
    if (this.#tools.has(name)) this.#onWarning(`the tool ${name} is registered twice: the later one is used`);
    this.#tools.set(name, tool);
  }

  /** Names of its own tools that a model can be offered. */
  names(): string[] {
    return [...this.#tools.values()].filter(({ spec }) => spec !== null).map(({ name }) => name);
  }

  handler(name: string): ToolHandler | null {
    return this.#tools.get(name)?.handler ?? this.#fallback(name);
  }

  /** Whether the registry has the tool itself, not only through the fallback. */
  has(name: string): boolean {
    return this.#tools.has(name);
  }

  /** A new registry with further tools; `fallback` gives the handler for names that no tool has. */
  with(tools: readonly Tool[], fallback: (name: string) => ToolHandler | null): ToolRegistry {
    const registry = new ToolRegistry(this.#onWarning);
    for (const tool of [...this.#tools.values(), ...tools]) registry.register(tool);
    registry.#fallback = fallback;
    return registry;
  }

  /** The spec of a tool; null for one that is never offered. */
  spec(name: string): ToolSpec | null {
    return this.#tools.get(name)?.spec ?? null;
  }

  /** The specs of these tools, in this order. */
  specs(names: readonly string[]): ToolSpec[] {
    return names.map((name) => this.spec(name)).filter((spec) => spec !== null);
  }
}

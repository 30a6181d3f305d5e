/** The base of layers and models. Counterpart: torch.nn.Module. */
import { Parameter } from './parameter'
import { stateDictName } from './state-dict-name'

/**
 * A part of a neural network. Its fields that are modules, parameters or arrays of those are its children. In
 * snake_case, the names of the fields are the names in a state dict: `downBlocks[0].resnets[0].norm1.weight` is
 * `down_blocks.0.resnets.0.norm1.weight`. A field that must not be a child has to hold something else, e.g. a function.
 *
 * What a module computes is its `forward`. Tensors that it makes on the way are disposed; its inputs and its result
 * belong to the caller.
 */
export abstract class Module {
  /** All modules below this one with their state-dict names, parents before their children. */
  *namedModules(prefix = ''): Generator<readonly [name: string, module: Module]> {
    for (const [name, member] of this.members()) {
      if (!(member instanceof Module)) continue
      yield [prefix + name, member]
      yield* member.namedModules(`${prefix}${name}.`)
    }
  }

  /** All parameters of this module and those below with their state-dict names. */
  *namedParameters(prefix = ''): Generator<readonly [name: string, parameter: Parameter]> {
    for (const [name, member] of this.members()) {
      if (member instanceof Module) yield* member.namedParameters(`${prefix}${name}.`)
      else yield [prefix + name, member]
    }
  }

  /** All parameters of this module and those below. */
  parameters(): Parameter[] {
    return [...this.namedParameters()].map(([, parameter]) => parameter)
  }

  /** Disposes all weights. The module can be loaded again; disposing again does nothing. */
  dispose(): void {
    for (const parameter of this.parameters()) parameter.dispose()
  }

  private *members(): Generator<readonly [name: string, member: Module | Parameter]> {
    for (const [field, value] of Object.entries(this)) {
      const name = stateDictName(field)
      if (isMember(value)) yield [name, value]
      if (!Array.isArray(value)) continue
      for (const [index, item] of value.entries()) if (isMember(item)) yield [`${name}.${index}`, item]
    }
  }
}

function isMember(value: unknown): value is Module | Parameter {
  return value instanceof Module || value instanceof Parameter
}

/** Makes components of classes, by tsyringe. */
import type { DependencyContainer } from 'tsyringe'
import { ConstructorInjectionError } from '../errors/constructor-injection-error'
import { classNameOf } from '../format/class-name'
import type { Making } from './making'

/** What tsyringe itself says; anything else was thrown by a constructor. */
const UNKNOWN_ARGUMENTS = /TypeInfo not known for "(.*?)"/
const UNREGISTERED = /Attempted to resolve unregistered dependency token: "(.*?)"/
const WRAPPED = /^Cannot inject the dependency /

type Constructor = new (...args: unknown[]) => unknown

/**
 * Makes an instance, whose arguments come from the metadata that tsyringe's decorators write.
 * @throws ConstructorInjectionError for arguments that the container cannot supply; what the constructor throws
 */
export function construct(container: DependencyContainer, type: Constructor, making: Making): unknown {
  try {
    return container.resolve(type)
  } catch (error) {
    // tsyringe wraps what a component fails with that the constructor takes, and keeps only its text.
    const inner = making.failure?.error
    if (inner instanceof Error && WRAPPED.test(textOf(error)) && lastLine(error) === lastLine(inner)) throw inner
    throw translated(error, type, making.token)
  }
}

function textOf(error: unknown): string {
  return error instanceof Error && error.constructor === Error ? error.message : ''
}

function lastLine(error: unknown): string | undefined {
  return (error as Error).message.split('\n').at(-1)?.trim()
}

function translated(error: unknown, type: Constructor, token: string): unknown {
  const text = textOf(error)
  const isTsyringe = WRAPPED.test(text) || text.startsWith('TypeInfo') || text.startsWith('Attempted to')
  if (!isTsyringe) return error
  const name = classNameOf(type)
  const unknown = UNKNOWN_ARGUMENTS.exec(text)?.[1]
  if (unknown !== undefined) {
    const problem = `the constructor of ${unknown} takes arguments, but they are not declared.`
    return new ConstructorInjectionError(token, name, problem, error)
  }
  const unregistered = UNREGISTERED.exec(text)?.[1]
  const problem =
    unregistered === undefined
      ? `${lastLine(error)}.`
      : `its constructor takes the component "${unregistered}", which is not registered.`
  return new ConstructorInjectionError(token, name, problem, error)
}

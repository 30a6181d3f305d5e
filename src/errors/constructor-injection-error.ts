import { ModularError } from './modular-error'

/** The container cannot supply what the constructor of a component's class takes. */
export class ConstructorInjectionError extends ModularError {
  override readonly code = 'CONSTRUCTOR_INJECTION'

  constructor(
    /** The token that nothing supplies. */
    readonly token: string,
    className: string,
    problem: string,
    cause: unknown,
  ) {
    const advice =
      `Register a factory: register('${token}', { useFactory: container => new ${className}(…) }). ` +
      "Or decorate the class with tsyringe's @injectable(), and each parameter of its constructor with @inject('token')."
    super(`The component "${token}" cannot be created: ${problem} ${advice}`, { cause })
  }
}

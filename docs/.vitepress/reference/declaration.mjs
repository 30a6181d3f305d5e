/** Declarations as TypeScript code. */
import { ReflectionKind } from 'typedoc'

/** Longer lines are broken after each parameter. */
const WIDTH = 110

/** The code of a function's signature, e.g. `function add(a: number, b?: number): number`. */
export function signatureCode(signature, before = '') {
  const types = typeParametersCode(signature.typeParameters)
  const parameters = (signature.parameters ?? []).map(parameterCode)
  const end = signature.kind === ReflectionKind.ConstructorSignature ? '' : `: ${typeCode(signature.type)}`
  const name = signature.kind === ReflectionKind.ConstructorSignature ? `new ${signature.type.name}` : signature.name
  const line = `${before}${name}${types}(${parameters.join(', ')})${end}`
  if (line.length <= WIDTH || parameters.length === 0) return line
  return `${before}${name}${types}(\n${parameters.map(each => `  ${each},\n`).join('')})${end}`
}

/** The code of a type, as long as the compiler would print it. */
export function typeCode(type) {
  return type === undefined ? 'any' : String(type.toString())
}

/** `<T extends object, U>` */
export function typeParametersCode(parameters = []) {
  if (parameters.length === 0) return ''
  const parts = parameters.map(({ name, type, default: otherwise }) =>
    [name, type && `extends ${typeCode(type)}`, otherwise && `= ${typeCode(otherwise)}`].filter(Boolean).join(' '),
  )
  return `<${parts.join(', ')}>`
}

function parameterCode({ name, type, flags, defaultValue }) {
  const shown = name === '__namedParameters' ? 'options' : name
  const isOptional = flags.isOptional || defaultValue !== undefined
  return `${flags.isRest ? '...' : ''}${shown}${isOptional ? '?' : ''}: ${typeCode(type)}`
}

/** The first line of a class or interface, e.g. `abstract class A<T> extends B implements C`. */
export function headCode(reflection) {
  const { flags, name, kind, typeParameters, extendedTypes = [], implementedTypes = [] } = reflection
  const isClass = kind === ReflectionKind.Class
  const word = isClass ? `${flags.isAbstract ? 'abstract ' : ''}class` : 'interface'
  const [above, shapes] = isClass ? [extendedTypes, implementedTypes] : [[...extendedTypes, ...implementedTypes], []]
  const bases = above.length > 0 ? ` extends ${above.map(typeCode).join(', ')}` : ''
  const forms = shapes.length > 0 ? ` implements ${shapes.map(typeCode).join(', ')}` : ''
  return `${word} ${name}${typeParametersCode(typeParameters)}${bases}${forms}`
}

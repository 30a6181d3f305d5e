/** The one store of what decorators declare: a frozen record for each class, inherited from base to derived. */
import { classNameOf } from '../format/class-name'
import 'reflect-metadata'
import { DeclarationError } from '../errors/declaration-error'
import type { ComponentSpec, ComponentSpecOptions } from '../params/component-spec'
import type { ConfigSpec } from '../params/config-spec'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'

/** What is done with components after they were loaded, by name. */
export type AfterLoad = Readonly<Record<string, NonNullable<ComponentSpecOptions['afterLoad']>>>

/** Options of `@Block`. */
export interface BlockOptions {
  /** What the block does, in a sentence or more. */
  description?: string
  /** Family of the pipeline, e.g. `stable-diffusion`. */
  modelName?: string
  /**
   * Corrects or checks components, by name, that a pipeline with this block has loaded from a checkpoint. Holds for all blocks of the pipeline, and is how
   * a family says it once; what a block states with `@Component(…, { afterLoad })` wins.
   */
  afterLoad?: AfterLoad
  /** Version of the block, as semver. */
  version?: string
  /** Packages that the block needs beside Tesserae, with ranges of versions as npm has them: `{ sharp: '>=0.33 <1' }`. */
  requirements?: Readonly<Record<string, string>>
  /** How much of the block may still change. */
  stability?: 'stable' | 'beta' | 'experimental' | 'deprecated'
}

/** A branch of a conditional block. */
export interface BranchDeclaration {
  /** Name whose presence chooses the branch. */
  readonly when?: string
  /** Whether the branch runs when no other is chosen. */
  readonly otherwise?: boolean
}

/** The method that a loop calls in every iteration. */
export interface LoopStepDeclaration {
  readonly method: string
  /** Iteration variables that the loop must pass. */
  readonly variables: readonly string[]
}

/** Everything that the decorators of one class, and of its parents, declare. Keys are field names, in order of declaration. */
export interface Declarations {
  readonly block: BlockOptions
  readonly inputs: ReadonlyMap<string, InputParam>
  readonly outputs: ReadonlyMap<string, OutputParam>
  readonly components: ReadonlyMap<string, ComponentSpec>
  readonly configs: ReadonlyMap<string, ConfigSpec>
  /** Fields that hold sub-blocks: of a sequence, of a loop, or branches. */
  readonly steps: ReadonlyMap<string, BranchDeclaration>
  readonly loopStep: LoopStepDeclaration | undefined
}

type MapKey = 'inputs' | 'outputs' | 'components' | 'configs' | 'steps'
type Entry<K extends MapKey> = Declarations[K] extends ReadonlyMap<string, infer V> ? V : never

// Symbol.for: two copies of the package in one program read each other's declarations.
const DECLARATIONS = Symbol.for('tesserae:declarations')

const empty: Declarations = Object.freeze({
  block: {},
  inputs: new Map(),
  outputs: new Map(),
  components: new Map(),
  configs: new Map(),
  steps: new Map(),
  loopStep: undefined,
})

function ownDeclarations(type: object): Declarations | undefined {
  return Reflect.getOwnMetadata(DECLARATIONS, type) as Declarations | undefined
}

// Every call of a block asks for its declarations several times.
const found = new WeakMap<object, Declarations>()

/** What a class and its parents declare; a class that redeclares a name keeps the parent's place in the order. */
export function getDeclarations(type: object): Declarations {
  let declarations = found.get(type)
  if (declarations === undefined) {
    declarations = findDeclarations(type)
    found.set(type, declarations)
  }
  return declarations
}

function findDeclarations(type: object): Declarations {
  const own = ownDeclarations(type)
  if (own) return own
  const parent = Object.getPrototypeOf(type) as object | null
  return parent === null || parent === Function.prototype ? empty : findDeclarations(parent)
}

const lists = new WeakMap<object, readonly unknown[]>()

/** The entries of one kind as a list that is made once. */
export function listOf<V>(map: ReadonlyMap<string, V>): readonly V[] {
  let list = lists.get(map)
  if (list === undefined) {
    list = Object.freeze([...map.values()])
    lists.set(map, list)
  }
  return list as readonly V[]
}

function writeDeclarations(type: object, changes: Partial<Declarations>): void {
  found.delete(type)
  Reflect.defineMetadata(DECLARATIONS, Object.freeze({ ...findDeclarations(type), ...changes }), type)
}

/** What a field of each kind is, in words. */
const WORDS: Readonly<Record<MapKey, string>> = {
  inputs: 'an input',
  outputs: 'an output',
  components: 'a component',
  configs: 'a setting',
  steps: 'a block',
}

/** The class that a decorated field belongs to.
 * @throws DeclarationError where the compiler makes decorators of the other kind, which are not told the class */
export function declaringClass(prototype: object | undefined): { readonly name: string } & object {
  if (prototype !== undefined) return prototype.constructor
  const advice = 'set "experimentalDecorators": true in the compilerOptions of tsconfig.json.'
  throw new DeclarationError('a block', 'its fields', `the decorators were compiled with the wrong settings: ${advice}`)
}

/** Adds one declaration to a class, and never to its parents: the inherited record is copied. */
export function declare<K extends MapKey>(prototype: object, kind: K, field: string, entry: Entry<K>): void {
  if (typeof prototype === 'function') {
    throw new DeclarationError(
      classNameOf(prototype),
      field,
      'a declared field belongs to each block and cannot be static.',
    )
  }
  const type = declaringClass(prototype)
  // Fields have no place on the prototype, so what is found there is a member of the framework or of the block.
  if (field in prototype) {
    throw new DeclarationError(
      classNameOf(type),
      field,
      `"${field}" is a method or property of every block; choose another name.`,
    )
  }
  const declared = getDeclarations(type)
  const other = (Object.keys(WORDS) as MapKey[]).find(key => declared[key].has(field) && !mayBeBoth(kind, key))
  if (other !== undefined) {
    throw new DeclarationError(
      classNameOf(type),
      field,
      `it is ${WORDS[other]} already and cannot be ${WORDS[kind]} too; choose another name.`,
    )
  }
  const map = new Map(declared[kind] as ReadonlyMap<string, Entry<K>>)
  map.set(field, entry)
  writeDeclarations(type, { [kind]: map })
}

/** A kind may be redeclared, and a value may be taken and given. */
function mayBeBoth(a: MapKey, b: MapKey): boolean {
  const isValue = (kind: MapKey) => kind === 'inputs' || kind === 'outputs'
  return a === b || (isValue(a) && isValue(b))
}

/** Records the options of `@Block`; options that a subclass does not state are inherited. */
export function declareBlock(type: object, options: BlockOptions): void {
  writeDeclarations(type, { block: { ...getDeclarations(type).block, ...options } })
}

/** Records the method that a loop calls; a class has one, which may take the place of its parent's. */
export function declareLoopStep(prototype: object, loopStep: LoopStepDeclaration): void {
  const type = prototype.constructor
  const { loopStep: known } = getDeclarations(type)
  const isOwn = known !== undefined && known !== getDeclarations(Object.getPrototypeOf(type) as object).loopStep
  if (isOwn && known.method !== loopStep.method) {
    throw new DeclarationError(
      classNameOf(type),
      loopStep.method,
      `"${known.method}" is the loop step already; a class has one.`,
    )
  }
  writeDeclarations(type, { loopStep })
}

/** One field or socket of a node in Mellon, the node editor of diffusers. Counterpart: MellonParam of diffusers. */
import { DeclarationError } from '../errors/declaration-error'
import type { MellonParamOptions } from './mellon-param-options'
import { MELLON_TEMPLATES } from './mellon-templates'

/** In the order of the reference's files. */
const FIELDS = [
  'label',
  'type',
  'display',
  'default',
  'min',
  'max',
  'step',
  'options',
  'value',
  'fieldOptions',
  'onChange',
  'onSignal',
] as const

/** Bounds of a number's field. */
export interface NumberFieldOptions {
  default?: number
  min?: number
  max?: number
  step?: number
  /** Whether it holds fractions. Default: where the default or the step does, as JavaScript does not tell 1.0 from 1. */
  isFloat?: boolean
}

/** One parameter. Never changed after it is made. */
export class MellonParam implements Readonly<MellonParamOptions> {
  readonly name: string
  readonly label: string
  readonly type: string
  readonly display?: string
  readonly default?: unknown
  readonly min?: number
  readonly max?: number
  readonly step?: number
  readonly options?: unknown
  readonly value?: unknown
  readonly fieldOptions?: Readonly<Record<string, unknown>>
  readonly onChange?: unknown
  readonly onSignal?: unknown
  readonly requiredBlockParams?: readonly string[]

  constructor(options: MellonParamOptions) {
    this.name = options.name
    this.label = options.label
    this.type = options.type
    Object.assign(this, options)
    Object.freeze(this)
  }

  /** A parameter of the usual ones, e.g. `MellonParam.template('latents', { display: 'output' })`.
   * @throws DeclarationError for a key that is not a template */
  static template(key: string, overrides: Partial<MellonParamOptions> = {}): MellonParam {
    const known = Object.hasOwn(MELLON_TEMPLATES, key) ? MELLON_TEMPLATES[key] : undefined
    if (known === undefined) {
      const names = Object.keys(MELLON_TEMPLATES).join(', ')
      throw new DeclarationError(
        'MellonParam',
        `template("${key}")`,
        `no such template exists. Known templates: ${names}.`,
      )
    }
    return new MellonParam({ ...known, ...overrides })
  }

  /** What a file says of it: all that is set, but for the name. */
  toDict(): Record<string, unknown> {
    const entries = FIELDS.map(field => [field, this[field]] as const)
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== null))
  }

  /** Inputs of blocks of one's own. */
  static readonly Input = {
    image: (name: string) => socket(name, 'image', 'input'),
    textbox: (name: string, value = '') =>
      new MellonParam({ name, label: labelOf(name), type: 'string', display: 'textarea', default: value }),
    dropdown: (name: string, choices: readonly string[] = [], value?: string) => {
      const chosen = value || choices[0] || ''
      const options = choices.length > 0 ? choices : [chosen]
      return new MellonParam({ name, label: labelOf(name), type: 'string', options, value: chosen })
    },
    slider: (name: string, given: NumberFieldOptions = {}) => {
      const { default: value = 0, min = value, max = value } = given
      return number(name, { ...given, min, max }, 'slider')
    },
    number: (name: string, given: NumberFieldOptions = {}) => number(name, given),
    seed: (name = 'seed', value = 0) =>
      new MellonParam({
        name,
        label: labelOf(name),
        type: 'int',
        display: 'random',
        default: value,
        min: 0,
        max: LARGEST_SEED,
      }),
    checkbox: (name: string, value = false) => new MellonParam({ name, label: labelOf(name), type: 'boolean', value }),
    customType: (name: string, type: string) => socket(name, type, 'input'),
    model: (name: string) => socket(name, MODEL, 'input'),
  } as const

  /** Outputs of blocks of one's own. */
  static readonly Output = {
    image: (name: string) => socket(name, 'image', 'output'),
    video: (name: string) => socket(name, 'video', 'output'),
    text: (name: string) => socket(name, 'string', 'output'),
    customType: (name: string, type: string) => socket(name, type, 'output'),
    model: (name: string) => socket(name, MODEL, 'output'),
  } as const
}

const MODEL = 'diffusers_auto_model'
const LARGEST_SEED = 2 ** 32 - 1

/** `image_latents` → `Image Latents`. Every letter that follows none is large: `image2image` → `Image2Image`. */
export function labelOf(name: string): string {
  return name
    .replace(/_/g, ' ')
    .toLowerCase()
    .replace(/(?<!\p{L})\p{L}/gu, letter => letter.toUpperCase())
}

function socket(name: string, type: string, display: 'input' | 'output'): MellonParam {
  return new MellonParam({ name, label: labelOf(name), type, display })
}

function number(name: string, options: NumberFieldOptions, display?: string): MellonParam {
  const { default: value = 0, step: given, min, max } = options
  const holdsFraction = (each: number | undefined) => each !== undefined && !Number.isInteger(each)
  const isFloat = options.isFloat ?? (holdsFraction(value) || holdsFraction(given))
  // A slider needs a step; a field for a number can do without.
  const step = given ?? (display === undefined ? undefined : isFloat ? 0.01 : 1)
  return new MellonParam({
    name,
    label: labelOf(name),
    type: isFloat ? 'float' : 'int',
    ...(display !== undefined && { display }),
    default: value,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(step !== undefined && { step }),
  })
}

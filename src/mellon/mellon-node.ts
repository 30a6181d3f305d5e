/** A node of Mellon: the fields and sockets of one block. Counterpart: node_spec_to_mellon_dict of diffusers. */
import { toSnakeCase } from '../format/wire-names'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'
import { numberKind } from '../params/schema'
import { MellonParam } from './mellon-param'

/** What a node is made of. */
export interface MellonNodeSpec {
  /** Fields and sockets. */
  readonly inputs?: readonly MellonParam[]
  /** Sockets for models. */
  readonly modelInputs?: readonly MellonParam[]
  /** Sockets for results. */
  readonly outputs?: readonly MellonParam[]
  /** Names of inputs whose labels are marked with a star. */
  readonly requiredInputs?: readonly string[]
  /** Names of models that must be connected. */
  readonly requiredModelInputs?: readonly string[]
  /** The block that does the node's work, by its name in the pipeline. */
  readonly blockName?: string | undefined
}

/** A node as a file holds it. */
export interface MellonNode {
  readonly params: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly input_names: readonly string[]
  readonly model_input_names: readonly string[]
  readonly output_names: readonly string[]
  readonly block_name: string | null
  readonly node_type: string
}

const REQUIRED = ' *'

/** Writes a node out. An output of an input's name is renamed `out_…`; of other parameters of one name, the last is shown. */
export function mellonNode(spec: MellonNodeSpec, nodeType: string): MellonNode {
  const { inputs = [], modelInputs = [], outputs = [], requiredInputs = [], requiredModelInputs = [] } = spec
  const names = new Set(inputs.map(param => param.name))
  const outputName = ({ name }: MellonParam) => (names.has(name) ? `out_${name}` : name)
  const params = [
    ...inputs.map(param => [param.name, marked(param, requiredInputs)] as const),
    ...modelInputs.map(param => [param.name, marked(param, requiredModelInputs)] as const),
    ...outputs.map(param => [outputName(param), param.toDict()] as const),
  ]
  return {
    params: Object.fromEntries(params),
    input_names: inputs.map(param => param.name),
    model_input_names: modelInputs.map(param => param.name),
    output_names: outputs.map(outputName),
    block_name: spec.blockName ?? null,
    node_type: nodeType,
  }
}

function marked(param: MellonParam, required: readonly string[]): Record<string, unknown> {
  const isMarked = !required.includes(param.name) || param.label.endsWith(REQUIRED)
  return { ...param.toDict(), label: isMarked ? param.label : `${param.label}${REQUIRED}` }
}

/** The kind that a parameter's metadata names: `metadata: { mellon: 'slider' }`, or a ready {@link MellonParam}. */
function mellonKind(metadata: Readonly<Record<string, unknown>> | undefined): unknown {
  return metadata?.['mellon']
}

/** What an input of a block looks like. An unknown kind is a socket of the type `custom`. */
export function inputToMellon(input: InputParam, kind: unknown = mellonKind(input.metadata)): MellonParam {
  if (kind instanceof MellonParam) return kind
  const name = toSnakeCase(input.name ?? input.kwargsType ?? '')
  const { Input } = MellonParam
  // As in the reference, a default that is 0, false or empty is none.
  const text = input.default ? String(input.default) : ''
  const value = typeof input.default === 'number' ? input.default : 0
  const isFloat = input.schema && numberKind(input.schema) === 'float'
  const numeric = { default: value, ...(isFloat && { isFloat }) }
  switch (kind) {
    case 'image':
      return Input.image(name)
    case 'textbox':
      return Input.textbox(name, text)
    case 'dropdown':
      return Input.dropdown(name, [], text)
    case 'slider':
      return Input.slider(name, numeric)
    case 'number':
      return Input.number(name, numeric)
    case 'seed':
      return Input.seed(name, value)
    case 'checkbox':
      return Input.checkbox(name, input.default === true)
    case 'model':
      return Input.model(name)
    default:
      return Input.customType(name, 'custom')
  }
}

/** What an output of a block looks like. */
export function outputToMellon(output: OutputParam, kind: unknown = mellonKind(output.metadata)): MellonParam {
  if (kind instanceof MellonParam) return kind
  const name = toSnakeCase(output.name)
  const { Output } = MellonParam
  switch (kind) {
    case 'image':
      return Output.image(name)
    case 'video':
      return Output.video(name)
    case 'text':
      return Output.text(name)
    case 'model':
      return Output.model(name)
    default:
      return Output.customType(name, 'custom')
  }
}

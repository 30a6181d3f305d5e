/** All nodes of a pipeline, for Mellon. Counterpart: MellonPipelineConfig of diffusers. */

import { z } from 'zod'
import { MellonConfigError } from '../errors/mellon-config-error'
import { classNameOf } from '../format/class-name'
import { parseJson } from '../format/parse-json'
import { toSnakeCase } from '../format/wire-names'
import { explainMismatch } from '../params/schema'
import type { BlockNode } from '../wiring/block-node'
import { type BlockHolder, treeOf } from '../wiring/blocks'
import { DEFAULT_NODES, type MellonNodeTemplates } from './default-nodes'
import { inputToMellon, type MellonNode, type MellonNodeSpec, mellonNode, outputToMellon } from './mellon-node'
import { MellonParam } from './mellon-param'

/** Name of the file, beside the index of a pipeline. */
export const MELLON_CONFIG_NAME = 'mellon_pipeline_config.json'

/** What a pipeline is called and where it is loaded from by default. */
export interface MellonConfigOptions {
  /** Title of the node. */
  label?: string
  /** Repository that the models are loaded from. */
  defaultRepo?: string
  /** Number format of the models, e.g. `bfloat16`. */
  defaultDtype?: string
}

/** Options of `fromCustomBlock`. Keys are names of the block's inputs or outputs, values kinds such as `slider` or ready {@link MellonParam}s. */
export interface MellonCustomBlockOptions extends MellonConfigOptions {
  /** Types of inputs, by name. */
  inputTypes?: Readonly<Record<string, unknown>>
  /** Types of outputs, by name. */
  outputTypes?: Readonly<Record<string, unknown>>
}

/** Options of `fromBlocks`. */
export interface MellonFromBlocksOptions extends MellonConfigOptions {
  /** The nodes to look for, in place of the usual ones. */
  template?: MellonNodeTemplates
}

const namesSchema = z.array(z.string())
const nodeSchema = z.looseObject({
  params: z.record(z.string(), z.record(z.string(), z.unknown())),
  input_names: namesSchema,
  model_input_names: namesSchema,
  output_names: namesSchema,
  block_name: z.string().nullable(),
  node_type: z.string(),
})
const fileSchema = z.looseObject({
  label: z.string().nullish(),
  default_repo: z.string().nullish(),
  default_dtype: z.string().nullish(),
  node_params: z.record(z.string(), nodeSchema.nullable()).default({}),
})

/** The file's content. */
export interface MellonConfigObject {
  readonly label: string
  readonly default_repo: string
  readonly default_dtype: string
  readonly node_params: Readonly<Record<string, MellonNode | null>>
}

/** The nodes of a pipeline, by their types. */
export class MellonPipelineConfig {
  /** Title of the pipeline. */
  readonly label: string
  /** Repository that is filled in. */
  readonly defaultRepo: string
  /** Precision that is filled in. */
  readonly defaultDtype: string

  private constructor(
    /** Nodes by type. */
    readonly nodeParams: Readonly<Record<string, MellonNode | null>>,
    { label = '', defaultRepo = '', defaultDtype = '' }: MellonConfigOptions,
    /** What the nodes were made of; `undefined` for those that were read from a file. */
    readonly nodeSpecs?: MellonNodeTemplates,
  ) {
    this.label = label
    this.defaultRepo = defaultRepo
    this.defaultDtype = defaultDtype
  }

  /** Makes the nodes that are described; `null` stands for one that the pipeline does not have. */
  static fromNodeSpecs(nodeSpecs: MellonNodeTemplates, options: MellonConfigOptions = {}): MellonPipelineConfig {
    const nodes = Object.entries(nodeSpecs).map(([type, spec]) => [type, spec && mellonNode(spec, type)] as const)
    return new MellonPipelineConfig(Object.fromEntries(nodes), options, nodeSpecs)
  }

  /**
   * One node for a custom block. The metadata of its inputs and outputs says what they look like: `@Input({ metadata: { mellon: 'slider' } })`;
   * inputs that take a whole group have no field.
   */
  static fromCustomBlock(block: BlockNode, options: MellonCustomBlockOptions = {}): MellonPipelineConfig {
    const { inputTypes = {}, outputTypes = {}, label = spacedWords(classNameOf(block)), ...rest } = options
    const inputs = block.inputs.filter(input => input.name !== null)
    const components = [...new Set(block.expectedComponents.map(spec => spec.name))]
    const spec: MellonNodeSpec = {
      inputs: inputs.map(input => inputToMellon(input, given(inputTypes, input.name as string))),
      modelInputs: components.map(name => MellonParam.Input.model(toSnakeCase(name))),
      outputs: [
        ...block.outputs.map(output => outputToMellon(output, given(outputTypes, output.name))),
        MellonParam.template('doc'),
      ],
      requiredInputs: inputs.filter(input => input.required).map(input => toSnakeCase(input.name as string)),
      requiredModelInputs: [],
      blockName: 'custom',
    }
    return MellonPipelineConfig.fromNodeSpecs({ custom: spec }, { ...rest, label })
  }

  /** A node for each of the usual parts of a pipeline that is among its blocks, with as much as the part has of what such a node shows. */
  static fromBlocks(subject: BlockNode | BlockHolder, options: MellonFromBlocksOptions = {}): MellonPipelineConfig {
    const blocks = treeOf(subject)
    const { template = DEFAULT_NODES, label, ...rest } = options
    const parts = new Map([...blocks.subBlocks].map(([name, part]) => [toSnakeCase(name), part]))
    const specs = Object.entries(template).map(([type, spec]) => {
      const part = parts.get(toSnakeCase(spec?.blockName ?? ''))
      return [type, spec && part ? fitting(spec, part) : null] as const
    })
    const defaults = { label: label || (blocks.modelName ?? ''), defaultDtype: 'bfloat16' }
    return MellonPipelineConfig.fromNodeSpecs(Object.fromEntries(specs), { ...defaults, ...rest })
  }

  /** Takes the nodes of a file as they are.
   * @throws MellonConfigError for what holds no nodes */
  static fromDict(data: unknown, source = 'The Mellon configuration'): MellonPipelineConfig {
    const parsed = fileSchema.safeParse(data)
    if (!parsed.success) throw new MellonConfigError(source, `holds no nodes: ${explainMismatch(parsed.error)}.`)
    const { label, default_repo: repo, default_dtype: dtype, node_params: nodes } = parsed.data
    return new MellonPipelineConfig(nodes, { label: label ?? '', defaultRepo: repo ?? '', defaultDtype: dtype ?? '' })
  }

  /** Reads the text of a file.
   * @throws MellonConfigError for what is not JSON or holds no nodes */
  static fromJsonString(text: string, source?: string): MellonPipelineConfig {
    let data: unknown
    try {
      data = parseJson(text)
    } catch (cause) {
      const problem = `is not JSON: ${(cause as Error).message}`
      throw new MellonConfigError(source ?? 'The Mellon configuration', problem, cause)
    }
    return MellonPipelineConfig.fromDict(data, source)
  }

  /** The content of the file. */
  toDict(): MellonConfigObject {
    return {
      label: this.label,
      default_repo: this.defaultRepo,
      default_dtype: this.defaultDtype,
      node_params: this.nodeParams,
    }
  }

  /** The text of the file. */
  toJsonString(): string {
    return `${JSON.stringify(this.toDict(), null, 2)}\n`
  }

  toString(): string {
    const nodes = Object.entries(this.nodeParams).map(([type, node]) => {
      if (node === null) return `  ${type}: none`
      const [inputs, models, outputs] = [node.input_names, node.model_input_names, node.output_names]
      return `  ${type}: ${inputs.join(', ') || '–'}; models ${models.join(', ') || '–'} → ${outputs.join(', ')}`
    })
    return [`MellonPipelineConfig "${this.label}"`, ...nodes].join('\n')
  }
}

/** A kind that is given for a name, in either spelling; `undefined` leaves it to the metadata. */
function given(types: Readonly<Record<string, unknown>>, name: string): unknown {
  return types[name] ?? types[toSnakeCase(name)]
}

/** `MyBlock` → `My Block`. */
function spacedWords(name: string): string {
  return name.replace(/\p{Lu}/gu, letter => ` ${letter}`).trim()
}

/** A node with those parameters alone whose names the block has. */
function fitting(spec: MellonNodeSpec, block: BlockNode): MellonNodeSpec {
  const keep = (params: readonly MellonParam[] = [], names: readonly string[]) => {
    const known = new Set(names.map(toSnakeCase))
    return params.filter(param => param.requiredBlockParams?.every(name => known.has(name)) ?? true)
  }
  const inputs = keep(spec.inputs, block.inputNames)
  const modelInputs = keep(
    spec.modelInputs,
    block.expectedComponents.map(component => component.name),
  )
  const among = (required: readonly string[] = [], params: readonly MellonParam[]) =>
    required.filter(name => params.some(param => param.name === name))
  return {
    inputs,
    modelInputs,
    outputs: keep(spec.outputs, block.intermediateOutputNames),
    requiredInputs: among(spec.requiredInputs, inputs),
    requiredModelInputs: among(spec.requiredModelInputs, modelInputs),
    blockName: spec.blockName,
  }
}

/** The JSON Schemas of what blocks take and give. */
import type { z } from 'zod'
import { classNameOf } from '../format/class-name'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'
import { typeNameOf } from '../params/schema'
import type { BlockNode } from '../wiring/block-node'
import { DEFAULTS_BY_BLOCK_KEY, JSON_SCHEMA_DIALECT, type JsonSchema, UNSENDABLE_KEY } from './json-schema'
import { type Direction, schemaOfTypeName, sendableProperties } from './sendable-schema'

/** What blocks take and give, each as the schema of one object. */
export interface BlocksSchema {
  /** What a caller can pass. */
  readonly inputs: JsonSchema
  /** What a run returns. */
  readonly outputs: JsonSchema
}

/** The blocks of a workflow, as a part of those that name it. */
export interface WorkflowOf {
  readonly workflow: string
  readonly of: BlockNode
}

/** The schemas of all that blocks take, and of the outputs that they are for; of a workflow, of the outputs of the whole. */
export function blocksSchema(block: BlockNode, part?: WorkflowOf): BlocksSchema {
  const isWanted = ({ name }: OutputParam) => part?.of.outputs.some(output => output.name === name)
  const outputs = part ? block.intermediateOutputs.filter(isWanted) : block.outputs
  const name = part ? `${classNameOf(part.of)}, ${part.workflow}` : classNameOf(block)
  const description = (part?.of ?? block).description
  const named = block.inputs.filter(({ name }) => name !== null) as (InputParam & { readonly name: string })[]
  const inputs = objectSchema(`Inputs of ${name}`, named, 'input')
  for (const param of named) {
    const schema = inputs.properties?.[param.name]
    if (schema) addDefault(schema, param)
    // A required input that cannot be sent stays required: no object fits, and the description says why.
    if (param.required) inputs.required?.push(param.name)
  }
  if (description) inputs.description = description
  inputs.additionalProperties = false
  return { inputs, outputs: objectSchema(`Outputs of ${name}`, outputs, 'output') }
}

type NamedParam = Pick<OutputParam, 'typeHint' | 'description' | 'schema'> & { readonly name: string }

function objectSchema(title: string, params: readonly NamedParam[], direction: Direction): JsonSchema {
  const declared: Record<string, z.ZodType> = {}
  for (const { name, schema } of params) if (schema) declared[name] = schema
  const { properties: known, definitions } = sendableProperties(declared, direction)
  const properties: Record<string, JsonSchema> = {}
  const unsendable: Record<string, string> = {}
  for (const { name, typeHint, description, schema } of params) {
    // A value without a type may be any JSON.
    const words = typeHint === undefined ? {} : schemaOfTypeName(typeHint, direction)
    const found = schema ? (Object.hasOwn(known, name) ? known[name] : undefined) : words
    if (found === undefined) unsendable[name] = typeHint ?? (schema ? typeNameOf(schema) : 'unknown')
    else properties[name] = { ...found, ...(description && { description }) }
  }
  return {
    $schema: JSON_SCHEMA_DIALECT,
    title,
    type: 'object',
    properties,
    required: [],
    ...(definitions && { $defs: definitions }),
    ...(Object.keys(unsendable).length > 0 && { [UNSENDABLE_KEY]: unsendable }),
  }
}

/** The default of the parameter counts: branches may have others than the schema of the first. */
function addDefault(schema: JsonSchema, { default: value, defaultsByBlock }: InputParam): void {
  delete schema.default
  if (isJson(value)) schema.default = value
  if (defaultsByBlock && isJson(defaultsByBlock)) schema[DEFAULTS_BY_BLOCK_KEY] = withoutAbsent(defaultsByBlock)
}

function withoutAbsent(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

/** Whether JSON holds a value as it is; nothing but `undefined` inside an object may be lost. */
function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isJson)
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return false
  return Object.values(value).every(member => member === undefined || isJson(member))
}

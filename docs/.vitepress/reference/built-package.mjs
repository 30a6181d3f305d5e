/** What the built package says of itself: descriptions of inputs are in schemas, not in comments, and some bases are not exported. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { root } from './places.mjs'

const require = createRequire(import.meta.url)

/**
 * Returns tables for each block class of the package: name → `{ description, inputs, outputs, components, configs, parts }`.
 * @throws Error if the package has not been built
 */
export function blockTables() {
  const exported = load('index')
  const tables = new Map()
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value !== 'function' || !isBlockClass(value, exported)) continue
    const block = made(value)
    if (block !== undefined) tables.set(name, tablesOf(block))
  }
  return tables
}

/** Returns the next public base of each class, also behind bases that are not exported: name → name. */
export function publicBases() {
  const exported = { ...load('index'), ...load('server/index'), ...load('testing/index') }
  const nameOf = new Map(
    Object.entries(exported).flatMap(([name, value]) => (typeof value === 'function' ? [[value, name]] : [])),
  )
  const bases = new Map()
  for (const [value, name] of nameOf) {
    let base = Object.getPrototypeOf(value)
    while (base !== null && !nameOf.has(base)) base = Object.getPrototypeOf(base)
    if (base !== null) bases.set(name, nameOf.get(base))
  }
  return bases
}

/** A module of the built package. @throws Error if the package has not been built */
function load(name) {
  const built = join(root, 'dist', `${name}.js`)
  if (!existsSync(built)) throw new Error(`dist/${name}.js is missing. Run \`npm run build\` first.`)
  return require(built)
}

/** Whether a class is a block that the package brings: not one of the bases. */
function isBlockClass(value, exported) {
  const bases = [
    exported.SequentialPipelineBlocks,
    exported.LoopSequentialPipelineBlocks,
    exported.AutoPipelineBlocks,
    exported.ConditionalPipelineBlocks,
  ]
  return value.prototype instanceof exported.ModularPipelineBlocks && !bases.includes(value)
}

/** An instance, or nothing of an abstract class. */
function made(blockClass) {
  try {
    return new blockClass()
  } catch {
    return undefined
  }
}

function tablesOf(block) {
  const { inputs, outputs, intermediateOutputs, components, configs, description, blocks } = block.describe()
  return { description, inputs, outputs, intermediateOutputs, components, configs, parts: blocks }
}

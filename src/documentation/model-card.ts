/** The page that the Hub shows of a pipeline. Counterpart: generate_modular_model_card_content of diffusers. */
import { classNameOf } from '../format/class-name'
import type { InputParam } from '../params/input-param'
import type { OutputParam } from '../params/output-param'
import { findBlocks } from '../pipeline/pipeline-families'
import type { BlockNode } from '../wiring/block-node'
import { type BlockHolder, treeOf } from '../wiring/blocks'
import { componentLine, configLine, inputName, optionality } from './doc'
import { code, escapeMarkup } from './markdown-text'
import { triggersOf, type WorkflowDescription, workflowsOf } from './triggers'

/** The parts of a model card, as Markdown. */
export interface ModelCardContent {
  /** Name of the pipeline. */
  pipelineName: string
  /** What the pipeline does. */
  modelDescription: string
  /** The blocks, as a list. */
  blocksDescription: string
  /** The components, as a list. */
  componentsDescription: string
  /** Empty where the blocks read no settings. */
  configsSection: string
  /** Inputs and outputs. */
  ioSpecificationSection: string
  /** Empty where nothing is chosen, and where the workflows say it. */
  triggerInputsSection: string
  /** Tags for the Hub. */
  tags: string[]
}

/** Options of {@link modelCard}. */
export interface ModelCardOptions {
  /** Repository or folder that the example loads the pipeline from. Default: a word to fill in. */
  repoId?: string
  /** Licence by its name on the Hub, e.g. `apache-2.0`. */
  license?: string
  /** Repositories whose weights this one uses or was made from. */
  baseModel?: string | readonly string[]
  /** Further tags. */
  tags?: readonly string[]
}

/** Name → the tags that stand for it: those of workflows are found in their names. */
const WORKFLOW_TAGS = [
  ['inpainting', 'inpainting'],
  ['image2image', 'image-to-image'],
  ['controlnet', 'controlnet'],
  ['text2image', 'text-to-image'],
] as const

const TRIGGER_TAGS = [
  ['inpainting', ['mask', 'maskImage']],
  ['image-to-image', ['image', 'imageLatents']],
  ['controlnet', ['controlImage', 'controlnetCond']],
] as const

/** Tags that are tasks of the Hub, of which a card names one. */
const TASKS = ['text-to-image', 'image-to-image']

/** Returns the parts of the card of a tree of blocks, or of a pipeline. */
export function modelCardContent(subject: BlockNode | BlockHolder): ModelCardContent {
  const blocks = treeOf(subject)
  const workflows = workflowsOf(blocks)
  const triggers = [...triggersOf(blocks)]
  return {
    pipelineName: classNameOf(blocks).replace('Blocks', ' Pipeline'),
    modelDescription: describePipeline(blocks),
    blocksDescription: describeParts(blocks),
    componentsDescription:
      numberedList(blocks.expectedComponents.map(componentLine)) || 'No specific components required.',
    configsSection:
      blocks.expectedConfigs.length > 0
        ? `## Configuration Parameters\n\n${blocks.expectedConfigs.map(spec => `- ${escapeMarkup(configLine(spec))}`).join('\n')}`
        : '',
    ioSpecificationSection: workflows
      ? `${workflowSections(blocks, workflows)}\n\n${specification(blocks)}`
      : specification(blocks),
    triggerInputsSection: workflows ? '' : triggerSection(triggers),
    tags: [
      ...new Set([
        'modular-diffusers',
        'diffusers',
        ...(blocks.modelName ? [blocks.modelName] : []),
        ...(workflows ? workflowTags(workflows) : triggerTags(triggers)),
      ]),
    ],
  }
}

/**
 * Returns the README.md of a saved or published pipeline: a YAML header that the Hub reads, then what the blocks say of themselves.
 *
 * ```ts
 * await writeFile(join(folder, 'README.md'), modelCard(pipe, { repoId: 'me/my-pipeline', license: 'apache-2.0' }))
 * ```
 */
export function modelCard(subject: BlockNode | BlockHolder, options: ModelCardOptions = {}): string {
  const blocks = treeOf(subject)
  const content = modelCardContent(blocks)
  const body = [
    `# ${escapeMarkup(content.pipelineName)}`,
    content.modelDescription,
    `## Example Usage\n\n${example(blocks, options.repoId ?? '<repository or folder>')}`,
    `## Pipeline Architecture\n\nThe pipeline is made of these blocks:\n\n${content.blocksDescription}`,
    content.triggerInputsSection,
    `## Model Components\n\n${content.componentsDescription}`,
    content.configsSection,
    content.ioSpecificationSection,
  ]
  return `${frontMatter(content.tags, options)}\n${body.filter(Boolean).join('\n\n')}\n`
}

function describePipeline(blocks: BlockNode): string {
  const count = blocks.subBlocks.size
  return [
    'This is a modular diffusion pipeline: every block of it can be replaced, taken out or used by itself.',
    `**Pipeline Type**: ${escapeMarkup(classNameOf(blocks))}`,
    `**Description**: ${escapeMarkup(blocks.description.trim()) || 'A modular diffusion pipeline.'}`,
    `This pipeline has a ${count}-block architecture that can be customised and extended.`,
  ].join('\n\n')
}

function describeParts(blocks: BlockNode): string {
  const parts = [...blocks.subBlocks].map(([name, block], i) => {
    const [first = ''] = block.description.split('\n')
    const line = `${i + 1}. **${escapeMarkup(name)}** (${code(classNameOf(block))})`
    return first ? `${line}\n   - ${escapeMarkup(first)}` : line
  })
  return parts.join('\n') || 'No blocks defined.'
}

function numberedList(lines: readonly string[]): string {
  return lines.map((line, i) => `${i + 1}. ${escapeMarkup(line)}`).join('\n')
}

function parameterLine(param: InputParam | OutputParam): string {
  const isInput = 'required' in param
  const name = isInput ? inputName(param) : param.name
  const details = `${code(param.typeHint ?? 'any')}${isInput ? optionality(param, code) : ''}`
  return `- ${code(name)} (${details}): ${escapeMarkup(param.description.replace(/\s+/g, ' ').trim()) || 'No description provided'}`
}

function parameterList(header: string, params: readonly (InputParam | OutputParam)[]): string {
  return params.length > 0 ? `**${header}:**\n\n${params.map(parameterLine).join('\n')}` : ''
}

function specification(blocks: BlockNode): string {
  return [
    '## Input/Output Specification',
    parameterList('Inputs', blocks.inputs) || 'No specific inputs defined.',
    parameterList('Outputs', blocks.outputs) || 'Standard pipeline outputs.',
  ].join('\n\n')
}

/** A part for each workflow that opens when it is clicked on: the inputs that choose it. */
function workflowSections(blocks: BlockNode, workflows: readonly WorkflowDescription[]): string {
  const sections = workflows.map(({ name, spellings }) => {
    const [triggers = []] = spellings
    return `<details>\n<summary><strong>${escapeMarkup(name)}</strong></summary>\n\n${workflowInputs(blocks, name, triggers)}\n\n</details>`
  })
  return ['## Workflow Input Specification', ...sections].join('\n\n')
}

function workflowInputs(blocks: BlockNode, name: string, triggers: readonly string[]): string {
  let inputs: readonly InputParam[]
  try {
    inputs = (blocks as BlockNode & { getWorkflow(name: string): BlockNode }).getWorkflow(name).inputs
  } catch {
    return '*The blocks of this workflow could not be found.*'
  }
  const chosen = inputs.filter(input => input.name !== null && triggers.includes(input.name))
  return chosen.map(parameterLine).join('\n') || 'No additional inputs required.'
}

function triggerSection(triggers: readonly string[]): string {
  if (triggers.length === 0) return ''
  const names = [...triggers].sort().map(code).join(', ')
  return `### Conditional Execution\n\nWhat is given decides which blocks run:\n\n- **Trigger Inputs**: ${names}`
}

function workflowTags(workflows: readonly WorkflowDescription[]): string[] {
  return WORKFLOW_TAGS.flatMap(([part, tag]) => (workflows.some(({ name }) => name.includes(part)) ? [tag] : []))
}

function triggerTags(triggers: readonly string[]): string[] {
  const hasAny = (names: readonly string[]) => names.some(name => triggers.includes(name))
  const tags = TRIGGER_TAGS.flatMap(([tag, names]) => (hasAny(names) ? [tag as string] : []))
  const startsFromPicture = hasAny([...TRIGGER_TAGS[0][1], ...TRIGGER_TAGS[1][1]])
  return startsFromPicture ? tags : [...tags, 'text-to-image']
}

function example(blocks: BlockNode, source: string): string {
  const { name } = blocks.constructor
  const inputs = blocks.inputs.filter(input => input.required && input.name !== null)
  const given = inputs.map(input => `${input.name}: ${/^string\b(?!\[)/.test(input.typeHint ?? '') ? "'…'" : '…'}`)
  // What is written last is what it is all for.
  const output = blocks.outputs.at(-1)
  const options = output ? `, { output: ${quote(output.name)} }` : ''
  // Those that the index names, and that every reader has.
  const areKnown = findBlocks(name, undefined) === blocks.constructor
  return [
    '```ts',
    "import { ModularPipeline } from 'tesserae'",
    ...(areKnown ? [] : [`// ${name} is exported by the package or module that defines the blocks.`]),
    `const pipe = await ModularPipeline.fromPretrained(${quote(source)}${areKnown ? '' : `, { blocks: new ${name}() }`})`,
    'await pipe.loadComponents()',
    `${output ? `const ${output.name} = ` : ''}await pipe({${given.length > 0 ? ` ${given.join(', ')} ` : ''}}${options})`,
    '```',
  ].join('\n')
}

function quote(text: string): string {
  return `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'").replace(/\s/g, ' ')}'`
}

/** The header that the Hub reads. */
function frontMatter(tags: readonly string[], options: ModelCardOptions): string {
  const all = [...new Set([...tags, ...(options.tags ?? [])])]
  const bases = [options.baseModel ?? []].flat()
  const task = TASKS.find(name => all.includes(name))
  return [
    '---',
    ...(options.license ? [`license: ${yaml(options.license)}`] : []),
    'library_name: diffusers',
    ...(task ? [`pipeline_tag: ${task}`] : []),
    ...(bases.length > 0 ? ['base_model:', ...bases.map(base => `- ${yaml(base)}`)] : []),
    'tags:',
    ...all.map(tag => `- ${yaml(tag)}`),
    '---',
    '',
  ].join('\n')
}

/** A text as YAML reads it back: bare where that is safe, otherwise in double quotes, whose rules are those of JSON. */
function yaml(text: string): string {
  const isBare = /^[A-Za-z][\w./-]*$/.test(text) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(text)
  return isBare ? text : JSON.stringify(text)
}

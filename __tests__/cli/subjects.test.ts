/** `tesserae describe` and `tesserae graph`, of everything that they can show. */
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { loadMellonConfig, ModularPipeline } from '../../index'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { useHubServer } from '../components/hub/hub-server'
import { runCli } from './run-cli'

const root = join(__dirname, '..', '..')
const emoji = join(root, 'models', 'emoji')
const folder = useTemporaryFolder()
const server = useHubServer()
const cli = (...args: string[]) => runCli(args, { cwd: folder() })

/** A module of blocks as a compiler would write it. */
const source = (exported: string) => `
const { ModularPipelineBlocks, SequentialPipelineBlocks, InputParam, OutputParam } = require(${JSON.stringify(root)})
class Double extends ModularPipelineBlocks {
  get description() { return 'Doubles x.' }
  get inputs() { return [new InputParam({ name: 'x', required: true, typeHint: 'number' })] }
  get intermediateOutputs() { return [new OutputParam({ name: 'y', typeHint: 'number' })] }
  run() { this.y = 2 * this.x }
}
class Needs extends ModularPipelineBlocks { constructor(a) { super(); this.b = a.b } }
${exported}
`
const write = (name: string, text: string) => writeFile(join(folder(), name), text)

describe('what a model says of itself', () => {
  test.each(['text', 'markdown', 'json'])('is printed as %s, and not obeyed by the terminal', async format => {
    const index = { _class_name: 'StableDiffusionPipeline', unet: ['diffusers', 'Net\u001b[2J\u009b31m\u202e'] }
    await write('model_index.json', JSON.stringify(index))
    const { code, stdout } = await cli('describe', '.', '--format', format)
    expect(code).toBe(0)
    expect(stdout).toContain('Net\\u001b[2J\\u009b31m\\u202e')
    expect(stdout).not.toMatch(/[\u009b\u202e]/)
    await write('model_index.json', JSON.stringify({ _class_name: 'Pipe\u001b[2J' }))
    expect((await cli('describe', '.', '--format', format)).stderr).toContain(
      'this model needs Pipe\\u001b[2J, for which',
    )
  })
})

describe('tesserae describe', () => {
  test('prints Markdown and JSON', async () => {
    const markdown = await cli('describe', '--format', 'markdown')
    expect(markdown.stdout).toMatch(/^# StableDiffusionAutoBlocks\n/)
    expect(markdown.stdout).toContain('| `prompt` | `string \\| string[]` | none |')
    expect(JSON.parse((await cli('describe', '--format', 'json')).stdout)).toEqual(
      JSON.parse((await cli('describe', '--json')).stdout),
    )
    expect((await cli('describe', '--json', '--format', 'text')).stderr).toContain(
      "option '--json' cannot be used with",
    )
    expect((await cli('describe', '--format', 'yaml')).code).toBe(1)
  })

  test("prints a model's components with their classes and places", async () => {
    const json = JSON.parse((await cli('describe', emoji, '--format', 'json')).stdout)
    expect(json.class).toBe('StableDiffusionAutoBlocks')
    const component = (name: string) => json.model.components.find((entry: { name: string }) => entry.name === name)
    expect(component('scheduler')).toEqual({
      name: 'scheduler',
      type: 'SchedulerMixin',
      className: 'DDIMScheduler',
      creation: 'fromPretrained',
      loadedFrom: `${emoji}/scheduler`,
      variant: null,
      revision: null,
      quantization: null,
    })
    expect(component('imageProcessor')).toMatchObject({ loadedFrom: null, creation: 'fromConfig' })
    const text = (await cli('describe', emoji)).stdout
    expect(text).toContain(`      scheduler: DDIMScheduler, from ${emoji}/scheduler`)
    expect(text).toContain('      guider: BaseGuidance, made from its settings')
    expect(text).toContain('         2. predictNoise (PredictNoise): Predicts the noise')
    const { stdout } = await cli('describe', emoji, '--format', 'markdown')
    expect(stdout).toContain(`| \`textEncoder\` | \`CLIPTextModel\` | \`${emoji}/text_encoder\` |`)
  })

  test.each([
    ['a.cjs', 'module.exports = Double'],
    ['b.cjs', 'exports.Double = Double; exports.other = 3'],
    [
      'c.js',
      'Object.defineProperty(exports, "__esModule", { value: true }); exports.default = Double; exports.Needs = Needs',
    ],
    ['d.js', 'module.exports = { blocks: new Double() }'],
    ['e.cjs', 'module.exports = { Double, again: Double }'],
  ])('describes the blocks of a module: %s, %s', async (name, exported) => {
    await write(name, source(exported))
    const { stdout, stderr, code } = await cli('describe', name)
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^class Double\n\n {2}Doubles x\.\n/)
    expect(code).toBe(0)
  })

  test('describes an ES module', async () => {
    await write('a.cjs', source('module.exports = Double'))
    await write('m.mjs', "import Double from './a.cjs'\nexport default class Quadruple extends Double {}\n")
    expect((await cli('describe', 'm.mjs')).stdout).toMatch(/^class Quadruple\n/)
  })

  test.each([
    [
      'lost.cjs',
      'require("../../no-such-module")',
      "cannot be loaded: Error: Cannot find module '../../no-such-module'.",
    ],
    ['several.cjs', source('module.exports = { Double, Needs }'), 'exports several blocks, "Double" and "Needs"'],
    ['none.cjs', 'exports.a = 3; exports.b = class A {}', 'exports a (the number 3), b (the function A), but no block'],
    ['empty.mjs', '', 'it exports nothing: export a class that extends ModularPipelineBlocks.'],
    ['needs.cjs', source('module.exports = Needs'), 'its class Needs cannot be made without arguments'],
    ['throws.cjs', 'throw new Error("no luck")', 'cannot be loaded: Error: no luck.'],
    ['broken.js', 'const = 3', 'cannot be loaded: SyntaxError'],
    ['notes.txt', '', 'neither a folder nor a module'],
    ['decorated.ts', '@Block() export default class A {}', 'cannot be loaded'],
  ])('says what is wrong with %s', async (name, text, problem) => {
    await write(name, text)
    const { stdout, stderr, code } = await cli('describe', name)
    expect(stderr).toContain(`tesserae: ${name}: `)
    expect(stderr).toContain(problem)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stdout).toBe('')
    expect(code).toBe(1)
  })

  test('says how to get at decorated TypeScript', async () => {
    await write('decorated.ts', '@Block() export default class A {}')
    expect((await cli('describe', 'decorated.ts')).stderr).toContain(
      'compile the file with tsc and pass the resulting .js file',
    )
  })

  test('says what is wrong with a folder, and with what is not there', async () => {
    expect((await cli('describe', 'nothing')).stderr).toContain(
      'nothing: there is no such folder or file. Pass the folder of a model',
    )
    await mkdir(join(folder(), 'empty'))
    expect((await cli('describe', 'empty')).stderr).toContain('model_index.json: not found')
    await mkdir(join(folder(), 'xl'))
    await write('xl/model_index.json', '{"_class_name": "FluxPipeline"}')
    const { stderr, code } = await cli('describe', 'xl')
    expect(stderr).toContain(
      'tesserae: xl: this model needs FluxPipeline, for which no blocks are registered. Pass a module',
    )
    expect(code).toBe(1)
    await write(
      'xl/modular_model_index.json',
      '{"_class_name": "ModularPipeline", "_blocks_class_name": "MyOwnBlocks"}',
    )
    expect((await cli('graph', 'xl')).stderr).toContain('this model needs ModularPipeline with the blocks MyOwnBlocks,')
    await write('xl/modular_model_index.json', '{}')
    expect((await cli('graph', 'xl')).stderr).toContain('this model needs a pipeline that it does not name,')
    await write('xl/modular_model_index.json', '{')
    expect((await cli('graph', 'xl')).stderr).toMatch(/^tesserae: .*modular_model_index\.json: is not JSON/)
  })
})

describe('tesserae describe org/name', () => {
  const options = () => ({
    cwd: folder(),
    env: { HF_HOME: folder(), HF_ENDPOINT: server().endpoint, HF_HUB_OFFLINE: '' },
  })

  test('fetches the index of a repository, and nothing else', async () => {
    const index = await readFile(join(emoji, 'model_index.json'))
    server().commit('org/emoji', { 'model_index.json': index, 'README.md': Buffer.from('') }, { branch: 'v1' })
    const { stdout, stderr, code } = await runCli(['describe', 'org/emoji', '--revision', 'v1', '--json'], options())
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const { components } = JSON.parse(stdout).model
    expect(components.find(({ name }: { name: string }) => name === 'unet')).toMatchObject({
      loadedFrom: 'org/emoji/unet',
      revision: 'v1',
    })
    expect(server().seen(/README/)).toEqual([])
    const before = server().requests.length
    expect((await runCli(['graph', 'org/emoji', '--revision', 'v1', '--offline'], options())).stdout).toMatch(/^<svg /)
    expect(server().requests).toHaveLength(before)
  })

  test('says of a repository that there is none, and asks no server for a file', async () => {
    const { stderr, code } = await runCli(['describe', 'org/nothing'], options())
    expect(stderr).toMatch(/^tesserae: org\/nothing: there is no folder of that name here, and no such repository/)
    expect(code).toBe(1)
    const before = server().requests.length
    expect((await runCli(['describe', 'blocks/nothing.js'], options())).stderr).toContain('no such folder or file')
    expect(server().requests).toHaveLength(before)
  })
})

describe('tesserae describe of other things', () => {
  test('refuses a revision of what has none', async () => {
    await write('blocks.cjs', source('module.exports = Double'))
    expect((await cli('describe', '--revision', 'v1')).stderr).toContain('--revision: is for a repository.')
    for (const subject of [emoji, 'blocks.cjs'])
      expect((await cli('graph', subject, '--revision', 'v1')).stderr).toContain(
        'has no revisions. Leave out --revision',
      )
  })

  test('refuses inputs of a call for nodes of Mellon, which have none', async () => {
    expect((await cli('graph', '--format', 'mellon', '--given', 'prompt')).stderr).toContain('--given: is for diagrams')
  })

  test('a saved pipeline, in a folder with a name of any kind', async () => {
    const saved = join(folder(), 'ein Übungs-Modell #1')
    const pipe = await ModularPipeline.fromPretrained(emoji)
    await pipe.savePretrained(saved)
    const { stdout } = await cli('describe', 'ein Übungs-Modell #1', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ class: 'StableDiffusionAutoBlocks' })
  })

  test('one workflow of a module', async () => {
    const workflows = 'get workflowMap() { return { once: { x: true }, twice: [{ y: true, x: true }, { z: true }] } }'
    await write(
      'w.cjs',
      source(`module.exports = class Flows extends SequentialPipelineBlocks {
        get blockNames() { return ['double'] }
        get blockClasses() { return [Double] }
        ${workflows}
      }`),
    )
    expect((await cli('describe', 'w.cjs')).stdout).toContain('- `twice`: requires `y`, `x` or `z`')
    expect((await cli('describe', 'w.cjs', '--workflow', 'once')).stdout).toMatch(/^class SequentialPipelineBlocks\n/)
    const { stderr } = await cli('graph', 'w.cjs', '--workflow', 'thrice')
    expect(stderr).toContain('Flows has no workflow "thrice". Available workflows: "once" and "twice".')
    await write('none.cjs', source('module.exports = Double'))
    expect((await cli('graph', 'none.cjs', '--workflow', 'once')).stderr).toContain('defines no workflows')
    expect((await cli('graph', emoji, '--workflow', 'once')).stderr).toContain('has no workflow "once"')
    const { stdout } = await cli('describe', emoji, '--workflow', 'image2image')
    expect(stdout).toContain('denoise.beforeDenoise.setTimesteps (StableDiffusionSetImg2ImgTimesteps)')
  })

  test('folds the text into the columns of the terminal', async () => {
    const { stdout } = await runCli(['describe'], { cwd: folder(), env: { COLUMNS: '40' } })
    const words = (text: string) => text.split(/\s+/)
    expect(stdout.split('\n').filter(line => line.length > 40 && words(line.trim()).length > 1)).toEqual([])
    expect(words(stdout)).toEqual(words((await cli('describe')).stdout))
    expect(stdout).toContain("\n          Height of the picture in\n          pixels; by default the model's\n")
  })

  test('prints defaults that JSON cannot hold as text', async () => {
    await write(
      'odd.cjs',
      source(`module.exports = class Odd extends ModularPipelineBlocks {
        get inputs() {
          const around = { a: [1] }
          around.self = around
          const defaults = { big: 10n, around, most: Infinity, when: new Map(), none: null, plain: { a: ['b', false] } }
          return Object.entries(defaults).map(([name, value]) => new InputParam({ name, default: value }))
        }
      }`),
    )
    const { stdout, stderr } = await cli('describe', 'odd.cjs', '--json')
    expect(stderr).toBe('')
    const { inputs } = JSON.parse(stdout) as { inputs: { name: string; default: unknown }[] }
    expect(Object.fromEntries(inputs.map(input => [input.name, input.default]))).toEqual({
      big: '10',
      around: { a: [1], self: '{a: [1], self: [circular]}' },
      most: 'Infinity',
      when: 'Map {…}',
      none: null,
      plain: { a: ['b', false] },
    })
  })
})

describe('tesserae graph', () => {
  test('writes a picture, and prints where it is', async () => {
    const { stdout, code } = await cli('graph', '--out', 'pipeline.svg')
    expect(stdout.trim()).toMatch(/pipeline\.svg$/)
    expect(code).toBe(0)
    expect((await sharp(await readFile(join(folder(), 'pipeline.svg'))).metadata()).format).toBe('svg')
    expect(await readdir(folder())).toEqual(['pipeline.svg'])
  })

  test('writes a PNG file, and not onto the terminal', async () => {
    await write('a.cjs', source('module.exports = Double'))
    const unit = Number(/^<svg [^>]*\bwidth="([\d.]+)"/.exec((await cli('graph', 'a.cjs')).stdout)?.[1])
    expect((await cli('graph', 'a.cjs', '--out', 'pipeline.png')).code).toBe(0)
    const { format, width = 0 } = await sharp(await readFile(join(folder(), 'pipeline.png'))).metadata()
    expect(format).toBe('png')
    expect(width / unit).toBeCloseTo(2)
    expect((await cli('graph', '--format', 'png')).stderr).toContain('Pass --out pipeline.png')
  })

  test('writes Mermaid text, and prints either kind', async () => {
    await cli('graph', emoji, '--out', 'pipeline.mmd')
    const text = await readFile(join(folder(), 'pipeline.mmd'), 'utf8')
    expect(text).toMatch(/^flowchart TD\n {2}subgraph b0 \["StableDiffusionAutoBlocks"\]/)
    expect((await cli('graph', '--format', 'mermaid')).stdout).toBe(text)
    expect((await cli('graph', '--out', 'picture.txt', '--format', 'svg')).code).toBe(0)
    expect(await readFile(join(folder(), 'picture.txt'), 'utf8')).toMatch(/^<svg /)
    expect((await cli('graph')).stdout).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
  })

  test('writes the nodes for an editor: those of the parts that it knows, otherwise one for the whole', async () => {
    await cli('graph', emoji, '--out', 'mellon_pipeline_config.json')
    const { node_params: nodes } = (await loadMellonConfig(folder())).toDict()
    expect(nodes['denoise']?.model_input_names).toContain('unet')
    expect(nodes['decoder']?.output_names).toEqual(['images', 'doc'])
    await write('a.cjs', source('module.exports = Double'))
    const { stdout } = await cli('graph', 'a.cjs', '--format', 'mellon')
    expect(JSON.parse(stdout)).toMatchObject({
      label: 'Double',
      node_params: { custom: { input_names: ['x'], output_names: ['y', 'doc'] } },
    })
  })

  test('draws a module, and for a call what it lacks', async () => {
    await write('a.cjs', source('module.exports = Double'))
    expect((await cli('graph', 'a.cjs', '--format', 'mermaid')).stdout).not.toContain(':::unsatisfied')
    const lacking = await cli('graph', 'a.cjs', '--format', 'mermaid', '--given', 'z')
    expect(lacking.stdout).toContain(':::unsatisfied')
    const { stdout } = await cli('graph', 'a.cjs', '--format', 'mermaid', '--given', 'x')
    expect(stdout).not.toContain(':::unsatisfied')
    const misspelt = await cli('graph', '--format', 'mermaid', '--given', 'promt', 'seed')
    expect(misspelt.stderr).toMatch(/^warning: "promt" is not an input .* Did you mean "prompt"\?\nwarning: .*"seed"/)
    expect(misspelt.code).toBe(0)
  })

  test('refuses a file that it cannot write, and leaves what was there', async () => {
    expect((await cli('graph', '--out', 'a.pdf')).stderr).toContain(
      'name it .svg, .png, .mmd or .json, or pass --format',
    )
    expect((await cli('graph', '--out', 'missing/a.svg')).stderr).toContain('there is no folder')
    await write('old.svg', 'old')
    await symlink('nowhere', join(folder(), 'link.cjs'))
    expect((await cli('graph', 'link.cjs', '--out', 'old.svg')).code).toBe(1)
    expect(await readFile(join(folder(), 'old.svg'), 'utf8')).toBe('old')
  })
})

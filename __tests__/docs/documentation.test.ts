/** The code in the README, the guides and the comments is code that compiles. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { drawSvg, StableDiffusionTextToImageBlocks } from '../../index'

const root = join(__dirname, '..', '..')
/** Written by `npm run docs`, from what other tests compile. */
const GENERATED =
  /^(?:\.vitepress|reference\/(?:api|samples|changelog|results)|contribute\/(?:contributing|plain-words))\b/

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).flatMap(name =>
    name.endsWith('.md') && !GENERATED.test(name) ? [`docs/${name}`] : [],
  ),
]

/** Files with comments that readers see: in their editors, and in the reference. */
const sources = ['src', 'components', 'blocks', 'server', 'testing'].flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).flatMap(name =>
    name.endsWith('.ts') ? [`${folder}/${name}`] : [],
  ),
)

/** What users import, and the files behind it. */
const ENTRIES: Readonly<Record<string, string>> = {
  tesserae: join(root, 'index.ts'),
  'tesserae/server': join(root, 'server', 'index.ts'),
  'tesserae/testing': join(root, 'testing', 'index.ts'),
  'tesserae/testing/jest': join(root, 'testing', 'jest.ts'),
}

/** What a reader has at hand where a page or a comment does not make it itself: name → declaration. */
const AT_HAND: Readonly<Record<string, string>> = {
  Increment: 'declare class Increment extends ModularPipelineBlocks {}',
  Invert: 'declare class Invert extends ModularPipelineBlocks { pixels: InOut<Tensor4D, "required">; run(): void }',
  MyBlocks: 'declare class MyBlocks extends StableDiffusionTextToImageBlocks {}',
  MyDecoder: 'declare class MyDecoder extends DecodeLatents {}',
  MyPipeline: 'declare class MyPipeline extends StableDiffusionTextToImageBlocks {}',
  MyScheduler: 'declare const MyScheduler: typeof DDIMScheduler',
  SketchBlocks: 'declare class SketchBlocks extends StableDiffusionTextToImageBlocks {}',
  SketchTransformer:
    'declare class SketchTransformer extends PretrainedModel { call(inputs: { sample: Tensor4D; timestep: number }): Promise<Tensor4D> }',
  Tensor: "import type { Tensor } from '@tensorflow/tfjs'",
  Tensor4D: "import type { Tensor4D } from '@tensorflow/tfjs'",
  blocks: 'declare const blocks: StableDiffusionTextToImageBlocks',
  container: 'declare const container: ComponentContainer',
  drawing: 'declare const drawing: Image',
  encoderHiddenStates: "declare const encoderHiddenStates: import('@tensorflow/tfjs').Tensor3D",
  fastify: "import { fastify } from 'fastify'",
  folder: 'declare const folder: string',
  generator: 'declare const generator: Generator',
  image: 'declare const image: Image',
  inputs: 'declare const inputs: { prompt: string }',
  join: "import { join } from 'node:path'",
  latents: 'declare const latents: Tensor4D',
  maskImage: 'declare const maskImage: Image',
  noise: 'declare const noise: Tensor4D',
  noisePred: 'declare const noisePred: Tensor4D',
  old: 'declare const old: SchedulerMixin',
  other: 'declare const other: ModularPipeline<StableDiffusionTextToImageBlocks>',
  picture: 'declare const picture: Image',
  pipe: 'declare const pipe: ModularPipeline<StableDiffusionTextToImageBlocks>',
  predict: 'declare const predict: (sample: Tensor, timestep: number) => Tensor4D',
  prompt: 'declare const prompt: string',
  queue: 'declare const queue: JobQueue',
  results: 'declare const results: ResultStore',
  revision: 'declare const revision: string',
  sample: 'declare const sample: Tensor4D',
  scheduler: 'declare const scheduler: SchedulerMixin',
  send: 'declare const send: (event: WireEvent) => void',
  signal: 'declare const signal: AbortSignal',
  store: 'declare const store: (picture: object, name?: string) => Promise<string>',
  timestep: 'declare const timestep: number',
  unet: 'declare const unet: UNet2DConditionModel',
  vae: 'declare const vae: AutoencoderKL',
  writeFile: "import { writeFile } from 'node:fs/promises'",
  z: "import { z } from 'zod'",
}

/** A piece of code in a page or a comment. */
interface Snippet {
  readonly file: string
  readonly line: number
  readonly text: string
}

/** All pieces of a text that say that they are TypeScript. */
function snippetsOf(file: string, text: string, firstLine = 1): Snippet[] {
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(match => ({
    file,
    line: firstLine + text.slice(0, match.index).split('\n').length,
    text: match[1] as string,
  }))
}

const snippetsOfPage = (page: string) => snippetsOf(page, readFileSync(join(root, page), 'utf8'))

/** The comments of a source file, without their marks. */
function commentsOf(file: string): { line: number; text: string }[] {
  const source = readFileSync(join(root, file), 'utf8')
  return [...source.matchAll(/^[ \t]*\/\*\*.*?\*\//gms)].map(({ index, 0: comment }) => ({
    line: source.slice(0, index).split('\n').length,
    text: comment.replace(/^[ \t]*\*(?: |$)/gm, ''),
  }))
}

/** Files that no page changes, by name. */
const others = new Map<string, ts.SourceFile | undefined>()

/** What the compiler says of each text, in the order of the texts, and what is exported: name → the module to import it from. */
function compile(texts: readonly string[]): {
  diagnostics: ts.Diagnostic[][]
  exported: ReadonlyMap<string, string>
} {
  // The project of a reader, who has been told to switch decorators on and nothing else.
  const given: ts.CompilerOptions = {
    strict: true,
    experimentalDecorators: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    // Pages wait at the top level, as modules may.
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    esModuleInterop: true,
    resolveJsonModule: true,
    types: ['node', 'jest'],
    paths: Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, [file]])),
  }
  const files = new Map(texts.map((text, i) => [join(root, '__tests__', 'docs', `snippet-${i}.ts`), text]))
  const host = ts.createCompilerHost(given)
  const { getSourceFile, fileExists } = host
  host.fileExists = name => files.has(name) || fileExists(name)
  host.getSourceFile = (name, ...rest) => {
    const text = files.get(name)
    if (text !== undefined) return ts.createSourceFile(name, text, ts.ScriptTarget.ES2023)
    const parsed = others.get(name) ?? getSourceFile(name, ...rest)
    others.set(name, parsed)
    return parsed
  }
  const program = ts.createProgram([...files.keys(), ...Object.values(ENTRIES)], given, host)
  const diagnostics = [...files.keys()].map(name => {
    const file = program.getSourceFile(name)
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
  })
  const checker = program.getTypeChecker()
  const exported = new Map(
    Object.entries(ENTRIES).flatMap(([entry, file]) => {
      const index = checker.getSymbolAtLocation(program.getSourceFile(file) as ts.SourceFile)
      return index === undefined ? [] : checker.getExportsOfModule(index).map(({ name }) => [name, entry] as const)
    }),
  )
  return { diagnostics, exported }
}

/** Codes of the compiler for a name that nothing declares. */
const UNKNOWN_NAME = [2304, 2552, 2503, 18004]

/** The code with the imports and values that its readers have at hand. */
function complete(text: string, found: readonly ts.Diagnostic[], exported: ReadonlyMap<string, string>): string {
  const missing = new Set(
    found.flatMap(({ code, messageText }) => {
      const [, name] = /'(\w+)'/.exec(ts.flattenDiagnosticMessageText(messageText, '\n')) ?? []
      return UNKNOWN_NAME.includes(code) && name !== undefined ? [name] : []
    }),
  )
  const atHand = [...missing].flatMap(name => AT_HAND[name] ?? [])
  const named = [...missing, ...atHand.flatMap(line => line.match(/\w+/g) ?? [])]
  const imported = /^import [^;]*?from 'tesserae[^']*'/gms
  const has = (name: string) => text.match(imported)?.some(line => new RegExp(`\\b${name}\\b`).test(line)) ?? false
  const imports = [...new Set(named)].flatMap(name =>
    exported.has(name) && !has(name) ? [`import { ${name} } from '${exported.get(name)}'`] : [],
  )
  const tensors = ['Tensor', 'Tensor4D'].flatMap(name =>
    named.includes(name) && !missing.has(name) ? [AT_HAND[name]] : [],
  )
  return [...tensors, ...atHand, ...imports, text, 'export {}'].join('\n')
}

test('every piece of code in the pages and the comments compiles', () => {
  const inPages = pages.flatMap(snippetsOfPage)
  const inComments = sources.flatMap(file => commentsOf(file).flatMap(({ line, text }) => snippetsOf(file, text, line)))
  expect([inPages.length > 20, inComments.length > 20]).toEqual([true, true])
  const snippets = [...inPages, ...inComments]
  const first = compile(snippets.map(({ text }) => `import 'tesserae'\n${text}\nexport {}`))
  const { diagnostics } = compile(
    snippets.map(({ text }, i) => complete(text, first.diagnostics[i] as ts.Diagnostic[], first.exported)),
  )
  const complaints = diagnostics.flatMap((found, i) => {
    const { file, line } = snippets[i] as Snippet
    return found.map(({ messageText }) => `${file}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
  })
  expect(complaints).toEqual([])
})

test('each page begins with what its reader will have at the end', () => {
  const others = pages.filter(page => {
    const [title, gap, first] = readFileSync(join(root, page), 'utf8').split('\n')
    return !(title?.startsWith('# ') && gap === '' && first?.startsWith('At the end of this page '))
  })
  expect(others).toEqual(['README.md', 'docs/index.md'])
})

test('each tsconfig.json for programs with blocks is that of the tour', () => {
  const template: unknown = JSON.parse(readFileSync(join(root, 'templates', 'tour', 'tsconfig.json'), 'utf8'))
  const found = pages.flatMap(page => {
    const texts = [...readFileSync(join(root, page), 'utf8').matchAll(/^```json\n(.*?)^```/gms)].map(([, text]) => text)
    return texts.filter(text => text?.includes('"experimentalDecorators"')).map(text => JSON.parse(text as string))
  })
  expect(found).toEqual([template, template])
})

test('examples of comments are marked as code', () => {
  const unmarked = sources.flatMap(file =>
    commentsOf(file).flatMap(({ line, text }) => (/^@example(?!\n```ts\n)/m.test(text) ? [`${file}:${line}`] : [])),
  )
  expect(unmarked).toEqual([])
})

test('the picture in the guide is that of the blocks', async () => {
  const picture = readFileSync(join(root, 'docs', 'images', 'text-to-image.svg'), 'utf8')
  expect(picture).toBe(await drawSvg(new StableDiffusionTextToImageBlocks()))
})

test('code imports packages that a reader has: dependencies of this one, or those that its page installs', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>
  }
  const unknown = pages.flatMap(page => {
    const text = readFileSync(join(root, page), 'utf8')
    const imported = snippetsOfPage(page).flatMap(snippet => {
      const names = [...snippet.text.matchAll(/(?:from|import\(|import) '((?:@[^/']+\/)?[^./'][^/']*)/g)]
      return names.map(([, name = '']) => name)
    })
    return [...new Set(imported)]
      .filter(name => !name.startsWith('node:') && name !== 'tesserae' && dependencies[name] === undefined)
      .filter(name => !text.match(/^.*npm install.*$/gm)?.some(line => line.includes(name)))
      .map(name => `${page}: ${name}`)
  })
  expect(unknown).toEqual([])
})

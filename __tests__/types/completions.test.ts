import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const root = join(__dirname, '..', '..')
const file = join(root, '__tests__', 'types', 'edited-here.ts')

const BLOCKS = `
import { Component, type In, Input, ModularPipelineBlocks, type Out, type OutFor, Output, SequentialPipelineBlocks, Step } from '../../src'
class Clock { readonly time = 5 }
class Encode extends ModularPipelineBlocks {
  /** Tells the time. */
  @Component(Clock) clock!: Clock
  /** What the picture should show. */
  @Input() prompt!: In<string, 'required'>
  @Output() embeds!: Out<number[]>
  run(): void {}
}
class Draw extends ModularPipelineBlocks {
  @Input() embeds!: In<number[]>
  /** Strength of the guidance. */
  @Input({ default: 7.5 }) guidanceScale!: In<number>
  @Output() images!: Out<string[]>
  run(): void {}
}
export class Louder extends ModularPipelineBlocks {
  /** How loud. */
  @Input() volume!: In<number, 'required'>
  @Output() embeds!: Out<number[]>
  run(): void {}
}
export class Finish extends ModularPipelineBlocks {
  @Input({ default: 'list' }) form!: In<'list' | 'text'>
  @Output() result!: OutFor<'form', { list: string[]; text: string }, 'list'>
  run(): void {}
}
class Whole extends SequentialPipelineBlocks {
  @Step() encode = Encode
  @Step() draw = Draw
}
const pipe = new Whole().initPipeline()
`

/** An editor with one file open, whose text changes. */
class Editor {
  private version = 0
  private text = ''
  private readonly service: ts.LanguageService

  constructor() {
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
    this.service = ts.createLanguageService({
      getCompilationSettings: () => ({ ...options, types: ['node'] }),
      getScriptFileNames: () => [file],
      getScriptVersion: name => (name === file ? String(this.version) : '0'),
      getScriptSnapshot: name => {
        if (name !== file && !ts.sys.fileExists(name)) return undefined
        return ts.ScriptSnapshot.fromString(name === file ? this.text : readFileSync(name, 'utf8'))
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: name => name === file || ts.sys.fileExists(name),
      readFile: ts.sys.readFile,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
    })
  }

  /** What is offered where the `|` stands. */
  completionsAt(code: string): string[] {
    const text = BLOCKS + code
    const at = text.lastIndexOf('|')
    this.open(text.slice(0, at) + text.slice(at + 1))
    const found = this.service.getCompletionsAtPosition(file, at, { includeCompletionsWithInsertText: true })
    return found?.entries.map(entry => entry.name.replaceAll("'", '').replaceAll('"', '')) ?? []
  }

  /** What is shown of the name behind the mark. */
  descriptionAt(code: string): string {
    const text = BLOCKS + code
    this.open(text)
    const found = this.service.getQuickInfoAtPosition(file, text.lastIndexOf('/**/') + 4)
    return ts.displayPartsToString(found?.documentation)
  }

  /** The complaint, in one text, and the code that it is about. */
  complaintsAbout(code: string): { message: string; about: string }[] {
    this.open(BLOCKS + code)
    return this.service.getSemanticDiagnostics(file).map(({ messageText, start = 0, length = 0 }) => ({
      message: ts.flattenDiagnosticMessageText(messageText, '\n'),
      about: this.text.slice(start, start + length),
    }))
  }

  private open(text: string): void {
    this.text = text
    this.version++
  }
}

const editor = new Editor()

describe('an editor', () => {
  test('offers the inputs of a pipeline, and not what its blocks make for each other', () => {
    expect(editor.completionsAt('pipe({ | })').sort()).toEqual(['guidanceScale', 'prompt'])
    expect(editor.completionsAt("pipe({ prompt: 'a', | }, { output: 'images' })")).toEqual(['guidanceScale'])
    expect(editor.complaintsAbout("pipe({ prompt: 'a', embeds: [1] }, { output: 'images' })")).toEqual([])
  })

  test('offers the inputs of an edited pipeline, and its components', () => {
    const edited = (edit: string) => editor.completionsAt(`new Whole().${edit}.initPipeline()({ | })`).sort()
    expect(edited("remove('encode')")).toEqual(['embeds', 'guidanceScale'])
    expect(edited("replace('encode', Louder)")).toEqual(['guidanceScale', 'volume'])
    expect(editor.completionsAt('Whole.fromBlocksDict({ encode: Encode }).initPipeline()({ | })')).toEqual(['prompt'])
    expect(editor.completionsAt('pipe.components.|')).toEqual(['clock'])
    expect(editor.completionsAt('pipe.updateComponents({ | })')).toEqual(['clock'])
  })

  test('offers the values of a state', () => {
    const offered = editor.completionsAt("export const get = async () => (await pipe({ prompt: 'a' })).get('|')")
    expect(offered.sort()).toEqual(['embeds', 'guidanceScale', 'images', 'prompt'])
  })

  test('offers the forms of an output', () => {
    expect(editor.completionsAt("pipe({ prompt: 'a', form: '|' })")).toEqual([])
    const text = "new Whole().insert('finish', Finish).initPipeline()({ prompt: 'a', form: '|' })"
    expect(editor.completionsAt(text).sort()).toEqual(['list', 'text'])
  })

  test.each([
    ['an input', 'pipe({ /**/prompt: "a" })', 'What the picture should show.'],
    ['an input of several blocks', 'pipe({ prompt: "a", /**/guidanceScale: 5 })', 'Strength of the guidance.'],
    [
      'an input of an edited pipeline',
      'new Whole().replace("encode", Louder).initPipeline()({ /**/volume: 5 })',
      'How loud.',
    ],
    ['a component', 'pipe.components./**/clock', 'Tells the time.'],
  ])('shows the description of %s', (_, code, description) => {
    expect(editor.descriptionAt(code)).toContain(description)
  })

  test('offers the options of a call, and the names of its outputs', () => {
    expect(editor.completionsAt("pipe({ prompt: 'a' }, { | })")).toEqual(
      expect.arrayContaining(['output', 'seed', 'signal']),
    )
    const names = ['embeds', 'guidanceScale', 'images', 'prompt']
    expect(editor.completionsAt("pipe({ prompt: 'a' }, { output: '|' })").sort()).toEqual(names)
    expect(editor.completionsAt("pipe({ prompt: 'a' }, { output: ['images', '|'] })").sort()).toEqual(names)
  })

  test('offers the same for a run that is watched', () => {
    expect(editor.completionsAt('pipe.stream({ | })').sort()).toEqual(['guidanceScale', 'prompt'])
    const names = ['embeds', 'guidanceScale', 'images', 'prompt']
    expect(editor.completionsAt("pipe.stream({ prompt: 'a' }, { output: '|' })").sort()).toEqual(names)
  })

  test.each([
    ["pipe({ promt: 'a' })", 'promt', "Did you mean to write 'prompt'?"],
    ["pipe.stream({ promt: 'a' })", 'promt', "Did you mean to write 'prompt'?"],
    ["pipe.stream({ prompt: 'a' }, { output: 'imagse' })", 'output', 'Did you mean \'"images"\'?'],
    ['pipe.stream()', 'stream', 'Expected 1-2 arguments, but got 0'],
    ['pipe({})', '{}', "Property 'prompt' is missing"],
    ['pipe()', 'pipe()', 'InputsMustBePassed<"prompt">'],
    ['pipe({ prompt: 5 })', 'prompt', "Type 'number' is not assignable to type 'string'"],
    ["pipe({ prompt: 'a' }, { output: 'imagse' })", 'output', 'Did you mean \'"images"\'?'],
    ["pipe({ prompt: 'a' }, { output: ['images', 'promt'] })", "'promt'", 'Did you mean \'"prompt"\'?'],
    ["pipe({ prompt: 'a' }, { sead: 1 })", 'sead', "'sead' does not exist"],
  ])('says of %s what is wrong, at %s', (code, place, words) => {
    expect(editor.complaintsAbout(code)).toEqual([{ message: expect.stringContaining(words), about: place }])
  })
})

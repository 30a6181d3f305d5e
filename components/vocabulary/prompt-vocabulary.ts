/** The words and sizes that a model was trained on. */
import { type KnownPhrase, nearestPhrases } from './nearest-phrases'
import { splitWords } from './split-words'
import type { VocabularyFile } from './vocabulary-schema'

/** A word of a prompt that a model was not trained on. */
export interface UnknownWord {
  /** The word, in lower case; a modifier with the name that it does not go with, e.g. `blue elephant`. */
  readonly word: string
  /** Known phrases that are close to it, the closest first. */
  readonly nearest: readonly string[]
}

/** What a model does not know of a prompt. */
export interface PromptCheck {
  /** Words that the model was not trained on. */
  readonly unknown: readonly UnknownWord[]
  /** The names in the prompt that the model knows, with their modifiers, each once. */
  readonly names: readonly string[]
}

/** Unknown words of one prompt that are looked at: the rest of it is in another language. */
const MOST_UNKNOWN = 10

/** The words and sizes that a model was trained on, as its `vocabulary.json` lists them. */
export class PromptVocabulary {
  /** Name of the class in files and messages. */
  static readonly className: string = 'PromptVocabulary'

  /** What the model draws, by its names. */
  readonly names: readonly string[]
  /** Words that may come before some names, such as colours. */
  readonly modifiers: readonly { readonly words: readonly string[]; readonly names: readonly string[] }[]
  /** Sizes of the pictures in training: width and height in pixels. */
  readonly sizes: readonly (readonly [width: number, height: number])[]
  /** The most names that one prompt had in training; `undefined` if any number. */
  readonly maxNames: number | undefined
  private readonly phrases: ReadonlyMap<string, KnownPhrase>
  private readonly aliases: ReadonlyMap<string, string>
  private readonly ignored: ReadonlySet<string>
  private readonly modified: readonly { readonly words: ReadonlySet<string>; readonly names: ReadonlySet<string> }[]
  private readonly longest: number

  /** @param file the contents of `vocabulary.json` */
  constructor(readonly file: VocabularyFile) {
    const { names, modifiers = [], ignored = [], aliases = {}, max_names, sizes = [] } = file
    this.names = names
    this.modifiers = modifiers
    this.sizes = sizes
    this.maxNames = max_names
    const all = [...names, ...modifiers.flatMap(modifier => modifier.names)]
    this.phrases = new Map(all.map(text => [keyOf(text), { text, words: splitWords(text) }] as const))
    this.aliases = new Map(Object.entries(aliases).map(([alias, name]) => [keyOf(alias), name]))
    this.ignored = new Set(ignored.map(keyOf))
    this.modified = modifiers.map(each => ({
      words: new Set(each.words.map(keyOf)),
      names: new Set(each.names.map(keyOf)),
    }))
    this.longest = Math.max(...[...this.phrases.values()].map(({ words }) => words.length))
  }

  /** Compares a prompt with what the model was trained on. */
  check(prompt: string): PromptCheck {
    const words = splitWords(prompt)
    const unknown = new Map<string, UnknownWord>()
    const names = new Set<string>()
    for (let i = 0; i < words.length && unknown.size < MOST_UNKNOWN; ) {
      const word = words[i] as string
      const plain = this.phraseAt(words, i)
      const isModifier = this.isModifier(word)
      const modified = isModifier ? this.phraseAt(words, i + 1, word) : 0
      const length = Math.max(plain, modified === 0 ? 0 : modified + 1)
      if (length > 0) names.add(words.slice(i, i + length).join(' '))
      else if (isModifier) {
        const name = words.slice(i + 1, i + 1 + this.phraseAt(words, i + 1)).join(' ')
        // Before a word that is unknown too, it is part of what was meant.
        if (name !== '' || words[i + 1] === undefined || this.isKnown(words, i + 1))
          note(
            unknown,
            [word, name].filter(Boolean).join(' '),
            name === '' ? this.nearest([word]) : [this.textOf(name)],
          )
      } else if (!this.ignored.has(word)) {
        const before = words[i - 1]
        const together = before !== undefined && this.isModifier(before) ? [`${before} ${word}`] : []
        const alias = this.aliases.get(word)
        note(unknown, word, alias === undefined ? this.nearest([word, ...together]) : [alias])
      }
      i += Math.max(1, length)
    }
    return { unknown: [...unknown.values()], names: [...names] }
  }

  /** Tells whether the model was trained on pictures of a size; `true` if no sizes are listed. */
  knowsSize(width: number, height: number): boolean {
    return this.sizes.length === 0 || this.sizes.some(([w, h]) => w === width && h === height)
  }

  /** How many words at a place make up the longest known phrase; only such as the modifier goes with, if there is one. */
  private phraseAt(words: readonly string[], place: number, modifier?: string): number {
    for (let length = Math.min(this.longest, words.length - place); length > 0; length--) {
      const key = words.slice(place, place + length).join(' ')
      if (modifier === undefined ? this.phrases.has(key) : this.goesWith(modifier, key)) return length
    }
    return 0
  }

  private goesWith(modifier: string, name: string): boolean {
    return this.modified.some(({ words, names }) => words.has(modifier) && names.has(name))
  }

  private isModifier(word: string): boolean {
    return this.modified.some(({ words }) => words.has(word))
  }

  private isKnown(words: readonly string[], place: number): boolean {
    const word = words[place] as string
    return this.ignored.has(word) || this.isModifier(word) || this.phraseAt(words, place) > 0
  }

  private textOf(key: string): string {
    return this.phrases.get(key)?.text ?? key
  }

  private nearest(written: readonly string[]): string[] {
    return nearestPhrases(written, this.phrases.values())
  }
}

/** How a phrase is looked up. */
function keyOf(text: string): string {
  return splitWords(text).join(' ')
}

function note(unknown: Map<string, UnknownWord>, word: string, nearest: readonly string[]): void {
  if (!unknown.has(word)) unknown.set(word, { word, nearest })
}

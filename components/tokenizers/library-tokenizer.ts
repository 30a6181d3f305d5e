/** The part of the library's tokenizer that is used here: its own declarations need a bundler's module resolution. */
export interface LibraryTokenizer {
  readonly normalizer: ((text: string) => string) | null
  readonly pre_tokenizer: ((text: string) => string[]) | null
  readonly model: ((words: string[]) => string[]) | null
  /** The text of ids. */
  decode(ids: number[], options: { clean_up_tokenization_spaces: boolean }): string
  token_to_id(token: string): number | undefined
  id_to_token(id: number): string | undefined
}

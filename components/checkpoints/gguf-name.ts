/** How GGUF files are called. */

/** Whether a file is a GGUF file by its name. */
export function isGGUFName(file: string): boolean {
  return /\.gguf$/i.test(file)
}

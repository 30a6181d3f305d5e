/** The folder with the LoRAs that prompts name. */
import { readdir } from 'node:fs/promises'
import { UnfitOptionError } from './unfit-option-error'

/** Looks whether a folder can be read, before the first prompt names one of its files. @throws UnfitOptionError */
export async function requireLoraDir(dir: string | undefined): Promise<void> {
  if (dir === undefined) return
  try {
    await readdir(dir)
  } catch (error) {
    throw new UnfitOptionError('--lora-dir', `${dir} cannot be read: ${(error as Error).message}.`)
  }
}

/** Weights in PyTorch's pickle format, which Tesserae never opens. */
import { extname } from 'node:path'
import { ModularError } from '../../src/errors/modular-error'

const PICKLE_EXTENSIONS = new Set(['.bin', '.ckpt', '.pt', '.pth', '.pkl', '.pickle'])

/** A checkpoint is a pickle: a program that runs when it is read. */
export class PickleCheckpointError extends ModularError {
  override readonly code = 'PICKLE_CHECKPOINT'

  constructor(
    /** The pickle. */
    readonly file: string,
  ) {
    super(
      `${file} is a PyTorch pickle. Reading one runs whatever code it contains, so Tesserae does not. ` +
        'Convert it to safetensors where you trust it, e.g. with save_pretrained(folder, safe_serialization=True) in ' +
        'Python, or take a checkpoint that is published as .safetensors.',
    )
  }
}

/** Whether a file's name says that it is a pickle. */
export function isPickleName(file: string): boolean {
  return PICKLE_EXTENSIONS.has(extname(file).toLowerCase())
}

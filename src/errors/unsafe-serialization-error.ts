/** Weights that should be saved as a program. */
import { ModularError } from './modular-error'

/** `safeSerialization: false` asks for pickles, which run code when they are read. Tesserae neither reads nor writes them. */
export class UnsafeSerializationError extends ModularError {
  override readonly code = 'UNSAFE_SERIALIZATION'

  constructor() {
    super(
      'safeSerialization: false asks for PyTorch pickles, which run code when they are loaded, so Tesserae writes only safetensors. Omit the option.',
    )
  }
}
